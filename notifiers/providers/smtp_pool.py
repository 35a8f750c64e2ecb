"""Connections to one mail server: several at once, each carrying many messages.

aiosmtplib pairs one answer with one command, so commands are not pipelined; several
connections give what pipelining would, and a relay stands near.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib

from notifiers.errors import Unavailable

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and how one gets in.

    security         starttls | tls from the first byte | none, for a server on this machine
    ca_file          certificates that are trusted, PEM; '' for those of this machine
    connections      most at once
    messages_each    how many messages one carries before it is closed
    idle_seconds     how long one is trusted that carried nothing: RFC 5321 section 4.5.3.2.7 lets
                     a server hang up after five minutes, and many do sooner
    connect_seconds  for the name, TCP and the greeting
    total_seconds    for each answer
    """

    host: str
    port: int
    security: Security = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    connections: int = 10
    messages_each: int = 100
    idle_seconds: float = 20.0
    connect_seconds: float = 5.0
    total_seconds: float = 30.0


@dataclass(slots=True)
class _Line:
    client: aiosmtplib.SMTP
    carried: int = 0
    idle_since: float = 0.0


class Pool:
    """Lends connections, and takes them back as long as they are good."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._idle: list[_Line] = []
        self._gate = asyncio.Semaphore(server.connections)
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextlib.asynccontextmanager
    async def line(self, not_after: float | None) -> AsyncIterator[aiosmtplib.SMTP]:
        """One that is ready for a message; what is raised inside closes it.

        Raises Unavailable if none is there by then, and what signing in raises.
        """
        async with self._here():
            lent = self._kept() or await self._dialled(not_after)
            try:
                yield lent.client
            except BaseException:
                lent.client.close()
                raise
            await self._take_back(lent)

    async def close(self) -> None:
        """Say goodbye on each."""
        idle, self._idle = self._idle, []
        for line in idle:
            await _quit(line.client)

    def _here(self) -> asyncio.Semaphore:
        loop = asyncio.get_running_loop()
        # After a fork the parent's connections are left to it.
        if self._loop is not loop:
            self._loop, self._idle = loop, []
            self._gate = asyncio.Semaphore(self._server.connections)
        return self._gate

    def _kept(self) -> _Line | None:
        while self._idle:
            line = self._idle.pop()
            idle = time.monotonic() - line.idle_since
            if line.client.is_connected and idle < self._server.idle_seconds:
                return line
            line.client.close()
        return None

    async def _take_back(self, line: _Line) -> None:
        line.carried, line.idle_since = line.carried + 1, time.monotonic()
        if line.carried >= self._server.messages_each:
            await _quit(line.client)
        elif line.client.is_connected:
            self._idle.append(line)

    async def _dialled(self, not_after: float | None) -> _Line:
        client = self._client(not_after)
        try:
            async with asyncio.timeout(self._server.total_seconds):
                await client.connect()
                client.timeout = self._server.total_seconds
                if self._server.username:
                    await client.login(self._server.username, self._server.password)
        except BaseException:
            client.close()
            raise
        return _Line(client)

    def _client(self, not_after: float | None) -> aiosmtplib.SMTP:
        server, left = self._server, self._server.connect_seconds
        if not_after is not None:
            left = min(left, not_after - time.monotonic())
        if left <= 0:
            raise Unavailable("out of time before sending")
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            cert_bundle=server.ca_file or None,
            timeout=left,
        )


async def _quit(client: aiosmtplib.SMTP) -> None:
    with contextlib.suppress(aiosmtplib.SMTPException, OSError):
        await client.quit(timeout=1.0)
    client.close()

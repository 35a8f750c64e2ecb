"""The one way out over HTTP: pooled, with explicit timeouts, and honest about what may have left.

Every failure is told apart by *where* it happened. Refused, no name, no TLS, no free
connection: nothing left, `Unavailable`, safe to send again. Anything after the first
byte could go out: `Ambiguous`. Nothing is retried here, no proxy is taken from the
environment, no redirect is followed, and certificates are checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from typing import Any

from aiohappyeyeballs import start_connection

from notifiers.connection import Answer, Connection, Origin, request_of
from notifiers.envelope import Trouble
from notifiers.errors import Ambiguous, Refused, Unavailable

__all__ = ["Answer", "Transport", "retry_after"]

_IDLE_SECONDS = 15.0  # a connection that waited longer may be about to be closed by the other end
_LONGEST_WAIT_SECONDS = 86_400.0  # more is told in another unit, or by mistake: asked again then
# What handshakes take besides stays with the process ever after: 200 at once, 3 MB.
_DIALLED_AT_ONCE = 64
_NAME_SECONDS = 5.0  # so long an answer of the DNS serves those who ask the same


class NotLoopback(OSError):
    """A drill tried to dial somewhere else than this machine."""


class NotPublic(OSError):
    """A name from outside led to an address inside."""


class Transport:
    """A pool of connections for one event loop, opened at the first request.

    connect_seconds  for a free connection, the name, TCP and TLS together
    total_seconds    for everything, the answer's last byte included
    loopback_only    dial nothing but this machine, whatever a name resolves to
    public_only      dial only addresses of the open internet: for URLs from outside
    """

    def __init__(
        self,
        *,
        connect_seconds: float = 5.0,
        total_seconds: float = 30.0,
        connections: int = 200,
        loopback_only: bool = False,
        public_only: bool = False,
    ) -> None:
        self.connect_seconds = connect_seconds
        self.total_seconds = total_seconds
        self._connections = connections
        self._dial = _dial_loopback if loopback_only else _dial_public if public_only else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begin()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        not_after: float | None = None,
    ) -> Answer:
        """Ask once.

        not_after  `time.monotonic()` by which bytes must have begun to leave, or none will
        Raises     Unavailable  nothing left · Ambiguous  may have left · Refused  not loopback
        """
        self._check_loop()
        try:
            origin, asked = request_of(method, url, headers, body, params)
        except ValueError as error:
            raise Refused("the provider's URL is not valid") from error
        connection, end = None, asyncio.get_running_loop().time() + self.total_seconds
        try:
            async with asyncio.timeout(self._connect_within(not_after)) as limit, self._room:
                connection = self._idle_one(origin) or await self._next_one(origin)
                limit.reschedule(end)
                return await connection.ask(asked)
        except (OSError, RuntimeError) as error:  # RuntimeError: as uvloop says some of them
            raise _never_left(error) if connection is None else _unanswered(error) from error
        finally:
            if connection is not None:
                self._give_back(origin, connection)

    async def close(self) -> None:
        """Close every connection that waits; the next request opens anew."""
        for waiting in self._idle.values():
            for connection in waiting:
                connection.close()
        self._idle.clear()
        await asyncio.sleep(0)

    def _connect_within(self, not_after: float | None) -> float:
        """The time that is left to get connected bounds when the first byte can leave."""
        seconds = min(self.connect_seconds, self.total_seconds / 2)
        if not_after is not None:
            seconds = min(seconds, not_after - time.monotonic())
        if seconds <= 0:
            raise Unavailable("out of time before sending")
        return seconds

    def _check_loop(self) -> None:
        loop = asyncio.get_running_loop()
        # After a fork the parent's loop is not ours: its connections are left to it.
        if self._loop is not loop:
            self._loop = loop
            self._begin()

    def _begin(self) -> None:
        self._room = asyncio.Semaphore(self._connections)
        few = partial(asyncio.Semaphore, _DIALLED_AT_ONCE)
        self._dialling: defaultdict[Origin, asyncio.Semaphore] = defaultdict(few)
        self._idle: defaultdict[Origin, dict[Connection, float]] = defaultdict(dict)
        self._names: dict[Origin, tuple[float, asyncio.Future[Any]]] = {}

    def _idle_one(self, origin: Origin) -> Connection | None:
        """The one that was used last, if it can be used again."""
        waiting, now = self._idle[origin], time.monotonic()
        while waiting:
            connection, since = waiting.popitem()
            if connection.is_reusable and now - since < _IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _next_one(self, origin: Origin) -> Connection:
        """A new one, or one that is free by the time that it may be dialled."""
        async with self._dialling[origin]:
            return self._idle_one(origin) or await self._dialled(origin)

    def _give_back(self, origin: Origin, connection: Connection) -> None:
        if connection.is_reusable:
            self._idle[origin][connection] = time.monotonic()
        else:
            connection.close()

    async def _dialled(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        addresses = await self._addresses(origin)
        dialled = await start_connection(
            addresses, happy_eyeballs_delay=0.25, socket_factory=self._dial
        )
        tls, name = (_tls(), origin.host) if origin.is_tls else (None, None)
        _, connection = await loop.create_connection(
            Connection, sock=dialled, ssl=tls, server_hostname=name
        )
        return connection

    async def _addresses(self, origin: Origin) -> list[Any]:
        """Of a name; asked once by all who connect at the same time."""
        loop = asyncio.get_running_loop()
        until, asked = self._names.get(origin, (0.0, None))
        if asked is None or until < time.monotonic():
            ask = partial(socket.getaddrinfo, origin.host, origin.port, type=socket.SOCK_STREAM)
            asked = loop.run_in_executor(None, ask)
            self._names[origin] = (time.monotonic() + _NAME_SECONDS, asked)
        return await asyncio.shield(asked)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def retry_after(answer: Answer) -> float | None:
    """How many seconds a provider asks to wait: Retry-After, else X-RateLimit-Reset."""
    for header, seconds in _WAITS:
        with contextlib.suppress(ValueError, OverflowError):
            asked = seconds(answer.headers.get(header, ""))
            return min(max(0.0, asked), _LONGEST_WAIT_SECONDS)
    return None


def _until_date(text: str) -> float:
    moment = parsedate_to_datetime(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # -0000: UTC, of no place
    return (moment - datetime.now(UTC)).total_seconds()


def _until_second(text: str) -> float:
    """Seconds since 1970. https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits"""
    return float(text) - time.time()


_WAITS: tuple[tuple[str, Callable[[str], float]], ...] = (
    ("retry-after", float),
    ("retry-after", _until_date),
    ("x-ratelimit-reset", _until_second),
)


def _never_left(error: Exception) -> Unavailable | Refused:
    if isinstance(error, NotLoopback):
        return Refused("this transport dials only this machine")
    if isinstance(error, NotPublic):
        return Unavailable("a public name leads to an address that is not public", 60.0)
    return Unavailable(f"not connected: {type(error).__name__}", trouble=Trouble.UNREACHABLE)


def _unanswered(error: Exception) -> Ambiguous:
    return Ambiguous(f"no answer: {type(error).__name__}")


def _dial_loopback(address: tuple[Any, ...]) -> socket.socket:
    """Sits where every dial passes, names and literal addresses alike."""
    family, kind, protocol, _, where = address
    if not ipaddress.ip_address(where[0]).is_loopback:
        raise NotLoopback("not a loopback address")
    return socket.socket(family, kind, protocol)


def _dial_public(address: tuple[Any, ...]) -> socket.socket:
    """As above: what is dialled is what was looked at, so no second look-up can differ."""
    family, kind, protocol, _, where = address
    if not ipaddress.ip_address(where[0]).is_global:
        raise NotPublic("not a public address")
    return socket.socket(family, kind, protocol)

"""The one way out over HTTP: pooled, with explicit timeouts, and honest about what may have left.

Every failure is told apart by *where* it happened. Refused, no name, no TLS, no free
connection: nothing left, `Unavailable`, safe to send again. Anything after the first
byte could go out: `Ambiguous`. Nothing is retried here (aiohttp itself sends a GET again
whose kept-alive connection had been closed, never a POST), no proxy is taken from the
environment, no redirect is followed, and certificates are checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from notifiers.envelope import Trouble
from notifiers.errors import Ambiguous, Refused, Unavailable

MOST_ANSWER_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered; header names in lower case.

    body  cut short where the connection broke after the head: the status still counts
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)


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
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

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
        timeout = self._timeout(not_after)
        session = self._opened()
        try:
            async with session.request(
                method,
                url,
                data=body,
                headers=headers,
                params=params,
                timeout=timeout,
                allow_redirects=False,
            ) as response:
                return await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise _never_left(error) from error
        except aiohttp.InvalidURL as error:
            raise Refused("the provider's URL is not valid") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Ambiguous(f"no answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close every connection; the next request opens anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _timeout(self, not_after: float | None) -> aiohttp.ClientTimeout:
        """The time that is left to get connected bounds when the first byte can leave."""
        connect = min(self.connect_seconds, self.total_seconds / 2)
        if not_after is not None:
            connect = min(connect, not_after - time.monotonic())
        if connect <= 0:
            raise Unavailable("out of time before sending")
        return aiohttp.ClientTimeout(total=self.total_seconds, connect=connect)

    def _opened(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        # After a fork the parent's loop is not ours: its connections are left to it.
        if self._session is None or self._loop is not loop:
            self._loop, self._session = loop, self._open()
        return self._session

    def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, socket_factory=self._dial),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )


def retry_after(answer: Answer) -> float | None:
    """How many seconds a provider asks to wait: Retry-After, else X-RateLimit-Reset."""
    asked = answer.headers.get("retry-after", "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(asked))
    with contextlib.suppress(ValueError):
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    with contextlib.suppress(ValueError):
        # Seconds since 1970. https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
        return max(0.0, float(answer.headers.get("x-ratelimit-reset", "")) - time.time())
    return None


async def _read(response: aiohttp.ClientResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = bytearray()
    with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError, OSError):
        async for chunk in response.content.iter_chunked(65_536):
            body += chunk
            if len(body) > MOST_ANSWER_BYTES:
                break
    return Answer(response.status, headers, bytes(body))


def _never_left(error: aiohttp.ClientError) -> Unavailable | Refused:
    cause = getattr(error, "os_error", None)
    if isinstance(cause, NotLoopback):
        return Refused("this transport dials only this machine")
    if isinstance(cause, NotPublic):
        return Unavailable("a public name leads to an address that is not public", 60.0)
    return Unavailable(f"not connected: {type(error).__name__}", trouble=Trouble.UNREACHABLE)


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

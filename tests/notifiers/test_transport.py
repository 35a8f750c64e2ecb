"""Where an error happened decides what may be sent again."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from notifiers.errors import Ambiguous, Refused, Unavailable
from notifiers.fake.certificate import certificate
from notifiers.transport import Answer, Transport, retry_after


def ask(url: str, transport: Transport | None = None, **more: float) -> Answer:
    async def once() -> Answer:
        way = transport or Transport(connect_seconds=1, total_seconds=0.3)
        try:
            return await way.request("POST", url, headers={}, body=b"x", **more)
        finally:
            await way.close()

    return asyncio.run(once())


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection:
            behave(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_refused_connection_is_safe_to_send_again() -> None:
    with pytest.raises(Unavailable, match="not connected"):
        ask(f"http://127.0.0.1:{free_port()}/")


def test_an_unknown_name_is_safe_to_send_again() -> None:
    with pytest.raises(Unavailable):
        ask("http://provider.invalid/")


def test_a_server_without_tls_is_safe_to_send_again() -> None:
    with (
        server(lambda connection: connection.sendall(b"hello\r\n")) as url,
        pytest.raises(Unavailable),
    ):
        ask(url.replace("http:", "https:"))


def test_a_server_that_never_answers_may_have_it() -> None:
    with server(lambda connection: time.sleep(0.5)) as url, pytest.raises(Ambiguous):
        ask(url)


def test_a_connection_closed_without_an_answer_may_have_it() -> None:
    with (
        server(lambda connection: connection.recv(65_536) and None) as url,
        pytest.raises(Ambiguous),
    ):
        ask(url)


def test_a_status_counts_though_its_body_breaks_off() -> None:
    def half(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf")

    with server(half) as url:
        assert ask(url).status == 202


def test_a_redirect_is_not_followed() -> None:
    def elsewhere(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(
            b"HTTP/1.1 307 No\r\nLocation: http://x.invalid/\r\nContent-Length: 0\r\n\r\n"
        )

    with server(elsewhere) as url:
        assert ask(url).status == 307


def test_no_byte_leaves_once_the_time_is_over() -> None:
    seen: list[bytes] = []
    keep = lambda connection: seen.append(connection.recv(10))  # noqa: E731
    with server(keep) as url, pytest.raises(Unavailable, match="out of time"):
        ask(url, not_after=time.monotonic() - 0.001)
    assert seen == []


@pytest.mark.parametrize("url", ["http://192.0.2.1/", "http://[2001:db8::1]/"])
def test_a_drill_dials_only_this_machine(url: str) -> None:
    with pytest.raises(Refused, match="only this machine"):
        ask(url, Transport(loopback_only=True))


def test_a_name_that_resolves_elsewhere_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", elsewhere)
    with pytest.raises(Refused):
        ask("http://provider.example.com/", Transport(loopback_only=True))


def test_this_machine_is_dialled_by_name_and_number() -> None:
    def yes(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    with server(yes) as url:
        assert (
            ask(url.replace("127.0.0.1", "localhost"), Transport(loopback_only=True)).status == 204
        )


def test_few_connections_are_opened_at_once_and_each_request_has_its_time() -> None:
    async def opened(requests: int) -> tuple[int, list[object]]:
        silent: list[object] = []
        listening = await asyncio.start_server(
            lambda _, writer: silent.append(writer), "127.0.0.1", 0, backlog=requests
        )
        url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
        way = Transport(connect_seconds=1, connections=requests)
        asked = asyncio.gather(
            *(way.request("GET", url, headers={}) for _ in range(requests)), return_exceptions=True
        )
        await asyncio.sleep(0.5)
        count = len(silent)
        ends = await asked
        listening.close()
        return count, list(ends)

    count, ends = asyncio.run(opened(150))
    assert 0 < count < 100
    assert {type(end) for end in ends} == {Unavailable}


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def yes(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with server(yes) as url:
        assert ask(url).status == 204


def test_a_certificate_that_nobody_vouches_for_is_refused_before_any_byte(tmp_path: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path))
    seen: list[bytes] = []

    def tls(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as wrapped:
                seen.append(wrapped.recv(10))
        except OSError:
            pass

    with server(tls) as url, pytest.raises(Unavailable, match="Cert"):
        ask(url.replace("http:", "https:"))
    assert b"POST" not in b"".join(seen)


def test_the_wait_that_a_provider_asks_for() -> None:
    in_a_minute = datetime.now(UTC) + timedelta(seconds=60)
    asked = [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after": format_datetime(in_a_minute)}, 50, 61),
        ({"x-ratelimit-reset": str(int(in_a_minute.timestamp()))}, 50, 61),
        ({"x-ratelimit-reset": "1"}, 0, 0),
        ({"retry-after": f"{in_a_minute:%a, %d %b %Y %H:%M:%S} -0000"}, 50, 61),
        *(({"retry-after": much}, 86_400, 86_400) for much in ("99999999999", "1e300", "inf")),
        ({"x-ratelimit-reset": str(in_a_minute.timestamp() * 1000)}, 86_400, 86_400),
    ]
    for headers, low, high in asked:
        wait = retry_after(Answer(429, headers))
        assert wait is not None
        assert low <= wait <= high


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}])
def test_no_wait_is_made_up(headers: dict[str, str]) -> None:
    assert retry_after(Answer(429, headers)) is None

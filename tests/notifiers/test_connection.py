"""What is read of an answer, and when a connection serves again."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest

from notifiers.connection import MOST_ANSWER_BYTES, request_of
from notifiers.errors import Ambiguous, Refused
from notifiers.transport import Answer, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Provider:
    """Says the next of its answers to each request, on whatever connection; b'' hangs up."""

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = list(answers)
        self.connections: list[list[bytes]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: list[bytes] = []
        self.connections.append(mine)
        while self._answers and (asked := await reader.read(65_536)):
            mine.append(asked)
            answer = self._answers.pop(0)
            writer.write(answer)
            if not answer or b"until it ends" in answer:
                break
        writer.close()


def told(*answers: bytes, method: str = "POST") -> tuple[list[Answer], Provider]:
    """What is heard of requests that follow one another, and who answered them."""

    async def ask() -> list[Answer]:
        server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x?y=1"
        transport = Transport(total_seconds=5, loopback_only=True)
        try:
            return [await transport.request(method, url, headers={}, body=b"b") for _ in answers]
        finally:
            await transport.close()
            server.close()

    provider = Provider(answers)
    return asyncio.run(ask()), provider


def test_one_connection_serves_again_and_again():
    heard, provider = told(OK, OK, OK)
    assert [one.body for one in heard] == [b"ok"] * 3
    assert [len(asked) for asked in provider.connections] == [3]


def test_an_answer_that_says_so_is_the_last_of_its_connection():
    heard, provider = told(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), OK)
    assert [one.status for one in heard] == [200, 200]
    assert [len(asked) for asked in provider.connections] == [1, 1]


@pytest.mark.parametrize("more", [OK.replace(b"200", b"500"), b"HTTP/1.1 500 No\r\n", b"junk"])
def test_what_nobody_asked_for_is_no_answer_to_the_next_request(more):
    heard, provider = told(OK + more, OK)
    assert [one.status for one in heard] == [200, 200]
    assert len(provider.connections) == 2


def test_pieces_are_joined():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    (answer,), _ = told(head + b"2\r\nto\r\n4\r\ncsin\r\n0\r\n\r\n")
    assert answer.body == b"tocsin"


def test_a_body_may_last_until_the_end():
    (answer,), _ = told(b"HTTP/1.1 200 OK\r\n\r\nuntil it ends")
    assert (answer.status, answer.body) == (200, b"until it ends")


def test_a_word_before_the_answer_is_not_the_answer():
    (answer,), _ = told(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK)
    assert (answer.status, answer.headers) == (200, {"content-length": "2"})


def test_names_of_headers_are_in_lower_case():
    (answer,), _ = told(b"HTTP/1.1 204 No\r\nRetry-After: 7\r\n\r\n")
    assert answer.headers == {"retry-after": "7"}


def test_nobody_reads_for_ever():
    size = MOST_ANSWER_BYTES + 100_000
    (answer,), _ = told(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    assert MOST_ANSWER_BYTES < len(answer.body) <= size


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"SSH-2.0-OpenSSH\r\n", OK[:20]])
def test_what_is_no_answer_leaves_open_whether_it_was_taken(answer):
    with pytest.raises(Ambiguous):
        told(answer + b"\r\n\r\n until it ends" if answer else b"")


def test_a_request_as_it_leaves():
    _, asked = request_of(
        "POST", "http://a.example/x y?z=ü", {"Accept": "a/b"}, b"body", {"q": "&"}
    )
    assert asked == (
        b"POST /x%20y?z=%C3%BC&q=%26 HTTP/1.1\r\nhost: a.example\r\naccept: a/b\r\n"
        b"accept-encoding: identity\r\nuser-agent: tocsin\r\ncontent-length: 4\r\n\r\nbody"
    )


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://a.example/x", (True, "a.example", 443)),
        ("http://[2001:db8::1]:8040/", (False, "2001:db8::1", 8040)),
        ("http://bücher.example/", (False, "xn--bcher-kva.example", 80)),
    ],
)
def test_where_a_url_leads(url, origin):
    assert request_of("GET", url, {})[0] == origin


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "a.example", "http://a.example:0x/", "http://"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(Refused, match="not valid"):
        asyncio.run(Transport().request("POST", url, headers={}))


@pytest.mark.parametrize("forged", ["a\r\nX-Other: b", "a\nb", "a\rb"])
def test_a_value_cannot_become_a_header_of_its_own(forged):
    with pytest.raises(ValueError, match="two lines"):
        request_of("POST", "http://a.example/", {"X": forged}, b"")


def test_a_name_is_asked_for_once_by_all_who_connect_together(monkeypatch):
    asked: list[str] = []
    real = socket.getaddrinfo

    def counted(host, *given, **more):
        asked.append(host)
        return real(host, *given, **more)

    async def many() -> None:
        provider = Provider([OK] * 5)
        server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
        url = f"http://localhost:{server.sockets[0].getsockname()[1]}/"
        transport = Transport(loopback_only=True)
        await asyncio.gather(*(transport.request("GET", url, headers={}) for _ in range(5)))
        await transport.close()
        server.close()

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    asyncio.run(many())
    assert asked.count("localhost") == 1

"""The client: asks again with the same key when an answer is lost, and reads problems."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from incidents.client import Client, Refused, Unreachable


class Scripted(ThreadingHTTPServer):
    """Answers what the test says, in order; `asked` holds (method, path, headers)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, str]] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.asked.append((self.command, self.path, dict(self.headers)))
        status, body = server.answers.pop(0)
        if status == 0:  # hang up without a word
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815  as the library asks

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(server) -> Iterator[Client]:
    with Client(f"http://127.0.0.1:{server.server_port}", "toc_live_x") as client:
        yield client


def test_a_write_whose_answer_was_lost_is_asked_again_with_the_same_key(server, client):
    server.answers = [(0, ""), (503, "{}"), (201, '{"id": 1}')]
    assert client.post("/incidents", {"title": "x"}) == {"id": 1}
    keys = {headers["Idempotency-Key"] for _, _, headers in server.asked}
    assert len(server.asked) == 3
    assert len(keys) == 1


def test_each_write_has_a_key_of_its_own(server, client):
    server.answers = [(200, "{}"), (200, "{}")]
    client.post("/a")
    client.post("/a")
    assert len({headers["Idempotency-Key"] for _, _, headers in server.asked}) == 2


def test_an_edit_says_which_version_was_read(server, client):
    server.answers = [(200, "{}")]
    client.patch("/incidents/1", {}, version=3)
    assert server.asked[0][2]["If-Match"] == '"3"'


def test_a_problem_is_read_with_its_fields(server, client):
    problem = {"field": "facts.rsk", "why": "is not known", "mend": "did you mean risk?"}
    told = {"title": "The input is not valid", "detail": "no", "problems": [problem]}
    server.answers = [(422, json.dumps(told))]
    with pytest.raises(Refused) as refused:
        client.get("/incidents")
    assert refused.value.answered == 422
    assert refused.value.problems[0].mend == "did you mean risk?"


def test_an_answer_that_is_not_ours_is_told_as_such(server, client):
    server.answers = [(502, "<html>Bad gateway</html>")]
    with pytest.raises(Refused, match="no form that Tocsin speaks"):
        client.get("/incidents")


def test_every_page_of_a_list_is_read(server, client):
    first = {"items": [1, 2], "next": "/api/v1/incidents?limit=2&offset=2"}
    server.answers = [(200, json.dumps(first)), (200, '{"items": [3], "next": null}')]
    assert list(client.pages("/incidents", q="x")) == [1, 2, 3]
    assert server.asked[1][1] == "/api/v1/incidents?limit=2&offset=2"


def test_a_server_that_never_answers_is_unreachable(server, client):
    server.answers = [(0, "")] * 4
    with pytest.raises(Unreachable):
        client.get("/incidents")

"""Couriers against a real fake, and a small place that takes webhooks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from notifiers.courier import RawRequest
from notifiers.dispatch import Dispatch
from notifiers.fake.server import FakeProviders
from tests.notifiers.makers import resend_at, sendgrid_at, twilio_at, twilio_voice_at


class Mailbox:
    """A web server that keeps every webhook it is sent.

    Answers with `statuses`, then 200; with `bodies` in turn, then nothing.
    """

    def __init__(self) -> None:
        self.requests: list[RawRequest] = []
        self.statuses: list[int] = []
        self.bodies: list[str] = []
        box = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                box.requests.append(RawRequest(box.url + self.path, dict(self.headers), body))
                answer = (box.bodies.pop(0) if box.bodies else "").encode()
                self.send_response(box.statuses.pop(0) if box.statuses else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def wait_for(self, count: int) -> list[RawRequest]:
        """The first `count` webhooks, once they are there."""
        end = time.monotonic() + 10
        while len(self.requests) < count:
            assert time.monotonic() < end, f"{len(self.requests)} of {count} webhooks came"
            time.sleep(0.01)
        return self.requests[:count]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def mailbox_server() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture
def mailbox(mailbox_server: Mailbox) -> Mailbox:
    mailbox_server.requests.clear()
    mailbox_server.statuses.clear()
    mailbox_server.bodies.clear()
    return mailbox_server


@pytest.fixture(scope="session")
def fake_process(
    mailbox_server: Mailbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FakeProviders]:
    url, folder = mailbox_server.url, tmp_path_factory.mktemp("fake")
    events = {"sendgrid_events": f"{url}/sendgrid", "resend_events": f"{url}/resend"}
    with FakeProviders(folder, **events) as running:
        yield running


@pytest.fixture
def fake(fake_process: FakeProviders) -> FakeProviders:
    """One process for all tests; knobs at rest. Tests tell their people apart by attempt."""
    fake_process.set_faults(receipts=False)
    return fake_process


@pytest.fixture
def dispatch(fake: FakeProviders) -> Iterator[Dispatch]:
    """Real couriers with a short patience, pointed at the fake."""
    running = Dispatch([sendgrid_at(fake), resend_at(fake), twilio_at(fake), twilio_voice_at(fake)])
    yield running
    running.close()

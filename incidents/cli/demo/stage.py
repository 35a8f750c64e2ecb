"""What the demo plays on: fake providers, a server of its own, and the people who use it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from incidents.client import Client, Unreachable
from incidents.errors import IncidentsError, Problem
from incidents.kept_tokens import known_people
from notifiers.fake.server import FakeProviders

_PORT = 8040  # where `tocsin serve` would be, if that is free
_START_SECONDS = 30.0
_EVENTS = "/api/v1/webhooks/sendgrid/events"


class Broken(IncidentsError):
    """The demo met something that it did not expect."""

    title = "The demo stopped"


class Stage:
    """A running Tocsin on a data folder that is gone afterwards, wired to providers that are fake.

    ada    responder, commander and privacy officer
    bo     approver
    eve    auditor
    admin  keeps users, sees no incident
    """

    ada: Client
    bo: Client
    eve: Client
    admin: Client
    # How the team is reached, in its order; kept for fiction, and known to the fakes alone.
    contacts = tuple(
        (f"{name}@lampion.example.org", f"+1202555014{number}")
        for number, name in enumerate(("ada", "bo", "eve", "admin"))
    )

    def __init__(self, output: Path) -> None:
        self.output = output
        self._folder = tempfile.TemporaryDirectory(prefix="tocsin-demo-")
        self.data = Path(self._folder.name) / "data"
        self.url = f"http://127.0.0.1:{_free_port()}"
        fakes = Path(self._folder.name) / "fake-providers"
        fakes.mkdir()
        self.providers = FakeProviders(fakes, sendgrid_events=self.url + _EVENTS)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.output.mkdir(parents=True, exist_ok=True)
            self.providers.start()
            self._server = self._serve()
            self._wait()
            _, tokens = known_people(self.data)
            self.ada = Client(self.url, tokens["ada-responder"])
            self.bo = Client(self.url, tokens["bo-approver"])
            self.eve = Client(self.url, tokens["eve-auditor"])
            self.admin = Client(self.url, tokens["admin"])
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self.team:
            client.close()
        self._end()

    @property
    def team(self) -> tuple[Client, ...]:
        """The four people."""
        return self.ada, self.bo, self.eve, self.admin

    @property
    def addresses(self) -> frozenset[str]:
        """Where the team is reached; the fakes take alarms to them, and notices to all others."""
        return frozenset(address for contact in self.contacts for address in contact)

    @property
    def log(self) -> Path:
        """Where the server writes its lines."""
        return self.output / "server.log"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that works on the stage."""
        return _clean_environment() | self._settings()

    def _serve(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "incidents.cli.main", "serve"],
                env=self.environment,
                stdout=log,
                stderr=log,
                # Ctrl-C is ours to hear: the server is ended when the story is.
                start_new_session=True,
            )

    def _settings(self) -> dict[str, str]:
        fake = self.providers
        settings = {
            "data_folder": str(self.data),
            "port": self.url.rpartition(":")[2],
            "public_url": self.url,
            "organisation_name": "Lampion Surveys",
            "email_provider": "sendgrid",
            "sendgrid_url": fake.url,
            "sendgrid_api_key": fake.sendgrid_api_key,
            "sendgrid_public_key": fake.sendgrid_public_key,
            "sendgrid_activity": "true",
            "sms_provider": "twilio_sms",
            "twilio_url": fake.url,
            "twilio_account_sid": fake.twilio_account_sid,
            "twilio_auth_token": fake.twilio_token,
        }
        return {f"TOCSIN_{name.upper()}": value for name, value in settings.items()}

    def _wait(self) -> None:
        end = time.monotonic() + _START_SECONDS
        with Client(self.url, "") as client:
            while time.monotonic() < end:
                if self._server is None or self._server.poll() is not None:
                    break
                try:
                    client.get("/health")
                except Unreachable:
                    time.sleep(0.1)
                else:
                    return
        raise Broken(
            "the server did not start",
            Problem(str(self.log), "has its last words", _last_line(self.log)),
        )

    def _end(self) -> None:
        server, self._server = self._server, None
        if server is not None and server.poll() is None:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        self.providers.stop()
        self._folder.cleanup()


def expect(what: str, given: Any, wanted: Any) -> None:
    """Stop the demo when the server answers something else than the story says."""
    if given != wanted:
        raise Broken(f"{what} is {given!r}, and should be {wanted!r}")


def _clean_environment() -> dict[str, str]:
    """The environment without settings of another Tocsin."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}


def _free_port() -> int:
    for port in (_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise Broken("no port is free on 127.0.0.1")


def _last_line(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""

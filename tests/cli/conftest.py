"""A real server on loopback, and the command run against it as somebody."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn

from incidents.app import create_app
from incidents.cli import screen
from incidents.cli.main import main
from incidents.clock import Clock, SystemClock
from incidents.office import key_folder
from incidents.vault.signing import SigningKey
from incidents.work import Office


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


Tocsin = Callable[..., Said]


@pytest.fixture
def clock() -> Clock:
    """The clock on the wall: the command says `-20m` by it."""
    return SystemClock()


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    """The address of a server on the test's office."""
    SigningKey.load_or_create(key_folder(office.settings))
    config = uvicorn.Config(create_app(office), port=0, log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(5)


@pytest.fixture
def tocsin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path
) -> Iterator[Tocsin]:
    """`tocsin("incident", "list", token=…, stdin=…)`: one command, in this process."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TOCSIN_DATA_FOLDER", str(tmp_path / "home"))
    screen._console.cache_clear()

    def run(*arguments: object, token: str = "", stdin: str | bytes = "") -> Said:
        if token:
            monkeypatch.setenv("TOCSIN_TOKEN", token)
        given = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        code = 0
        try:
            main([str(one) for one in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield run
    screen._console.cache_clear()


@pytest.fixture
def as_lead(tocsin: Tocsin, url: str, as_role, monkeypatch: pytest.MonkeyPatch) -> Tocsin:
    """The command as a commander who is privacy officer too."""
    monkeypatch.setenv("TOCSIN_URL", url)
    header = as_role("commander", "privacy_officer", name="lead")["Authorization"]
    token = header.removeprefix("Bearer ")
    return lambda *arguments, **more: tocsin(*arguments, **{"token": token, **more})


@pytest.fixture
def token_of(as_role) -> Callable[..., str]:
    """`token_of("approver")`: the secret of somebody with that role."""
    return lambda *roles: as_role(*roles)["Authorization"].removeprefix("Bearer ")

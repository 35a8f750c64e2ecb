"""The broker forgets, dies, fills up, or is cut off: a bell is lost, and nothing else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.chaos import scene
from tests.chaos.scene import NIGHTLY, crew, installed, judge, launch
from tests.servers import valkey_server

PEOPLE = 20_000 if NIGHTLY else 4_000
FLUSHES = 100 if NIGHTLY else 10
RESTARTS = 50 if NIGHTLY else 5
CUTS = 200 if NIGHTLY else 10
AWAY_SECONDS = 300 if NIGHTLY else 10
# A worker that is told nothing looks each second: a campaign may stall no longer than that.
MOST_STALLED = 3.0


@pytest.fixture
def broker():
    with valkey_server() as server:
        yield server


@pytest.fixture
def place(postgres, broker, tmp_path):
    url = postgres.database()
    with installed(tmp_path, url, broker.url, sweep_seconds=1.0) as made:
        made.fake.set_faults(receipts=False, latency_seconds=0.2)
        yield made
    postgres.drop(url)


def _all_told(place, campaign, what: str, **more) -> None:
    assert scene.finish(place, campaign)
    found = judge(place, campaign, PEOPLE)
    found.print(what, **more)
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)


@pytest.mark.chaos
def test_the_broker_is_flushed_in_mid_campaign(place, broker):
    campaign = launch(place, scene.by_mail(PEOPLE))
    stalled = 0.0
    with crew(place):
        for number in range(FLUSHES):
            due = PEOPLE * number / (FLUSHES + 1)
            scene.wait_for(lambda due=due: scene.accepted(place) >= due, 60)
            broker.flush()
            stalled = max(stalled, scene.until_next(place, PEOPLE))
        _all_told(place, campaign, "F7 FLUSHALL", flushes=FLUSHES, stalled=f"{stalled:.1f}")
    assert stalled <= MOST_STALLED


@pytest.mark.chaos
def test_the_broker_is_killed_and_started_again_and_stays_away(place, broker):
    campaign = launch(place, scene.by_mail(PEOPLE))
    with crew(place):
        for number in range(RESTARTS):
            due = PEOPLE * number / (2 * RESTARTS)
            scene.wait_for(lambda due=due: scene.accepted(place) >= due, 60)
            broker.restart()
        broker.kill()
        begun = time.monotonic()
        while time.monotonic() - begun < AWAY_SECONDS and scene.accepted(place) < PEOPLE:
            assert scene.until_next(place, PEOPLE) <= MOST_STALLED
        _all_told(place, campaign, "F8 broker killed", restarts=RESTARTS)


@pytest.mark.chaos
def test_a_broker_that_is_full_costs_a_bell(postgres, broker, tmp_path):
    broker.set("maxmemory", "1")  # with noeviction: each write is refused
    url = postgres.database()
    with installed(tmp_path, url, broker.url) as place:
        campaign = launch(place, scene.by_mail(PEOPLE))
        with crew(place):
            _all_told(place, campaign, "F9 broker full")
    postgres.drop(url)


@pytest.mark.chaos
def test_connections_to_the_broker_are_reset(postgres, broker, tmp_path):
    url = postgres.database()
    with _cut_now_and_then(broker.port) as (port, cut):
        settings = {"sweep_seconds": 1.0}
        with installed(tmp_path, url, f"redis://127.0.0.1:{port}/0", **settings) as place:
            place.fake.set_faults(receipts=False, latency_seconds=0.2)
            campaign = launch(place, scene.by_mail(PEOPLE))
            with crew(place):
                for number in range(CUTS):
                    due = PEOPLE * number / (CUTS + 1)
                    scene.wait_for(lambda due=due: scene.accepted(place) >= due, 60)
                    cut()
                _all_told(place, campaign, "F10 connections reset", cuts=CUTS)
    postgres.drop(url)


@contextmanager
def _cut_now_and_then(port: int) -> Iterator[tuple[int, object]]:
    """A door in front of a port; gives its own port, and what resets everything behind it."""
    door = socket.create_server(("127.0.0.1", 0))
    open_now: set[socket.socket] = set()

    def carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while some := source.recv(65_536):
                target.sendall(some)
        for one in (source, target):
            open_now.discard(one)
            with suppress(OSError):
                one.close()

    def let_in() -> None:
        with suppress(OSError):
            while True:
                outside, _ = door.accept()
                inside = socket.create_connection(("127.0.0.1", port))
                open_now.update((outside, inside))
                for pair in ((outside, inside), (inside, outside)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    def cut() -> None:
        for one in list(open_now):
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                one.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=let_in, daemon=True).start()
    try:
        yield door.getsockname()[1], cut
    finally:
        door.close()
        cut()

"""The database is killed, stopped, or has no room: what was committed stays, none goes twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from benchmarks.scene import people_csv
from incidents.audit.log import AuditEntry
from incidents.database.audit_tree import pending_count, tree_size
from incidents.housekeeping import place_entries
from incidents.services import population
from incidents.services.population_import import import_people
from incidents.work import TOCSIN
from tests import factories
from tests.chaos import scene
from tests.chaos.scene import NIGHTLY, Place, crew, installed, judge, launch
from tests.servers import PostgresServer, postgres_server

PEOPLE = 20_000 if NIGHTLY else 4_000
CRASHES = 50 if NIGHTLY else 5


@pytest.fixture
def server():
    with postgres_server(durable=True) as made:
        yield made


@pytest.fixture
def place(server, valkey, tmp_path):
    with installed(tmp_path, server.database(), valkey.url, people_per_envelope=10) as made:
        made.fake.set_faults(receipts=False, latency_seconds=0.4)
        yield made


@pytest.mark.chaos
def test_postgresql_is_killed_in_mid_campaign(place, server):
    campaign = launch(place, scene.by_mail(PEOPLE))
    longest = 0.0
    with crew(place):
        for number in range(CRASHES):
            due = PEOPLE * (number + 0.5) / (CRASHES + 1)
            scene.wait_for(lambda due=due: scene.accepted(place) >= due, 60)
            if number % 2:
                server.kill()
            else:
                server.stop(signal.SIGQUIT)  # pg_ctl stop -m immediate
            server.start()
            longest = max(longest, scene.until_next(place, PEOPLE))
        place.office.engine.dispose()
        assert scene.finish(place, campaign)
    found = judge(place, campaign, PEOPLE)
    found.print("F11 PostgreSQL killed", crashes=CRASHES, resumed_after=f"{longest:.1f}")
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)
    _trail_is_whole(place)


def _trail_is_whole(place) -> None:
    """Every entry gets its place in the tree: none is missing, none twice."""
    scene.wait_for(lambda: not _pending(place), 30)
    with place.office.look(TOCSIN) as work:
        entries = work.session.scalar(select(func.count()).select_from(AuditEntry))
        assert tree_size(work.session) == entries


def _pending(place) -> int:
    place_entries(place.office)
    with place.office.look(TOCSIN) as work:
        return pending_count(work.session)


@pytest.mark.chaos
def test_postgresql_has_no_room_left_in_mid_campaign(valkey, tmp_path):
    """Its disk is full for a while; then somebody makes room."""
    with roomy_once(valkey, tmp_path) as (place, server, disk):
        place.fake.set_faults(receipts=False, latency_seconds=0.2)
        campaign = launch(place, scene.by_mail(PEOPLE))
        with crew(place):
            scene.wait_for(lambda: scene.accepted(place) >= PEOPLE / 4, 60)
            ballast = _fill(disk)
            time.sleep(5)
            ballast.unlink()
            # PostgreSQL may have given up for want of room for its log.
            server.start()
            assert scene.finish(place, campaign)
        found = judge(place, campaign, PEOPLE)
    found.print("F16 no room left")
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)


@pytest.mark.chaos
def test_an_import_for_which_there_is_no_room_adds_nobody_and_can_be_sent_again(valkey, tmp_path):
    people = list(people_csv(60_000))
    with roomy_once(valkey, tmp_path) as (place, server, disk):
        with place.office.work(TOCSIN) as work:
            incident = factories.make_incident(work).id
        ballast = _fill(disk, leave=8)
        with pytest.raises((OperationalError, DBAPIError)):
            import_people(place.office, TOCSIN, incident, people)
        ballast.unlink()
        server.start()
        with place.office.work(TOCSIN) as work:
            work.now += timedelta(hours=1)
            population.fail_stale(work)
        assert import_people(place.office, TOCSIN, incident, people).added_count == 60_000


@contextmanager
def roomy_once(valkey, folder: Path) -> Iterator[tuple[Place, PostgresServer, Path]]:
    """An installation whose PostgreSQL has a small disk to itself."""
    with (
        small_disk(200) as disk,
        server_in(disk) as server,
        installed(folder, server.database(), valkey.url) as place,
    ):
        yield place, server, disk


@contextmanager
def small_disk(mebibytes: int) -> Iterator[Path]:
    """A disk of its own; only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    folder = Path(tempfile.mkdtemp(prefix="tocsin-disk-", dir="/tmp"))
    options = f"size={mebibytes}m,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
        folder.rmdir()


@contextmanager
def server_in(disk: Path) -> Iterator[PostgresServer]:
    """PostgreSQL with its data on that disk."""
    folder = disk / "postgresql"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    server = PostgresServer(folder, durable=True)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _fill(disk: Path, leave: int = 0) -> Path:
    """Write until nothing more fits but `leave` mebibytes."""
    ballast = disk / "ballast"
    free = shutil.disk_usage(disk).free - leave * 2**20
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.tell() < free:
            file.write(b"0" * 65_536)
    return ballast

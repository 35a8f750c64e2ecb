"""Lists as they really come: each person on them is told or counted, whatever is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from incidents.clock import SetClock
from incidents.database.population import Recipient
from incidents.office import open_office, prepare
from incidents.rules.canary import Canary
from incidents.rules.ladder import BARRED
from incidents.rules.launch_options import LaunchOptions
from incidents.services import dry_run, population
from incidents.settings import Settings
from incidents.work import TOCSIN
from tests.factories import make_incident
from tests.services.telling import mailbox

MANY = 20_000
CROWD = 2_000


def test_one_line_in_a_hundred_is_garbage_and_nobody_else_is_lost(office):
    garbage = [b"\xff\xfe,\n", b'"open,p@example.com,\n', b"a,b,c,d,e\n", b",,\n", b"x\0,y,\n"]
    lines = [
        garbage[n // 100 % len(garbage)]
        if n % 100 == 50
        else f"Person {n},p{n}@{'mail' if n % 10 else f'mail{n}'}.example.com,\n".encode()
        for n in range(MANY)
    ]
    with office.work(TOCSIN) as work:
        incident_id = make_incident(work).id
    done = population.import_people(office, TOCSIN, incident_id, [b"name,email,phone\n", *lines])
    assert (done.added_count, done.rejected_count) == (MANY * 99 // 100, MANY // 100)
    assert set(done.by_reason) == {
        "line.not_utf8", "line.open_quote", "line.too_many_fields", "line.nobody", "line.nul",
    }  # fmt: skip


def test_nine_of_ten_at_one_mail_host_are_told_by_and_by_and_hold_up_nobody(telling):
    many = 4_000
    one = telling([], mail_ramp="600/hour")
    lines = [
        f"Person {n},p{n}@{'large' if n % 10 else f'mail{n}'}.example.com\n".encode()
        for n in range(many)
    ]
    population.import_people(one.office, TOCSIN, one.incident.id, [b"name,email\n", *lines])
    with one.office.look(TOCSIN) as work:
        options = LaunchOptions(("email", "announcement"), canary=Canary())
        said = dry_run.plan(work, one.notice.id, options)
    large = said.ramp.people
    # Some others share the large one's number, and its ramp.
    assert many * 9 // 10 <= large < many * 9 // 10 + 20
    one.launch("email", "announcement", canary=Canary())
    began = one.clock.now()
    while one.status() != "finished":
        hours = (one.clock.now() - began) / timedelta(hours=1)
        one.pump()
        told = one.email.told()
        if hours > 1:
            assert sum("@large." not in address for address in told) >= many - large
        assert len(told) <= many - large + 600 * (2 ** (hours + 1 / 12) - 1) + 1
        one.tend(300)
    assert Counter(Counter(one.email.told()).values()) == {1: many}
    assert one.buckets() == {"accepted": many}
    assert one.clock.now() - said.ends_at < timedelta(minutes=30)


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_a_crowd_that_shares_one_address_is_told_each_and_never_twice_in_an_envelope(
    telling, channel
):
    shared = {"email": "reception@example.com", "phone": "+12025550100"}
    one = telling([*({**shared} for _ in range(CROWD)), *(mailbox(n) for n in range(CROWD))])
    one.launch(channel, "announcement")
    began = time.process_time()
    while one.pump() or one.tend():
        pass
    courier = one.email if channel == "email" else one.sms
    told = Counter(ref for sent in courier.ledger for ref in {p.ref for p in sent.people})
    assert len(told) == (2 * CROWD if channel == "email" else CROWD)
    assert set(told.values()) == {1}
    for sent in courier.ledger:
        assert len({p.address for p in sent.people}) == len(sent.people)
    assert time.process_time() - began < 60  # each with each would take far longer


def test_when_everybody_opted_out_everybody_is_counted_and_nobody_is_told(telling):
    one = telling([mailbox(n) for n in range(50)])
    with one.office.work(TOCSIN) as work:
        for person in work.session.scalars(select(Recipient)):
            person.barred = sum(BARRED.values())
    one.launch("email", "announcement")
    while one.pump() or one.tend():
        pass
    assert one.email.ledger == []
    assert one.buckets() == {"exhausted": 50}


_IMPORT_ON_A_FULL_DISK = """
import resource, signal, sys
from uuid import UUID
from incidents.office import open_office
from incidents.settings import Settings
from incidents.services import population
from incidents.settings import Settings
from incidents.work import TOCSIN
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
lines = [b"name,email\\n", *(b"Person %d,p%d@example.com\\n" % (n, n) for n in range(50_000))]
population.import_people(open_office(Settings()), TOCSIN, UUID(sys.argv[1]), lines)
"""


def test_a_disk_that_fills_up_leaves_nobody_half_imported(tmp_path):
    settings = Settings(data_folder=tmp_path)
    prepare(settings)
    office = open_office(settings)
    with office.work(TOCSIN) as work:
        incident_id = make_incident(work).id
    room = (tmp_path / "tocsin.db").stat().st_size + 3_000_000
    child = subprocess.run(
        [sys.executable, "-c", _IMPORT_ON_A_FULL_DISK, str(incident_id), str(room)],
        env={**os.environ, "TOCSIN_DATA_FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert child.returncode == 1
    assert "disk" in child.stderr  # SQLite's own words: disk I/O error, or disk is full
    later = replace(office, clock=SetClock(office.clock.now() + timedelta(hours=1)))
    with later.work(TOCSIN) as work:
        population.fail_stale(work)
    with office.look(TOCSIN) as work:
        assert work.session.scalar(select(func.count()).select_from(Recipient)) == 0
    done = population.import_people(
        office, TOCSIN, incident_id, [b"name,email\nAda,a@example.com\n"]
    )
    assert (done.status, done.added_count) == ("done", 1)
    office.engine.dispose()

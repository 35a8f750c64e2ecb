"""What waits is found without a bell, and a part that fails stops no other."""

import threading
import time
from datetime import timedelta

from sqlalchemy import select

from incidents.audit import log as audit
from incidents.database.alarms import Alarm
from incidents.database.audit_tree import pending_count, tree_size
from incidents.housekeeping import alarm_parts, house_parts
from incidents.office import signing_key
from incidents.services import alarms
from incidents.sweep import Part, Sweep
from incidents.work import TOCSIN
from tests.factories import make_incident
from tests.services.alarming import make_duty, make_on_duty


def test_a_part_that_fails_stops_no_other():
    seen = []

    def fail():
        raise OSError("the database is down")

    sweep = Sweep("test", {"bad": Part(fail), "good": Part(lambda: seen.append(1))}, 60)
    sweep.once()
    sweep.once()
    assert len(seen) == 2


def test_a_part_looks_no_more_often_than_it_says():
    seen = []
    sweep = Sweep("test", {"hourly": Part(lambda: seen.append(1), 3600)}, 60)
    sweep.once()
    sweep.once()
    assert len(seen) == 1


def test_a_bell_makes_it_look_now():
    looked = threading.Semaphore(0)
    sweep = Sweep("test", {"look": Part(looked.release)}, 60)
    sweep.start()
    assert looked.acquire(timeout=5)  # the first look
    began = time.monotonic()
    sweep.wake()
    assert looked.acquire(timeout=5)
    assert time.monotonic() - began < 1
    sweep.stop()
    sweep.join(5)


def test_every_process_rings_alarms_and_mends_what_lacks_one_with_no_bell(office, clock):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        incident = make_incident(work, owner_id=TOCSIN.id, review_due=False)
        make_duty(work, incident)
        forgotten = make_duty(work, incident, 100)
        forgotten.next_alarm_at = None
    clock.set(work.now + timedelta(hours=36))
    Sweep("alarms", alarm_parts(office), 60).once()
    with office.look(TOCSIN) as work:
        (alarm,) = work.session.scalars(select(Alarm)).all()
        assert (alarm.ring_count, alarms.uncovered(work)) == (1, 0)


def test_the_house_reviews_incidents_and_signs_the_trail_without_a_bell(office, settings):
    with office.work(TOCSIN) as work:
        incident = make_incident(work)
        audit.record(
            work, "incident.open", incident_id=incident.id, subject_id=incident.id, mode="live"
        )
    Sweep("house", house_parts(office), 60).once()
    with office.look(TOCSIN) as work:
        assert not work.session.get(type(incident), incident.id).review_due
        assert pending_count(work.session) == 0
        assert tree_size(work.session) >= 1
    assert (settings.data_folder / "audit-anchor.jsonl").read_text().count("\n") == 1
    assert signing_key(settings).name == "tocsin/test"

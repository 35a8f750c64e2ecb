"""A worker of its own: it starts, hears, outlives its broker, stays small, and ends when asked."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import redis

from incidents.celery_app import CeleryBell, create_celery
from incidents.database.incidents import Incident
from incidents.office import NotReady, open_office, prepare
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, equation
from incidents.settings import Settings
from incidents.wiring import routes_for
from incidents.work import TOCSIN
from tests.factories import make_incident
from tests.services.telling import mailbox, make_notice, make_people

ROOT = Path(__file__).parents[2]
MEBIBYTE = 2**20
PEOPLE = 2_000


@pytest.fixture
def production(postgres, valkey, tmp_path):
    """Settings of a production on a fresh database, tables and keys made."""
    valkey.flush()
    url = postgres.database()
    settings = Settings(data_folder=tmp_path, database_url=url, broker_url=valkey.url)
    prepare(settings)
    yield settings
    postgres.drop(url)


@pytest.fixture
def worker(production):
    """A running worker."""
    yield from running(production)


@pytest.fixture
def only_sender(production):
    """A running worker that tells people and does nothing else."""
    yield from running(production, "--only-sends")


def running(production, *options):
    environment = {
        **os.environ,
        "TOCSIN_DATA_FOLDER": str(production.data_folder),
        "TOCSIN_DATABASE_URL": production.database_url,
        "TOCSIN_BROKER_URL": production.broker_url,
        "TOCSIN_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "incidents.cli.main", "worker", *options]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    yield process
    process.kill()
    process.wait()


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def review_is_due(office, incident_id):
    with office.look(TOCSIN) as work:
        return work.session.get_one(Incident, incident_id).review_due


def an_incident(office):
    with office.work(TOCSIN) as work:
        return make_incident(work).id


def test_a_worker_finds_what_waits_with_and_without_its_broker(production, worker, valkey):
    office = open_office(production)
    incident_id = an_incident(office)
    wait_for(lambda: not review_is_due(office, incident_id))
    # The laws of all places are part of it: a worker reviews what is owed.
    assert psutil.Process(worker.pid).memory_info().rss < 160 * MEBIBYTE

    valkey.kill()
    incident_id = an_incident(office)
    wait_for(lambda: not review_is_due(office, incident_id))
    valkey.start()

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=15) == 0
    office.engine.dispose()


def test_a_worker_that_only_sends_tells_everybody_and_reviews_nothing(production, only_sender):
    office = open_office(production, routes=routes_for(production))
    with office.work(TOCSIN) as work:
        incident = make_incident(work)
        make_people(work, incident, [mailbox(n) for n in range(PEOPLE)])
        notice = make_notice(work, incident)
    with office.work(TOCSIN) as work:
        campaign_id = campaigns.launch(work, notice.id, LaunchOptions(["email"])).id
    wait_for(lambda: status_of(office, campaign_id) == "finished", 60)
    with office.look(TOCSIN) as work:
        assert equation.equation(work, campaign_id).buckets["delivered"] == PEOPLE
    assert review_is_due(office, incident.id)
    assert psutil.Process(only_sender.pid).memory_info().rss < 120 * MEBIBYTE

    only_sender.send_signal(signal.SIGTERM)
    assert only_sender.wait(timeout=15) == 0
    office.engine.dispose()


def status_of(office, campaign_id):
    with office.look(TOCSIN) as work:
        return campaigns.read(work, campaign_id).status


def test_a_worker_takes_bells_off_their_queue(production, worker, valkey):
    bell = CeleryBell(create_celery(valkey.url))
    bell.ring("campaigns.pump", None)
    bell.close()
    with redis.Redis.from_url(valkey.url) as broker:
        wait_for(lambda: not broker.llen("tocsin.campaigns"))
    assert worker.poll() is None


def test_production_does_not_start_without_tables_or_keys(production, postgres, tmp_path):
    told = {"broker_url": production.broker_url, "data_folder": tmp_path}
    elsewhere = Settings(
        **told | {"data_folder": tmp_path / "elsewhere"}, database_url=production.database_url
    )
    with pytest.raises(NotReady, match="keys"):
        open_office(elsewhere)
    empty = postgres.database()
    with pytest.raises(NotReady, match="tocsin migrate"):
        open_office(Settings(**told, database_url=empty))
    postgres.drop(empty)

"""The ground that tests stand on holds."""

from uuid import uuid4

import redis

from incidents.database.incidents import Incident
from incidents.work import TOCSIN
from tests.factories import make_incident


def test_each_test_has_a_database_of_its_own(office, bell):
    subject = uuid4()
    with office.work(TOCSIN) as work:
        incident = make_incident(work)
        work.ring("incidents.review", subject)
        assert bell.rung == []
    assert bell.rung == [("incidents.review", subject)]
    with office.look(TOCSIN) as work:
        assert work.session.query(Incident).count() == 1
        assert work.session.get(Incident, incident.id).opened_at == office.clock.now()


def test_a_flushed_valkey_forgets_and_a_killed_one_comes_back(valkey):
    client = redis.Redis.from_url(valkey.url)
    client.set("bell", "rung")
    valkey.flush()
    assert client.get("bell") is None
    valkey.restart()
    assert client.ping()

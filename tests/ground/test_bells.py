"""Bells cost the ringer nothing, whatever state the broker is in."""

import threading
import time
from uuid import uuid4

import pytest
import redis

from incidents.celery_app import CeleryBell, create_celery, refuse_forgetful
from incidents.embedded import ThreadBell
from incidents.errors import InvalidInput
from incidents.processes import work
from tests.servers import valkey_server


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def test_a_bell_waits_in_its_queue_with_an_id_and_nothing_else(valkey):
    valkey.flush()
    bell, subject = CeleryBell(create_celery(valkey.url)), uuid4()
    bell.ring("incidents.review", subject)
    bell.ring("campaigns.pump", None)
    bell.close()
    with redis.Redis.from_url(valkey.url) as broker:
        (message,) = broker.lrange("tocsin.incidents", 0, -1)
        assert str(subject).encode() in message
        assert broker.llen("tocsin.campaigns") == 1


def test_a_dead_broker_costs_the_ringer_nothing():
    bell = CeleryBell(create_celery("redis://127.0.0.1:1/0"))
    began = time.monotonic()
    for _ in range(2_000):
        bell.ring("incidents.review", uuid4())
    assert time.monotonic() - began < 0.5


def test_bells_are_heard_again_when_the_broker_is_back(valkey):
    bell = CeleryBell(create_celery(valkey.url))
    bell.ring("campaigns.pump", None)
    valkey.kill()
    bell.ring("campaigns.pump", None)
    valkey.start()
    with redis.Redis.from_url(valkey.url) as broker:
        wait_for(lambda: bell.ring("campaigns.pump", None) or broker.llen("tocsin.campaigns"))
    bell.close()


@pytest.mark.parametrize("policy", ["allkeys-lru", "allkeys-random"])
def test_a_broker_that_throws_bells_away_is_refused_at_start(policy, settings):
    with valkey_server() as broker:
        broker.set("maxmemory-policy", policy)
        with pytest.raises(InvalidInput) as caught:
            work(settings.model_copy(update={"broker_url": broker.url}))
        assert caught.value.problems[0].field == "TOCSIN_BROKER_URL"
        broker.set("maxmemory-policy", "volatile-lru")
        refuse_forgetful(broker.url)
    refuse_forgetful(broker.url)  # away: it may come back


def test_without_a_broker_equal_bells_that_wait_are_heard_once():
    heard, going_on = [], threading.Event()

    def hear(name, subject_id):
        heard.append(name)
        going_on.wait(5)

    bell = ThreadBell(threads=1)
    bell.ring("unheard", None)  # nobody listens yet
    bell.listen(hear)
    bell.ring("first", None)
    wait_for(lambda: heard == ["first"])
    for _ in range(5):
        bell.ring("second", None)
    bell.ring("first", None)  # it runs already, so this one is news
    going_on.set()
    wait_for(lambda: len(heard) == 3)
    bell.close()
    assert heard == ["first", "second", "first"]

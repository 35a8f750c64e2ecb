"""Workers that are killed or frozen between any two states: nobody lost, nobody told twice."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator

import pytest
from sqlalchemy import select

from incidents.database.campaigns import Attempt
from incidents.failpoints import PLACES
from incidents.work import TOCSIN
from tests.chaos import scene
from tests.chaos.scene import Crew, Place, crew, installed, judge, launch, volume

# What goes wrong at the provider meanwhile, besides.
FAULTS = {
    "latency_seconds": 0.3,  # or all would be told before the last kill
    "too_many": 0.02,
    "error_before": 0.01,
    "reset_after": 0.01,
    "hang_after": 0.005,
    "listing_lag_seconds": 1.0,
    "receipts": False,
}
PEOPLE = volume(nightly=100_000, usual=10_000, few=2_000)
KILLS = volume(nightly=2_000, usual=200, few=40)
EACH = volume(nightly=200, usual=20, few=5)
FREEZES = volume(nightly=300, usual=30, few=10)
ACCEPTED_AND_FAILED = 0.2 if scene.ROUNDS == "few" else 0.02
# Longer than a lease, the grace after it, and two looks at the provider's records.
FROZEN_SECONDS = 7.0


@pytest.fixture
def place(postgres, valkey, tmp_path):
    url = postgres.database()
    with installed(tmp_path, url, valkey.url, people_per_envelope=10) as made:
        yield made
    postgres.drop(url)


@pytest.mark.chaos
def test_workers_are_killed_all_through_a_campaign(place):
    seed = scene.seed()
    chance = random.Random(seed)
    campaign = launch(place, scene.by_mail_and_phone(PEOPLE))
    place.fake.set_faults(**FAULTS | {"error_after": ACCEPTED_AND_FAILED}, seed=seed % 1000)
    begun = time.monotonic()
    with crew(place, workers=3) as workers:
        for number in range(KILLS):
            due = PEOPLE * number / (KILLS + 1)
            scene.wait_for(lambda due=due: scene.accepted(place) >= due, 60)
            time.sleep(chance.uniform(0, 0.1))
            workers.kill_one(chance)
        last = scene.accepted(place)
        place.fake.set_faults(receipts=False)
        settled, parked = scene.see_through(place, campaign)
    seconds = f"{time.monotonic() - begun:.1f}"
    found = judge(place, campaign, PEOPLE)
    told = {"seed": seed, "kills": workers.kills, "parked": parked, "seconds": seconds}
    found.print("F1 kill -9", **told, settled=settled)
    assert settled, "it did not come to an end"
    assert last < PEOPLE, "the campaign was over before the last kill"
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)


POINTS = [point for point in PLACES if point != "folding"]  # that one is no worker's
# They come by seldom: for newcomers, behind a lease that ran out, after a look-up was claimed.
SELDOM = ("placing", "placed", "expiring", "looked", "settling")


@pytest.mark.chaos
def test_workers_die_at_each_failpoint(place):
    seed = scene.seed()
    lines = itertools.count()
    dead = {}
    place.fake.set_faults(receipts=False, error_after=0.3, listing_lag_seconds=0.5, seed=seed % 99)
    campaign = launch(place, _some(lines))
    with crew(place, workers=0) as workers:
        for point in POINTS:
            dead[point] = _die_at(workers, point, lambda: scene.join(place, campaign, _some(lines)))
        place.fake.set_faults(receipts=False)
        workers.start()
        people = next(lines)
        settled, parked = scene.see_through(place, campaign)
    found = judge(place, campaign, people)
    found.print("F2 kill at each failpoint", seed=seed, parked=parked, **dead)
    assert settled, "it did not come to an end"
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)


def _some(lines: Iterator[int]) -> list[dict[str, str]]:
    return [{"email": f"person{next(lines)}@example.com"} for _ in range(40)]


def _die_at(workers: Crew, point: str, join: Callable[[], None]) -> int:
    """Workers that die at a failpoint, one after the other, until enough have."""
    wanted = EACH // 4 if point in SELDOM else EACH
    asked = f"intended=kill@0.5 {point}=kill" if point == "expiring" else f"{point}=kill"
    dead = 0
    for _ in range(2):
        workers.start(asked)
    end = time.monotonic() + 10 * wanted
    while dead < wanted:
        assert time.monotonic() < end, f"{dead} of {wanted} workers died at {point}"
        join()
        time.sleep(0.1)
        dead += workers.replace_dead(asked)
    for pid in list(workers.pids):
        workers.kill(pid)
    return dead


@pytest.mark.chaos
def test_workers_freeze_between_intent_and_wire(place):
    """Until others have taken over; most by a failpoint, and some, anywhere, by SIGSTOP."""
    seed = scene.seed()
    chance = random.Random(seed)
    lines = itertools.count()
    place.fake.set_faults(receipts=False, listing_lag_seconds=0.5, latency_seconds=0.4)
    campaign = launch(place, _some(lines))
    frozen = 0
    with crew(place, workers=1) as workers:
        while frozen < FREEZES:
            for _ in range(25):
                scene.join(place, campaign, _some(lines))
            sleepers = [workers.start(f"intended=sleep:{FROZEN_SECONDS}") for _ in range(7)]
            sleepers += [workers.start() for _ in range(3)]
            _let_begin(place, sleepers[:7])
            time.sleep(chance.uniform(0, 0.5))
            for pid in sleepers[7:]:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(FROZEN_SECONDS)
            for pid in sleepers[7:]:
                os.kill(pid, signal.SIGCONT)
            time.sleep(4)  # on a busy machine they wake late
            for pid in sleepers:
                workers.kill(pid)
            frozen += len(sleepers)
        people = next(lines)
        settled, parked = scene.see_through(place, campaign)
    found = judge(place, campaign, people)
    found.print("F3 frozen", seed=seed, frozen=frozen, parked=parked, settled=settled)
    assert settled, "it did not come to an end"
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)
    assert found.looked_up >= frozen / 2, "hardly any of them held a lease"


def _let_begin(place: Place, pids: Iterable[int]) -> None:
    """Until each of these workers has something in hand, or there is nothing left for it."""
    end = time.monotonic() + 8
    while time.monotonic() < end:
        with place.office.look(TOCSIN) as work:
            workers = set(work.session.scalars(select(Attempt.worker).distinct()))
        if {str(pid) for pid in pids} <= {worker.split(":")[1] for worker in workers}:
            return
        time.sleep(0.1)

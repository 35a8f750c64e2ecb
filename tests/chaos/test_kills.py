"""Workers that are killed or frozen between any two states: nobody lost, nobody told twice."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator

import pytest

from incidents.failpoints import PLACES
from tests.chaos import scene
from tests.chaos.scene import NIGHTLY, Crew, crew, installed, judge, launch

# What goes wrong at the provider meanwhile, besides.
FAULTS = {
    "latency_seconds": 0.05,
    "too_many": 0.02,
    "error_before": 0.01,
    "error_after": 0.01,
    "reset_after": 0.01,
    "hang_after": 0.005,
    "listing_lag_seconds": 1.0,
    "receipts": False,
}
PEOPLE = 100_000 if NIGHTLY else 10_000
KILLS = 2_000 if NIGHTLY else 200
EACH = 200 if NIGHTLY else 20
FREEZES = 300 if NIGHTLY else 30


@pytest.fixture
def place(postgres, valkey, tmp_path):
    url = postgres.database()
    with installed(tmp_path, url, valkey.url, people_per_envelope=20) as made:
        yield made
    postgres.drop(url)


@pytest.mark.chaos
def test_workers_are_killed_all_through_a_campaign(place):
    seed = scene.seed()
    chance = random.Random(seed)
    campaign = launch(place, scene.by_mail_and_phone(PEOPLE))
    place.fake.set_faults(**FAULTS, seed=seed % 1000)
    begun = time.monotonic()
    with crew(place, workers=3) as workers:
        for number in range(KILLS):
            due = PEOPLE * number / (KILLS + 1)
            scene.wait_for(lambda due=due: scene.accepted(place) >= due, 60)
            time.sleep(chance.uniform(0, 0.1))
            workers.kill_one(chance)
        last = scene.accepted(place)
        place.fake.set_faults(receipts=False)
        settled = scene.finish(place, campaign)
        seconds = time.monotonic() - begun
    found = judge(place, campaign, PEOPLE)
    found.print(
        "F1 kill -9", seed=seed, kills=workers.kills, seconds=f"{seconds:.1f}",
        settled_after=f"{settled:.1f}",
    )  # fmt: skip
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
        people, parked = next(lines), 0
        while scene.status(place, campaign) != "finished":
            time.sleep(1)
            parked += scene.release(place, campaign)
    found = judge(place, campaign, people)
    found.print("F2 kill at each failpoint", seed=seed, parked=parked, **dead)
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
    """Longer than their lease lasts, half of them by a failpoint and half by SIGSTOP."""
    seed = scene.seed()
    chance = random.Random(seed)
    people = FREEZES * 40
    campaign = launch(place, scene.by_mail(people))
    place.fake.set_faults(receipts=False, listing_lag_seconds=0.5, latency_seconds=0.1)
    frozen = 0
    with crew(place, workers=0) as workers:
        while frozen < FREEZES and scene.accepted(place) < people:
            sleepers = [workers.start("intended=sleep:3.5") for _ in range(2)]
            stopped = workers.start()
            time.sleep(chance.uniform(0.3, 0.8))
            workers.freeze(stopped, 3.5)
            frozen += 3
            for pid in (*sleepers, stopped):
                time.sleep(0.1)
                workers.kill(pid)
        workers.start()
        scene.finish(place, campaign)
    found = judge(place, campaign, people)
    found.print("F3 frozen", seed=seed, frozen=frozen)
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)

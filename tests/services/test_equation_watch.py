"""The equation is counted while a campaign moves, told to monitors, and shouted when it breaks."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from incidents.database.campaign_looks import CampaignLook
from incidents.database.campaigns import Campaign
from incidents.database.imports import PopulationImport
from incidents.database.population import Recipient
from incidents.services import equation, equation_watch, figures
from incidents.work import TOCSIN
from tests.services.telling import mailbox


@pytest.fixture
def one(telling):
    made = telling([mailbox(n) for n in range(10)])
    made.launch("email")
    return made


def seen(one):
    return one.rows(CampaignLook)[0]


def told(one):
    with one.office.look(TOCSIN) as work:
        return figures.figures(work)


def lose_somebody(one):
    with one.office.work(TOCSIN) as work:
        work.session.execute(delete(Recipient).where(Recipient.id == one.people[0]))


def test_it_is_counted_once_a_minute_and_when_all_is_done(one):
    one.tend(60)
    assert seen(one).buckets["waiting"] == seen(one).total == 10
    one.pump()
    first = seen(one).counted_at
    one.tend(1)
    assert one.status() == "finished"
    one.tend()
    assert seen(one).counted_at > first
    assert seen(one).buckets["accepted"] == 10
    done = seen(one).counted_at
    one.tend(1_000)
    assert seen(one).counted_at == done


def is_due(one):
    with one.office.look(TOCSIN) as work:
        return bool(equation_watch.due(work, "live"))


@pytest.mark.parametrize(
    ("people", "seconds"),
    [
        pytest.param(10, 1, id="few at once"),
        pytest.param(1_000_000, 100, id="many later, so that it costs little beside the telling"),
        pytest.param(None, 60, id="after a minute where some have no place yet"),
    ],
)
def test_when_it_is_counted_first(one, people, seconds):
    with one.office.work(TOCSIN) as work:
        work.session.get_one(Campaign, one.id).population_count = people
    one.later(seconds - 1)
    assert not is_due(one)
    one.later(1)
    assert is_due(one)


def test_until_a_large_campaign_was_counted_one_sees_what_its_envelopes_say(one):
    with one.office.work(TOCSIN) as work:
        work.session.scalars(select(PopulationImport)).one().added_count = 60_000
    one.pump()
    with one.office.look(TOCSIN) as work:
        seen = equation.progress(work, one.id)
    told = {bucket: people for bucket, people in seen.buckets.items() if people}
    assert (told, seen.total, seen.counted_at) == (
        {"accepted": 10, "planned": 59_990},
        60_000,
        None,
    )


def test_a_minute_passes_between_two_counts(one):
    one.tend(60)
    first = seen(one).counted_at
    one.tend(59)
    assert seen(one).counted_at == first
    one.tend(2)
    assert seen(one).counted_at > first


def test_monitors_are_told_of_each_bucket(one):
    one.tend(60)
    found = told(one)
    key = (str(one.id), "live")
    assert found.campaign_people[*key, "waiting"] == 10
    assert found.equation_holds == {key: 1}
    assert found.campaigns_halted == {key: 0}


def test_when_somebody_is_in_no_bucket_or_in_two_health_says_so(one):
    lose_somebody(one)
    one.tend(60)
    assert told(one).equation_holds == {(str(one.id), "live"): 0}
    with one.office.look(TOCSIN) as work:
        assert figures.readiness(work).trouble == "people unaccounted for"

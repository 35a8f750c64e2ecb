"""Launching, placing, pausing, stopping, finishing; and everybody is somewhere, always."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from incidents.database.campaigns import Delivery, Envelope
from incidents.database.imports import PopulationImport
from incidents.database.notices import NoticeBody
from incidents.errors import Conflict, IncidentsError, InvalidInput, InvalidTransition
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns
from incidents.work import TOCSIN
from tests.services.telling import approve, mailbox, make_people

PHONE = "+12025550101"


def test_each_person_stands_on_the_first_rung_that_reaches_them(telling):
    one = telling(
        [mailbox(1), mailbox(2, phone=PHONE), {"phone": PHONE}, {}, mailbox(3, withheld="police")]
    )
    one.launch()
    channels = Counter((row.channel, row.outcome) for row in one.rows(Delivery))
    assert channels == {
        ("email", ""): 2,
        ("sms", ""): 1,
        ("announcement", ""): 1,
        ("email", "withheld"): 1,
    }
    assert one.buckets() == {"waiting": 3, "exhausted": 1, "withheld": 1}


def test_an_address_never_stands_twice_in_one_envelope_and_everybody_at_it_is_told(telling):
    family = [{"email": "family@example.com", "name": name} for name in ("Ada", "Ben", "Cleo")]
    one = telling([*family, *(mailbox(n) for n in range(5))])
    one.launch()
    one.pump()
    for envelope in one.email.ledger:
        addresses = [person.address for person in envelope.people]
        assert len(addresses) == len(set(addresses))
    names = [p.fields["name"] for e in one.email.ledger for p in e.people]
    assert {"Ada", "Ben", "Cleo"} <= set(names)
    assert len(names) == 8


def test_envelopes_hold_as_many_people_as_settings_say_and_one_language_each(telling):
    one = telling(
        [mailbox(n, locale="zh-CN" if n % 2 else "en") for n in range(10)], people_per_envelope=3
    )
    one.launch()
    rows = one.rows(Envelope)
    assert sorted((row.locale, row.people_count) for row in rows) == [
        ("en", 2),
        ("en", 3),
        ("zh-Hans", 2),
        ("zh-Hans", 3),
    ]
    assert {row.ordinal for row in rows} == {1, 2, 3, 4}
    one.pump()
    assert len(set(one.email.told())) == 10


def test_a_notice_is_launched_once(telling):
    one = telling([mailbox(1)])
    one.launch()
    with pytest.raises(Conflict, match="already"):
        one.launch()


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda work, one: setattr(one.notice, "status", "draft"), InvalidTransition),
        (lambda work, one: setattr(_body(work), "text", "something else"), Conflict),
        (lambda work, one: setattr(_import(work), "status", "running"), Conflict),
        (lambda work, one: setattr(one.notice, "default_locale", "de"), Conflict),
    ],
    ids=["not approved", "words changed", "import running", "other language for the rest"],
)
def test_a_notice_that_is_not_ready_is_not_launched(telling, spoil, error):
    one = telling([mailbox(1)])
    with one.office.work(TOCSIN) as work:
        one.notice = work.session.merge(one.notice)
        spoil(work, one)
    with pytest.raises(error):
        one.launch()
    assert one.rows(Envelope) == []


def _body(work):
    return work.session.query(NoticeBody).first()


def _import(work):
    return work.session.query(PopulationImport).one()


@pytest.mark.parametrize("ladder", [("push",), ("pigeon",), ("email", "email")])
def test_a_ladder_that_nobody_could_climb_is_refused(telling, ladder):
    one = telling([mailbox(1)])
    with pytest.raises(InvalidInput, match="ladder"):
        one.launch(*ladder)


def test_a_language_that_nobody_wrote_is_refused_with_its_name(telling):
    one = telling([mailbox(1, locale="fr")])
    with pytest.raises(InvalidInput) as refused:
        one.launch()
    assert [problem.field for problem in refused.value.problems] == ["locale fr"]


def test_a_language_without_words_for_a_rung_is_refused(telling):
    one = telling([mailbox(1)])
    one.later(1)
    with one.office.work(TOCSIN) as work:
        notice = work.session.merge(one.notice)
        approve(work, notice, [("en", "email")])
    with pytest.raises(InvalidInput) as refused:
        one.launch()
    assert "sms" in refused.value.problems[0].why


def test_nothing_leaves_while_paused_and_all_of_it_after_resuming(telling):
    one = telling([mailbox(n) for n in range(5)])
    one.launch()
    _do(one, campaigns.pause)
    assert one.pump() == 0
    assert one.buckets() == {"waiting": 5}
    assert not one.tend()
    _do(one, campaigns.resume)
    assert one.pump() == 5
    assert one.buckets() == {"accepted": 5}


def test_what_had_not_left_when_stopped_never_does(telling):
    one = telling([mailbox(n) for n in range(5)])
    one.launch()
    _do(one, campaigns.stop)
    assert one.pump() == 0
    assert one.buckets() == {"suppressed": 5}
    with pytest.raises(InvalidTransition):
        _do(one, campaigns.resume)


def _do(one, action):
    with one.office.work(TOCSIN) as work:
        action(work, one.id)


def test_a_campaign_finishes_when_nothing_waits_and_has_duties_looked_at(telling, bell):
    one = telling([mailbox(1), {}])
    one.launch()
    one.pump()
    one.tend()
    assert one.status() == "finished"
    assert ("incidents.review", one.incident.id) in bell.rung


def test_who_is_added_later_is_told_too(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.pump()
    one.tend()
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(2)])
    assert one.buckets() == {"accepted": 1, "planned": 1}
    assert one.tend()
    assert one.status() == "running"
    one.pump()
    one.tend()
    assert one.email.told() == ["person1@example.com", "person2@example.com"]
    assert one.status() == "finished"


def test_who_is_on_a_list_that_still_comes_in_is_told_once_it_is_whole(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.pump()
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(2)])
    one.tend()
    _set_import(one, make_people_of=[mailbox(3)], status="running")
    one.pump()
    assert one.email.told() == ["person1@example.com", "person2@example.com"]
    _set_import(one, status="done")
    one.tend()
    one.pump()
    assert one.buckets() == {"accepted": 3}


def _set_import(one, *, status, make_people_of=()):
    with one.office.work(TOCSIN) as work:
        if make_people_of:
            make_people(work, one.incident, make_people_of)
        newest = select(PopulationImport).order_by(PopulationImport.id.desc()).limit(1)
        work.session.scalars(newest).one().status = status


def test_an_actor_without_the_right_may_not_launch(telling, actor):
    one = telling([mailbox(1)])
    with one.office.work(actor("auditor")) as work, pytest.raises(IncidentsError):
        campaigns.launch(work, one.notice.id, LaunchOptions())

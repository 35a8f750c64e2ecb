"""What a dry run says is what the launch then does, and it writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from incidents.database.campaigns import Campaign, Delivery, Envelope
from incidents.database.population import Recipient
from incidents.errors import Conflict, InvalidInput
from incidents.rules.canary import Canary
from incidents.rules.ladder import BARRED
from incidents.rules.launch_options import LaunchOptions
from incidents.services import dry_run
from incidents.work import TOCSIN
from tests.services.alarming import make_duty
from tests.services.telling import mailbox

PRICES = "sendgrid=0.001, twilio=0.08"


@pytest.fixture
def telling(telling):
    return partial(telling, prices=PRICES)


def crowd():
    """Some of each: two languages, a family at one mailbox, phones, nobody's address, withheld."""
    phone = "+1202555{:04}".format
    return [
        *(mailbox(n, locale="zh-CN" if n % 3 == 0 else "en") for n in range(50)),
        *({"email": "family@example.com"} for _ in range(4)),
        *({"phone": phone(n), "locale": "zh-CN" if n < 4 else "en"} for n in range(10)),
        *({} for _ in range(3)),
        *(mailbox(n + 100, withheld="police_hold") for n in range(2)),
        *(mailbox(n + 200) for n in range(5)),
    ]


def plan(one, *ladder, **options):
    with one.office.look(TOCSIN) as work:
        rungs = ladder or ("email", "sms", "announcement")
        return dry_run.plan(work, one.notice.id, LaunchOptions(rungs, **options))


def bar(one, channel, count):
    with one.office.work(TOCSIN) as work:
        people = one.people[-count:]
        these = update(Recipient).where(Recipient.id.in_(people))
        work.session.execute(these.values(barred=BARRED[channel]))


def test_the_launch_does_what_the_dry_run_said(telling):
    one = telling(crowd(), people_per_envelope=7)
    bar(one, "email", 5)
    said = plan(one)
    assert one.rows(Campaign) == one.rows(Envelope) == one.rows(Delivery) == []
    one.launch()
    placed = one.rows(Delivery)
    envelopes = Counter()
    people = Counter()
    for row in one.rows(Envelope):
        envelopes[row.rung, row.channel, row.provider, row.locale] += 1
        people[row.rung, row.channel, row.provider, row.locale] += row.people_count
    legs = {(leg.rung, leg.channel, leg.provider, leg.locale): leg for leg in said.legs}
    assert {key: leg.people for key, leg in legs.items()} == people
    assert {key: leg.envelopes for key, leg in legs.items()} == envelopes
    assert said.people == len(placed) == sum(people.values()) + sum(said.unreached.values())
    assert said.unreached == {"no_address": 3, "barred": 5, "police_hold": 2}


def test_the_cost_counts_segments_and_languages(telling):
    one = telling(crowd())
    said = plan(one)
    sms = {leg.locale: leg for leg in said.legs if leg.channel == "sms"}
    # A long Chinese name puts the text into UCS-2, where a segment holds 67 signs.
    assert sms["en"].units == sms["en"].people * 2
    assert sms["en"].cost == sms["en"].units * Decimal("0.08")
    assert said.cost == sum(leg.cost for leg in said.legs)


def test_without_a_price_it_says_for_whom_it_is_missing(telling):
    said = plan(telling(crowd(), prices="sendgrid=0.001"))
    assert (said.cost, said.unpriced) == (None, ["twilio"])
    assert "no price is set for twilio" in said.warnings


def test_it_says_whether_all_are_told_before_the_duty_is_due(telling):
    one = telling([mailbox(n) for n in range(100)])
    with one.office.work(TOCSIN) as work:
        due = make_duty(work, one.incident, hours=1, audience="people").due_at
    in_time = plan(one, canary=Canary())
    assert (in_time.canary_people, in_time.hold_seconds, in_time.due_at) == (50, 600.0, due)
    assert in_time.ends_at - one.clock.now() == timedelta(minutes=10)
    assert in_time.in_time
    late = plan(one, canary=Canary(hold_seconds=7_200))
    assert late.in_time is False
    assert "it would end after the duty to tell people is due" in late.warnings
    assert plan(one, canary=Canary(by_hand=True)).in_time is None


def test_whose_night_ends_after_the_deadline_can_be_told_at_night_by_two(telling):
    one = telling([mailbox(1), {"phone": "+12025550101", "place": "DE"}])
    with one.office.work(TOCSIN) as work:
        make_duty(work, one.incident, hours=2, audience="people")
    berlin = one.clock.now().astimezone(ZoneInfo("Europe/Berlin"))
    evening, morning = (berlin + timedelta(hours=hours) for hours in (-1, 5))
    said = plan(one, quiet={"from": f"{evening:%H:%M}", "to": f"{morning:%H:%M}"})
    assert any(line.startswith("1 wait for a morning after that") for line in said.warnings)
    assert not any("morning" in line for line in plan(one, quiet={}).warnings)


def test_it_warns_of_a_sandbox_that_would_carry_what_people_are_owed(telling):
    one = telling([mailbox(1), {"phone": "+12025550101"}])
    one.office = replace(one.office, routes={"live": {"email": "sandbox", "sms": "twilio"}})
    said = plan(one)
    assert said.warnings[0].startswith("email would go to the sandbox, which reaches nobody")
    assert "sandbox" not in said.unpriced


def test_it_takes_as_long_as_the_slowest_pace_allows(telling):
    people = [*(mailbox(n) for n in range(100)), *({"phone": "+12025550101"} for _ in range(30))]
    told = "sendgrid=50 recipients, 1000 requests; twilio=6 segments"
    said = plan(telling(people, pace=told.replace(", ", ",")))
    assert said.seconds == 10  # thirty times two segments
    assert plan(telling(people)).seconds is None


def test_when_nobody_can_be_sent_anything_it_warns(telling):
    said = plan(telling([mailbox(1, withheld="police_hold"), {}]))
    assert said.legs == []
    assert any("only a public announcement" in one for one in said.warnings)


def test_it_warns_of_a_provider_whose_key_is_not_set(telling):
    people = [mailbox(1), {"phone": "+12025550101"}]
    missing = {"sendgrid_api_key", "twilio_account_sid", "twilio_auth_token"}
    assert missing == keys_missed(telling(people))
    with_key = telling(people, sendgrid_api_key=SecretStr("a key"))
    assert missing - {"sendgrid_api_key"} == keys_missed(with_key)


def keys_missed(one):
    told = plan(one).warnings
    return {line.partition(" ")[0] for line in told if "is not set here" in line}


def test_what_a_launch_would_refuse_it_refuses(telling):
    one = telling([mailbox(1, locale="fr")])
    with pytest.raises(InvalidInput, match="could not read"):
        plan(one)
    other = telling([mailbox(1)])
    with pytest.raises(InvalidInput, match="ladder"):
        plan(other, "pigeon")
    other.launch()
    with pytest.raises(Conflict, match="already"):
        plan(other)

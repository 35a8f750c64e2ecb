"""People of a place are told only through providers allowed for it, or held, never lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidents.database import providers
from incidents.database.campaigns import Delivery, Envelope
from incidents.errors import Conflict, InvalidInput
from incidents.rules.breaker import Breaker, heard
from incidents.rules.launch_options import LaunchOptions
from incidents.services import dry_run, equation, residency, residency_release
from incidents.settings import Settings
from incidents.wiring import couriers_for, routes_for
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch
from tests.services.telling import Scripted, mailbox

PHONE = "+12025550101"


@pytest.fixture
def telling(telling):
    def make(people, email="sendgrid:3,smtp:1", **settings):
        one = telling(people, **settings)
        one.smtp = Scripted("smtp", max_people=1)
        one.dispatch = Dispatch([one.email, one.smtp, one.sms])
        one.office = replace(one.office, routes={"live": {"email": email, "sms": "twilio"}})
        return one

    return make


def mixed(count):
    return [mailbox(n, place="CN" if n % 4 == 0 else "DE") for n in range(count)]


def test_two_providers_share_a_campaign_by_their_weights(telling):
    one = telling([mailbox(n) for n in range(40)])
    one.launch("email")
    one.pump()
    assert (len(one.email.told()), len(one.smtp.told())) == (30, 10)
    assert one.buckets() == {"accepted": 40}


def test_nobodys_data_leaves_for_a_provider_that_may_not_have_it(telling):
    one = telling(mixed(40), residency="CN=smtp")
    one.launch("email")
    one.pump()
    by_place = {f"person{n}@example.com": "CN" if n % 4 == 0 else "DE" for n in range(40)}
    assert {by_place[address] for address in one.email.told()} == {"DE"}
    assert {address for address, place in by_place.items() if place == "CN"} <= {*one.smtp.told()}
    assert one.buckets() == {"accepted": 40}


def test_a_ladder_on_which_nobody_may_serve_a_place_is_refused_with_what_to_do(telling):
    one = telling(mixed(8), email="sendgrid", residency="CN=smtp")
    with pytest.raises(InvalidInput) as refused:
        one.launch("email")
    (problem,) = refused.value.problems
    assert problem.field == "place CN"
    assert "email by sendgrid" in problem.why


def test_who_is_reached_by_no_allowed_provider_is_held_and_shown_and_released(telling):
    people = [mailbox(1, place="CN"), {"phone": PHONE, "place": "CN"}, mailbox(2)]
    one = telling(people, email="sendgrid", residency="CN=twilio")
    with one.office.look(TOCSIN) as work:
        said = dry_run.plan(work, one.notice.id, LaunchOptions(("email", "sms", "announcement")))
    assert said.unreached == {"residency": 1}
    assert any(line.startswith("1 would be held") for line in said.warnings)
    one.launch()
    one.pump()
    assert one.buckets() == {"accepted": 2, "withheld": 1}
    assert held(one) == {"CN": 1}
    reasons = [row.reason for row in one.rows(Delivery) if row.outcome == "withheld"]
    assert reasons == ["residency"]
    with one.office.look(TOCSIN) as work:
        assert equation.funnel(work, one.id)[0].reasons == {"residency": 1}
    with pytest.raises(Conflict, match="no provider that reaches them may serve CN yet"):
        release(one)
    one.tend(90_000)  # the SMS was waited for
    assert one.status() == "finished"
    with pytest.raises(Conflict):
        release(one)
    assert one.status() == "finished", "nothing has changed: it does not run again"
    one.office.settings.__dict__["residency"] = "CN=carrier"
    with pytest.raises(Conflict, match="TOCSIN_RESIDENCY"):
        release(one)
    one.office.settings.__dict__["residency"] = "CN=twilio,sendgrid"
    assert release(one) == 1
    one.pump()
    assert (one.buckets(), held(one)) == ({"accepted": 3}, {})
    with pytest.raises(Conflict, match="nobody is held"):
        release(one)


def test_a_release_takes_up_a_provider_that_was_set_after_the_launch(telling):
    one = telling([mailbox(1, place="CN"), mailbox(2)], email="sendgrid", residency="CN=twilio")
    one.launch()
    one.pump()
    assert held(one) == {"CN": 1}
    one.office.settings.__dict__["residency"] = "CN=smtp"
    routes = {"live": {"email": "sendgrid,smtp", "sms": "twilio"}}
    one.office = replace(one.office, routes=routes)
    assert release(one) == 1
    one.pump()
    assert one.smtp.told() == ["person1@example.com"]


def test_a_provider_in_trouble_gets_nothing_of_a_new_campaign(telling):
    one = telling([mailbox(n) for n in range(8)])
    with one.office.work(TOCSIN) as work:
        row = providers.held(work.session, "smtp", "email")
        providers.keep_breaker(row, heard(Breaker(), "ccccc", work.now))
    one.launch("email")
    assert {row.provider for row in one.rows(Envelope)} == {"sendgrid"}


def held(one):
    with one.office.look(TOCSIN) as work:
        return residency.held(work, one.id)


def release(one):
    with one.office.work(TOCSIN) as work:
        return residency_release.release(work, one.id)


# From settings to couriers.


def test_several_providers_of_a_channel_are_wired_with_their_weights():
    settings = Settings(email_provider="sendgrid:3,smtp:1", sms_provider="twilio_sms")
    live = routes_for(settings)["live"]
    assert (live["email"], live["sms"]) == ("sendgrid:3,smtp:1", "twilio")
    assert {"sendgrid", "smtp", "twilio"} <= {*couriers_for(settings, "live")}
    assert set(couriers_for(settings, "drill")) == {"sandbox"}


@pytest.mark.parametrize(
    ("field", "value"), [("residency", "CN=smpt"), ("pace", "smpt=5 requests")]
)
def test_a_slip_of_the_pen_in_a_providers_name_is_refused_at_start(field, value):
    with pytest.raises(InvalidInput) as refused:
        routes_for(Settings(email_provider="smtp", **{field: value}))
    assert refused.value.problems[0].field == f"TOCSIN_{field.upper()}"

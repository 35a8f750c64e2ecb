"""Providers over HTTP and by command: seen in trouble, and given everything again."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from incidents.app import create_app
from notifiers.envelope import Outcome, OutcomeKind, Trouble
from tests.services.telling import UNKNOWN, mailbox

AWAY = Outcome(OutcomeKind.RETRY, reason="not connected", trouble=Trouble.UNREACHABLE)


@pytest.fixture
def one(telling):
    people = [{"phone": f"+1202555{n:04}"} for n in range(12)]
    settings = {
        "sms_provider": "twilio_sms",
        "pace": "twilio=100 segments",
        "messages_per_lease": 6,
    }
    return telling(people, **settings)


@pytest.fixture
def client(one):
    with TestClient(create_app(one.office)) as client:
        yield client


def of(client, headers, name):
    answer = client.get("/api/v1/providers", headers=headers)
    return next(one for one in answer.json() if one["name"] == name)


def test_a_provider_is_shown_with_what_it_declares_and_how_it_is_paced(client, as_role):
    found = of(client, as_role("auditor"), "twilio")
    assert (found["channel"], found["breaker"], found["attempts"]) == ("sms", "closed", {})
    assert found["paces"] == [{"unit": "segments", "per_second": 100.0, "factor": 1.0}]
    assert (found["capabilities"]["max_people"], found["capabilities"]["looks_up"]) == (1, True)


def test_trouble_is_shown_and_a_reset_ends_it(one, client, as_role):
    one.launch("sms")
    one.sms.answers = [UNKNOWN, *[AWAY] * 5]
    one.pump()
    found = of(client, as_role("administrator"), "twilio")
    assert (found["breaker"], found["reason"]) == ("open", "unreachable")
    assert found["last_error"] == "not connected"
    assert found["attempts"] == {"retry": 5, "unknown": 1}
    path = "/api/v1/providers/twilio/sms/reset"
    assert client.post(path, headers=as_role("responder")).status_code == 403
    assert client.post(path, headers=as_role("commander")).status_code == 204
    assert of(client, as_role("commander"), "twilio")["breaker"] == "closed"
    one.later(10)
    one.pump()
    assert one.buckets() == {"accepted": 11, "unknown": 1}


def test_calls_of_the_last_day_are_counted_also_when_their_campaign_has_ended(one, client, as_role):
    one.launch("sms", waits={})
    one.pump()
    one.tend()
    assert one.status() == "finished"
    one.later(23 * 3600)
    assert of(client, as_role("auditor"), "twilio")["attempts"] == {"accepted": 12}
    one.later(2 * 3600)
    assert of(client, as_role("auditor"), "twilio")["attempts"] == {}


def test_a_provider_that_carries_nothing_here_cannot_be_reset(client, as_role):
    path = "/api/v1/providers/carrier_pigeon/sms/reset"
    assert client.post(path, headers=as_role("commander")).status_code == 404


def test_who_is_held_for_where_they_live_is_shown_and_released_over_http(telling, as_role):
    people = [mailbox(1, place="CN"), mailbox(2)]
    one = telling(people, residency="CN=twilio")
    campaign = one.launch()
    one.pump()
    with TestClient(create_app(one.office)) as client:
        path, headers = f"/api/v1/campaigns/{campaign}/residency", as_role("commander")
        assert client.get(path, headers=headers).json() == {"places": {"CN": 1}}
        one.office.settings.__dict__["residency"] = ""
        answer = client.post(f"{path}/release", headers=headers)
        assert answer.json() == {"people": 1}
        assert client.get(path, headers=headers).json() == {"places": {}}


def test_unknowns_are_counted_over_http_by_what_settled_them(one, client, as_role):
    campaign = one.launch("sms")
    one.sms.answers = [UNKNOWN]
    one.pump()
    answer = client.get(f"/api/v1/campaigns/{campaign}/unknowns", headers=as_role("auditor"))
    none = {"policy": 0, "decision": 0, "replaced": 0}
    assert answer.json() == {"open": 1, "by": {}, "unresolved": none}

"""Campaigns and providers' receipts over HTTP."""

from __future__ import annotations

import base64
from dataclasses import replace
from uuid import UUID

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient

from incidents.app import create_app
from incidents.database.campaigns import Attempt, Delivery
from incidents.database.population import Recipient
from incidents.services import sending
from incidents.work import TOCSIN
from notifiers.providers.twilio_signed import signature
from tests.conftest import web
from tests.services.telling import mailbox

PHONE = "+12025550101"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
EVENTS = "/api/v1/webhooks/sendgrid/events"
STATUS = "/api/v1/webhooks/twilio/status"


@pytest.fixture
def one(office, telling):
    settings = {
        "email_provider": "sendgrid",
        "sendgrid_public_key": PUBLIC,
        "sms_provider": "twilio_sms",
        "twilio_account_sid": "AC00000000000000000000000000000000",
        "twilio_auth_token": type(office.settings.twilio_auth_token)("a test token"),
        "max_webhook_bytes": 20_000,
    }
    return telling([mailbox(1, phone=PHONE), mailbox(2), {"phone": PHONE}], **settings)


@pytest.fixture
def client(one):
    with web(one.office) as client:
        yield client


def launched(one, client, commander):
    answer = client.post(f"/api/v1/notices/{one.notice.id}/campaigns", json={}, headers=commander)
    assert answer.status_code == 201, answer.text
    one.id = UUID(answer.json()["id"])
    return answer.json()


def test_a_campaign_is_launched_watched_and_counted(one, client, commander):
    campaign = launched(one, client, commander)
    assert campaign["ladder"] == ["email", "sms", "announcement"]
    sending.pump(one.office, one.dispatch, mode="live")
    seen = client.get(f"/api/v1/campaigns/{one.id}", headers=commander).json()
    assert seen["progress"]["people"] == {"accepted": 3}
    assert [rung["buckets"] for rung in seen["funnel"]] == [{"accepted": 2}, {"accepted": 1}, {}]
    quick = client.get(f"/api/v1/campaigns/{one.id}/progress", headers=commander).json()
    assert quick["progress"]["buckets"]["accepted"] == quick["progress"]["total"] == 3
    counted = client.get(f"/api/v1/campaigns/{one.id}/equation", headers=commander).json()
    assert counted["holds"]
    assert counted["total"] == sum(counted["buckets"].values()) == 3
    listed = client.get(f"/api/v1/incidents/{one.incident.id}/campaigns", headers=commander).json()
    assert [row["id"] for row in listed] == [str(one.id)]


def test_a_dry_run_tells_what_the_launch_would_do(one, client, commander):
    path = f"/api/v1/notices/{one.notice.id}/campaigns"
    said = client.post(f"{path}/dry-run", json={}, headers=commander)
    assert said.status_code == 200, said.text
    assert [(leg["channel"], leg["people"]) for leg in said.json()["legs"]] == [
        ("email", 2),
        ("sms", 1),
    ]
    assert said.json()["unpriced"] == ["sendgrid", "twilio"]
    assert said.json()["ramp"] is None
    listed = client.get(f"/api/v1/incidents/{one.incident.id}/campaigns", headers=commander).json()
    assert listed == []


def test_a_canary_and_a_brake_are_set_at_launch(one, client, commander):
    body = {"canary": {"people": 1, "by_hand": True}, "brake": {"failed_percent": 8}}
    path = f"/api/v1/notices/{one.notice.id}/campaigns"
    campaign = client.post(path, json=body, headers=commander).json()
    assert campaign["gate"] == "canary"
    assert campaign["canary"] == {"people": 1, "hold_seconds": None}
    assert campaign["brake"]["failed_percent"] == 8
    follow = f"/api/v1/campaigns/{campaign['id']}/continue"
    assert client.post(follow, headers=commander).json()["gate"] == "open"
    assert client.post(follow, headers=commander).status_code == 409
    wrong = {"canary": {"people": -1}}
    assert client.post(path, json=wrong, headers=commander).status_code == 422


def test_a_campaign_can_be_launched_so_that_it_can_be_called_back(one, client, commander):
    path = f"/api/v1/notices/{one.notice.id}/campaigns"
    body = {"ladder": ["email", "announcement"], "recallable": True}
    launched = client.post(path, json=body, headers=commander)
    assert launched.status_code == 201
    assert launched.json()["recallable"] is True


def test_what_calls_nothing_back_cannot_be_recallable(one, client, commander):
    path = f"/api/v1/notices/{one.notice.id}/campaigns"
    body = {"ladder": ["sms", "announcement"], "recallable": True}
    refused = client.post(path, json=body, headers=commander)
    assert refused.status_code == 422
    assert "carry e-mail by sendgrid" in refused.text


def test_a_second_launch_is_a_conflict(one, client, commander):
    launched(one, client, commander)
    answer = client.post(f"/api/v1/notices/{one.notice.id}/campaigns", json={}, headers=commander)
    assert answer.status_code == 409
    assert "already" in answer.json()["detail"]


@pytest.mark.parametrize("ladder", [[], ["letter"], ["email", "email"], "email"])
def test_a_ladder_that_cannot_be_used_is_unprocessable(one, client, commander, ladder):
    answer = client.post(
        f"/api/v1/notices/{one.notice.id}/campaigns", json={"ladder": ladder}, headers=commander
    )
    assert answer.status_code == 422


def test_pausing_resuming_and_stopping_follow_the_state_table(one, client, commander):
    launched(one, client, commander)

    def act(action):
        return client.post(f"/api/v1/campaigns/{one.id}/{action}", headers=commander)

    assert act("resume").status_code == 409
    assert act("pause").json()["status"] == "paused"
    assert act("resume").json()["status"] == "running"
    assert act("stop").json()["status"] == "stopped"
    assert act("pause").status_code == 409


def event(one, rung=0, **more):
    with one.office.look(TOCSIN) as work:
        attempt = work.session.query(Attempt).filter_by(provider="sendgrid").first()
        person = work.session.query(Delivery).filter_by(envelope=attempt.ordinal, rung=rung).first()
    return {
        "sg_event_id": "event-1",
        "sg_message_id": "message-1",
        "event": "bounce",
        "timestamp": 1_770_000_000,
        "a": attempt.id.hex,
        "r": f"{person.recipient_id.hex}.{rung}",
    } | more


def post_events(client, *events, key=KEY, body=None):
    body = orjson.dumps(list(events)) if body is None else body
    signed = key.sign(b"1770000000" + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signed).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": "1770000000",
    }
    return client.post(EVENTS, content=body, headers=headers)


def test_a_signed_bounce_moves_a_person_on_and_its_replay_changes_nothing(one, client, commander):
    launched(one, client, commander)
    sending.pump(one.office, one.dispatch, mode="live")
    bounce = event(one)
    assert post_events(client, bounce).json() == {"new": 1}
    assert one.buckets() == {"accepted": 2, "waiting": 1}
    again = post_events(client, bounce)
    assert (again.status_code, again.json()) == (200, {"new": 0})
    assert one.buckets() == {"accepted": 2, "waiting": 1}


def test_what_sendgrid_did_not_sign_is_forbidden_and_leaves_no_trace(one, client, commander):
    launched(one, client, commander)
    sending.pump(one.office, one.dispatch, mode="live")
    forged = post_events(client, event(one), key=ec.generate_private_key(ec.SECP256R1()))
    assert forged.status_code == 403
    assert client.post(EVENTS, content=b"[]").status_code == 403
    assert one.buckets() == {"accepted": 3}


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"7", b'[{"a": "x", "r": "y", "event": "bounce"}]']
)
def test_a_signed_body_that_is_no_receipt_is_a_bad_request(client, body):
    assert post_events(client, body=body).status_code == 400


def test_a_webhook_body_that_is_too_long_is_not_read(client):
    assert post_events(client, body=b" " * 20_001).status_code == 413


def test_a_signed_twilio_status_is_taken_and_an_unsigned_one_is_not(one, client, commander):
    launched(one, client, commander)
    sending.pump(one.office, one.dispatch, mode="live")
    sms = one.sms.ledger[0]
    query = f"?a={sms.attempt}&r={sms.people[0].ref}"
    form = {"MessageSid": "SM1", "MessageStatus": "delivered"}
    url = f"{one.office.settings.public_url}{STATUS}{query}"
    headers = {"X-Twilio-Signature": signature(b"a test token", url, form)}
    answer = client.post(STATUS + query, data=form, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"new": 1})
    assert one.buckets() == {"accepted": 2, "delivered": 1}
    assert client.post(STATUS + query, data=form).status_code == 403


def test_a_provider_that_is_not_in_use_has_no_door(office, as_role):
    plain = replace(office)
    with TestClient(create_app(plain), raise_server_exceptions=False) as client:
        assert client.post(EVENTS, content=b"[]").status_code == 404


def test_held_envelopes_are_sent_again_when_somebody_says_so(one, client, commander):
    launched(one, client, commander)
    path = f"/api/v1/campaigns/{one.id}/held/resend"
    assert client.post(path, json={}, headers=commander).status_code == 422
    answer = client.post(path, json={"reason": "nobody heard of it"}, headers=commander)
    assert answer.json() == {"envelopes": 0}


def test_held_envelopes_are_listed_and_given_up_one_by_one(one, client, commander):
    launched(one, client, commander)
    with one.office.work(TOCSIN) as work:
        row = work.session.get_one(Recipient, one.people[1])
        row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
    sending.pump(one.office, one.dispatch, mode="live")
    path = f"/api/v1/campaigns/{one.id}/held"
    (held,) = client.get(path, headers=commander).json()
    assert (held["people"], held["in_doubt"], held["channel"]) == (1, False, "email")
    wanted = {"reason": "no copy of it opens", "envelopes": [held["envelope"] + 100]}
    refused = client.post(f"{path}/give-up", json=wanted, headers=commander)
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "envelopes")
    wanted["envelopes"] = [held["envelope"]]
    answer = client.post(f"{path}/give-up", json=wanted, headers=commander)
    assert answer.json() == {"envelopes": 1}
    assert client.get(path, headers=commander).json() == []
    assert one.buckets() == {"accepted": 2, "exhausted": 1}


@pytest.mark.parametrize(
    ("body", "field", "mend"),
    [
        ({"ladder": ["email", "fax"]}, "ladder.1", "'letter' or 'announcement'"),
        ({"waits": {"fax": 3}}, "waits.fax", "'letter' or 'announcement'"),
        ({"quiet": {"from": "25:00"}}, "quiet.from", "write it as 21:00"),
    ],
)
def test_a_launch_says_which_option_cannot_be_used_and_what_to_write(
    one, client, commander, body, field, mend
):
    path = f"/api/v1/notices/{one.notice.id}/campaigns"
    answer = client.post(path, json=body, headers=commander)
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert (problem["field"], mend in problem["mend"]) == (field, True), problem

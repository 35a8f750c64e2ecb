"""Events of Resend through our door: signed ones count once, others leave no trace."""

from dataclasses import replace

import orjson
import pytest

from incidents.database.campaigns import ProviderReceipt
from notifiers.dispatch import Dispatch
from notifiers.standard_webhooks import sign
from tests.conftest import web
from tests.services.telling import Scripted, mailbox

EVENTS = "/api/v1/webhooks/resend/events"
SECRET = "whsec_dG9jc2luLXRlc3Qtc2VjcmV0"
PHONE = "+12025550101"


@pytest.fixture
def one(office, telling):
    secret = type(office.settings.resend_webhook_secret)(SECRET)
    given = {"email_provider": "resend", "resend_webhook_secret": secret}
    one = telling([mailbox(1, phone=PHONE), mailbox(2)], **given)
    one.office = replace(one.office, routes={"live": {"email": "resend", "sms": "twilio"}})
    one.email = Scripted("resend", max_people=100)
    one.dispatch = Dispatch([one.email, one.sms])
    one.launch("email", "sms", "announcement")
    one.pump()
    return one


@pytest.fixture
def client(one):
    with web(one.office) as client:
        yield client


def post(client, one, kind, *, place=0, post_id="msg_1", secret=SECRET, **more):
    envelope = one.email.ledger[0]
    tags = {"a": envelope.attempt, "r": envelope.people[place].ref.replace(".", "_")}
    data = {"email_id": "e1", "tags": tags} | more
    told = {"type": f"email.{kind}", "created_at": "2026-03-02T09:00:05Z", "data": data}
    body = orjson.dumps(told)
    signature = sign(secret, post_id, "1772442005", body)
    headers = {"svix-id": post_id, "svix-timestamp": "1772442005", "svix-signature": signature}
    return client.post(EVENTS, content=body, headers=headers)


def test_a_signed_event_counts_once(one, client):
    assert post(client, one, "delivered").json() == {"new": 1}
    assert post(client, one, "delivered").json() == {"new": 0}
    assert one.buckets() == {"delivered": 1, "accepted": 1}


def test_odd_signs_in_a_receivers_words_cost_nobody_a_receipt(one, client):
    said = {"type": "Permanent", "subType": "no\x00thanks\r\n"}
    assert post(client, one, "bounced", bounce=said).json() == {"new": 1}
    (kept,) = one.rows(ProviderReceipt)
    assert kept.code == "no thanks  "


def test_a_permanent_bounce_moves_the_person_on(one, client):
    gone = next(
        place
        for place, person in enumerate(one.email.ledger[0].people)
        if person.address == "person1@example.com"
    )
    bounce = {"type": "Permanent", "subType": "NoEmail", "message": "to person1@example.com"}
    post(client, one, "bounced", place=gone, bounce=bounce)
    one.pump()
    assert one.sms.told() == [PHONE]


def test_what_resend_did_not_sign_is_forbidden_and_leaves_no_trace(one, client):
    assert post(client, one, "delivered", secret="whsec_b3RoZXI=").status_code == 403
    assert client.post(EVENTS, content=b"{}").status_code == 403
    assert one.buckets() == {"accepted": 2}

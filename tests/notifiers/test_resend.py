from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest

from notifiers.courier import RawRequest
from notifiers.dispatch import Dispatch
from notifiers.envelope import Outcome, OutcomeKind, Person, ReceiptKind
from notifiers.errors import BadSignature, MalformedReceipt, Refused
from notifiers.fake.server import FakeProviders
from notifiers.providers.resend import Resend, classify
from notifiers.transport import Answer, Transport
from tests.notifiers.conftest import Mailbox
from tests.notifiers.makers import FAULTS, make_envelope, make_person, resend_at

# The one of https://docs.svix.com/receiving/verifying-payloads/how-manual
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REF = f"{1:032x}.2"


def courier(**changes: str) -> Resend:
    given = {"api_key": "re_x", "from_email": "notice@example.com", "webhook_secret": SECRET}
    return Resend(Transport(loopback_only=True), **(given | changes))


def signed(body: bytes, secret: str = SECRET, **changes: str) -> RawRequest:
    """Signed as the vendor's page says, by a hand of its own."""
    key = base64.b64decode(secret.split("_")[1])
    whole = b"msg_1.1767225600." + body
    signature = base64.b64encode(hmac.new(key, whole, hashlib.sha256).digest()).decode()
    told = {"svix-id": "msg_1", "svix-timestamp": "1767225600", "svix-signature": f"v1,{signature}"}
    return RawRequest("https://tocsin.example.com/resend", told | changes, body)


def event(name: str, **more: object) -> bytes:
    tags = {"a": "attempt-1", "r": REF.replace(".", "_")}
    data = {"email_id": "e1", "to": ["jo@example.com"], "tags": tags} | more
    told = {"type": f"email.{name}", "created_at": "2026-01-01T00:00:00.000Z", "data": data}
    return orjson.dumps(told)


def send(dispatch: Dispatch, *people: Person, attempt: str, name: str = "Person 0") -> Outcome:
    envelope = make_envelope(*(people or [make_person(fields={"name": name})]), attempt=attempt)
    body = dispatch.courier("resend").body(envelope)
    return dispatch.send_all([("resend", envelope, body)])[0]


def accepted(fake: FakeProviders, attempt: str) -> int:
    return len(fake.get(f"/ledger/people?attempt={attempt}")["people"])


def error(name: str, message: str = "") -> bytes:
    return orjson.dumps({"statusCode": 400, "name": name, "message": message})


def test_each_gets_their_own_words_and_tags_that_may_be_tags() -> None:
    envelope = make_envelope(make_person(1), make_person(2, fields={"name": "Ada <b>"}))
    body = courier().body(envelope)
    assert body == courier().body(envelope)
    first, second = orjson.loads(body)
    assert first["tags"] == [
        {"name": "a", "value": "attempt-1"},
        {"name": "r", "value": f"{1:032x}_1"},
    ]
    assert second["to"] == ["person2@example.com"]
    assert second["subject"] == "About your data, Ada <b> (N-2026-0042)"
    assert second["html"] == "<p>Dear Ada &lt;b&gt;, N-2026-0042</p>"


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_holds_a_hundred_people_at_most(count: int) -> None:
    people = tuple(make_person(place) for place in range(count))
    with pytest.raises(Refused, match="1 to 100"):
        courier().body(replace(make_envelope(), people=people))


def test_a_senders_name_with_a_comma_stays_one_name() -> None:
    (one,) = orjson.loads(courier(from_name="Lampion, Köln").body(make_envelope()))
    assert one["from"] == '"Lampion, Köln" <notice@example.com>'


@pytest.mark.parametrize(
    ("status", "body", "people", "kind"),
    [
        (200, b'{"data":[{"id":"1"},{"id":"2"}]}', 2, OutcomeKind.ACCEPTED),
        (200, b'{"data":[{"id":"1"}]}', 2, OutcomeKind.UNKNOWN),
        (200, b'{"data":[{"id', 1, OutcomeKind.UNKNOWN),
        (400, error("validation_error", "Invalid `to` field."), 2, OutcomeKind.SPLIT),
        (422, error("missing_required_field"), 1, OutcomeKind.REFUSED),
        (400, error("validation_error", "API key is invalid"), 2, OutcomeKind.RETRY),
        (401, error("restricted_api_key"), 2, OutcomeKind.RETRY),
        (403, error("validation_error", "The domain is not verified."), 2, OutcomeKind.RETRY),
        (404, error("not_found"), 2, OutcomeKind.RETRY),
        (409, error("concurrent_idempotent_requests"), 1, OutcomeKind.UNKNOWN),
        (409, error("invalid_idempotent_request"), 1, OutcomeKind.UNKNOWN),
        (422, error("invalid_from_address"), 2, OutcomeKind.RETRY),
        (429, error("rate_limit_exceeded"), 2, OutcomeKind.RETRY),
        (429, error("monthly_quota_exceeded"), 2, OutcomeKind.RETRY),
        (302, b"", 1, OutcomeKind.UNKNOWN),
        (408, b"", 1, OutcomeKind.UNKNOWN),
        (500, error("application_error"), 1, OutcomeKind.UNKNOWN),
        (503, b"<html>", 1, OutcomeKind.UNKNOWN),
    ],
)
def test_what_an_answer_means(status: int, body: bytes, people: int, kind: OutcomeKind) -> None:
    assert classify(Answer(status, {}, body), people).kind is kind


def test_a_reason_holds_no_address() -> None:
    answer = Answer(422, {}, error("validation_error", "to jo@example.com"))
    assert classify(answer, 1).reason == "resend 422: validation_error"


# --- against the fake


def test_a_hundred_people_go_in_one_request(dispatch: Dispatch, fake: FakeProviders) -> None:
    attempt = uuid.uuid4().hex
    outcome = send(dispatch, *(make_person(place) for place in range(100)), attempt=attempt)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.provider_ref
    assert accepted(fake, attempt) == 100


@pytest.mark.parametrize(("fault", "kind", "taken"), FAULTS)
def test_after_each_fault_the_same_key_settles_it_and_nobody_is_told_twice(
    dispatch: Dispatch, fake: FakeProviders, fault: str, kind: OutcomeKind, taken: bool
) -> None:
    attempt = uuid.uuid4().hex
    fake.set_faults(next=[fault], receipts=False)
    assert send(dispatch, attempt=attempt).kind is kind
    assert accepted(fake, attempt) == taken
    first, again = send(dispatch, attempt=attempt), send(dispatch, attempt=attempt)
    assert first.kind is again.kind is OutcomeKind.ACCEPTED
    assert first.provider_ref == again.provider_ref
    assert accepted(fake, attempt) == 1


def test_a_key_in_use_is_asked_again_later(dispatch: Dispatch, fake: FakeProviders) -> None:
    attempt = uuid.uuid4().hex
    fake.set_faults(key_busy_seconds=60, receipts=False)
    send(dispatch, attempt=attempt)
    busy = send(dispatch, attempt=attempt)
    assert (busy.kind, busy.http_status) == (OutcomeKind.UNKNOWN, 409)
    fake.set_faults(receipts=False)
    assert send(dispatch, attempt=attempt).kind is OutcomeKind.ACCEPTED
    assert accepted(fake, attempt) == 1


def test_other_words_under_a_key_are_never_sent(dispatch: Dispatch, fake: FakeProviders) -> None:
    attempt = uuid.uuid4().hex
    send(dispatch, attempt=attempt)
    other = send(dispatch, attempt=attempt, name="Somebody else")
    assert (other.kind, other.reason) == (
        OutcomeKind.UNKNOWN,
        "resend 409: invalid_idempotent_request",
    )
    assert accepted(fake, attempt) == 1


def test_a_forgotten_key_protects_nobody(dispatch: Dispatch, fake: FakeProviders) -> None:
    attempt = uuid.uuid4().hex
    send(dispatch, attempt=attempt)
    fake.set_faults(key_seconds=0, receipts=False)
    send(dispatch, attempt=attempt)
    assert accepted(fake, attempt) == 2, "why a key is counted on for 24 hours only"


def test_one_bad_address_spoils_the_batch(dispatch: Dispatch, fake: FakeProviders) -> None:
    attempt = uuid.uuid4().hex
    bad = make_person(7, address="not an address")
    assert send(dispatch, make_person(1), bad, attempt=attempt).kind is OutcomeKind.SPLIT
    assert send(dispatch, bad, attempt=attempt).kind is OutcomeKind.REFUSED
    assert accepted(fake, attempt) == 0


def test_a_wrong_key_waits_to_be_mended(fake: FakeProviders) -> None:
    dispatch = Dispatch([resend_at(fake, api_key="re_wrong")])
    outcome = send(dispatch, attempt="a")
    dispatch.close()
    assert (outcome.kind, outcome.http_status) == (OutcomeKind.RETRY, 401)
    assert outcome.trouble == "credentials"


# --- receipts


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        (event("sent"), ReceiptKind.PROCESSED, ""),
        (event("delivery_delayed"), ReceiptKind.DEFERRED, ""),
        (event("delivered"), ReceiptKind.DELIVERED, ""),
        (event("complained"), ReceiptKind.COMPLAINED, ""),
        (event("failed", failed={"reason": "to jo@example.com"}), ReceiptKind.FAILED, "to ***"),
        (
            event("bounced", bounce={"type": "Permanent", "subType": "NoEmail", "message": "x"}),
            ReceiptKind.BOUNCED,
            "NoEmail",
        ),
        (
            event("bounced", bounce={"type": "Transient", "subType": "MailboxFull"}),
            ReceiptKind.UNDELIVERED,
            "MailboxFull",
        ),
        (
            event("suppressed", suppressed={"reason": "previous_bounce", "message": "x"}),
            ReceiptKind.DROPPED,
            "previous_bounce",
        ),
    ],
)
def test_what_an_event_means(told: bytes, kind: ReceiptKind, code: str) -> None:
    (receipt,) = courier().parse_receipts(signed(told))
    assert (receipt.kind, receipt.code) == (kind, code)
    assert (receipt.attempt, receipt.person_ref) == ("attempt-1", REF)
    assert (receipt.dedupe_key, receipt.provider_ref) == ("resend:msg_1", "e1")
    assert receipt.at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_signature_of_the_secret_before_is_taken_beside_that_of_the_new_one() -> None:
    new = signed(event("sent")).header("svix-signature")
    request = signed(event("sent"), **{"svix-signature": f"v1,b2xk {new} v1a,x"})
    assert courier().parse_receipts(request)


@pytest.mark.parametrize(
    "forged",
    [
        signed(b"{}", "whsec_b3RoZXI="),
        RawRequest("", signed(b"{}").headers, b"{ }"),
        signed(b"{}", **{"svix-timestamp": "1767225601"}),
        signed(b"{}", **{"svix-id": "msg_2"}),
        signed(b"{}", **{"svix-signature": "v1,é"}),
        RawRequest("", {}, b"{}"),
    ],
    ids=["other secret", "other body", "other time", "other id", "no ASCII", "no signature"],
)
def test_a_forged_webhook_is_refused(forged: RawRequest) -> None:
    with pytest.raises(BadSignature):
        courier().parse_receipts(forged)


@pytest.mark.parametrize("secret", ["", "whsec_é"])
def test_without_a_secret_nothing_is_believed(secret: str) -> None:
    with pytest.raises(BadSignature, match="secret"):
        courier(webhook_secret=secret).parse_receipts(signed(event("sent")))


@pytest.mark.parametrize("body", [b"{}x", b"[]", b'{"type": "email.sent"}', b"7"])
def test_a_signed_webhook_of_another_shape_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        courier().parse_receipts(signed(body))


@pytest.mark.parametrize(
    "told", [event("opened"), event("sent", tags={}), event("sent", tags=None)]
)
def test_opens_and_mail_that_is_not_ours_tell_nothing(told: bytes) -> None:
    assert courier().parse_receipts(signed(told)) == []


def test_the_fakes_events_verify_and_tell_each_persons_end(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults(doubled=1, shuffled=True)
    people = [
        make_person(1, address="bounce.jo@example.com"),
        make_person(2, address="complaint@example.com"),
        make_person(3),
        make_person(4, address="dropped@example.com"),
        make_person(5, address="silent@example.com"),
    ]
    attempt = uuid.uuid4().hex
    send(dispatch, *people, attempt=attempt)
    resend = dispatch.courier("resend")
    posts = mailbox.wait_for(2 * 10)
    receipts = [one for post in posts for one in resend.parse_receipts(post)]
    assert {receipt.attempt for receipt in receipts} == {attempt}
    assert len({receipt.dedupe_key for receipt in receipts}) == 10
    ends = [
        max((r for r in receipts if r.person_ref == person.ref), key=lambda r: r.kind.rank).kind
        for person in people
    ]
    assert ends == [
        ReceiptKind.BOUNCED,
        ReceiptKind.COMPLAINED,
        ReceiptKind.DELIVERED,
        ReceiptKind.DROPPED,
        ReceiptKind.PROCESSED,
    ]


def test_the_fakes_forgeries_do_not_verify(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults(forged=1)
    send(dispatch, make_person(address="silent@example.com"), attempt=uuid.uuid4().hex)
    forged, true = mailbox.wait_for(2)
    resend = dispatch.courier("resend")
    with pytest.raises(BadSignature):
        resend.parse_receipts(forged)
    assert resend.parse_receipts(true)

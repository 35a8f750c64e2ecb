import base64
import uuid
from datetime import UTC, datetime

import orjson
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook

from notifiers.courier import AttemptQuery, RawRequest
from notifiers.dispatch import Dispatch
from notifiers.envelope import FindingKind, Outcome, OutcomeKind, ReceiptKind
from notifiers.errors import BadSignature, MalformedReceipt, Refused
from notifiers.fake.keys import Keys
from notifiers.fake.server import FakeProviders
from notifiers.providers.sendgrid import SIGNATURE, TIMESTAMP, SendGrid, classify
from notifiers.transport import Answer, Transport
from tests.notifiers.conftest import Mailbox
from tests.notifiers.makers import FAULTS, make_envelope, make_person, sendgrid_at

KEYS = Keys()
PEOPLE = tuple(make_person(place) for place in range(5))


def courier(**changes: str) -> SendGrid:
    return SendGrid(
        Transport(loopback_only=True),
        api_key="SG.x",
        from_email="notice@example.com",
        public_key=KEYS.sendgrid_public_key,
        **changes,
    )


def signed(body: bytes, keys: Keys = KEYS, timestamp: str = "1767225600") -> RawRequest:
    headers = {
        SIGNATURE.lower(): keys.sign(timestamp.encode() + body),
        TIMESTAMP.upper(): timestamp,
    }
    return RawRequest("https://tocsin.example.com/receipts/sendgrid", headers, body)


def event(name: str, **more: object) -> dict[str, object]:
    told = {"event": name, "timestamp": 1767225600, "sg_event_id": "e1", "sg_message_id": "m1"}
    return told | {"email": "jo@example.com", "a": "attempt-1", "r": "ref-1"} | more


def send(dispatch: Dispatch, *places: int, attempt: str) -> Outcome:
    people = [make_person(place) for place in places or (0,)]
    envelope = make_envelope(*people, attempt=attempt)
    body = dispatch.courier("sendgrid").body(envelope)
    return dispatch.send_all([("sendgrid", envelope, body)])[0]


def accepted(fake: FakeProviders, attempt: str) -> int:
    return len(fake.get(f"/ledger/people?attempt={attempt}")["people"])


def test_the_body_is_the_same_every_time_and_carries_only_opaque_ids() -> None:
    envelope = make_envelope(*PEOPLE)
    body = courier().body(envelope)
    assert body == courier().body(envelope)
    first = orjson.loads(body)["personalizations"][0]
    assert first["custom_args"] == {"a": "attempt-1", "r": PEOPLE[0].ref}
    assert first["substitutions"] == {
        "%%7f3a.name.h%%": "Person 0",
        "%%7f3a.name.t%%": "Person 0",
    }


@pytest.mark.parametrize(
    ("people", "why"),
    [
        ([make_person(1), make_person(2, address="PERSON1@example.com")], "stands twice"),
        ([make_person(place) for place in range(1001)], "1 to 1000 people"),
        ([make_person(1, fields={"name": "é" * 3000})], "over 10000"),
    ],
)
def test_what_sendgrid_would_refuse_whole_is_refused_before_it_leaves(
    people: list[object], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        courier().body(make_envelope(*people))  # type: ignore[arg-type]


def errors(field: str | None, message: str = "bad") -> bytes:
    return orjson.dumps({"errors": [{"message": message, "field": field, "help": None}]})


@pytest.mark.parametrize(
    ("status", "body", "kind", "bad"),
    [
        (202, b"", OutcomeKind.ACCEPTED, ()),
        (429, b"", OutcomeKind.RETRY, ()),
        (401, b"", OutcomeKind.RETRY, ()),
        (403, b"", OutcomeKind.RETRY, ()),
        (400, errors("personalizations.3.to.0.email"), OutcomeKind.SPLIT, (PEOPLE[3].ref,)),
        (400, errors("personalizations", "should be unique"), OutcomeKind.SPLIT, ()),
        (400, errors("subject"), OutcomeKind.REFUSED, ()),
        (400, b"<html>", OutcomeKind.REFUSED, ()),
        (404, b"", OutcomeKind.REFUSED, ()),
        (413, b"", OutcomeKind.SPLIT, ()),
        (302, b"", OutcomeKind.UNKNOWN, ()),
        (408, b"", OutcomeKind.UNKNOWN, ()),
        (500, b"", OutcomeKind.UNKNOWN, ()),
        (503, b"", OutcomeKind.UNKNOWN, ()),
    ],
)
def test_what_an_answer_means(
    status: int, body: bytes, kind: OutcomeKind, bad: tuple[str, ...]
) -> None:
    outcome = classify(Answer(status, {}, body), PEOPLE)
    assert (outcome.kind, outcome.bad_refs) == (kind, bad)


def test_the_bad_one_standing_alone_is_refused() -> None:
    answer = Answer(400, {}, errors("personalizations.0.to.0.email"))
    outcome = classify(answer, PEOPLE[:1])
    assert (outcome.kind, outcome.bad_refs) == (OutcomeKind.REFUSED, (PEOPLE[0].ref,))


def test_a_reason_holds_no_address() -> None:
    answer = Answer(400, {}, errors("x", "first duplicate of [jo@example.com]"))
    assert "jo@" not in classify(answer, PEOPLE).reason


# --- against the fake


def test_a_thousand_people_go_in_one_request(dispatch: Dispatch, fake: FakeProviders) -> None:
    attempt = str(uuid.uuid4())
    outcome = send(dispatch, *range(1000), attempt=attempt)
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.provider_ref
    assert accepted(fake, attempt) == 1000


@pytest.mark.parametrize(("fault", "kind", "taken"), FAULTS)
def test_each_fault_is_told_for_what_it_is(
    dispatch: Dispatch, fake: FakeProviders, fault: str, kind: OutcomeKind, taken: bool
) -> None:
    attempt = str(uuid.uuid4())
    fake.set_faults(next=[fault], receipts=False)
    assert send(dispatch, attempt=attempt).kind is kind
    assert accepted(fake, attempt) == taken


def test_a_429_says_how_long_to_wait(dispatch: Dispatch, fake: FakeProviders) -> None:
    fake.set_faults(next=["too_many"], retry_after_seconds=30, receipts=False)
    wait = send(dispatch, attempt="a").retry_after_seconds
    assert wait is not None
    assert 28 <= wait <= 32


def test_one_bad_address_is_named(dispatch: Dispatch, fake: FakeProviders) -> None:
    bad = make_person(7, address="not an address")
    envelope = make_envelope(make_person(1), bad, make_person(2))
    body = dispatch.courier("sendgrid").body(envelope)
    outcome = dispatch.send_all([("sendgrid", envelope, body)])[0]
    assert (outcome.kind, outcome.bad_refs) == (OutcomeKind.SPLIT, (bad.ref,))


def test_a_wrong_key_waits_to_be_mended(fake: FakeProviders) -> None:
    dispatch = Dispatch([sendgrid_at(fake, api_key="SG.wrong")])
    outcome = send(dispatch, attempt="a")
    dispatch.close()
    assert (outcome.kind, outcome.http_status) == (OutcomeKind.RETRY, 401)


def test_a_look_up_needs_the_activity_feed_and_then_tells(fake: FakeProviders) -> None:
    attempt = str(uuid.uuid4())
    dispatch = Dispatch([sendgrid_at(fake, activity=True)])
    query = AttemptQuery(attempt, datetime.now(UTC), PEOPLE, "N-2026-0042")
    assert dispatch.look_up("sendgrid", query).kind is FindingKind.ABSENT
    fake.set_faults(next=["error_after"], receipts=False)
    send(dispatch, attempt=attempt)
    assert dispatch.look_up("sendgrid", query).kind is FindingKind.FOUND
    fake.set_faults(listing_lag_seconds=60, receipts=False)
    assert dispatch.look_up("sendgrid", query).kind is FindingKind.ABSENT
    dispatch.close()
    without = Dispatch([sendgrid_at(fake)])
    assert without.look_up("sendgrid", query).kind is FindingKind.CANNOT_TELL
    without.close()


# --- receipts


def test_our_verification_and_the_official_one_agree() -> None:
    body = orjson.dumps([event("delivered", reason="naïve 名")])
    request = signed(body)
    signature, timestamp = request.header(SIGNATURE), request.header(TIMESTAMP)
    official = EventWebhook(KEYS.sendgrid_public_key)
    assert official.verify_signature(body.decode(), signature, timestamp)
    assert courier().parse_receipts(request)[0].kind is ReceiptKind.DELIVERED


def test_a_signature_from_elsewhere_made_the_same_way_verifies() -> None:
    body = orjson.dumps([event("delivered")])
    raw = KEYS.sendgrid_private_key.sign(b"1767225600" + body, ec.ECDSA(hashes.SHA256()))
    headers = {SIGNATURE: base64.b64encode(raw).decode(), TIMESTAMP: "1767225600"}
    assert courier().parse_receipts(RawRequest("", headers, body))


@pytest.mark.parametrize(
    "forged",
    [
        signed(b"[]", Keys()),
        RawRequest("", signed(b"[]").headers, b"[ ]"),
        RawRequest("", {**signed(b"[]").headers, TIMESTAMP.upper(): "1767225601"}, b"[]"),
        RawRequest("", {}, b"[]"),
        RawRequest("", {SIGNATURE: "%%%", TIMESTAMP: "1"}, b"[]"),
    ],
    ids=["other key", "other body", "other time", "no signature", "no base64"],
)
def test_a_forged_webhook_is_refused(forged: RawRequest) -> None:
    with pytest.raises(BadSignature):
        courier().parse_receipts(forged)


@pytest.mark.parametrize("body", [b"{}x", b'{"event": 1}', b"[1]", b'[{"a": 1, "r": 2}]', b"7"])
def test_a_signed_webhook_of_another_shape_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedReceipt):
        courier().parse_receipts(signed(body))


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        (event("processed"), ReceiptKind.PROCESSED, ""),
        (event("deferred", response="busy"), ReceiptKind.DEFERRED, ""),
        (event("bounce", type="bounce", status="5.1.1"), ReceiptKind.BOUNCED, "5.1.1"),
        (event("bounce", type="blocked", status="4.7.1"), ReceiptKind.UNDELIVERED, "4.7.1"),
        (event("dropped", reason="to jo@example.com"), ReceiptKind.DROPPED, "to ***"),
        (
            event("dropped", reason="Bounced Address", status="5.0.0"),
            ReceiptKind.DROPPED,
            "Bounced Address",
        ),
        (event("spamreport"), ReceiptKind.COMPLAINED, ""),
    ],
)
def test_what_an_event_means(told: dict[str, object], kind: ReceiptKind, code: str) -> None:
    receipt = courier().parse_receipts(signed(orjson.dumps([told])))[0]
    assert (receipt.kind, receipt.code) == (kind, code)
    assert (receipt.attempt, receipt.person_ref) == ("attempt-1", "ref-1")
    assert receipt.dedupe_key == "sendgrid:e1"
    assert receipt.at == datetime(2026, 1, 1, tzinfo=UTC)


def test_opens_and_mail_that_is_not_ours_tell_nothing() -> None:
    stranger = {key: value for key, value in event("delivered").items() if key not in {"a", "r"}}
    body = orjson.dumps([event("open"), event("unsubscribe"), stranger])
    assert courier().parse_receipts(signed(body)) == []


def test_the_fakes_events_verify_and_tell_each_persons_end(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults(doubled=1, shuffled=True)
    people = [
        make_person(1, address="bounce.jo@example.com"),
        make_person(2, address="complaint@example.com"),
        make_person(3),
        make_person(4, address="silent@example.com"),
    ]
    envelope = make_envelope(*people)
    sendgrid = dispatch.courier("sendgrid")
    dispatch.send_all([("sendgrid", envelope, sendgrid.body(envelope))])
    receipts = sendgrid.parse_receipts(mailbox.wait_for(1)[0])
    ends = {
        person.ref: max((r for r in receipts if r.person_ref == person.ref), key=_rank).kind
        for person in people
    }
    assert list(ends.values()) == [
        ReceiptKind.BOUNCED,
        ReceiptKind.COMPLAINED,
        ReceiptKind.DELIVERED,
        ReceiptKind.PROCESSED,
    ]
    assert len(receipts) == 2 * len({receipt.dedupe_key for receipt in receipts})


def test_the_fake_posts_again_until_its_events_are_taken(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults()
    mailbox.statuses = [503]
    send(dispatch, attempt="again")
    first, second = mailbox.wait_for(2)
    assert first.body == second.body


def test_the_fakes_forgeries_do_not_verify(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults(forged=1)
    send(dispatch, attempt="forged")
    forged, true = mailbox.wait_for(2)
    sendgrid = dispatch.courier("sendgrid")
    with pytest.raises(BadSignature):
        sendgrid.parse_receipts(forged)
    assert sendgrid.parse_receipts(true)


def _rank(receipt: object) -> int:
    return receipt.kind.rank  # type: ignore[attr-defined, no-any-return]

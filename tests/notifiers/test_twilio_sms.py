from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import orjson
import pytest
from twilio.request_validator import RequestValidator

from notifiers.courier import AttemptQuery, RawRequest
from notifiers.dispatch import Dispatch
from notifiers.envelope import FindingKind, Outcome, OutcomeKind, Person, ReceiptKind
from notifiers.errors import BadSignature, MalformedReceipt, Refused
from notifiers.fake.server import FakeProviders
from notifiers.providers.twilio_account import TwilioAccount, classify, form_of
from notifiers.providers.twilio_signed import SIGNATURE
from notifiers.providers.twilio_sms import CODES, TwilioSms
from notifiers.transport import Answer, Transport
from tests.notifiers.conftest import Mailbox
from tests.notifiers.makers import (
    FAULTS,
    SENDER,
    fresh_number,
    make_envelope,
    make_person,
    make_query,
    make_sms,
    twilio_at,
)
from tests.notifiers.twilio_oracle import sdk_posts

ACCOUNT, TOKEN = "AC" + "1" * 32, "a-token"
PUBLIC = "https://tocsin.example.com/receipts/twilio"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = (make_person(address="+12025550123"),)


def courier(sender: str = SENDER, **changes: str) -> TwilioSms:
    given = {"account_sid": ACCOUNT, "auth_token": TOKEN, "public_url": PUBLIC}
    account = TwilioAccount(Transport(loopback_only=True), **(given | changes))
    return TwilioSms(account, sender, lambda: WHEN)


def send(dispatch: Dispatch, to: str, **changes: object) -> Outcome:
    envelope = make_sms(to, **changes)
    body = dispatch.courier("twilio").body(envelope)
    return dispatch.send_all([("twilio", envelope, body)])[0]


def test_the_body_is_what_the_official_sdk_would_post() -> None:
    envelope = make_sms(callback=PUBLIC)
    posted = sdk_posts(
        lambda client: client.messages.create_async(
            to="+12025550123",
            from_="+15005550006",
            body="Dear Person 0, N-2026-0042: see https://notice.example.com",
            status_callback=f"{PUBLIC}?a=attempt-1&r={envelope.people[0].ref}",
        )
    )
    body = courier().body(envelope)
    assert dict(parse_qsl(body.decode())) == posted
    assert body == courier().body(envelope)


@pytest.mark.parametrize("text", ["a b+c&d=e/é?%", "~._-*'()!", "关于您的信息 😀\n\x00", ""])
def test_a_form_is_quoted_as_the_standard_library_quotes_it(text: str) -> None:
    assert form_of({"To": "+1", "Body": text, "N": 4}).decode() == urlencode(
        [("Body", text), ("N", 4), ("To", "+1")]
    )


def test_a_messaging_service_can_send() -> None:
    service = "MG" + "2" * 32
    form = dict(parse_qsl(courier(sender=service).body(make_sms()).decode()))
    assert form["MessagingServiceSid"] == service
    assert "From" not in form


@pytest.mark.parametrize("people", [(make_person(1), make_person(2))])
def test_an_sms_goes_to_one_person(people: tuple[Person, ...]) -> None:
    with pytest.raises(Refused, match="one person"):
        courier().body(make_envelope(*people))


def test_a_text_that_twilio_would_not_take_is_refused_before_it_leaves() -> None:
    person = make_person(address="+12025550123", fields={"name": "x" * 1600})
    with pytest.raises(Refused, match="over 1600"):
        courier().body(make_envelope(person))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (201, None, OutcomeKind.ACCEPTED),
        (429, 20429, OutcomeKind.RETRY),
        (429, None, OutcomeKind.RETRY),
        (400, 21611, OutcomeKind.RETRY),
        (401, 20003, OutcomeKind.RETRY),
        (400, 21606, OutcomeKind.RETRY),
        (400, 21211, OutcomeKind.REFUSED),
        (400, 21610, OutcomeKind.REFUSED),
        (400, 99999, OutcomeKind.REFUSED),
        (404, None, OutcomeKind.REFUSED),
        (500, 20500, OutcomeKind.UNKNOWN),
        (503, None, OutcomeKind.UNKNOWN),
        (302, None, OutcomeKind.UNKNOWN),
    ],
)
def test_what_an_answer_means(status: int, code: int | None, kind: OutcomeKind) -> None:
    body = orjson.dumps({"code": code, "message": "to +12025550123", "sid": "SM1"})
    outcome = classify(Answer(status, {}, body), PEOPLE, CODES)
    assert outcome.kind is kind
    assert "2025550123" not in outcome.reason


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_a_created_message_counts_though_its_answer_broke_off(body: bytes) -> None:
    assert classify(Answer(201, {}, body), PEOPLE, CODES) == Outcome(OutcomeKind.ACCEPTED, 201)


# --- against the fake


@pytest.mark.parametrize(("fault", "kind", "taken"), FAULTS)
def test_a_look_up_settles_what_a_fault_left_open(
    dispatch: Dispatch, fake: FakeProviders, fault: str, kind: OutcomeKind, taken: bool
) -> None:
    to = fresh_number()
    fake.set_faults(next=[fault], receipts=False)
    assert send(dispatch, to).kind is kind
    found = FindingKind.FOUND if taken else FindingKind.ABSENT
    assert dispatch.look_up("twilio", make_query(to)).kind is found


def test_a_look_up_sees_only_its_own_notice_and_time(
    dispatch: Dispatch, fake: FakeProviders
) -> None:
    to = fresh_number()
    send(dispatch, to)
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert dispatch.look_up("twilio", make_query(to, later)).kind is FindingKind.ABSENT
    other = AttemptQuery("a", datetime.now(UTC), make_query(to).people, "N-2026-9999")
    assert dispatch.look_up("twilio", other).kind is FindingKind.ABSENT


def test_a_lagging_list_shows_nothing_yet(dispatch: Dispatch, fake: FakeProviders) -> None:
    to = fresh_number()
    fake.set_faults(listing_lag_seconds=60, receipts=False)
    send(dispatch, to)
    assert dispatch.look_up("twilio", make_query(to)).kind is FindingKind.ABSENT


def test_a_look_up_that_fails_cannot_tell(fake: FakeProviders) -> None:
    dispatch = Dispatch([twilio_at(fake, auth_token="wrong")])
    assert dispatch.look_up("twilio", make_query(fresh_number())).kind is FindingKind.CANNOT_TELL
    dispatch.close()


@pytest.mark.parametrize(("ending", "code"), [("0192", "21610"), ("0193", "21211")])
def test_numbers_that_are_refused_at_once(dispatch: Dispatch, ending: str, code: str) -> None:
    outcome = send(dispatch, f"+1202555{ending}")
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.reason.startswith(f"twilio {code}")


# --- receipts


def callback(
    form: dict[str, str], url: str = f"{PUBLIC}?a=a1&r=r1", token: str = TOKEN
) -> RawRequest:
    """Signed by the official SDK."""
    given = RequestValidator(token).compute_signature(url, form)
    return RawRequest(url, {SIGNATURE: given}, urlencode(form).encode())


FORM = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+12025550123", "Empty": ""}


def test_a_callback_signed_by_the_official_sdk_verifies() -> None:
    receipt = courier().parse_receipts(callback(FORM))[0]
    assert (receipt.attempt, receipt.person_ref) == ("a1", "r1")
    assert receipt.kind is ReceiptKind.DELIVERED
    assert receipt.dedupe_key == "twilio:SM1:delivered"
    assert receipt.at == WHEN


def test_the_host_that_a_request_names_is_not_believed() -> None:
    inside = callback(FORM)
    moved = RawRequest("http://10.0.0.7:8000/x?a=a1&r=r1", inside.headers, inside.body)
    assert courier().parse_receipts(moved)


def test_a_signature_over_the_url_with_its_port_verifies() -> None:
    with_port = callback(FORM, PUBLIC.replace(".com", ".com:443") + "?a=a1&r=r1")
    assert courier().parse_receipts(with_port)


@pytest.mark.parametrize(
    "forged",
    [
        callback(FORM, token="wrong"),
        RawRequest(f"{PUBLIC}?a=a2&r=r1", callback(FORM).headers, callback(FORM).body),
        RawRequest(f"{PUBLIC}?a=a1&r=r1", callback(FORM).headers, b"MessageStatus=delivered"),
        RawRequest(f"{PUBLIC}?a=a1&r=r1", {}, callback(FORM).body),
        RawRequest(f"{PUBLIC}?a=a1&r=r1", {SIGNATURE: "é"}, b"\xff"),
    ],
    ids=["other token", "other attempt", "other body", "no signature", "no text"],
)
def test_a_forged_callback_is_refused(forged: RawRequest) -> None:
    with pytest.raises(BadSignature):
        courier().parse_receipts(forged)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("queued", "", ReceiptKind.PROCESSED),
        ("sent", "", ReceiptKind.SENT),
        ("undelivered", "30003", ReceiptKind.UNDELIVERED),
        ("undelivered", "21610", ReceiptKind.OPTED_OUT),
        ("failed", "30008", ReceiptKind.FAILED),
    ],
)
def test_what_a_status_means(status: str, code: str, kind: ReceiptKind) -> None:
    form = FORM | {"MessageStatus": status} | ({"ErrorCode": code} if code else {})
    receipt = courier().parse_receipts(callback(form))[0]
    assert (receipt.kind, receipt.code) == (kind, code)


def test_a_status_that_twilio_does_not_document_is_malformed() -> None:
    with pytest.raises(MalformedReceipt):
        courier().parse_receipts(callback(FORM | {"MessageStatus": "odd"}))


def test_a_callback_that_is_not_ours_tells_nothing() -> None:
    assert courier().parse_receipts(callback(FORM, PUBLIC)) == []


def test_the_fakes_callbacks_verify_and_come_in_turn(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults()
    send(dispatch, "+12025550191", callback=f"{mailbox.url}/twilio")
    courier = dispatch.courier("twilio")
    told = [courier.parse_receipts(request)[0] for request in mailbox.wait_for(2)]
    assert [one.kind for one in told] == [ReceiptKind.SENT, ReceiptKind.UNDELIVERED]
    assert told[1].code == "30005"
    assert {one.attempt for one in told} == {"attempt-1"}

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

import orjson
import pytest
from twilio.request_validator import RequestValidator

from notifiers.courier import RawRequest
from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, FindingKind, Outcome, OutcomeKind, ReceiptKind, Words
from notifiers.errors import BadSignature, MalformedReceipt, Refused
from notifiers.fake.server import FakeProviders
from notifiers.providers.twilio_account import TwilioAccount, classify
from notifiers.providers.twilio_signed import SIGNATURE
from notifiers.providers.twilio_voice import CODES, MOST_SECONDS, RING_SECONDS, TwilioVoice
from notifiers.providers.twilio_words import VOICES, said, spoken
from notifiers.transport import Answer, Transport
from tests.notifiers.conftest import Mailbox
from tests.notifiers.makers import (
    FAULTS,
    SENDER,
    fresh_number,
    make_call,
    make_person,
    make_query,
    twilio_voice_at,
)
from tests.notifiers.twilio_oracle import sdk_posts

ACCOUNT, TOKEN = "AC" + "1" * 32, "a-token"
PUBLIC = "https://tocsin.example.com/webhooks/calls"
WHEN = datetime(2026, 1, 1, tzinfo=UTC)
K = ReceiptKind


def courier() -> TwilioVoice:
    transport = Transport(loopback_only=True)
    account = TwilioAccount(transport, account_sid=ACCOUNT, auth_token=TOKEN, public_url=PUBLIC)
    return TwilioVoice(account, SENDER, lambda: WHEN)


def form_of(envelope: Envelope) -> dict[str, str]:
    return dict(parse_qsl(courier().body(envelope).decode()))


def send(dispatch: Dispatch, to: str, **changes: object) -> Outcome:
    envelope = make_call(to, **changes)
    body = dispatch.courier("twilio_voice").body(envelope)
    return dispatch.send_all([("twilio_voice", envelope, body)])[0]


# --- what is asked for


def test_a_call_says_the_words_twice_and_waits_for_a_key() -> None:
    form = form_of(make_call(callback=PUBLIC))
    gather = ElementTree.fromstring(form["Twiml"]).find("Gather")
    assert gather is not None
    say = gather.find("Say")
    assert say is not None
    assert say.attrib == {"loop": "2", "language": "en-US", "voice": "Polly.Joanna"}
    assert say.text == "Dear Person 0, N-2026-0042: see https://notice.example.com"
    ids = f"?a=attempt-1&r={make_person().ref}"
    assert gather.get("action") == form["StatusCallback"] == PUBLIC + ids
    assert form["MachineDetection"] == "DetectMessageEnd"


def test_the_body_is_what_the_official_sdk_would_post() -> None:
    envelope = make_call("+12025550123", callback=PUBLIC)
    posted = sdk_posts(
        lambda client: client.calls.create_async(
            to="+12025550123",
            from_="+15005550006",
            timeout=RING_SECONDS,
            time_limit=MOST_SECONDS,
            machine_detection="DetectMessageEnd",
            twiml=spoken(envelope),
            status_callback=f"{PUBLIC}?a=attempt-1&r={envelope.people[0].ref}",
        )
    )
    assert form_of(envelope) == posted


def test_the_body_is_the_same_each_time() -> None:
    envelope = make_call(callback=PUBLIC)
    assert courier().body(envelope) == courier().body(envelope)


def test_a_name_cannot_steer_the_call() -> None:
    name = "Jo</Say><Dial>+12025550199</Dial>\x0b\ufffe&"
    person = make_person(address="+12025550123", fields={"name": name})
    told = ElementTree.fromstring(form_of(make_call(people=(person,), callback=PUBLIC))["Twiml"])
    assert [one.tag for one in told.iter()] == ["Response", "Gather", "Say"]
    assert "Jo</Say><Dial>" in "".join(told.itertext())


@pytest.mark.parametrize("locale", sorted(VOICES))
def test_each_language_has_a_voice_of_its_own(locale: str) -> None:
    say = ElementTree.fromstring(spoken(make_call(locale=locale))).find("Say")
    assert say is not None
    assert (say.get("language"), say.get("voice")) == VOICES[locale]


def test_a_language_without_a_voice_is_refused_before_anything_rings() -> None:
    with pytest.raises(Refused, match="no voice speaks fi"):
        courier().body(make_call(locale="fi"))


def test_words_too_long_to_go_with_the_call_are_fetched() -> None:
    form = form_of(make_call(words=Words("", "x" * 4_000, ""), callback=PUBLIC))
    assert "Twiml" not in form
    assert form["Url"] == f"{form['StatusCallback']}&say=1"


def test_words_too_long_that_nobody_can_fetch_are_refused() -> None:
    with pytest.raises(Refused, match="over 4000"):
        courier().body(make_call(words=Words("", "x" * 4_000, "")))


def test_a_call_goes_to_one_person() -> None:
    with pytest.raises(Refused, match="one person"):
        courier().body(make_call(people=(make_person(1), make_person(2))))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (201, None, OutcomeKind.ACCEPTED),
        (429, 20429, OutcomeKind.RETRY),
        (400, 10004, OutcomeKind.RETRY),
        (403, 20003, OutcomeKind.RETRY),
        (400, 21210, OutcomeKind.RETRY),
        (400, 21211, OutcomeKind.REFUSED),
        (403, 21215, OutcomeKind.REFUSED),
        (400, 21216, OutcomeKind.REFUSED),
        (400, 99999, OutcomeKind.REFUSED),
        (500, 20500, OutcomeKind.UNKNOWN),
    ],
)
def test_what_an_answer_means(status: int, code: int | None, kind: OutcomeKind) -> None:
    answer = Answer(status, {}, orjson.dumps({"code": code, "message": "to +12025550123"}))
    outcome = classify(answer, (make_person(),), CODES)
    assert outcome.kind is kind
    assert "2025550123" not in outcome.reason


# --- against the fake


@pytest.mark.parametrize(("fault", "kind", "taken"), FAULTS)
def test_a_look_up_settles_what_a_fault_left_open(
    dispatch: Dispatch, fake: FakeProviders, fault: str, kind: OutcomeKind, taken: bool
) -> None:
    to = fresh_number()
    fake.set_faults(next=[fault], receipts=False)
    assert send(dispatch, to).kind is kind
    found = FindingKind.FOUND if taken else FindingKind.ABSENT
    assert dispatch.look_up("twilio_voice", make_query(to)).kind is found


@pytest.mark.parametrize("apart", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_a_look_up_sees_only_its_own_time(dispatch: Dispatch, apart: timedelta) -> None:
    to = fresh_number()
    send(dispatch, to)
    asked = make_query(to, datetime.now(UTC) + apart)
    assert dispatch.look_up("twilio_voice", asked).kind is FindingKind.ABSENT


def test_two_calls_to_one_number_cannot_be_told_apart(dispatch: Dispatch) -> None:
    to = fresh_number()
    send(dispatch, to)
    send(dispatch, to)
    assert dispatch.look_up("twilio_voice", make_query(to)).kind is FindingKind.CANNOT_TELL


def test_a_call_from_another_number_of_ours_is_not_it(
    dispatch: Dispatch, fake: FakeProviders
) -> None:
    to = fresh_number()
    other = Dispatch([twilio_voice_at(fake, sender="+15005550007")])
    send(other, to)
    other.close()
    assert dispatch.look_up("twilio_voice", make_query(to)).kind is FindingKind.ABSENT


def test_a_lagging_list_shows_nothing_yet(dispatch: Dispatch, fake: FakeProviders) -> None:
    to = fresh_number()
    fake.set_faults(listing_lag_seconds=60, receipts=False)
    send(dispatch, to)
    assert dispatch.look_up("twilio_voice", make_query(to)).kind is FindingKind.ABSENT


def test_a_number_that_is_refused_at_once(dispatch: Dispatch) -> None:
    outcome = send(dispatch, fresh_number("0193"))
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.reason.startswith("twilio 21211")


# --- receipts


def callback(form: dict[str, str], url: str = f"{PUBLIC}?a=a1&r=r1") -> RawRequest:
    """Signed by the official SDK."""
    given = RequestValidator(TOKEN).compute_signature(url, form)
    return RawRequest(url, {SIGNATURE: given}, urlencode(form).encode())


FORM = {"CallSid": "CA1", "To": "+12025550123"}


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        ({"CallStatus": "in-progress", "Digits": "1"}, K.DELIVERED, "key 1"),
        ({"CallStatus": "in-progress", "Digits": "2"}, K.SENT, "in-progress"),
        ({"CallStatus": "completed", "AnsweredBy": "human"}, K.UNANSWERED, "no key"),
        ({"CallStatus": "completed"}, K.UNANSWERED, "no key"),
        (
            {"CallStatus": "completed", "AnsweredBy": "machine_end_beep"},
            K.LEFT,
            "machine_end_beep",
        ),
        ({"CallStatus": "completed", "AnsweredBy": "fax"}, K.UNDELIVERED, "fax"),
        ({"CallStatus": "busy"}, K.UNANSWERED, "busy"),
        ({"CallStatus": "no-answer"}, K.UNANSWERED, "no-answer"),
        ({"CallStatus": "failed", "SipResponseCode": "404"}, K.FAILED, "SIP 404"),
        ({"CallStatus": "canceled"}, K.FAILED, "canceled"),
        ({"CallStatus": "ringing"}, K.PROCESSED, "ringing"),
    ],
)
def test_what_a_callback_means(told: dict[str, str], kind: ReceiptKind, code: str) -> None:
    (receipt,) = courier().parse_receipts(callback(FORM | told))
    assert (receipt.kind, receipt.code) == (kind, code)
    assert (receipt.attempt, receipt.person_ref, receipt.at) == ("a1", "r1", WHEN)


def test_a_key_pressed_and_the_end_of_the_call_are_two_statements() -> None:
    key = courier().parse_receipts(callback(FORM | {"CallStatus": "in-progress", "Digits": "1"}))
    end = courier().parse_receipts(callback(FORM | {"CallStatus": "completed"}))
    assert key[0].dedupe_key != end[0].dedupe_key
    assert key[0].kind.rank > end[0].kind.rank


@pytest.mark.parametrize(
    ("url", "told", "wish"),
    [
        ("?a=a1&r=r1", {"Digits": "1"}, "thanks"),
        ("?a=a1&r=r1", {"Digits": "2"}, "words"),
        ("?a=a1&r=r1", {"Digits": "7"}, "words"),
        ("?a=a1&r=r1&say=1", {}, "words"),
        ("?a=a1&r=r1", {"CallStatus": "completed"}, ""),
    ],
)
def test_what_the_line_wants_to_hear(url: str, told: dict[str, str], wish: str) -> None:
    assert courier().wish(callback(FORM | told, PUBLIC + url)) == ("a1", wish)


def test_a_forged_key_is_refused() -> None:
    genuine = callback(FORM | {"CallStatus": "completed"})
    forged = RawRequest(genuine.url, genuine.headers, genuine.body + b"&Digits=1")
    with pytest.raises(BadSignature):
        courier().parse_receipts(forged)
    with pytest.raises(BadSignature):
        courier().wish(forged)


def test_a_status_that_twilio_does_not_document_is_malformed() -> None:
    with pytest.raises(MalformedReceipt):
        courier().parse_receipts(callback(FORM | {"CallStatus": "odd"}))


def test_a_callback_that_is_not_ours_tells_nothing() -> None:
    assert courier().parse_receipts(callback(FORM | {"CallStatus": "busy"}, PUBLIC)) == []


# --- the fake's callbacks


@pytest.mark.parametrize(
    ("ending", "kinds"),
    [
        ("0100", [K.DELIVERED, K.UNANSWERED]),
        ("0190", [K.UNANSWERED]),
        ("0191", [K.FAILED]),
        ("0196", [K.LEFT]),
        ("0197", [K.UNANSWERED]),
        ("0198", [K.UNANSWERED]),
    ],
)
def test_what_the_fake_tells_of_a_fresh_number(
    dispatch: Dispatch,
    fake: FakeProviders,
    mailbox: Mailbox,
    ending: str,
    kinds: list[ReceiptKind],
) -> None:
    fake.set_faults()
    send(dispatch, fresh_number(ending), callback=f"{mailbox.url}/calls")
    courier = dispatch.courier("twilio_voice")
    told = [courier.parse_receipts(one)[0] for one in mailbox.wait_for(len(kinds))]
    assert [one.kind for one in told] == kinds


def test_words_are_fetched_and_said_again_when_asked_for(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults()
    to, long = fresh_number("0199"), Words("", "x" * 4_000, "")
    envelope = make_call(to, words=long, callback=f"{mailbox.url}/calls")
    mailbox.bodies += [spoken(envelope), spoken(envelope), said("en", "Thank you.")]
    send(dispatch, to, words=long, callback=f"{mailbox.url}/calls")
    courier = twilio_voice_at(fake)
    came = mailbox.wait_for(4)
    assert [courier.wish(one)[1] for one in came] == ["words", "words", "thanks", ""]
    assert [courier.parse_receipts(one)[0].kind for one in came] == [
        K.SENT,
        K.SENT,
        K.DELIVERED,
        K.UNANSWERED,
    ]


def test_shuffled_and_doubled_the_strongest_statement_is_the_same(
    dispatch: Dispatch, fake: FakeProviders, mailbox: Mailbox
) -> None:
    fake.set_faults(shuffled=True, doubled=1.0, forged=1.0)
    send(dispatch, fresh_number(), callback=f"{mailbox.url}/calls")
    courier, told, forged = dispatch.courier("twilio_voice"), [], 0
    for request in mailbox.wait_for(8):
        try:
            told += courier.parse_receipts(request)
        except BadSignature:
            forged += 1
    assert forged == 4
    assert len({one.dedupe_key for one in told}) == 2
    assert max(told, key=lambda one: one.kind.rank).kind is K.DELIVERED
    assert told[0].kind is K.UNANSWERED

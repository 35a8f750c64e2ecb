"""FCM: what is posted, what answers mean, and a service account's token, against the fake."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, Outcome, OutcomeKind, Words
from notifiers.errors import Refused
from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from notifiers.providers.fcm import DAY, Fcm, classify
from notifiers.transport import Answer
from tests.notifiers.makers import FAULTS, fcm_at, free_port, make_envelope, make_person, make_push

PEOPLE = (make_person(address="a-token-of-a-phone"),)


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def push(fake: FakeProviders) -> Iterator[Dispatch]:
    running = Dispatch([fcm_at(fake)])
    yield running
    running.close()


def token(word: str = "phone") -> str:
    return f"{word}:{uuid.uuid4().hex}"


def send(dispatch: Dispatch, to: str, **changes: object) -> Outcome:
    envelope = make_push(to, **changes)
    body = dispatch.courier("fcm").body(envelope)
    return dispatch.send_all([("fcm", envelope, body)])[0]


def shown(fake: FakeProviders, to: str) -> list[dict[str, Any]]:
    return [one.more["message"] for one in read(fake.ledger_path) if one.people[0][0] == to]


def body_of(courier: Fcm, envelope: Envelope) -> dict[str, Any]:
    return dict(orjson.loads(courier.body(envelope))["message"])


def test_a_device_shows_the_words_as_approved(push: Dispatch, fake: FakeProviders) -> None:
    to = token()
    outcome = send(push, to, attempt="attempt-7")
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert outcome.provider_ref.startswith("projects/fake-project/messages/")
    (message,) = shown(fake, to)
    assert message["notification"] == {
        "title": "About your data, Person 0 (N-2026-0042)",
        "body": "Dear Person 0, N-2026-0042: see https://notice.example.com",
    }
    assert message["data"]["attempt"] == "attempt-7"
    assert message["data"]["person"] == make_person().ref


def test_it_waits_for_days_and_comes_at_once(fake: FakeProviders) -> None:
    clock = Clock()
    dispatch = Dispatch([fcm_at(fake, ttl_days=3, clock=clock)])
    to = token()
    assert send(dispatch, to).kind is OutcomeKind.ACCEPTED
    dispatch.close()
    (message,) = shown(fake, to)
    assert (message["android"]["priority"], message["android"]["ttl"]) == ("HIGH", "259200s")
    assert message["apns"]["headers"]["apns-priority"] == "10"
    assert int(message["apns"]["headers"]["apns-expiration"]) == int(clock.now) + 3 * DAY
    assert message["webpush"]["headers"]["TTL"] == "259200"


def test_a_copy_takes_the_place_of_the_first_one(fake: FakeProviders) -> None:
    courier = fcm_at(fake)
    first, again = (body_of(courier, make_push("a-phone", attempt=one)) for one in ("a", "b"))
    assert first["android"]["collapse_key"] == again["android"]["collapse_key"]
    assert first["android"]["notification"]["tag"] == again["android"]["notification"]["tag"]
    assert first["apns"]["headers"] == again["apns"]["headers"]
    other = body_of(courier, make_push("a-phone", reference="N-2026-0043"))
    assert other["android"]["collapse_key"] != first["android"]["collapse_key"]


def test_two_people_of_one_device_each_keep_their_message(fake: FakeProviders) -> None:
    courier = fcm_at(fake)
    one, two = (
        body_of(courier, make_envelope(make_person(place, address="a-shared-phone")))
        for place in (1, 2)
    )
    assert one["android"]["collapse_key"] != two["android"]["collapse_key"]


def test_the_body_is_the_same_every_time(fake: FakeProviders) -> None:
    assert fcm_at(fake).body(make_push("a-phone")) == fcm_at(fake).body(make_push("a-phone"))


@pytest.mark.parametrize("envelope", [make_envelope(make_person(1), make_person(2))])
def test_a_push_message_goes_to_one_person(fake: FakeProviders, envelope: Envelope) -> None:
    with pytest.raises(Refused, match="one person"):
        fcm_at(fake).body(envelope)


def test_words_that_fcm_would_not_take_are_refused_before_they_leave(fake: FakeProviders) -> None:
    with pytest.raises(Refused, match="over 4096"):
        fcm_at(fake).body(make_push("a-phone", words=Words("title", "x" * 4096, "")))


# --- what answers mean


def failed(status: int, canonical: str, code: str = "", field: str = "") -> Answer:
    details: list[dict[str, Any]] = [{"errorCode": code}] if code else []
    details += [{"fieldViolations": [{"field": field, "description": "a-token-of-a-phone"}]}]
    told = {"error": {"code": status, "status": canonical, "details": details}}
    return Answer(status, {}, orjson.dumps(told))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (failed(404, "NOT_FOUND", "UNREGISTERED"), OutcomeKind.REFUSED),
        (failed(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), OutcomeKind.REFUSED),
        (failed(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), OutcomeKind.REFUSED),
        (failed(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), OutcomeKind.RETRY),
        (failed(401, "UNAUTHENTICATED"), OutcomeKind.RETRY),
        (failed(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), OutcomeKind.RETRY),
        (failed(403, "PERMISSION_DENIED"), OutcomeKind.RETRY),
        (failed(404, "NOT_FOUND"), OutcomeKind.RETRY),
        (failed(503, "UNAVAILABLE", "UNAVAILABLE"), OutcomeKind.UNKNOWN),
        (failed(500, "INTERNAL", "INTERNAL"), OutcomeKind.UNKNOWN),
        (Answer(502, {}, b"<html>"), OutcomeKind.UNKNOWN),
        (Answer(302, {}, b""), OutcomeKind.UNKNOWN),
        (Answer(404, {}, b"<html>"), OutcomeKind.RETRY),
        (Answer(400, {}, b'{"error": "text"}'), OutcomeKind.REFUSED),
        (Answer(400, {}, b"[]"), OutcomeKind.REFUSED),
        (Answer(200, {}, b'{"name": "projects/p/mess'), OutcomeKind.ACCEPTED),
    ],
)
def test_what_an_answer_means(answer: Answer, kind: OutcomeKind) -> None:
    outcome = classify(answer, PEOPLE)
    assert outcome.kind is kind
    assert "a-token-of-a-phone" not in outcome.reason


def test_only_a_dead_token_is_called_dead() -> None:
    payload = failed(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.data")
    assert classify(payload, PEOPLE).reason == "fcm INVALID_ARGUMENT: message.data"
    gone = classify(failed(404, "NOT_FOUND", "UNREGISTERED"), PEOPLE)
    assert gone.reason == "fcm UNREGISTERED: the app is gone from the device"
    assert gone.bad_refs == (PEOPLE[0].ref,)


@pytest.mark.parametrize(("headers", "wait"), [({}, 60.0), ({"retry-after": "7"}, 7.0)])
def test_too_many_waits_as_long_as_it_is_asked_to(headers: dict[str, str], wait: float) -> None:
    assert classify(Answer(429, headers, b""), PEOPLE).retry_after_seconds == wait


# --- against the fake


@pytest.mark.parametrize(("fault", "kind", "taken"), FAULTS)
def test_a_fault_is_never_posted_again_by_itself(
    push: Dispatch, fake: FakeProviders, fault: str, kind: OutcomeKind, taken: bool
) -> None:
    to = token()
    fake.set_faults(next=[fault], receipts=False)
    assert send(push, to).kind is kind
    assert len(shown(fake, to)) == taken


@pytest.mark.parametrize(
    ("word", "reason"), [("unregistered", "UNREGISTERED"), ("mismatch", "SENDER_ID_MISMATCH")]
)
def test_a_dead_token_is_refused(push: Dispatch, word: str, reason: str) -> None:
    outcome = send(push, token(word))
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.reason.startswith(f"fcm {reason}")


def test_a_token_that_is_none_is_refused(push: Dispatch) -> None:
    outcome = send(push, "not/a/token")
    assert (outcome.kind, outcome.reason) == (
        OutcomeKind.REFUSED,
        "fcm INVALID_ARGUMENT: message.token",
    )


# --- the access token


def tokens_given(fake: FakeProviders) -> int:
    return int(fake.ledger()["answers"].get("google:200", 0))


def test_one_access_token_serves_all_and_is_renewed_before_its_end(fake: FakeProviders) -> None:
    clock, before = Clock(), tokens_given(fake)
    clock.now -= 3_400
    courier = fcm_at(fake, clock=clock)
    dispatch = Dispatch([courier])
    items = [("fcm", one, courier.body(one)) for one in (make_push(token()) for _ in range(20))]
    assert {one.kind for one in dispatch.send_all(items)} == {OutcomeKind.ACCEPTED}
    assert tokens_given(fake) == before + 1
    clock.now += 3_400
    assert send(dispatch, token()).kind is OutcomeKind.ACCEPTED
    assert tokens_given(fake) == before + 2
    dispatch.close()


def test_while_google_gives_none_the_old_one_serves_to_its_end(fake: FakeProviders) -> None:
    clock = Clock()
    dispatch = Dispatch([fcm_at(fake, clock=clock)])
    assert send(dispatch, token()).kind is OutcomeKind.ACCEPTED
    clock.now += 3_400  # an assertion of the future: Google refuses it
    assert send(dispatch, token()).kind is OutcomeKind.ACCEPTED
    clock.now += 300
    assert send(dispatch, token()).kind is OutcomeKind.RETRY
    dispatch.close()


def test_a_token_that_is_not_taken_any_more_is_fetched_anew() -> None:
    with FakeProviders(port=free_port()) as fake:
        clock = Clock()
        clock.now -= 10  # so that it can be moved on without an assertion of the future
        dispatch = Dispatch([fcm_at(fake, clock=clock)])
        assert send(dispatch, token()).kind is OutcomeKind.ACCEPTED
        fake.stop()
        fake.start()
        assert send(dispatch, token()).kind is not OutcomeKind.ACCEPTED
        assert send(dispatch, token()).kind is OutcomeKind.RETRY
        clock.now += 2
        assert send(dispatch, token()).kind is OutcomeKind.ACCEPTED
        dispatch.close()


@pytest.mark.parametrize("wrong", [{"client_email": "other@example.com"}, {"project_id": "other"}])
def test_an_account_that_google_does_not_know_waits_for_whoever_mends_it(
    fake: FakeProviders, wrong: dict[str, str]
) -> None:
    dispatch = Dispatch([fcm_at(fake, account=fake.service_account | wrong)])
    to = token()
    outcome = send(dispatch, to)
    dispatch.close()
    assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeKind.RETRY, 60.0)
    assert shown(fake, to) == []


def test_a_token_endpoint_that_is_away_is_no_unknown_message(fake: FakeProviders) -> None:
    account = fake.service_account | {"token_uri": "http://127.0.0.1:1/token"}
    dispatch = Dispatch([fcm_at(fake, account=account)])
    outcomes = [send(dispatch, token()) for _ in range(2)]
    dispatch.close()
    assert {one.kind for one in outcomes} == {OutcomeKind.RETRY}

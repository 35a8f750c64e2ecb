"""Web Push: what a browser reads, whom we may ask, what answers mean, against the fake."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifiers.dispatch import Dispatch
from notifiers.envelope import Outcome, OutcomeKind, Words
from notifiers.errors import Refused
from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from notifiers.providers.vapid import Vapid, new_private_key, unbase64
from notifiers.providers.web_push import Subscription, WebPush, classify, encrypted
from notifiers.providers.web_push_hosts import Hosts
from notifiers.transport import Answer, Transport
from tests.notifiers.makers import FAULTS, make_person, make_push, push_at, web_push_at

HOSTS = ("fcm.googleapis.com", "*.push.apple.com")
# RFC 8291, section 5: the subscription of its example.
KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
    "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
PEOPLE = (make_person(address="{}"),)


@pytest.fixture
def push(fake: FakeProviders) -> Iterator[Dispatch]:
    running = Dispatch([web_push_at(fake), push_at(fake)])
    yield running
    running.close()


def send(dispatch: Dispatch, to: str, name: str = "web_push", **changes: object) -> Outcome:
    envelope = make_push(to, **changes)
    return dispatch.send_all([(name, envelope, dispatch.courier(name).body(envelope))])[0]


def device(word: str = "browser") -> str:
    return f"{word}-{uuid.uuid4().hex}"


def shown(fake: FakeProviders, name: str) -> list[dict[str, Any]]:
    lines = [one for one in read(fake.ledger_path) if one.provider == "web_push"]
    return [one.more for one in lines if one.people[0][0].endswith(name)]


def real(endpoint: str, **changes: object) -> str:
    return json.dumps({"endpoint": endpoint, "keys": KEYS} | changes, separators=(",", ":"))


def courier(**changes: Any) -> WebPush:
    vapid = Vapid(new_private_key(), "mailto:dpo@example.com")
    return WebPush(Transport(public_only=True), vapid, hosts=HOSTS, **changes)


def test_a_browser_reads_the_words_as_approved(push: Dispatch, fake: FakeProviders) -> None:
    name = device()
    outcome = send(push, fake.subscription(name), attempt="attempt-9")
    assert (outcome.kind, outcome.http_status) == (OutcomeKind.ACCEPTED, 201)
    assert outcome.provider_ref == ""
    (one,) = shown(fake, name)
    notification = one["shown"]["notification"]
    assert notification["title"] == "About your data, Person 0 (N-2026-0042)"
    assert notification["body"] == "Dear Person 0, N-2026-0042: see https://notice.example.com"
    assert notification["data"]["attempt"] == "attempt-9"
    assert notification["navigate"] == "https://notice.example.com"
    assert one["ttl"] == str(28 * 86_400)


def test_a_copy_takes_the_place_of_the_first_one(push: Dispatch, fake: FakeProviders) -> None:
    name = device()
    for attempt in ("a", "b"):
        send(push, fake.subscription(name), attempt=attempt)
    first, again = shown(fake, name)
    assert first["topic"] == again["topic"] == first["shown"]["notification"]["tag"]
    assert 0 < len(first["topic"]) <= 32


def test_what_is_hashed_is_the_same_every_time_and_what_leaves_never_is() -> None:
    envelope = make_push(real("https://fcm.googleapis.com/fcm/send/x"))
    body = courier(link="https://notice.example.com").body(envelope)
    assert body == courier(link="https://notice.example.com").body(envelope)
    to = Subscription.read(real("https://fcm.googleapis.com/fcm/send/x"))
    assert encrypted(body, to) != encrypted(body, to)


def test_the_encryption_is_that_of_rfc_8291() -> None:
    """Read as the RFC writes it down, with no library for it: header, keys, one record."""
    browser, auth = ec.generate_private_key(ec.SECP256R1()), b"sixteen bytes ok"
    mine = browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    coded = encrypted(b"words", Subscription("https://fcm.googleapis.com/x", mine, auth))
    salt, length, theirs = coded[:16], coded[20], coded[21 : 21 + coded[20]]
    assert (length, int.from_bytes(coded[16:20])) == (65, 4_096)
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    shared = browser.exchange(ec.ECDH(), sender)
    secret = derived(shared, auth, b"WebPush: info\0" + mine + theirs, 32)
    key = derived(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = derived(secret, salt, b"Content-Encoding: nonce\0", 12)
    assert AESGCM(key).decrypt(nonce, coded[21 + 65 :], None) == b"words\x02"


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def test_the_longest_words_still_fit_what_every_push_service_takes(fake: FakeProviders) -> None:
    dispatch = Dispatch([web_push_at(fake)])
    room = 3_993 - len(
        web_push_at(fake).body(make_push(fake.subscription("x"), words=Words("t", "", "")))
    )
    outcome = send(dispatch, fake.subscription(device()), words=Words("t", "x" * room, ""))
    assert outcome.kind is OutcomeKind.ACCEPTED
    with pytest.raises(Refused, match="over 3993"):
        send(dispatch, fake.subscription(device()), words=Words("t", "x" * (room + 1), ""))
    dispatch.close()


# --- whom we may ask


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://FCM.googleapis.com/fcm/send/abc",
    ],
)
def test_known_push_services_may_be_asked(endpoint: str) -> None:
    assert courier().body(make_push(real(endpoint)))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://evil.example.com/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.example.com/x",
        "https://fcm.googleapis.com@evil.example.com/x",
        "https://evil.example.com\\@fcm.googleapis.com/x",
        "https://evilpush.apple.com/x",
        "https://fcm.googleapis.com/a\nb",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x",
        "https://[",
        "http://127.0.0.1:8041/push/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_nobody_else_is_asked_and_the_reason_does_not_name_them(endpoint: str) -> None:
    with pytest.raises(Refused, match="no push service that we know") as refused:
        courier().body(make_push(real(endpoint)))
    assert not endpoint or endpoint not in str(refused.value)


def test_this_machine_is_asked_only_where_that_is_set_and_then_nothing_else() -> None:
    here, there = "http://127.0.0.1:8041/push/x", "https://fcm.googleapis.com/fcm/send/x"
    assert Hosts(HOSTS, loopback=True).allow(here)
    assert not Hosts(HOSTS, loopback=True).allow(there)
    assert not Hosts([]).allow(there)


def test_a_public_name_that_leads_into_our_network_is_not_dialled() -> None:
    vapid = Vapid(new_private_key(), "mailto:dpo@example.com")
    dispatch = Dispatch([WebPush(Transport(public_only=True), vapid, hosts=["localhost"])])
    outcome = send(dispatch, real("https://localhost/push/x"))
    dispatch.close()
    assert (outcome.kind, outcome.retry_after_seconds) == (OutcomeKind.RETRY, 60.0)
    assert outcome.reason == "a public name leads to an address that is not public"


@pytest.mark.parametrize(
    "token",
    [
        "a-token-of-fcm",
        "{}",
        "[]",
        '{"endpoint":"https://fcm.googleapis.com/x"}',
        real("https://fcm.googleapis.com/x", keys={}),
        real("https://fcm.googleapis.com/x", keys=KEYS | {"p256dh": "AAAA"}),
        real("https://fcm.googleapis.com/x", keys=KEYS | {"auth": "AAAA"}),
        real("https://fcm.googleapis.com/x", keys=KEYS | {"auth": 7}),
    ],
)
def test_a_token_that_is_no_subscription_is_refused(token: str) -> None:
    with pytest.raises(Refused, match="no push subscription"):
        courier().body(make_push(token))


# --- who we are


def test_one_signed_token_serves_a_push_service_for_hours() -> None:
    now = [1_800_000_000.0]
    vapid = Vapid(new_private_key(), "mailto:dpo@example.com", lambda: now[0])
    first = vapid.authorization("https://fcm.googleapis.com")
    now[0] += 3_600
    assert vapid.authorization("https://fcm.googleapis.com") == first
    now[0] += 11 * 3_600
    assert vapid.authorization("https://fcm.googleapis.com") != first
    assert vapid.authorization("https://web.push.apple.com") != first


def test_the_signature_is_of_the_key_that_browsers_subscribe_with() -> None:
    vapid = Vapid(new_private_key(), "mailto:dpo@example.com")
    header = vapid.authorization("https://fcm.googleapis.com")
    token, key = header.removeprefix("vapid t=").split(", k=")
    assert key == vapid.public_key
    assert unbase64(key)[0] == 4
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["aud"] == "https://fcm.googleapis.com"
    assert claims["sub"] == "mailto:dpo@example.com"


@pytest.mark.parametrize("key", ["", "AA", "not base64 at all!", "A" * 200])
def test_a_key_that_is_none_is_said_at_once(key: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Vapid(key, "mailto:dpo@example.com")


# --- what answers mean


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, OutcomeKind.ACCEPTED),
        (201, OutcomeKind.ACCEPTED),
        (202, OutcomeKind.ACCEPTED),
        (404, OutcomeKind.REFUSED),
        (410, OutcomeKind.REFUSED),
        (400, OutcomeKind.REFUSED),
        (413, OutcomeKind.REFUSED),
        (429, OutcomeKind.RETRY),
        (401, OutcomeKind.RETRY),
        (403, OutcomeKind.RETRY),
        (307, OutcomeKind.UNKNOWN),
        (500, OutcomeKind.UNKNOWN),
        (503, OutcomeKind.UNKNOWN),
    ],
)
def test_what_an_answer_means(status: int, kind: OutcomeKind) -> None:
    assert classify(Answer(status, {}, b""), PEOPLE, key_is_good=False).kind is kind


def test_who_subscribed_under_another_key_moves_on_once_ours_is_known_to_be_good(
    push: Dispatch, fake: FakeProviders
) -> None:
    other = Dispatch([web_push_at(fake)])
    assert send(other, fake.subscription(device("mismatch"))).kind is OutcomeKind.RETRY
    assert send(other, fake.subscription(device())).kind is OutcomeKind.ACCEPTED
    assert send(other, fake.subscription(device("mismatch"))).kind is OutcomeKind.REFUSED
    other.close()


# --- against the fake


@pytest.mark.parametrize(("fault", "kind", "taken"), FAULTS)
def test_a_fault_is_never_posted_again_by_itself(
    push: Dispatch, fake: FakeProviders, fault: str, kind: OutcomeKind, taken: bool
) -> None:
    name = device()
    fake.set_faults(next=[fault], receipts=False)
    assert send(push, fake.subscription(name)).kind is kind
    assert len(shown(fake, name)) == taken


def test_a_subscription_that_is_gone_is_refused(push: Dispatch, fake: FakeProviders) -> None:
    outcome = send(push, fake.subscription(device("unregistered")))
    assert outcome.kind is OutcomeKind.REFUSED
    assert outcome.reason == "web push 410: the subscription is gone"


# --- apps and browsers at once


def test_the_form_of_a_token_says_who_carries_it(push: Dispatch, fake: FakeProviders) -> None:
    name, app = device(), f"phone:{uuid.uuid4().hex}"
    assert send(push, fake.subscription(name), "push").kind is OutcomeKind.ACCEPTED
    assert send(push, app, "push").kind is OutcomeKind.ACCEPTED
    assert len(shown(fake, name)) == 1
    assert [one.provider for one in read(fake.ledger_path) if one.people[0][0] == app] == ["fcm"]

"""Plain makers of envelopes, and couriers of short patience pointed at a fake."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address

from notifiers.courier import AttemptQuery
from notifiers.envelope import Channel, Envelope, Mode, OutcomeKind, Person, Words
from notifiers.fake.server import FakeProviders
from notifiers.providers.fcm import Fcm
from notifiers.providers.google_tokens import ServiceAccount
from notifiers.providers.push import Push
from notifiers.providers.resend import Resend
from notifiers.providers.sendgrid import SendGrid
from notifiers.providers.smtp import Smtp
from notifiers.providers.smtp_message import Letterhead
from notifiers.providers.smtp_pool import Server
from notifiers.providers.twilio_account import TwilioAccount
from notifiers.providers.twilio_sms import TwilioSms
from notifiers.providers.twilio_voice import TwilioVoice
from notifiers.providers.vapid import Vapid, new_private_key
from notifiers.providers.web_push import WebPush
from notifiers.transport import Transport

NONCE = "7f3a"
SENDER = "+15005550006"
WORDS = Words(
    subject="About your data, %%7f3a.name.t%% (N-2026-0042)",
    text="Dear %%7f3a.name.t%%, N-2026-0042: see https://notice.example.com",
    html="<p>Dear %%7f3a.name.h%%, N-2026-0042</p>",
)

# What each fault of the fake looks like to a courier, and whether it took the message all the same.
FAULTS = [
    ("none", OutcomeKind.ACCEPTED, True),
    ("too_many", OutcomeKind.RETRY, False),
    ("error_before", OutcomeKind.UNKNOWN, False),
    ("error_after", OutcomeKind.UNKNOWN, True),
    ("hang_before", OutcomeKind.UNKNOWN, False),
    ("hang_after", OutcomeKind.UNKNOWN, True),
    ("reset_before", OutcomeKind.UNKNOWN, False),
    ("reset_after", OutcomeKind.UNKNOWN, True),
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def make_person(place: int = 0, **changes: object) -> Person:
    given: dict[str, object] = {
        "ref": f"{place:032x}.1",
        "address": f"person{place}@example.com",
        "fields": {"name": f"Person {place}"},
    }
    return Person(**(given | changes))  # type: ignore[arg-type]


def make_envelope(*people: Person, **changes: object) -> Envelope:
    given: dict[str, object] = {
        "id": "envelope-1",
        "attempt": "attempt-1",
        "mode": Mode.LIVE,
        "channel": Channel.EMAIL,
        "words": WORDS,
        "nonce": NONCE,
        "people": people or (make_person(),),
        "reference": "N-2026-0042",
        "locale": "en",
    }
    return Envelope(**(given | changes))  # type: ignore[arg-type]


def fresh_number(ending: str = "0100") -> str:
    """A number nobody else is told at, so that one fake serves many tests."""
    return f"+999{uuid.uuid4().int % 10**7:07d}{ending}"


def make_query(number: str, started_at: datetime | None = None) -> AttemptQuery:
    person = make_person(address=number)
    return AttemptQuery("attempt-1", started_at or datetime.now(UTC), (person,), "N-2026-0042")


def make_sms(number: str = "+12025550123", **changes: object) -> Envelope:
    person = make_person(address=number)
    return make_envelope(person, **({"channel": Channel.SMS} | changes))


def make_call(number: str = "+12025550123", **changes: object) -> Envelope:
    return make_sms(number, **({"channel": Channel.CALL} | changes))


def sendgrid_at(fake: FakeProviders, url: str = "", **changes: object) -> SendGrid:
    given: dict[str, object] = {
        "api_key": fake.sendgrid_api_key,
        "from_email": "notice@example.com",
        "public_key": fake.sendgrid_public_key,
        "base_url": url or fake.url,
    }
    transport = Transport(total_seconds=0.5, loopback_only=True)
    return SendGrid(transport, **(given | changes))  # type: ignore[arg-type]


def resend_at(fake: FakeProviders, **changes: object) -> Resend:
    given: dict[str, object] = {
        "api_key": fake.resend_api_key,
        "from_email": "notice@example.com",
        "webhook_secret": fake.resend_webhook_secret,
        "base_url": fake.url,
    }
    transport = Transport(total_seconds=0.5, loopback_only=True)
    return Resend(transport, **(given | changes))  # type: ignore[arg-type]


def twilio_at(fake: FakeProviders, url: str = "", **changes: object) -> TwilioSms:
    return TwilioSms(_account_at(fake, url, changes), SENDER)


def twilio_voice_at(
    fake: FakeProviders, url: str = "", sender: str = SENDER, **changes: object
) -> TwilioVoice:
    return TwilioVoice(_account_at(fake, url, changes), sender)


def _account_at(fake: FakeProviders, url: str, changes: Mapping[str, object]) -> TwilioAccount:
    given: dict[str, object] = {
        "account_sid": fake.twilio_account_sid,
        "auth_token": fake.twilio_token,
        "base_url": url or fake.url,
    }
    transport = Transport(total_seconds=0.5, loopback_only=True)
    return TwilioAccount(transport, **(given | changes))  # type: ignore[arg-type]


def make_push(token: str, **changes: object) -> Envelope:
    person = make_person(address=token)
    return make_envelope(person, **({"channel": Channel.PUSH} | changes))


def fcm_at(
    fake: FakeProviders,
    account: dict[str, str] | None = None,
    transport: Transport | None = None,
    **changes: object,
) -> Fcm:
    known = ServiceAccount.read(account or fake.service_account)
    transport = transport or Transport(total_seconds=2, loopback_only=True)
    return Fcm(transport, known, **({"base_url": fake.url} | changes))  # type: ignore[arg-type]


def web_push_at(fake: FakeProviders, transport: Transport | None = None) -> WebPush:
    return WebPush(
        transport or Transport(total_seconds=2, loopback_only=True),
        Vapid(new_private_key(), "mailto:dpo@example.com"),
        hosts=(),
        link="https://notice.example.com",
        loopback=True,
    )


def push_at(fake: FakeProviders) -> Push:
    # Patient: nothing hangs here, and a busy machine takes its time.
    patient = Transport(total_seconds=15, loopback_only=True)
    return Push(fcm_at(fake, transport=patient), web_push_at(fake, patient))


def smtp_at(port: int, sender: str = "notice@example.com", **changes: object) -> Smtp:
    given: dict[str, object] = {"security": "none", "total_seconds": 0.5}
    server = Server("127.0.0.1", port, **(given | changes))  # type: ignore[arg-type]
    return Smtp(server, Letterhead(Address(addr_spec=sender)))

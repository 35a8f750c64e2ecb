"""SendGrid: up to 1,000 people in one mail/send request, events by signed webhook.

What is known of it, and where from:
- at most 1,000 personalizations in a request, substitutions of at most 10,000 bytes each:
  https://www.twilio.com/docs/sendgrid/api-reference/mail-send/limitations
- one address twice in a request, in any case, is a 400 for all of it:
  https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors
- 202 with an empty body means the whole request was taken; bad addresses come back later as
  `dropped` events. There is no idempotency key.
- substitutions are put in as they are, into subject, text and HTML alike: hence two tokens
- what is due later and in a batch can be cancelled: see sendgrid_batches.py
- custom_args are "not PII": they outlive the message and staff can read them, so only our
  opaque ids ride there. Those of the request are overridden by those of a person, so each
  person carries both.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from notifiers.courier import AttemptQuery, Cancels, Capabilities, RawRequest
from notifiers.envelope import (
    Channel,
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    OutcomeKind,
    Person,
    Receipt,
    ReceiptKind,
    mask,
)
from notifiers.errors import BadSignature, MalformedReceipt, NotifierError, Refused
from notifiers.providers.sendgrid_batches import Batches
from notifiers.tokens import filled, tokens_used
from notifiers.transport import Answer, Transport, retry_after

MOST_PEOPLE = 1_000
MOST_SUBSTITUTION_BYTES = 10_000
SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"

# https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
# Opens, clicks and unsubscribes say nothing of whether a breach notice arrived.
EVENTS = {
    "processed": ReceiptKind.PROCESSED,
    "deferred": ReceiptKind.DEFERRED,
    "delivered": ReceiptKind.DELIVERED,
    "bounce": ReceiptKind.BOUNCED,
    "dropped": ReceiptKind.DROPPED,
    "spamreport": ReceiptKind.COMPLAINED,
}

# Our account, not the request: wrong or expired key, suspended account, unverified sender.
# Nobody's notice may be lost to that, so the envelope waits for whoever mends it.
OURS_TO_MEND = {401, 403}
MEND_SECONDS = 60.0

# A rehearsal of opening and clicking is of no use here, and rewritten links look like phishing.
NO_TRACKING = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
}


class SendGrid:
    """Email through SendGrid's v3 API.

    public_key  the event webhook's verification key (base64 DER, as the settings page shows it)
    activity    whether the account has bought the Email Activity API, which look-ups need
    """

    name = "sendgrid"
    channel = Channel.EMAIL

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str,
        from_email: str,
        from_name: str = "",
        public_key: str = "",
        activity: bool = False,
        base_url: str = "https://api.sendgrid.com",
    ) -> None:
        self._transport = transport
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._from = {"email": from_email} | ({"name": from_name} if from_name else {})
        self._public_key = load_public_key(public_key) if public_key else None
        self._base_url = base_url.rstrip("/")
        self.capabilities = Capabilities(
            max_people=MOST_PEOPLE,
            native_key=False,
            echoes_attempt=True,
            looks_up=activity,
            settle_seconds=600.0,
            live=True,
            cancels=Cancels(due_seconds=900.0, until_seconds=600.0),
        )
        self._batches = Batches(transport, self._base_url, self._headers)

    def body(self, envelope: Envelope) -> bytes:
        """The mail/send request. Raises Refused for what SendGrid would refuse whole."""
        check_people(envelope.people)
        words, attempt = envelope.words, envelope.attempt
        tokens = tokens_used(words, envelope.nonce)
        request: dict[str, Any] = {
            "personalizations": [
                _personalization(attempt, tokens, person) for person in envelope.people
            ],
            "from": self._from,
            "subject": words.subject,
            "content": [
                {"type": "text/plain", "value": words.text},
                {"type": "text/html", "value": words.html},
            ],
            "tracking_settings": NO_TRACKING,
        }
        if envelope.recall:
            request["batch_id"] = envelope.recall.batch
            request["send_at"] = int(envelope.recall.due_at.timestamp())
        # Copied, since orjson keeps what it wrote in a buffer of up to twice the size.
        return bytes(memoryview(orjson.dumps(request)))

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """POST it once. Raises what the transport raises."""
        answer = await self._transport.request(
            "POST",
            f"{self._base_url}/v3/mail/send",
            headers=self._headers,
            body=body,
            not_after=envelope.not_after,
        )
        return classify(answer, envelope.people)

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Search the activity feed for our attempt id, where the account has one."""
        if not self.capabilities.looks_up:
            return Finding(
                FindingKind.CANNOT_TELL, evidence="no Email Activity API on this account"
            )
        try:
            answer = await self._transport.request(
                "GET",
                f"{self._base_url}/v3/messages",
                headers=self._headers,
                params={"limit": "10", "query": f"(unique_args['a']=\"{query.attempt}\")"},
            )
        except NotifierError as error:
            return Finding(FindingKind.CANNOT_TELL, evidence=str(error))
        return _finding(answer)

    async def new_batch(self) -> str:
        """The id of a batch that can be cancelled. Raises NotifierError."""
        return await self._batches.new()

    async def cancel(self, batch: str) -> Finding:
        """Cancel a batch that is not due yet."""
        return await self._batches.cancel(batch)

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """Verify a batch of events and keep those that are ours and tell something."""
        self._verify(request)
        try:
            events = orjson.loads(request.body)
            return [_receipt(event) for event in events if _is_ours(event)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise MalformedReceipt("not a list of SendGrid events") from error

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    def _verify(self, request: RawRequest) -> None:
        """ECDSA over timestamp and raw body; a replay is caught by its dedupe key."""
        if self._public_key is None:
            raise BadSignature("no SendGrid verification key is set")
        try:
            signature = base64.b64decode(request.header(SIGNATURE), validate=True)
            signed = request.header(TIMESTAMP).encode() + request.body
            self._public_key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, binascii.Error, ValueError) as error:
            raise BadSignature("not signed by SendGrid with the key we hold") from error


def load_public_key(text: str) -> ec.EllipticCurvePublicKey:
    """The verification key from its base64 form. Raises ValueError."""
    key = load_der_public_key(base64.b64decode(text))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("SendGrid's verification key is an elliptic-curve key")
    return key


def check_people(people: Iterable[Person]) -> None:
    """Raises Refused for too many people, or one address twice: the packer must split those."""
    addresses = [person.address.casefold() for person in people]
    if not 1 <= len(addresses) <= MOST_PEOPLE:
        raise Refused(f"an envelope holds 1 to {MOST_PEOPLE} people, not {len(addresses)}")
    if len(set(addresses)) != len(addresses):
        raise Refused("one address stands twice in an envelope")


def classify(answer: Answer, people: tuple[Person, ...]) -> Outcome:
    """What an answer to mail/send means for the envelope."""
    status = answer.status
    reason = f"sendgrid {status}: {mask(_messages(answer.body))}".rstrip(": ")
    if status in {200, 202}:
        return Outcome(OutcomeKind.ACCEPTED, status, answer.headers.get("x-message-id", ""))
    if status == 429:
        return Outcome(OutcomeKind.RETRY, status, "", reason, retry_after(answer))
    if status in OURS_TO_MEND:
        return Outcome(OutcomeKind.RETRY, status, "", reason, MEND_SECONDS)
    if status >= 500 or status < 400 or status == 408:
        return Outcome(OutcomeKind.UNKNOWN, status, "", reason)
    bad = _named(answer.body, people) if status == 400 else ()
    if len(people) > 1 and (bad or status == 413 or "unique" in reason):
        return Outcome(OutcomeKind.SPLIT, status, "", reason, None, bad)
    return Outcome(OutcomeKind.REFUSED, status, "", reason, None, bad)


def _personalization(
    attempt: str, tokens: Iterable[tuple[str, str, str]], person: Person
) -> dict[str, Any]:
    mine: dict[str, Any] = {
        "to": [{"email": person.address}],
        "custom_args": {"a": attempt, "r": person.ref},
    }
    values = filled(tokens, person)
    if values:
        if len("".join(values.values())) > MOST_SUBSTITUTION_BYTES // 4:
            _check_bytes(values, person)
        mine["substitutions"] = values
    return mine


def _check_bytes(values: dict[str, str], person: Person) -> None:
    size = sum(len(key) + len(value.encode()) for key, value in values.items())
    if size > MOST_SUBSTITUTION_BYTES:
        raise Refused(
            f"the fields of {person.ref} take {size} bytes, over {MOST_SUBSTITUTION_BYTES}"
        )


def _errors(body: bytes) -> list[dict[str, Any]]:
    try:
        errors = orjson.loads(body)["errors"]
        return [error for error in errors if isinstance(error, dict)]
    except (ValueError, KeyError, TypeError):
        return []


def _messages(body: bytes) -> str:
    return "; ".join(str(error.get("message", "")) for error in _errors(body))


_NUMBERED = re.compile(r"personalizations[.\[](\d+)")


def _named(body: bytes, people: tuple[Person, ...]) -> tuple[str, ...]:
    """The people whom a 400 points at: `"field": "personalizations.3.to.0.email"`."""
    found = (_NUMBERED.match(str(error.get("field") or "")) for error in _errors(body))
    places = sorted({int(match.group(1)) for match in found if match})
    return tuple(people[place].ref for place in places if place < len(people))


def _finding(answer: Answer) -> Finding:
    if answer.status != 200:
        return Finding(FindingKind.CANNOT_TELL, evidence=f"activity feed answered {answer.status}")
    try:
        messages = orjson.loads(answer.body)["messages"]
        if not messages:
            return Finding(FindingKind.ABSENT, evidence="the activity feed shows none")
        evidence = f"the activity feed shows {len(messages)} or more"
        return Finding(FindingKind.FOUND, str(messages[0]["msg_id"]), evidence)
    except (ValueError, KeyError, TypeError, IndexError):
        return Finding(FindingKind.CANNOT_TELL, evidence="the activity feed's answer is malformed")


def _is_ours(event: dict[str, Any]) -> bool:
    return event["event"] in EVENTS and "a" in event and "r" in event


def _receipt(event: dict[str, Any]) -> Receipt:
    kind = EVENTS[event["event"]]
    if kind is ReceiptKind.BOUNCED and event.get("type") == "blocked":
        kind = ReceiptKind.UNDELIVERED  # refused this once by the receiver; the address may be good
    why = event.get("status") or event.get("reason")
    if kind is ReceiptKind.DROPPED:
        why = event.get("reason")  # its status, if it has one, is 5.0.0 for any of them
    # Without names, which take as long as all the rest that is done here.
    return Receipt._make(
        (
            f"sendgrid:{event['sg_event_id']}",
            str(event["a"]),
            str(event["r"]),
            kind,
            _moment(event["timestamp"]),
            "sendgrid",
            str(event.get("sg_message_id", "")),
            mask(str(why)) if why else "",
        )
    )


@lru_cache(maxsize=1_000)  # of one second come hundreds
def _moment(seconds: float | str) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)

"""Resend: up to 100 messages in one batch under an idempotency key, events by signed webhook.

What is known of it, and where from:
- `Idempotency-Key` is honoured on /emails and /emails/batch alike, for 24 hours: the same request
  is answered as it was, and sends nothing again. https://resend.com/docs/dashboard/emails/idempotency-keys
- a batch is taken whole or not at all ("strict", the default), at most 100 messages; each has
  words of its own, so a person's fields are filled in here. https://resend.com/docs/dashboard/emails/batch-sending
- tags come back in every event, also of a batch; ASCII letters, digits, `_` and `-`, at most 256.
  https://resend.com/changelog/tags-for-batch-and-scheduled-emails
- 2 requests a second unless the account has more: https://resend.com/docs/api-reference/rate-limit
- a request without a User-Agent is a 403: https://resend.com/docs/api-reference/introduction
- opens and clicks are tracked by a setting of the domain, which must be off: a rewritten link
  looks like phishing
"""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from typing import Any

import orjson

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
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
    Trouble,
    mask,
)
from notifiers.errors import BadSignature, MalformedReceipt, Refused
from notifiers.standard_webhooks import fits, sign
from notifiers.tokens import personal
from notifiers.transport import Answer, Transport, retry_after

MOST_PEOPLE = 100
KEY_SECONDS = 86_400.0
KEY = "Idempotency-Key"
ID, TIMESTAMP, SIGNATURE = "svix-id", "svix-timestamp", "svix-signature"

# https://resend.com/docs/webhooks/event-types
# Opens and clicks say nothing of whether a breach notice arrived.
EVENTS = {
    "email.sent": ReceiptKind.PROCESSED,  # taken and about to be delivered
    "email.delivery_delayed": ReceiptKind.DEFERRED,
    "email.delivered": ReceiptKind.DELIVERED,
    "email.failed": ReceiptKind.FAILED,
    "email.bounced": ReceiptKind.BOUNCED,
    "email.suppressed": ReceiptKind.DROPPED,
    "email.complained": ReceiptKind.COMPLAINED,
}

# What ails our account, key, domain or URL and no recipient: the envelope waits for whoever
# mends it. https://resend.com/docs/api-reference/errors
OURS_TO_MEND = {
    "missing_api_key",
    "invalid_api_key",
    "restricted_api_key",
    "suspended_api_key",
    "invalid_from_address",
    "invalid_access",
    "invalid_permission",
    "invalid_idempotency_key",
    "not_found",
    "method_not_allowed",
    "security_error",
    "daily_quota_exceeded",
    "monthly_quota_exceeded",
}
MEND_SECONDS = 60.0


class Resend:
    """Email through Resend's API; the attempt is the key.

    webhook_secret  `whsec_…`, as the webhook's page shows it
    """

    name = "resend"
    channel = Channel.EMAIL
    capabilities = Capabilities(
        max_people=MOST_PEOPLE,
        native_key=True,
        echoes_attempt=True,
        looks_up=False,  # its list of messages cannot be searched by tag
        settle_seconds=0.0,
        live=True,
        key_seconds=KEY_SECONDS,
    )

    def __init__(
        self,
        transport: Transport,
        *,
        api_key: str,
        from_email: str,
        from_name: str = "",
        webhook_secret: str = "",
        base_url: str = "https://api.resend.com",
    ) -> None:
        self._transport = transport
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
            "User-Agent": "tocsin",
        }
        self._from = str(Address(display_name=from_name, addr_spec=from_email))
        self._secret = webhook_secret
        self._base_url = base_url.rstrip("/")

    def body(self, envelope: Envelope) -> bytes:
        """The batch. Raises Refused for what Resend would refuse whole."""
        if not 1 <= len(envelope.people) <= MOST_PEOPLE:
            raise Refused(f"a batch holds 1 to {MOST_PEOPLE} people, not {len(envelope.people)}")
        return orjson.dumps([self._message(envelope, person) for person in envelope.people])

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """POST it once, under the attempt's own key. Raises what the transport raises."""
        answer = await self._transport.request(
            "POST",
            f"{self._base_url}/emails/batch",
            headers={**self._headers, KEY: envelope.attempt},
            body=body,
            not_after=envelope.not_after,
        )
        return classify(answer, len(envelope.people))

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Nothing can be searched for: the key is what settles a doubt."""
        return Finding(FindingKind.CANNOT_TELL, evidence="Resend's list has no search by tag")

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """Verify an event; kept if it is of ours and tells something."""
        self._verify(request)
        try:
            event = orjson.loads(request.body)
            return [_receipt(event, request.header(ID))] if _is_ours(event) else []
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise MalformedReceipt("not an event of Resend") from error

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    def _message(self, envelope: Envelope, person: Person) -> dict[str, Any]:
        words = personal(envelope.words, envelope.nonce, person)
        return {
            "from": self._from,
            "to": [person.address],
            "subject": words.subject,
            "text": words.text,
            "html": words.html,
            "tags": [
                {"name": "a", "value": envelope.attempt},
                {"name": "r", "value": _as_tag(person.ref)},
            ],
        }

    def _verify(self, request: RawRequest) -> None:
        """HMAC over id, time and raw body; a replay is caught by its dedupe key, the id."""
        if not self._secret:
            raise BadSignature("no webhook secret of Resend is set")
        webhook_id, timestamp = request.header(ID), request.header(TIMESTAMP)
        try:
            expected = sign(self._secret, webhook_id, timestamp, request.body)
        except ValueError as error:
            raise BadSignature("the webhook secret of Resend that is set is no base64") from error
        if not webhook_id or not fits(request.header(SIGNATURE), expected):
            raise BadSignature("not signed by Resend with the secret we hold")


def classify(answer: Answer, people: int) -> Outcome:
    """What an answer to a batch means for the envelope."""
    status, name = answer.status, _name(answer)
    reason = f"resend {status}: {name}".rstrip(": ")
    if status in {200, 201}:
        return _taken(answer, people)
    if status in {401, 403} or name in OURS_TO_MEND or _is_about_the_key(answer):
        wait = retry_after(answer) or MEND_SECONDS
        return Outcome(OutcomeKind.RETRY, status, "", reason, wait, trouble=Trouble.CREDENTIALS)
    if status == 429:
        return Outcome(OutcomeKind.RETRY, status, "", reason, retry_after(answer))
    # 409: the first request under this key is not through, or it was another one. Either way
    # something may have been taken, and nothing goes out under another key for it.
    if status >= 500 or status < 400 or status in {408, 409}:
        return Outcome(OutcomeKind.UNKNOWN, status, "", reason)
    # Which of a batch is bad is told in prose only.
    return Outcome(OutcomeKind.SPLIT if people > 1 else OutcomeKind.REFUSED, status, "", reason)


def _taken(answer: Answer, people: int) -> Outcome:
    """A batch is taken whole: an answer that names fewer was cut off, or is not what we know."""
    try:
        ids = [str(one["id"]) for one in orjson.loads(answer.body)["data"]]
    except (ValueError, KeyError, TypeError):
        ids = []
    if len(ids) != people:
        reason = f"resend {answer.status}: {len(ids)} ids for {people} people"
        return Outcome(OutcomeKind.UNKNOWN, answer.status, "", reason)
    return Outcome(OutcomeKind.ACCEPTED, answer.status, ids[0])


def _name(answer: Answer) -> str:
    return mask(str(answer.told.get("name", "")))


def _is_about_the_key(answer: Answer) -> bool:
    """A malformed key is a 400 like any other; only its message tells."""
    return answer.status == 400 and "API key" in str(answer.told.get("message", ""))


def _as_tag(ref: str) -> str:
    """A person's ref as a tag may be written: it has a point, which tags may not have."""
    return ref.replace(".", "_")


def _ref(tag: str) -> str:
    return tag.replace("_", ".")


def _is_ours(event: dict[str, Any]) -> bool:
    return event["type"] in EVENTS and {"a", "r"} <= set(event["data"].get("tags") or {})


def _receipt(event: dict[str, Any], webhook_id: str) -> Receipt:
    kind, data = EVENTS[event["type"]], event["data"]
    told: dict[str, Any] = next(
        (data[key] for key in ("bounce", "failed", "suppressed") if key in data), {}
    )
    if kind is ReceiptKind.BOUNCED and told.get("type") != "Permanent":
        kind = ReceiptKind.UNDELIVERED  # a full mailbox, a refusal of this once: it may be good
    return Receipt(
        dedupe_key=f"resend:{webhook_id}",
        attempt=str(data["tags"]["a"]),
        person_ref=_ref(str(data["tags"]["r"])),
        kind=kind,
        at=datetime.fromisoformat(event["created_at"]),
        provider="resend",
        provider_ref=str(data.get("email_id", "")),
        code=mask(str(told.get("subType") or told.get("reason") or "")),
    )

"""SMS by Twilio: one message a request, statuses by signed callback.

Callbacks carry no time: the dedupe key is message and status. What SMS and calls have in
common is in `twilio_account`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
from notifiers.envelope import (
    Channel,
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    Receipt,
    ReceiptKind,
)
from notifiers.errors import MalformedReceipt, Refused
from notifiers.providers.twilio_account import (
    CLOCK_SKEW,
    FINAL,
    MOST_LISTED,
    OURS_TO_MEND,
    TRY_LATER,
    Codes,
    TwilioAccount,
    Unlisted,
    callback_url,
    classify,
    form_of,
    one_person,
)
from notifiers.tokens import fill, values

MOST_CHARACTERS = 1_600  # https://www.twilio.com/docs/api/errors/21617

OPTED_OUT = 21610  # the person replied STOP
CODES = Codes(
    try_later=TRY_LATER
    | {
        21611: "this sender's queue is full",
        30001: "the queue is full",
        30003: "the handset is off or out of reach",
        30022: "over the carrier's rate",
        63017: "over the account's rate",
    },
    ours=OURS_TO_MEND
    | {
        21603: "no sender is set",
        21606: "the sender's number is not ours or cannot send SMS",
        21659: "the sender is not a number of ours",
        21701: "no such messaging service",
        21704: "the messaging service holds no number",
    },
    final=FINAL
    | {
        21408: "SMS to that country is not switched on",
        OPTED_OUT: "the person replied STOP",
        21612: "no route to that number",
        21614: "not a mobile number",
        21617: "the text is too long",
        21635: "a landline",
        30004: "blocked",
        30005: "the number is unknown",
        30006: "a landline or a carrier out of reach",
        30007: "filtered by the carrier",
        30034: "the sender is not registered",
    },
)

# https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
STATUSES = {
    "accepted": ReceiptKind.PROCESSED,
    "scheduled": ReceiptKind.PROCESSED,
    "queued": ReceiptKind.PROCESSED,
    "sending": ReceiptKind.PROCESSED,
    "sent": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "read": ReceiptKind.DELIVERED,
    "undelivered": ReceiptKind.UNDELIVERED,
    "failed": ReceiptKind.FAILED,
    "canceled": ReceiptKind.FAILED,
}


class TwilioSms:
    """SMS through Twilio's Messages resource.

    sender  a number of ours, or the SID of a messaging service (MG…)
    """

    name = "twilio"
    channel = Channel.SMS
    capabilities = Capabilities(
        max_people=1,
        native_key=False,
        echoes_attempt=True,
        looks_up=True,
        settle_seconds=60.0,
        live=True,
    )

    def __init__(
        self,
        account: TwilioAccount,
        sender: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._account = account
        self._sender = {_sender_field(sender): sender}
        self._clock = clock

    def body(self, envelope: Envelope) -> bytes:
        """The form of a create, as the SDK posts it. Raises Refused for more than one person."""
        person = one_person(envelope, "an SMS")
        text = fill(envelope.words.text, values(envelope.words, envelope.nonce, person))
        if len(text) > MOST_CHARACTERS:
            raise Refused(f"{len(text)} characters, over {MOST_CHARACTERS}")
        more = {"StatusCallback": callback_url(envelope, person)} if envelope.callback else {}
        return form_of({"To": person.address, "Body": text, **self._sender, **more})

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """POST it once. Raises what the transport raises."""
        answer = await self._account.post("Messages", body, envelope.not_after)
        return classify(answer, envelope.people, CODES)

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Read the number's messages, newest first, for one of our attempt's time and reference.

        By number alone: DateSent is empty while a message queues, and a filter on it would
        show a queued message as absent.
        """
        person = query.people[0]
        try:
            listed = await self._account.listed(
                lambda client: client.messages.list_async(
                    to=person.address, limit=MOST_LISTED, page_size=MOST_LISTED
                )
            )
        except Unlisted as why:
            return Finding(FindingKind.CANNOT_TELL, evidence=str(why))
        return _finding(listed, query)

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """Verify one status callback; none if it is no status of a message of ours."""
        return self._receipts(*self._account.verified(request))

    async def close(self) -> None:
        """Give back connections."""
        await self._account.close()

    def _receipts(self, form: Mapping[str, str], ids: Mapping[str, str]) -> list[Receipt]:
        if "a" not in ids or "r" not in ids:
            return []
        try:
            sid, status = form["MessageSid"], form["MessageStatus"]
            kind = STATUSES[status]
        except KeyError as missing:
            raise MalformedReceipt(f"a Twilio callback without a known {missing}") from missing
        code = form.get("ErrorCode", "")
        if code == str(OPTED_OUT):
            kind = ReceiptKind.OPTED_OUT
        key = f"twilio:{sid}:{status}"
        return [Receipt(key, ids["a"], ids["r"], kind, self._clock(), self.name, sid, code)]


def _sender_field(sender: str) -> str:
    return "MessagingServiceSid" if sender.startswith("MG") else "From"


def _finding(listed: list[Any], query: AttemptQuery) -> Finding:
    since = query.started_at - CLOCK_SKEW
    for message in listed:
        if message.date_created >= since and query.reference in (message.body or ""):
            evidence = f"listed as {message.status} with our reference"
            return Finding(FindingKind.FOUND, message.sid, evidence)
    if len(listed) >= MOST_LISTED and listed[-1].date_created >= since:
        return Finding(FindingKind.CANNOT_TELL, evidence="more messages than one look shows")
    return Finding(FindingKind.ABSENT, evidence=f"none of {len(listed)} messages to the number")

"""Telephone calls by Twilio: one call a request; only a pressed key proves that somebody heard.

What is known of it, and where from:
- Calls takes the words as TwiML of at most 4,000 characters; longer words are fetched from us:
  https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource
- machine detection is a guess, wrong in some of twenty calls: that a machine answered is noted,
  that a human did proves nothing. Waiting for the end of a greeting lets the words be left:
  https://www.twilio.com/docs/voice/answering-machine-detection
- the list of calls shows neither words nor callback, so a call is known by number and time
What calls and SMS have in common is in `twilio_account`; what is said, in `twilio_words`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from notifiers.courier import AttemptQuery, Capabilities, RawRequest
from notifiers.envelope import (
    Channel,
    Envelope,
    Finding,
    FindingKind,
    Outcome,
    Person,
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
from notifiers.providers.twilio_words import HEARD, spoken

MOST_TWIML = 4_000
RING_SECONDS = 40  # long enough for an answering machine to take over
MOST_SECONDS = 300  # of one call: somebody may ask to hear it again and again
LONGEST_WAY = timedelta(minutes=2)  # from an attempt's row to the call's: a lease and a request

CODES = Codes(
    try_later=TRY_LATER
    | {
        10004: "too many calls at once",
        22005: "the queue of calls is full",
    },
    ours=OURS_TO_MEND
    | {
        21205: "the URL of the words is not valid",
        21210: "the sender's number is not verified",
        21213: "no sender is set",
        21219: "a trial account calls only verified numbers",
    },
    final=FINAL
    | {
        21215: "calls to that country are not switched on",
        21216: "Twilio blocks calls to that number",
    },
)

# https://www.twilio.com/docs/voice/api/call-resource#call-status-values
# `completed` says only that the line was open: see `_completed`.
STATUSES = {
    "queued": ReceiptKind.PROCESSED,
    "initiated": ReceiptKind.PROCESSED,
    "ringing": ReceiptKind.PROCESSED,
    "in-progress": ReceiptKind.SENT,
    "busy": ReceiptKind.UNANSWERED,
    "no-answer": ReceiptKind.UNANSWERED,
    "failed": ReceiptKind.FAILED,
    "canceled": ReceiptKind.FAILED,
}


class TwilioVoice:
    """Calls through Twilio's Calls resource.

    sender  a number of ours, E.164: a messaging service cannot call
    """

    name = "twilio_voice"
    channel = Channel.CALL
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
        self._sender = sender
        self._clock = clock

    def body(self, envelope: Envelope) -> bytes:
        """The form of a create, as the SDK posts it. Raises Refused for what cannot be said."""
        person = one_person(envelope, "a call")
        more = {"StatusCallback": callback_url(envelope, person)} if envelope.callback else {}
        call = {
            "To": person.address,
            "From": self._sender,
            "Timeout": RING_SECONDS,
            "TimeLimit": MOST_SECONDS,
            "MachineDetection": "DetectMessageEnd",
        }
        return form_of(call | _words(envelope, person) | more)

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """POST it once. Raises what the transport raises."""
        answer = await self._account.post("Calls", body, envelope.not_after)
        return classify(answer, envelope.people, CODES)

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Read the number's calls, newest first, for one of our attempt's time.

        By number alone: StartTime is empty while a call queues.
        """
        to = query.people[0].address
        try:
            listed = await self._account.listed(
                lambda client: client.calls.list_async(
                    to=to, limit=MOST_LISTED, page_size=MOST_LISTED
                )
            )
        except Unlisted as why:
            return Finding(FindingKind.CANNOT_TELL, evidence=str(why))
        # The SDK has no better name for what Twilio calls From.
        ours = [one for one in listed if one._from == self._sender]  # noqa: SLF001
        return _finding(ours, query.started_at)

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """Verify one callback, of a status or of a key; none if it is no call of ours."""
        form, ids = self._account.verified(request)
        if "a" not in ids or "r" not in ids:
            return []
        try:
            sid, said = form["CallSid"], form["CallStatus"]
            kind, code = _heard(said, form)
        except KeyError as missing:
            raise MalformedReceipt(f"a Twilio callback without a known {missing}") from missing
        key = f"{self.name}:{sid}:{said if kind is not ReceiptKind.DELIVERED else 'heard'}"
        return [Receipt(key, ids["a"], ids["r"], kind, self._clock(), self.name, sid, code)]

    def wish(self, request: RawRequest) -> tuple[str, str]:
        """(attempt, what the line wants to hear): `thanks`, `words`, or '' for a mere status.

        Raises BadSignature.
        """
        form, ids = self._account.verified(request)
        attempt, key = ids.get("a", ""), form.get("Digits", "")
        if key == HEARD:
            return attempt, "thanks"
        return attempt, "words" if key or "say" in ids else ""

    async def close(self) -> None:
        """Give back connections."""
        await self._account.close()


def _words(envelope: Envelope, person: Person) -> dict[str, str]:
    """The words with the call, or where they are fetched."""
    twiml = spoken(envelope)
    if len(twiml) <= MOST_TWIML:
        return {"Twiml": twiml}
    if not envelope.callback:
        raise Refused(f"{len(twiml)} characters of TwiML, over {MOST_TWIML}")
    return {"Url": callback_url(envelope, person, say="1")}


def _heard(status: str, form: Mapping[str, str]) -> tuple[ReceiptKind, str]:
    """What a callback tells of the person, and its code."""
    if form.get("Digits") == HEARD:
        return ReceiptKind.DELIVERED, f"key {HEARD}"
    if status == "completed":
        return _completed(form.get("AnsweredBy", ""))
    sip = form.get("SipResponseCode")
    return STATUSES[status], form.get("ErrorCode") or (f"SIP {sip}" if sip else status)


def _completed(answered_by: str) -> tuple[ReceiptKind, str]:
    """A call that was answered and ended. The key, if one was pressed, was told before."""
    if answered_by.startswith("machine"):
        return ReceiptKind.LEFT, answered_by
    if answered_by == "fax":
        return ReceiptKind.UNDELIVERED, answered_by
    return ReceiptKind.UNANSWERED, "no key"


def _finding(ours: list[Any], started_at: datetime) -> Finding:
    since, until = started_at - CLOCK_SKEW, started_at + LONGEST_WAY
    then = [call for call in ours if since <= call.date_created <= until]
    if len(then) > 1:
        # Two people share a number, or two attempts met: which one is ours is not told.
        return Finding(FindingKind.CANNOT_TELL, evidence=f"{len(then)} calls at that time")
    if then:
        doubt = "known by number and time alone: the list shows no words"
        return Finding(FindingKind.FOUND, then[0].sid, f"listed as {then[0].status}; {doubt}")
    if len(ours) >= MOST_LISTED and ours[-1].date_created >= since:
        return Finding(FindingKind.CANNOT_TELL, evidence="more calls than one look shows")
    return Finding(FindingKind.ABSENT, evidence=f"none of {len(ours)} calls to the number")

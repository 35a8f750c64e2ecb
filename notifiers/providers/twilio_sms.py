"""SMS by Twilio: one message a request, statuses by signed callback.

What is known of it, and where from:
- Messages has no idempotency key, so an unanswered request is looked up, never sent again
- a 5xx may have been sent: https://www.twilio.com/docs/api/errors/20500
  a 429 was never processed: https://www.twilio.com/docs/api/errors/20429
- callbacks carry no time and no nonce: the dedupe key is message and status, and the URL,
  which the signature covers, carries our ids
- the official SDK gives the shapes (requests and the list's pages); the bytes go over our
  own transport, because the SDK's clients have no timeout by default
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.http import AsyncHttpClient, HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

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
    mask,
)
from notifiers.errors import MalformedReceipt, NotifierError, Refused
from notifiers.providers.twilio_signed import signed_form
from notifiers.tokens import fill, values
from notifiers.transport import Answer, Transport, retry_after

MOST_CHARACTERS = 1_600  # https://www.twilio.com/docs/api/errors/21617
MOST_LISTED = 1_000  # https://www.twilio.com/docs/usage/twilios-response#pagination
CLOCK_SKEW = timedelta(seconds=60)

# https://www.twilio.com/docs/api/errors, one page a code
TRY_LATER = {
    20429: "too many requests",
    21611: "this sender's queue is full",
    30001: "the queue is full",
    30003: "the handset is off or out of reach",
    30022: "over the carrier's rate",
    30500: "Twilio had a fault",
    63017: "over the account's rate",
}
OURS_TO_MEND = {
    20003: "account or token is wrong, or the account is suspended",
    20404: "no such account",
    21212: "the sender's number is not valid",
    21603: "no sender is set",
    21606: "the sender's number is not ours or cannot send SMS",
    21609: "the callback's URL is not valid",
    21659: "the sender is not a number of ours",
    21701: "no such messaging service",
    21704: "the messaging service holds no number",
}
OPTED_OUT = 21610  # the person replied STOP
FINAL = {
    21211: "the number is not valid",
    21214: "the number cannot be reached",
    21217: "the number is not valid",
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
}

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

    sender      a number of ours, or the SID of a messaging service (MG…)
    public_url  our callback's address as Twilio knows it; '' takes the request's own
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
        transport: Transport,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        public_url: str = "",
        base_url: str = "https://api.twilio.com",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = transport
        self._account_sid = account_sid
        self._token = auth_token.encode()
        self._sender = {_sender_field(sender): sender}
        self._public_url = public_url
        self._clock = clock
        self._shapes = Client(account_sid, auth_token, http_client=_Shapes())
        self._client = Client(account_sid, auth_token, http_client=_Pooled(transport))
        self._client.api.base_url = base_url.rstrip("/")
        self._url = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/Messages.json"
        self._headers = {
            "Authorization": _basic(account_sid, auth_token),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }

    def body(self, envelope: Envelope) -> bytes:
        """The form that the SDK would post, sorted. Raises Refused for more than one person."""
        if len(envelope.people) != 1:
            raise Refused(f"an SMS goes to one person, not {len(envelope.people)}")
        person = envelope.people[0]
        text = fill(envelope.words.text, values(envelope.words, envelope.nonce, person))
        if len(text) > MOST_CHARACTERS:
            raise Refused(f"{len(text)} characters, over {MOST_CHARACTERS}")
        more = {"status_callback": callback_url(envelope, person)} if envelope.callback else {}
        try:
            self._shapes.messages.create(to=person.address, body=text, **self._sender, **more)
        except _Shaped as shaped:
            return urlencode(sorted(shaped.form.items())).encode()
        raise Refused("Twilio's SDK made no request of it")

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """POST it once. Raises what the transport raises."""
        answer = await self._transport.request(
            "POST", self._url, headers=self._headers, body=body, not_after=envelope.not_after
        )
        return classify(answer, envelope.people)

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Read the number's messages, newest first, for one of our attempt's time and reference.

        By number alone: DateSent is empty while a message queues, and a filter on it would
        show a queued message as absent.
        """
        person = query.people[0]
        try:
            listed = await self._client.messages.list_async(
                to=person.address, limit=MOST_LISTED, page_size=MOST_LISTED
            )
        except (NotifierError, TwilioException, ValueError, KeyError) as error:
            return Finding(FindingKind.CANNOT_TELL, evidence=f"list: {type(error).__name__}")
        return _finding(listed, query)

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """Verify one status callback; none if it is no status of a message of ours."""
        url = self._signed_url(request.url)
        form = signed_form(self._token, url, request)
        return self._receipts(form, parse_qs(urlsplit(url).query))

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    def _signed_url(self, asked: str) -> str:
        """The configured address with the query that came: a Host header proves nothing."""
        if not self._public_url:
            return asked
        query = urlsplit(asked).query
        return f"{self._public_url}?{query}" if query else self._public_url

    def _receipts(self, form: Mapping[str, str], ids: Mapping[str, list[str]]) -> list[Receipt]:
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
        return [Receipt(key, ids["a"][0], ids["r"][0], kind, self._clock(), self.name, sid, code)]


def callback_url(envelope: Envelope, person: Person) -> str:
    """The envelope's callback with our ids in its query."""
    ids = urlencode({"a": envelope.attempt, "r": person.ref})
    return f"{envelope.callback}{'&' if '?' in envelope.callback else '?'}{ids}"


def classify(answer: Answer, people: tuple[Person, ...]) -> Outcome:
    """What an answer to a create means for the message."""
    status, told = answer.status, _told(answer.body)
    if status in {200, 201}:
        return Outcome(OutcomeKind.ACCEPTED, status, str(told.get("sid", "")))
    if status >= 500 or status < 400 or status == 408:
        return Outcome(OutcomeKind.UNKNOWN, status, "", f"twilio {status}")
    code = int(told.get("code") or 0)
    known = TRY_LATER.get(code) or OURS_TO_MEND.get(code) or FINAL.get(code)
    reason = f"twilio {code or status}: {known or mask(str(told.get('message', '')))}"
    if status == 429 or code in TRY_LATER:
        return Outcome(OutcomeKind.RETRY, status, "", reason, retry_after(answer))
    if status in {401, 403} or code in OURS_TO_MEND:
        # Our account, not this person: the message waits for whoever mends it.
        return Outcome(OutcomeKind.RETRY, status, "", reason, 60.0)
    return Outcome(OutcomeKind.REFUSED, status, "", reason, None, tuple(p.ref for p in people))


class _Shaped(Exception):
    """What the SDK was about to post."""

    def __init__(self, form: dict[str, str]) -> None:
        self.form = form


class _Shapes(HttpClient):  # type: ignore[misc]
    """Gives back what the SDK would post, and posts nothing; holds nothing between threads."""

    def __init__(self) -> None:
        self.is_async = False

    def request(self, method: str, uri: str, **asked: Any) -> Response:
        raise _Shaped(asked["data"])


class _Pooled(AsyncHttpClient):  # type: ignore[misc]
    """The SDK's requests over our transport: its timeouts, no retry."""

    def __init__(self, transport: Transport) -> None:
        self.is_async = True
        self._transport = transport

    async def request(self, method: str, uri: str, **asked: Any) -> Response:
        headers = dict(asked.get("headers") or {})
        if asked.get("auth"):
            headers["Authorization"] = _basic(*asked["auth"])
        data, params = asked.get("data"), asked.get("params")
        answer = await self._transport.request(
            method,
            uri,
            headers=headers,
            params={name: str(value) for name, value in (params or {}).items()},
            body=urlencode(data).encode() if data else None,
        )
        return Response(answer.status, answer.body.decode(), answer.headers)


def _sender_field(sender: str) -> str:
    return "messaging_service_sid" if sender.startswith("MG") else "from_"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _finding(listed: list[Any], query: AttemptQuery) -> Finding:
    since = query.started_at - CLOCK_SKEW
    for message in listed:
        if message.date_created >= since and query.reference in (message.body or ""):
            evidence = f"listed as {message.status} with our reference"
            return Finding(FindingKind.FOUND, message.sid, evidence)
    if len(listed) >= MOST_LISTED and listed[-1].date_created >= since:
        return Finding(FindingKind.CANNOT_TELL, evidence="more messages than one look shows")
    return Finding(FindingKind.ABSENT, evidence=f"none of {len(listed)} messages to the number")

"""One account at Twilio, as SMS and calls share it: requests shaped, posted, listed, verified.

What is known of it, and where from:
- neither Messages nor Calls has an idempotency key, so an unanswered request is looked up,
  never sent again
- a 5xx may have been carried out: https://www.twilio.com/docs/api/errors/20500
  a 429 was never processed: https://www.twilio.com/docs/api/errors/20429
- callbacks carry no nonce: the URL, which the signature covers, carries our ids
- the official SDK reads the lists' pages, over our own transport (twilio_lists); a create is one
  form, written here and compared with the SDK's in the tests
"""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from notifiers.courier import RawRequest
from notifiers.envelope import Envelope, Outcome, OutcomeKind, Person, Trouble, mask
from notifiers.errors import Refused
from notifiers.providers.twilio_signed import signed_form
from notifiers.transport import Answer, Transport, retry_after

MOST_LISTED = 1_000  # https://www.twilio.com/docs/usage/twilios-response#pagination
CLOCK_SKEW = timedelta(seconds=60)


class Unlisted(Exception):
    """A list could not be read; no answer is no evidence."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Twilio's error codes, by what is to be done: one page each at
    https://www.twilio.com/docs/api/errors.

    try_later  nothing went, and it may go later
    ours       our account or settings: it waits for whoever mends them
    final      this person cannot be reached so
    """

    try_later: Mapping[int, str]
    ours: Mapping[int, str]
    final: Mapping[int, str]

    def known(self, code: int) -> str:
        """What a code means, '' if we do not know it."""
        return self.try_later.get(code) or self.ours.get(code) or self.final.get(code) or ""


_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~ -]+")

# Of every resource.
TRY_LATER = {20429: "too many requests", 30500: "Twilio had a fault"}
OURS_TO_MEND = {
    10001: "the account is not active",
    20003: "account or token is wrong, or the account is suspended",
    20005: "the account is not active",
    20404: "no such account",
    21212: "the sender's number is not valid",
    21609: "the callback's URL is not valid",
}
FINAL = {
    21211: "the number is not valid",
    21214: "the number cannot be reached",
    21217: "the number is not valid",
}


class TwilioAccount:
    """Requests of one account over one transport.

    public_url  our callback's address as Twilio knows it; '' takes the request's own
    """

    def __init__(
        self,
        transport: Transport,
        *,
        account_sid: str,
        auth_token: str,
        public_url: str = "",
        base_url: str = "https://api.twilio.com",
    ) -> None:
        self._transport = transport
        self._login = (account_sid, auth_token)
        self._token = auth_token.encode()
        self._public_url = public_url
        self._base_url = base_url.rstrip("/")
        self._root = f"{self._base_url}/2010-04-01/Accounts/{account_sid}"
        self._headers = {
            "Authorization": basic(account_sid, auth_token),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }

    async def post(self, resource: str, body: bytes, not_after: float | None = None) -> Answer:
        """POST a form once, to `Messages` or `Calls`. Raises what the transport raises."""
        url = f"{self._root}/{resource}.json"
        return await self._transport.request(
            "POST", url, headers=self._headers, body=body, not_after=not_after
        )

    async def listed(self, ask: Callable[[Any], Awaitable[list[Any]]]) -> list[Any]:
        """What the SDK's client lists when asked so. Raises Unlisted."""
        # 14 MB, which a process needs only once something is unknown.
        from notifiers.providers import twilio_lists  # noqa: PLC0415

        try:
            return await ask(self._client)
        except twilio_lists.ERRORS as error:
            raise Unlisted(f"list: {type(error).__name__}") from error

    @cached_property
    def _client(self) -> Any:
        from notifiers.providers.twilio_lists import client  # noqa: PLC0415

        return client(*self._login, self._transport, self._base_url)

    def verified(self, request: RawRequest) -> tuple[dict[str, str], dict[str, str]]:
        """The form that Twilio posted, and our ids from the URL. Raises BadSignature.

        The URL is the configured one with the query that came: a Host header proves nothing.
        """
        asked = request.url.partition("?")[2]
        url = f"{self._public_url}?{asked}" if asked else self._public_url
        form = signed_form(self._token, url if self._public_url else request.url, request)
        return form, dict(parse_qsl(asked))

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()


def form_of(fields: Mapping[str, object]) -> bytes:
    """A form of these fields as `urlencode` writes it, sorted: the same bytes every time.

    By runs of bytes: sign by sign, the words of an SMS took a twelfth of what sending it takes.
    """
    return b"&".join(b"%b=%b" % (_quoted(name), _quoted(fields[name])) for name in sorted(fields))


def one_person(envelope: Envelope, what: str) -> Person:
    """The only person of an envelope. Raises Refused for more than one."""
    if len(envelope.people) != 1:
        raise Refused(f"{what} goes to one person, not {len(envelope.people)}")
    return envelope.people[0]


def callback_url(envelope: Envelope, person: Person, **more: str) -> str:
    """The envelope's callback with our ids in its query."""
    ids = urlencode({"a": envelope.attempt, "r": person.ref, **more})
    return f"{envelope.callback}{'&' if '?' in envelope.callback else '?'}{ids}"


def classify(answer: Answer, people: tuple[Person, ...], codes: Codes) -> Outcome:
    """What an answer to a create means for the message or call."""
    status, told = answer.status, answer.told
    if status in {200, 201}:
        return Outcome(OutcomeKind.ACCEPTED, status, str(told.get("sid", "")))
    if status >= 500 or status < 400 or status == 408:
        return Outcome(OutcomeKind.UNKNOWN, status, "", f"twilio {status}")
    code = int(told.get("code") or 0)
    why = codes.known(code) or mask(str(told.get("message", "")))
    reason = f"twilio {code or status}: {why}"
    if status == 429 or code in codes.try_later:
        return Outcome(OutcomeKind.RETRY, status, "", reason, retry_after(answer))
    # A code about this person's number outranks the status that came with it.
    if (status in {401, 403} and code not in codes.final) or code in codes.ours:
        return Outcome(OutcomeKind.RETRY, status, "", reason, 60.0, trouble=Trouble.CREDENTIALS)
    return Outcome(OutcomeKind.REFUSED, status, "", reason, None, tuple(p.ref for p in people))


def _quoted(value: object) -> bytes:
    return _UNSAFE.sub(_percent, str(value).encode()).replace(b" ", b"+")


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%" + found.group().hex("%").upper().encode()


def basic(user: str, password: str) -> str:
    """The Authorization header of an account."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

"""Push messages by Firebase Cloud Messaging, HTTP v1: one device a request.

What is known of it, and where from:
- a message id says that FCM took the message; whether it reached the device is not told
  https://firebase.google.com/docs/cloud-messaging/customize-messages/setting-message-lifespan
- there is no idempotency key; a copy of the same collapse key, tag and apns-collapse-id takes
  the place of the first one, in the queue and on the screen
- firebase-admin sends a POST again after 500, 503 and broken reads; so we speak to the REST API
- 429 was not taken, and wants a minute; of 500 and 503 nothing says that it was not
  https://firebase.google.com/docs/cloud-messaging/error-codes
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from notifiers.envelope import Channel, Envelope, Outcome, OutcomeKind, Person, Trouble
from notifiers.errors import Refused
from notifiers.providers.google_tokens import GoogleTokens, ServiceAccount
from notifiers.providers.pushed import Pushed, mark, only_person
from notifiers.tokens import personal
from notifiers.transport import Answer, Transport, retry_after

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
MOST_BYTES = 4_096  # https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
DAY = 86_400

# https://firebase.google.com/docs/cloud-messaging/error-codes
DEAD = {
    "UNREGISTERED": "the app is gone from the device",
    "SENDER_ID_MISMATCH": "the token belongs to another project",
}
OURS_TO_MEND = {
    "THIRD_PARTY_AUTH_ERROR": "our APNs certificate or web push key is missing or wrong",
    "PERMISSION_DENIED": "our service account may not send for this project",
    "UNAUTHENTICATED": "our service account is not taken",
    "NOT_FOUND": "no such project",
}
QUOTA_SECONDS = 60.0  # the shortest wait that the page asks for where Retry-After says none


class Fcm(Pushed):
    """Push messages through the project of one service account.

    link  where a tap leads: a page of ours
    """

    name = "fcm"
    channel = Channel.PUSH

    def __init__(
        self,
        transport: Transport,
        account: ServiceAccount,
        *,
        ttl_days: int = 28,
        link: str = "",
        base_url: str = "https://fcm.googleapis.com",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport, self._clock = transport, clock
        self._tokens = GoogleTokens(transport, account, SCOPE, clock)
        self._ttl_seconds, self._link = ttl_days * DAY, link
        self._url = f"{base_url.rstrip('/')}/v1/projects/{account.project}/messages:send"

    def body(self, envelope: Envelope) -> bytes:
        """The request but for the moment when iOS forgets it, which is put in as it leaves.

        Raises Refused for more than one person and for words that are too long.
        """
        person = only_person(envelope)
        message = self._message(envelope, person)
        told = orjson.dumps([message["notification"], message["data"]])
        if len(told) > MOST_BYTES:
            raise Refused(f"{len(told)} bytes of words, over {MOST_BYTES}")
        return orjson.dumps({"message": message}, option=orjson.OPT_SORT_KEYS)

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """POST it once. Raises what the transport raises."""
        token = await self._tokens.token(envelope.not_after)
        answer = await self._transport.request(
            "POST",
            self._url,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            body=self._dated(body),
            not_after=envelope.not_after,
        )
        if answer.status == 401:
            self._tokens.forget(token)
        return classify(answer, envelope.people)

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    def _message(self, envelope: Envelope, person: Person) -> dict[str, Any]:
        words = personal(envelope.words, envelope.nonce, person)
        same = mark(envelope, person)
        ttl = str(self._ttl_seconds)
        # FCM takes https only.
        tap = {"fcm_options": {"link": self._link}} if self._link.startswith("https://") else {}
        return {
            "token": person.address,
            "notification": {"title": words.subject, "body": words.text},
            "data": {
                "attempt": envelope.attempt,
                "person": person.ref,
                "notice": envelope.reference,
                "link": self._link,
            },
            "android": {
                "priority": "HIGH",
                "ttl": f"{ttl}s",
                "collapse_key": same,
                "notification": {"tag": same},
            },
            "apns": {"headers": {"apns-priority": "10", "apns-collapse-id": same}},
            "webpush": {
                "headers": {"TTL": ttl, "Urgency": "high", "Topic": same},
                "notification": {"tag": same},
                **tap,
            },
        }

    def _dated(self, body: bytes) -> bytes:
        """With apns-expiration, which is a moment where all others are durations."""
        request = orjson.loads(body)
        until = str(int(self._clock()) + self._ttl_seconds)
        request["message"]["apns"]["headers"]["apns-expiration"] = until
        return orjson.dumps(request, option=orjson.OPT_SORT_KEYS)


def classify(answer: Answer, people: tuple[Person, ...]) -> Outcome:
    """What an answer to a send means for the message."""
    status, told = answer.status, answer.told
    if status == 200:
        return Outcome(OutcomeKind.ACCEPTED, status, str(told.get("name", "")))
    code, refs = _code(told), tuple(person.ref for person in people)
    if code in DEAD:
        return Outcome(OutcomeKind.REFUSED, status, "", f"fcm {code}: {DEAD[code]}", None, refs)
    if status == 429:
        wait = retry_after(answer) or QUOTA_SECONDS
        return Outcome(OutcomeKind.RETRY, status, "", f"fcm {code or status}: too many", wait)
    if status in {401, 403, 404}:
        # Our account, not this person: the message waits for whoever mends it.
        reason = f"fcm {code or status}: {OURS_TO_MEND.get(code, 'our account or project')}"
        return Outcome(OutcomeKind.RETRY, status, "", reason, 60.0, trouble=Trouble.CREDENTIALS)
    if status >= 500 or status < 400 or status == 408:
        return Outcome(OutcomeKind.UNKNOWN, status, "", f"fcm {code or status}")
    # INVALID_ARGUMENT may be our words as well as the token: refused, but no token is dead by it.
    reason = f"fcm {code or status}: {', '.join(_fields(told)) or 'it does not say why'}"
    return Outcome(OutcomeKind.REFUSED, status, "", reason, None, refs)


def _code(told: Mapping[str, Any]) -> str:
    """FCM's own code where there is one, else Google's."""
    codes = [str(one.get("errorCode", "")) for one in _details(told)]
    error = told.get("error")
    status = error.get("status", "") if isinstance(error, dict) else ""
    return next(filter(None, codes), str(status))


def _fields(told: Mapping[str, Any]) -> list[str]:
    """Which fields of the request were not taken: their names, never what stood in them."""
    found = [one.get("fieldViolations") or [] for one in _details(told)]
    return [str(each.get("field", "")) for some in found for each in some if isinstance(each, dict)]


def _details(told: Mapping[str, Any]) -> list[dict[str, Any]]:
    error = told.get("error")
    listed = error.get("details") if isinstance(error, dict) else None
    return [one for one in listed or [] if isinstance(one, dict)]

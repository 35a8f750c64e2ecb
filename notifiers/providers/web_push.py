"""Push messages to browsers: RFC 8030 (the request), 8291 (its encryption), 8292 (who we are).

What is known of it, and where from:
- 201 says that the push service took the message; whether a browser showed it is not told
- without a TTL of days a message to a browser that is closed is dropped (RFC 8030 section 5.2)
- a message of the same Topic takes the place of one that still waits (RFC 8030 section 5.4)
- what a subscription names is a URL from outside: only hosts of known push services are asked,
  over https, at addresses of the open internet; and it is the person's, so it is never logged
- http-ece encrypts; pywebpush would post through `requests`, without a time limit and with TTL 0
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import http_ece
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from notifiers.envelope import Channel, Envelope, Outcome, OutcomeKind, Person
from notifiers.errors import Refused
from notifiers.providers.pushed import Pushed, mark, only_person
from notifiers.providers.vapid import Vapid, unbase64
from notifiers.providers.web_push_hosts import Hosts, origin_of
from notifiers.tokens import personal
from notifiers.transport import Answer, Transport, retry_after

# RFC 8030 section 7.2 has services take 4,096 bytes at least; the encryption adds 103
# (RFC 8291 section 4: a header of 86, a tag of 16, a delimiter).
MOST_BYTES = 4_096 - 103
DAY = 86_400
AUTH_BYTES = 16

# https://mozilla-services.github.io/autopush-rs/errors.html and RFC 8030 sections 5 and 7
GONE = {404: "no such subscription", 410: "the subscription is gone"}
FINAL = {400: "the request was not taken", 413: "the message is too large"}


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gave the page that subscribed: where to, and its two keys."""

    endpoint: str = field(repr=False)
    public_key: bytes = field(repr=False)
    auth: bytes = field(repr=False)

    @classmethod
    def read(cls, token: str) -> Subscription:
        """From PushSubscription.toJSON(). Raises ValueError, without what stands in it."""
        try:
            told = orjson.loads(token)
            keys = told["keys"]
            read = cls(str(told["endpoint"]), unbase64(keys["p256dh"]), unbase64(keys["auth"]))
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), read.public_key)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError("no push subscription") from None
        if len(read.auth) != AUTH_BYTES:
            raise ValueError("no push subscription")
        return read


class WebPush(Pushed):
    """Push messages to browsers, each over the push service of its maker.

    link  the page that a click opens
    """

    name = "web_push"
    channel = Channel.PUSH

    def __init__(
        self,
        transport: Transport,
        vapid: Vapid,
        *,
        hosts: Sequence[str],
        ttl_days: int = 28,
        link: str = "",
        loopback: bool = False,
    ) -> None:
        self._transport, self._vapid = transport, vapid
        self._hosts, self._link = Hosts(hosts, loopback=loopback), link
        self._headers = {
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(ttl_days * DAY),
            "Urgency": "high",
        }
        self._took_our_key: set[str] = set()

    def body(self, envelope: Envelope) -> bytes:
        """What the browser will read; it is encrypted, anew each time, as it leaves.

        The shape is that of declarative web push, which Safari shows without a script, and
        which the scripts of other browsers read. Raises Refused for a subscription that is
        none or leads elsewhere, and for words that are too long.
        https://webkit.org/blog/16535/meet-declarative-web-push/
        """
        person = only_person(envelope)
        self._subscription(person)
        words = personal(envelope.words, envelope.nonce, person)
        notification = {
            "title": words.subject,
            "body": words.text,
            "lang": envelope.locale,
            "tag": mark(envelope, person),
            "navigate": self._link,
            "data": {
                "attempt": envelope.attempt,
                "person": person.ref,
                "notice": envelope.reference,
            },
        }
        told = orjson.dumps({"web_push": 8030, "notification": notification})
        if len(told) > MOST_BYTES:
            raise Refused(f"{len(told)} bytes of words, over {MOST_BYTES}")
        return told

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Encrypt it and POST it once. Raises what the transport raises."""
        person = only_person(envelope)
        to = self._subscription(person)
        service = origin_of(to.endpoint)
        answer = await self._transport.request(
            "POST",
            to.endpoint,
            headers={
                **self._headers,
                "Topic": mark(envelope, person),
                "Authorization": self._vapid.authorization(service),
            },
            body=encrypted(body, to),
            not_after=envelope.not_after,
        )
        if answer.status in {200, 201, 202}:
            self._took_our_key.add(service)
        return classify(answer, envelope.people, key_is_good=service in self._took_our_key)

    async def close(self) -> None:
        """Give back connections."""
        await self._transport.close()

    def _subscription(self, person: Person) -> Subscription:
        try:
            to = Subscription.read(person.address)
        except ValueError:
            raise Refused("the token is no push subscription") from None
        if not self._hosts.allow(to.endpoint):
            raise Refused("the token names no push service that we know")
        return to


def encrypted(plain: bytes, to: Subscription) -> bytes:
    """RFC 8291: for the browser that holds the key, and for nobody on the way."""
    coded: bytes = http_ece.encrypt(
        plain,
        salt=os.urandom(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=to.public_key,
        auth_secret=to.auth,
    )
    return coded


def classify(answer: Answer, people: tuple[Person, ...], *, key_is_good: bool) -> Outcome:
    """What a push service's answer means for the message.

    key_is_good  this service has taken our VAPID key for somebody else: then a 401 or 403 says
                 that this one subscribed under another key, else that ours is at fault
    """
    status, refs = answer.status, tuple(person.ref for person in people)
    if status in {200, 201, 202}:
        # Its Location is a URL that could cancel the message: not for our records.
        return Outcome(OutcomeKind.ACCEPTED, status)
    if status == 429:
        return Outcome(OutcomeKind.RETRY, status, "", "web push 429: too many", retry_after(answer))
    if status in {401, 403} and not key_is_good:
        return Outcome(OutcomeKind.RETRY, status, "", f"web push {status}: our VAPID key", 60.0)
    if status >= 500 or status < 400 or status == 408:
        return Outcome(OutcomeKind.UNKNOWN, status, "", f"web push {status}")
    why = GONE.get(status) or FINAL.get(status) or "refused for this subscription"
    return Outcome(OutcomeKind.REFUSED, status, "", f"web push {status}: {why}", None, refs)

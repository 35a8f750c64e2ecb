"""What the fake says later: events of SendGrid and Resend, Twilio callbacks, signed, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
import zlib
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import orjson

from notifiers.envelope import ReceiptKind
from notifiers.errors import NotifierError, Unavailable
from notifiers.fake import resend_side
from notifiers.fake.call_line import Line
from notifiers.fake.faults import Dice
from notifiers.fake.keys import Keys
from notifiers.fake.ledger import Accepted, Ledger
from notifiers.providers import sendgrid, twilio_signed
from notifiers.rehearsal import Fate, call_fate, fate
from notifiers.transport import Transport

MOST_EVENTS = 1_000
SENDGRID_TRIES = 6  # SendGrid posts again for 24 hours; six tries stand for that
RESEND_TRIES = 6  # Resend posts again eight times in ten hours and more; six tries stand for that
TWILIO_TRIES = 2  # Twilio posts again once, and only if it could not connect
WORKERS = 16

EVENT_NAMES = {kind: name for name, kind in sendgrid.EVENTS.items()}
STATUS_NAMES = {
    ReceiptKind.SENT: "sent",
    ReceiptKind.DELIVERED: "delivered",
    ReceiptKind.UNDELIVERED: "undelivered",
    ReceiptKind.FAILED: "failed",
}


@dataclass(frozen=True, slots=True)
class Targets:
    """Where receipts go.

    sendgrid_events  URL of the event webhook, '' for none; resend_events likewise
    dial             http://host:port to dial in place of a callback's own scheme and host, which
                     stay in what is signed: a public name need not resolve here
    loopback_only    whether receipts may go to this machine only
    """

    sendgrid_events: str = ""
    resend_events: str = ""
    dial: str = ""
    loopback_only: bool = True


class Webhooks:
    """Holds places in the ledger, not people, until their time comes."""

    def __init__(self, ledger: Ledger, keys: Keys, dice: Dice, targets: Targets) -> None:
        self.counts: Counter[str] = Counter()
        self._ledger, self._keys, self._dice, self.targets = ledger, keys, dice, targets
        self._wrong = Keys()
        self._transport = Transport(total_seconds=15, loopback_only=targets.loopback_only)
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._workers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to post; call it in the loop."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(WORKERS)]

    async def stop(self) -> None:
        """Stop posting; what waits is dropped, as when a provider loses its queue."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._transport.close()

    def tell(self, provider: str, place: int) -> None:
        """Let an accepted request be heard of."""
        if not self._dice.faults.receipts:
            return
        if provider == "sendgrid" and self.targets.sendgrid_events:
            self._later(self._dice.faults.receipt_delay_seconds, self._tell_mail, place)
        if provider == "resend" and self.targets.resend_events:
            self._later(self._dice.faults.receipt_delay_seconds, self._tell_batch, place)
        if provider == "twilio":
            self._later(self._dice.faults.receipt_delay_seconds, self._tell_sms, place)
        if provider == "twilio_voice":
            self._later(self._dice.faults.receipt_delay_seconds, self._tell_call, place)

    def end_of(self, address: str) -> Fate:
        """The rules, and the share of addresses that bounce besides."""
        if self._bounces(address):
            return fate("+0191" if address.startswith("+") else "bounce")
        return fate(address)

    def end_of_call(self, number: str) -> Fate:
        """The same for a call."""
        return call_fate("+0191" if self._bounces(number) else number)

    def _bounces(self, address: str) -> bool:
        return zlib.crc32(address.encode()) < self._dice.faults.bounce_share * 2**32

    def _later(self, seconds: float, *job: Any) -> None:
        self.counts["waiting"] += 1
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._queue.put_nowait, job)
        else:
            self._queue.put_nowait(job)

    async def _work(self) -> None:
        while True:
            call, *given = await self._queue.get()
            with contextlib.suppress(NotifierError):
                await call(*given)
            self.counts["waiting"] -= 1

    async def _tell_mail(self, place: int) -> None:
        accepted = self._ledger.at(place)
        events = [one for to, ref in accepted.people for one in self._events(accepted, to, ref)]
        events += [event for event in events if self._dice.happens(self._dice.faults.doubled)]
        if self._dice.faults.shuffled:
            self._dice.shuffle(events)
        sorted_out: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for event in events:
            sorted_out[self._dice.happens(self._dice.faults.late)].append(event)
        if sorted_out[True]:
            self._later(self._dice.faults.late_seconds, self._post_events, sorted_out[True])
        await self._post_events(sorted_out[False])

    def _events(self, accepted: Accepted, to: str, ref: str) -> list[dict[str, Any]]:
        end = self.end_of(to)
        return [
            _event(accepted, to, ref, kind, end)
            for kind in (ReceiptKind.PROCESSED, *end.heard)
            if kind in EVENT_NAMES
        ]

    async def _post_events(self, events: list[dict[str, Any]]) -> None:
        for start in range(0, len(events), MOST_EVENTS):
            body = orjson.dumps(events[start : start + MOST_EVENTS])
            headers = self._signed(self._keys, body)
            if self._dice.happens(self._dice.faults.forged):
                forged = self._signed(self._wrong, body)
                await self._post(self.targets.sendgrid_events, body, forged, "forged", 1)
            await self._post(
                self.targets.sendgrid_events, body, headers, "sendgrid", SENDGRID_TRIES
            )

    def _signed(self, keys: Keys, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": "application/json",
            sendgrid.TIMESTAMP: timestamp,
            sendgrid.SIGNATURE: keys.sign(timestamp.encode() + body),
        }

    async def _tell_batch(self, place: int) -> None:
        faults, accepted = self._dice.faults, self._ledger.at(place)
        events = resend_side.events(accepted, self.end_of)
        events += [event for event in events if self._dice.happens(faults.doubled)]
        if faults.shuffled:
            self._dice.shuffle(events)
        for event in events:
            if self._dice.happens(faults.late):
                self._later(faults.late_seconds, self._post_event, event)
            else:
                await self._post_event(event)

    async def _post_event(self, event: dict[str, Any]) -> None:
        body, where = orjson.dumps(event["told"]), self.targets.resend_events
        if self._dice.happens(self._dice.faults.forged):
            forged = resend_side.signed("whsec_d3Jvbmc=", event["id"], body)
            await self._post(where, body, forged, "forged", 1)
        headers = resend_side.signed(self._keys.resend_webhook_secret, event["id"], body)
        await self._post(where, body, headers, "resend", RESEND_TRIES)

    async def _tell_sms(self, place: int) -> None:
        accepted = self._ledger.at(place)
        if not accepted.more["callback"]:
            return
        end = self.end_of(accepted.people[0][0])
        statuses = [STATUS_NAMES[kind] for kind in (ReceiptKind.SENT, *end.heard)]
        statuses += [one for one in statuses if self._dice.happens(self._dice.faults.doubled)]
        if self._dice.faults.shuffled:
            statuses.reverse()
        for status in statuses:
            if self._dice.happens(self._dice.faults.late):
                self._later(self._dice.faults.late_seconds, self._post_status, accepted, status)
            else:
                await self._post_status(accepted, status)

    async def _post_status(self, accepted: Accepted, status: str) -> None:
        await self._post_form(accepted.more["callback"], self._form(accepted, status))

    async def _tell_call(self, place: int) -> None:
        accepted = self._ledger.at(place)
        if not accepted.more["callback"]:
            return
        faults, end = self._dice.faults, self.end_of_call(accepted.people[0][0])
        line = Line(accepted, end, self._keys.twilio_account_sid, self._post_some_twice)
        if self._dice.happens(faults.late):
            self._later(faults.late_seconds, line.ring, faults.shuffled)
        else:
            await line.ring(faults.shuffled)

    async def _post_some_twice(self, url: str, form: dict[str, str]) -> bytes:
        if self._dice.happens(self._dice.faults.doubled):
            await self._post_form(url, form)
        return await self._post_form(url, form)

    async def _post_form(self, url: str, form: dict[str, str]) -> bytes:
        """Post as Twilio does, signed; gives what was answered."""
        body = urlencode(form).encode()
        if self._dice.happens(self._dice.faults.forged):
            wrong = {twilio_signed.SIGNATURE: twilio_signed.signature(b"wrong", url, form)}
            await self._post(self._dialled(url), body, _FORM | wrong, "forged", 1)
        token = self._keys.twilio_token.encode()
        signed = {twilio_signed.SIGNATURE: twilio_signed.signature(token, url, form)}
        return await self._post(self._dialled(url), body, _FORM | signed, "twilio", TWILIO_TRIES)

    def _form(self, accepted: Accepted, status: str) -> dict[str, str]:
        form = {
            "AccountSid": self._keys.twilio_account_sid,
            "ApiVersion": "2010-04-01",
            "From": accepted.more["from"],
            "MessageSid": accepted.id,
            "MessageStatus": status,
            "SmsSid": accepted.id,
            "SmsStatus": status,
            "To": accepted.people[0][0],
        }
        code = self.end_of(accepted.people[0][0]).code
        failed = status in {"undelivered", "failed"}
        return form | ({"ErrorCode": code} if failed else {})

    def _dialled(self, url: str) -> str:
        if not self.targets.dial:
            return url
        here = urlsplit(self.targets.dial)
        return urlunsplit(urlsplit(url)._replace(scheme=here.scheme, netloc=here.netloc))

    async def _post(
        self, url: str, body: bytes, headers: dict[str, str], what: str, tries: int
    ) -> bytes:
        for attempt in range(tries):
            answer = await self._taken(
                url, body, headers, again_on_error=what in {"sendgrid", "resend"}
            )
            if answer is not None:
                self.counts[what] += 1
                return answer
            if attempt + 1 < tries:
                await asyncio.sleep(0.2 * 2**attempt)
        self.counts[f"{what}_not_taken"] += 1
        return b""

    async def _taken(
        self, url: str, body: bytes, headers: dict[str, str], *, again_on_error: bool
    ) -> bytes | None:
        """What was answered; None if it must be tried again."""
        try:
            answer = await self._transport.request("POST", url, headers=headers, body=body)
        except Unavailable:
            return None
        except NotifierError:
            return None if again_on_error else b""
        self.counts[f"answered_{answer.status}"] += 1
        return answer.body if answer.status < 300 or not again_on_error else None


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _event(accepted: Accepted, to: str, ref: str, kind: ReceiptKind, end: Fate) -> dict[str, Any]:
    event: dict[str, Any] = {
        "email": to,
        "timestamp": int(time.time()),
        "event": EVENT_NAMES[kind],
        "sg_event_id": uuid.uuid4().hex,
        "sg_message_id": f"{accepted.id}.fake",
        "smtp-id": f"<{accepted.id}@fake.invalid>",
        "a": accepted.attempt,
        "r": ref,
    }
    if kind is ReceiptKind.BOUNCED:
        event |= {"type": "bounce", "status": end.code, "reason": f"550 {end.code} {to} unknown"}
    elif kind is ReceiptKind.DROPPED:
        event |= {"reason": end.code, "status": "5.0.0"}
    return event

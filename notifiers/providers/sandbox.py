"""Takes every envelope of any channel and carries it nowhere: the only courier of drills.

It has no transport and no credentials, so there is nothing in it that could reach a person.
What each person would have received is `notifiers.tokens.personal`; what would be heard of
it afterwards is `heard`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

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
)
from notifiers.errors import BadSignature, Refused
from notifiers.rehearsal import Fate, call_fate, fate
from notifiers.tokens import values

MOST_PEOPLE = 1_000


class Sandbox:
    """Accepts everything; what `notifiers.rehearsal` says would be refused at once is refused.

    channel  None serves every channel
    """

    capabilities = Capabilities(
        max_people=MOST_PEOPLE,
        native_key=False,
        echoes_attempt=True,
        looks_up=True,
        settle_seconds=0.0,
        live=False,
    )

    def __init__(self, channel: Channel | None = None, name: str = "sandbox") -> None:
        self.channel = channel
        self.name = name

    def body(self, envelope: Envelope) -> bytes:
        """The whole envelope as JSON. Raises Refused if a person lacks a field."""
        words = envelope.words
        return orjson.dumps(
            {
                "attempt": envelope.attempt,
                "channel": envelope.channel,
                "mode": envelope.mode,
                "reference": envelope.reference,
                "subject": words.subject,
                "text": words.text,
                "html": words.html,
                "people": [
                    {
                        "ref": person.ref,
                        "to": person.address,
                        "values": values(words, envelope.nonce, person),
                    }
                    for person in envelope.people
                ],
            }
        )

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Accepted, unless every person's number is one that providers refuse at once."""
        if not 1 <= len(envelope.people) <= MOST_PEOPLE:
            raise Refused(f"an envelope holds 1 to {MOST_PEOPLE} people")
        refused = [one for one in envelope.people if _fate(envelope, one).refused]
        if refused:
            kind = OutcomeKind.SPLIT if len(envelope.people) > 1 else OutcomeKind.REFUSED
            reason = f"sandbox {_fate(envelope, refused[0]).refused}"
            return Outcome(kind, 400, "", reason, None, tuple(one.ref for one in refused))
        return Outcome(
            OutcomeKind.ACCEPTED, 202, f"sandbox-{hashlib.sha256(body).hexdigest()[:16]}"
        )

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Nothing ever left, so sending again doubles nothing."""
        return Finding(FindingKind.ABSENT, evidence="the sandbox sends nothing")

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """The sandbox posts no webhook: whatever claims to be one is forged."""
        raise BadSignature("the sandbox sends no receipts")

    def heard(self, envelope: Envelope, at: datetime) -> list[Receipt]:
        """The receipts of an accepted envelope, the same every time; `at` aware UTC."""
        return [one for person in envelope.people for one in self._heard(envelope, person, at)]

    async def close(self) -> None:
        """Nothing is open."""

    def _heard(self, envelope: Envelope, person: Person, at: datetime) -> list[Receipt]:
        end = _fate(envelope, person)
        return [
            Receipt(
                dedupe_key=f"{self.name}:{envelope.attempt}:{person.ref}:{kind}",
                attempt=envelope.attempt,
                person_ref=person.ref,
                kind=kind,
                at=at,
                provider=self.name,
                provider_ref=f"{self.name}-{envelope.attempt}",
                code="" if kind is ReceiptKind.DELIVERED else end.code,
            )
            for kind in end.heard
        ]


def _fate(envelope: Envelope, person: Person) -> Fate:
    return (call_fate if envelope.channel is Channel.CALL else fate)(person.address)

"""What goes to a provider in one call, what the call gave, and what is heard later."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Channel(StrEnum):
    """A way to reach a person."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    LETTER = "letter"
    CALL = "call"
    ANNOUNCEMENT = "announcement"


class Mode(StrEnum):
    """Whether people are told, or only a rehearsal's sandbox."""

    LIVE = "live"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Words:
    """One rendered version of a notice; a person's fields stand in it as tokens.

    A token is `%%<nonce>.<field>.<t|h>%%`: t for plain text, h for a value that is
    HTML-escaped. Two kinds, because a provider puts the value in as it is.
    """

    subject: str
    text: str
    html: str


class Person(NamedTuple):
    """One recipient of an envelope.

    ref      opaque, ours, such as `<recipient hex>.<rung>`; providers get it and show it to staff
    address  where to: email, E.164 number, push token
    fields   raw values for the tokens, such as {"name": ...}; escaped only here
    """

    ref: str
    address: str
    fields: Mapping[str, str]

    def __repr__(self) -> str:
        """Without who it is: this may be logged."""
        return f"Person(ref={self.ref!r})"


class Recall(NamedTuple):
    """What a call can be called back by until shortly before it is due.

    batch   the provider's own id, got before the call; '' where none could be got
    due_at  when it leaves, aware UTC, whole seconds
    """

    batch: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one call to a provider carries; its body is a pure function of these.

    attempt    the id of this call, committed before any byte leaves
    nonce      the one in the tokens of `words`
    reference  the notice's code, such as N-2026-0042, which stands in the words too
    callback   URL for status callbacks, '' if none; attempt and person ref ride in it
    recall     where it is to be due later, and can be cancelled until then
    not_after  `time.monotonic()` after which no byte may leave any more; no part of the body
    """

    id: str
    attempt: str
    mode: Mode
    channel: Channel
    words: Words = field(repr=False)
    nonce: str
    people: tuple[Person, ...]
    reference: str
    locale: str
    callback: str = ""
    recall: Recall | None = None
    not_after: float | None = None


class Trouble(StrEnum):
    """What a call showed to be wrong with the provider itself, whatever was in the envelope."""

    UNREACHABLE = "unreachable"  # it did not even connect
    FAILING = "failing"  # connected, and no answer came
    CREDENTIALS = "credentials"  # our account, key or sender was refused


class OutcomeKind(StrEnum):
    """What one call gave."""

    ACCEPTED = "accepted"
    RETRY = "retry"  # it surely did not go: safe to send again
    REFUSED = "refused"  # the same call would be refused again
    SPLIT = "split"  # one of its people makes it fail: halve it
    UNKNOWN = "unknown"  # it may have gone: look it up


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call to a provider gave; `reason` holds no personal data.

    trouble  where the status does not say it: see `Trouble`; '' if nothing is known
    """

    kind: OutcomeKind
    http_status: int | None = None
    provider_ref: str = ""
    reason: str = ""
    retry_after_seconds: float | None = None
    bad_refs: tuple[str, ...] = ()
    trouble: str = ""


class ReceiptKind(StrEnum):
    """What a provider says later about one person's message, from least to most telling."""

    PROCESSED = "processed"
    SENT = "sent"
    DEFERRED = "deferred"
    UNANSWERED = "unanswered"  # a call that nobody confirmed: it may be made again
    LEFT = "left"  # a call whose words a machine took: nobody is known to have heard them
    DELIVERED = "delivered"
    FAILED = "failed"
    UNDELIVERED = "undelivered"
    DROPPED = "dropped"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"

    @property
    def rank(self) -> int:
        """The higher one stands, in whatever order receipts come in.

        Failures outrank `delivered`: mail that was taken and bounced an hour later is real.
        """
        return _RANKS[self]

    @property
    def permanent(self) -> bool:
        """Whether this channel is done with for the person, who moves on to the next."""
        return self.rank > _RANKS[ReceiptKind.DELIVERED]

    @property
    def proves_acceptance(self) -> bool:
        """Whether the provider must have accepted the call in order to say this.

        A STOP is not such a proof: it may answer an older message.
        """
        return self is not ReceiptKind.OPTED_OUT


# The numbers stand in rows: a new kind takes one that moves no other.
_RANKS = {
    ReceiptKind.PROCESSED: 0,
    ReceiptKind.SENT: 1,
    ReceiptKind.DEFERRED: 2,
    ReceiptKind.UNANSWERED: 2,
    ReceiptKind.LEFT: 2,
    ReceiptKind.DELIVERED: 3,
    ReceiptKind.FAILED: 4,
    ReceiptKind.UNDELIVERED: 5,
    ReceiptKind.DROPPED: 6,
    ReceiptKind.BOUNCED: 7,
    ReceiptKind.COMPLAINED: 8,
    ReceiptKind.OPTED_OUT: 9,
}


class Receipt(NamedTuple):
    """One thing that a provider said of one person's message, verified and ours to keep.

    dedupe_key  the same for every copy of the same statement
    at          when it happened, aware UTC, by the provider's clock
    code        the provider's own code or reason, without personal data; '' if none
    """

    dedupe_key: str
    attempt: str
    person_ref: str
    kind: ReceiptKind
    at: datetime
    provider: str
    provider_ref: str
    code: str = ""


class FindingKind(StrEnum):
    """What a look-up showed."""

    FOUND = "found"
    ABSENT = "absent"
    CANCELLED = "cancelled"  # and so it will never leave
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """The provider's records on one attempt; `evidence` says in words what was seen."""

    kind: FindingKind
    provider_ref: str = ""
    evidence: str = ""


# A line break in a name could add a header or forge a paragraph; PostgreSQL keeps no NUL.
_CONTROLS = dict.fromkeys((*range(32), 127, 133, 8232, 8233), " ")


def one_line(text: str) -> str:
    """Text with a space for each control sign in it."""
    return text.translate(_CONTROLS)


def mask(text: str) -> str:
    """Text of a provider's answer fit for a row and a log: one line, without addresses and numbers.

    A receiver's own words may be in it: whoever writes them must not spoil what else is told.
    """
    return _PERSONAL.sub("***", one_line(text))[:300]


_PERSONAL = re.compile(r"[^\s\"'<>:,;]+@[^\s\"'<>:,;]+|\+?\d[\d ()-]{6,}\d")

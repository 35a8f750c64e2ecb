"""What every courier can do; a provider is one file that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from notifiers.envelope import Channel, Envelope, Finding, Outcome, Person, Receipt


@dataclass(frozen=True, slots=True)
class Cancels:
    """A call that is due later can be cancelled.

    due_seconds    how far ahead it is to be due
    until_seconds  it can be cancelled until so long before
    """

    due_seconds: float
    until_seconds: float


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider declares; the sender and the reconciler ask no more of it.

    max_people      most people in one envelope
    native_key      sending the same bytes again is answered, not repeated, within `key_seconds`
    echoes_attempt  its receipts carry our attempt id
    looks_up        `look_up` can find an attempt, or show that there was none
    settle_seconds  how long its records may lag: absence counts only after this
    live            it can reach real people; a drill may use only what cannot
    replaces_copy   a message sent again takes the place of the first one at the person: what is
                    unknown may be sent again, and is at worst seen twice, never kept twice
    cancels         it is a `Canceller`
    """

    max_people: int
    native_key: bool
    echoes_attempt: bool
    looks_up: bool
    settle_seconds: float
    live: bool
    key_seconds: float = 86_400.0
    replaces_copy: bool = False
    cancels: Cancels | None = None


@dataclass(frozen=True, slots=True)
class AttemptQuery:
    """Which attempt to look for in a provider's records.

    started_at  aware UTC, when its row was committed
    people      those of its envelope
    reference   the notice's code, as in the words
    """

    attempt: str
    started_at: datetime
    people: tuple[Person, ...]
    reference: str


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A receipt as it came in: nothing decoded, so that its signature can be checked.

    url  as asked for, with its query
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The value of a header whatever the case of its name, '' if absent."""
        wanted = name.lower()
        return next((v for k, v in self.headers.items() if k.lower() == wanted), "")


@runtime_checkable
class Courier(Protocol):
    """Carries envelopes of one channel to one provider."""

    @property
    def name(self) -> str:
        """The provider's name, as in settings, rows and receipts."""

    @property
    def channel(self) -> Channel | None:
        """The one channel that it serves; None serves any."""

    @property
    def capabilities(self) -> Capabilities:
        """What it declares."""

    def body(self, envelope: Envelope) -> bytes:
        """The bytes to send: pure, the same every time. Raises Refused for what cannot be sent."""

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """Hand the envelope over, once; tells what is known of it afterwards."""

    async def look_up(self, query: AttemptQuery) -> Finding:
        """Whether the provider's records show the attempt."""

    def parse_receipts(self, request: RawRequest) -> list[Receipt]:
        """What a webhook says. Raises BadSignature, MalformedReceipt."""

    async def close(self) -> None:
        """Give back connections."""


@runtime_checkable
class Canceller(Protocol):
    """A courier that can call back what is not due yet."""

    async def new_batch(self) -> str:
        """An id to cancel a call by, got before it. Raises NotifierError."""

    async def cancel(self, batch: str) -> Finding:
        """Call back what bears the id; CANCELLED only where it surely will not leave."""

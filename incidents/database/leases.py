"""Envelopes on their way to a provider: leased, intended, given back or parked. All in sets.

An attempt's row is written in the transaction of `intend`, which comes after the lease and
before any byte. So a lease that ran out without an attempt surely sent nothing; one that ran
out with an open attempt may have, and becomes `unknown`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

from sqlalchemy import Table, and_, select, tuple_, update
from sqlalchemy.orm import Session

from incidents.database.campaigns import Attempt, Campaign, Envelope, rows_changed
from incidents.database.sets import among, insert_all
from incidents.database.waiting import state_is

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lease:
    """One envelope that is ours until its lease runs out, under one epoch."""

    campaign_id: UUID
    ordinal: int
    epoch: int
    mode: str
    rung: int
    channel: str
    provider: str
    locale: str
    variant: str
    people_count: int


@dataclass(frozen=True, slots=True)
class Intent:
    """One call that is about to be made: its attempt's id and the hash of its body.

    batch_id, due_at  where it can be cancelled, as in Attempt
    """

    attempt_id: UUID
    lease: Lease
    sha256: str
    batch_id: str = ""
    due_at: datetime | None = None


class Gate(Protocol):
    """Says which of some envelopes may leave now, by what their providers can bear."""

    @property
    def shut(self) -> Set[tuple[str, str]]:
        """(provider, channel) of what nothing may leave for."""

    def through(self, found: Sequence[Lease], until: datetime) -> list[Lease]:
        """Those that may; the lanes of which none may are shut from then on."""


def lease(
    session: Session,
    campaign_id: UUID,
    *,
    bulk: bool,
    limit: int,
    now: datetime,
    until: datetime,
    gate: Gate,
) -> list[Lease]:
    """Take ready envelopes of a running campaign; other senders pass over them."""
    while found := _ready(session, campaign_id, bulk=bulk, limit=limit, now=now, gate=gate):
        if taken := gate.through(found, until):
            leased = {"state": "leased", "epoch": Envelope.epoch + 1, "lease_until": until}
            update_envelopes(session, campaign_id, [one.ordinal for one in taken], leased)
            return taken
    return []


def _ready(
    session: Session, campaign_id: UUID, *, bulk: bool, limit: int, now: datetime, gate: Gate
) -> list[Lease]:
    """Ready envelopes, held until the end, of lanes that are not shut."""
    ready = (
        select(*LEASED)
        .join(Campaign, Campaign.id == Envelope.campaign_id)
        .where(
            Envelope.campaign_id == campaign_id,
            state_is("ready"),
            Envelope.is_bulk.is_(bulk),
            Envelope.next_at <= now,
            Campaign.status == "running",
        )
        # By nothing more, which the index does not give: a million would be sorted for each lease.
        .order_by(Envelope.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=Envelope)
    )
    if gate.shut:
        lane = tuple_(Envelope.provider, Envelope.channel)
        ready = ready.where(lane.not_in(sorted(gate.shut)))
    return [Lease(**row._asdict()) for row in session.execute(ready)]


def intend(
    session: Session, intents: Sequence[Intent], *, worker: str, now: datetime, until: datetime
) -> set[UUID]:
    """Write the attempts of leases that are ours still and may be sent; gives their ids."""
    ours: set[UUID] = set()
    for campaign_id, some in by_campaign(intents, lambda intent: intent.lease.campaign_id):
        standing = standing_of(session, campaign_id, [intent.lease.ordinal for intent in some])
        may_go = session.scalar(select(Campaign.status).where(Campaign.id == campaign_id))
        going = [
            intent
            for intent in some
            if standing.get(intent.lease.ordinal) == (intent.lease.epoch, "leased")
            and may_go == "running"
        ]
        if going:
            insert_all(session, ATTEMPT, [_attempt_row(intent, worker, now) for intent in going])
            again = {"lease_until": until, "attempt_count": Envelope.attempt_count + 1}
            update_envelopes(session, campaign_id, [one.lease.ordinal for one in going], again)
        ours.update(intent.attempt_id for intent in going)
    return ours


def give_back(session: Session, leases: Sequence[Lease]) -> None:
    """Return leases that no attempt was made under."""
    _end_unused(session, leases, {"state": "ready"})


def park(session: Session, leases: Sequence[Lease], reason: str) -> None:
    """Hold what could not even be attempted, until somebody has looked into it."""
    _end_unused(session, leases, {"state": "held", "reason": reason})


def _end_unused(session: Session, leases: Sequence[Lease], values: dict[str, Any]) -> None:
    for campaign_id, some in by_campaign(leases, lambda one: one.campaign_id):
        standing = standing_of(session, campaign_id, [one.ordinal for one in some])
        ours = [one.ordinal for one in some if standing[one.ordinal] == (one.epoch, "leased")]
        update_envelopes(session, campaign_id, ours, {**values, "lease_until": None})


def release(session: Session, leases: Sequence[Lease]) -> None:
    """Let parked envelopes be tried again."""
    for campaign_id, some in by_campaign(leases, lambda one: one.campaign_id):
        ready = {"state": "ready", "reason": ""}
        update_envelopes(session, campaign_id, [one.ordinal for one in some], ready)


def leased(session: Session, campaign_id: UUID, ordinal: int) -> Lease:
    """An envelope as its last lease had it."""
    query = select(*LEASED).where(Envelope.campaign_id == campaign_id, Envelope.ordinal == ordinal)
    values = session.execute(query).one()._asdict()
    return Lease(**values | {"epoch": values["epoch"] - 1})


def lease_of(envelope: Envelope, epoch: int) -> Lease:
    """An envelope as the lease of an epoch had it."""
    values = {column.name: getattr(envelope, column.name) for column in LEASED}
    return Lease(**values | {"epoch": epoch})


LEASED = (
    Envelope.campaign_id,
    Envelope.ordinal,
    (Envelope.epoch + 1).label("epoch"),
    Envelope.mode,
    Envelope.rung,
    Envelope.channel,
    Envelope.provider,
    Envelope.locale,
    Envelope.variant,
    Envelope.people_count,
)
# The attempt that was made under the epoch in which the envelope stands.
NEWEST = and_(
    Attempt.campaign_id == Envelope.campaign_id,
    Attempt.ordinal == Envelope.ordinal,
    Attempt.epoch == Envelope.epoch,
)
ATTEMPT = cast("Table", Attempt.__table__)
ENVELOPE_TABLE = cast("Table", Envelope.__table__)


def standing_of(
    session: Session, campaign_id: UUID, ordinals: Sequence[int]
) -> dict[int, tuple[int, str]]:
    """Epoch and state of envelopes, held until the end; always taken in the same order."""
    query = (
        select(Envelope.ordinal, Envelope.epoch, Envelope.state)
        .where(Envelope.campaign_id == campaign_id, among(session, Envelope.ordinal, ordinals))
        .order_by(Envelope.ordinal)
        .with_for_update()
    )
    return {ordinal: (epoch, state) for ordinal, epoch, state in session.execute(query)}


def _attempt_row(intent: Intent, worker: str, now: datetime) -> dict[str, Any]:
    return {
        "id": intent.attempt_id,
        "campaign_id": intent.lease.campaign_id,
        "ordinal": intent.lease.ordinal,
        "epoch": intent.lease.epoch,
        "provider": intent.lease.provider,
        "worker": worker,
        "started_at": now,
        "sha256": intent.sha256,
        "outcome": "",
        "provider_ref": "",
        "reason": "",
        "look_up_count": 0,
        "evidence": {},
        "batch_id": intent.batch_id,
        "due_at": intent.due_at,
    }


def update_envelopes(
    session: Session, campaign_id: UUID, ordinals: Sequence[int], values: dict[str, Any]
) -> None:
    """Set the same values on these envelopes."""
    these = update(Envelope).where(
        Envelope.campaign_id == campaign_id, among(session, Envelope.ordinal, ordinals)
    )
    rows_changed(session, these.values(**values))


def with_attempt(values: dict[str, Any]) -> tuple[Lease, Any]:
    """A lease that stands (its epoch is the row's own, not the next one), and its attempt."""
    attempt = values.pop("Attempt")
    return Lease(**values | {"epoch": values["epoch"] - 1}), attempt


def by_campaign(
    items: Iterable[T], campaign_of: Callable[[T], UUID]
) -> Iterator[tuple[UUID, list[T]]]:
    """Such items, one campaign after the other, always in the same order."""
    ordered = sorted(items, key=campaign_of)
    for campaign_id, some in groupby(ordered, key=campaign_of):
        yield campaign_id, list(some)

"""What is kept of telling people: campaigns, envelopes, deliveries, attempts, receipts.

An envelope goes to a provider in one call and is the unit of leasing; what became of each
person in it is derived from it. Only exceptions and receipts touch a person's own row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    CursorResult,
    Executable,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    String,
    UniqueConstraint,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.incidents import Incident

OPEN_STATES = "state IN ('ready', 'leased', 'unknown', 'held')"
# Accepted, and its silence will come to mean something.
AWAITING = "awaits AND state = 'accepted'"


class Campaign(Base):
    """One approved notice going to one population up the ladder. status: lifecycle.CAMPAIGN.

    recallable        what can be is due a while later, so that it can be cancelled until then
    ladder            channels in order, such as ["email", "sms", "announcement"]; announcement last
    routes            channel -> its couriers, each {"provider", "weight"}, fixed at launch
    unknown_policy    what to do when no evidence will come: hold | resend_marked |
                      next_channel
    waits             channel -> hours of silence after which a person moves on (rules/ladder)
    quiet             hours in which nobody is disturbed (rules/quiet_hours); empty: none
    quiet_override    who asked for them to be lifted and why, and who agreed
    shuts_at          when it grows late for the first of its people
    ramp              how large mail hosts are given more by and by (rules/ramp); empty: at once
    ramps_at          when to look whether what waits for that is late
    rested_at         when all had been sent and only silence was waited for; None: not so now
    envelope_count    ordinals given out so far
    population_count  people added to the population when all of them had a place last; what is
                      missing to the imports' sum are newcomers. None: placing is under way
    audience_of       of a supplementary notice: the campaign whose people it is for
    rest_of           campaigns that were stopped, where it is only for whom they did not reach
    placed_to         the last person looked at by the placing that is under way
    proof_due_at      when its proof is to be made (anew); None: what is proved still holds
    canary            {people, hold_seconds}: how many go first, how long the others wait after
    gate              lifecycle.GATE: who may be told so far
    gate_at           when the others follow by themselves; None: not known, or by a person only
    brake             thresholds at which it is paused by itself (rules/brake); empty: none
    brake_from        what is not held against it any more, since somebody let it go on
    halt              why the brake paused it, until somebody lets it go on
    """

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("id", "mode"),
        ForeignKeyConstraint(["incident_id", "mode"], ["incident.id", "incident.mode"]),
        Index(
            "uq_campaign_notice_standing",
            "notice_id",
            unique=True,
            sqlite_where=text("status <> 'stopped'"),
            postgresql_where=text("status <> 'stopped'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    incident_id: Mapped[UUID] = mapped_column(index=True)
    mode: Mapped[str] = mapped_column(String(5))
    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"))
    approval_id: Mapped[UUID] = mapped_column(ForeignKey("notice_approval.id"))
    status: Mapped[str] = mapped_column(String(10))
    ladder: Mapped[list[str]]
    routes: Mapped[dict[str, Any]]
    unknown_policy: Mapped[str] = mapped_column(String(20), default="hold")
    recallable: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    waits: Mapped[dict[str, Any]] = mapped_column(default=dict)
    quiet: Mapped[dict[str, Any]] = mapped_column(default=dict)
    quiet_override: Mapped[dict[str, Any]] = mapped_column(default=dict)
    shuts_at: Mapped[datetime | None]
    ramp: Mapped[dict[str, Any]] = mapped_column(default=dict)
    ramps_at: Mapped[datetime | None]
    rested_at: Mapped[datetime | None]
    envelope_count: Mapped[int] = mapped_column(default=0)
    population_count: Mapped[int | None]
    placed_to: Mapped[UUID | None]
    audience_of: Mapped[UUID | None]
    rest_of: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    canary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    gate: Mapped[str] = mapped_column(String(10), default="open")
    gate_at: Mapped[datetime | None]
    brake: Mapped[dict[str, Any]] = mapped_column(default=dict)
    brake_from: Mapped[dict[str, Any]] = mapped_column(default=dict)
    halt: Mapped[str] = mapped_column(String(300), default="")
    launched_at: Mapped[datetime]
    launched_by: Mapped[UUID]
    finished_at: Mapped[datetime | None]
    proof_due_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}


class Envelope(Base):
    """What goes to one provider in one call. state: lifecycle.ENVELOPE.

    variant      which of the words written for the locale and channel; '': the plain ones
    is_bulk      may hold more than one person
    mail_host    the host of all its people, where a ramp slows it down; 0: any other
    epoch        raised by each lease; an outcome under an older epoch is ignored
    next_at      ready: not sent before this moment; unknown: not looked up before it;
                 accepted: when it was
    awaits       whether silence after acceptance moves its people on
    """

    __tablename__ = "envelope"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "mode"], ["campaign.id", "campaign.mode"]),
        CheckConstraint("mode = 'live' OR provider = 'sandbox'", name="drill_is_sandbox"),
        # What still waits for something; nothing else is ever looked for in a hurry.
        Index(
            "ix_envelope_open",
            "campaign_id",
            "state",
            "is_bulk",
            "next_at",
            sqlite_where=text(OPEN_STATES),
            postgresql_where=text(OPEN_STATES),
        ),
        Index(
            "ix_envelope_awaiting",
            "campaign_id",
            "rung",
            "next_at",
            sqlite_where=text(AWAITING),
            postgresql_where=text(AWAITING),
        ),
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    mode: Mapped[str] = mapped_column(String(5))
    rung: Mapped[int]
    channel: Mapped[str] = mapped_column(String(20))
    provider: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(20))
    variant: Mapped[str] = mapped_column(String(20), default="", server_default="")
    people_count: Mapped[int]
    is_bulk: Mapped[bool]
    awaits: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    mail_host: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    state: Mapped[str] = mapped_column(String(10))
    epoch: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    attempt_count: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(300), default="")


class Delivery(Base):
    """One person on one rung. `is_current` is true on exactly one row per person and campaign.

    envelope     its ordinal; NULL where none carries it: announcement, withheld, withdrawn
    outcome      '' while the envelope speaks for it; else delivered | failed | suppressed |
                 withheld | silent
    rank         rank of the strongest receipt so far; a weaker one that comes late changes nothing
    """

    __tablename__ = "delivery"
    __table_args__ = (
        # No foreign keys: checked row by row they cost more than half of placing a million
        # people (docs/decisions/0005). Deliveries are only ever written from recipients, and
        # are read joined to the recipient of the same mode.
        Index("ix_delivery_envelope", "campaign_id", "envelope"),
        Index(
            "uq_delivery_current",
            "campaign_id",
            "recipient_id",
            unique=True,
            sqlite_where=text("is_current"),
            postgresql_where=text("is_current"),
        ),
        # Most rows change once, when they are settled. What they become then has room beside
        # them, and no index is told: a third of the time, and no more of the disk in the end.
        {"postgresql_with": {"fillfactor": 50}},
    )

    campaign_id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient_id: Mapped[UUID] = mapped_column(primary_key=True)
    rung: Mapped[int] = mapped_column(primary_key=True)
    mode: Mapped[str] = mapped_column(String(5))
    channel: Mapped[str] = mapped_column(String(20))
    envelope: Mapped[int | None]
    is_current: Mapped[bool]
    outcome: Mapped[str] = mapped_column(String(12), default="")
    rank: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(100), default="")
    outcome_at: Mapped[datetime | None]


class Attempt(Base):
    """One call to a provider, committed before any byte of it leaves.

    outcome  '' while open, then accepted | retry | refused | split | unknown; unresolved where
             no evidence came and the campaign's policy sent again
    sha256   of the body's bytes, which follow from the sealed people, the words and this id
    batch_id  what it can be cancelled by at its provider until it is due; '' if it cannot; rides
              in the body, as `due_at` does
    """

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("campaign_id", "ordinal", "epoch"),
        ForeignKeyConstraint(
            ["campaign_id", "ordinal"], ["envelope.campaign_id", "envelope.ordinal"]
        ),
        Index(
            "uq_attempt_open",
            "campaign_id",
            "ordinal",
            unique=True,
            sqlite_where=text("outcome IN ('', 'unknown')"),
            postgresql_where=text("outcome IN ('', 'unknown')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    campaign_id: Mapped[UUID]
    ordinal: Mapped[int]
    epoch: Mapped[int]
    provider: Mapped[str] = mapped_column(String(20))
    worker: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    sha256: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(10), default="")
    http_status: Mapped[int | None]
    provider_ref: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    look_up_count: Mapped[int] = mapped_column(default=0)
    batch_id: Mapped[str] = mapped_column(String(100), default="", server_default="")
    due_at: Mapped[datetime | None]
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ProviderReceipt(Base):
    """What a provider said later; kept whole, in any order, each once.

    No foreign key: it may tell of what we do not know (yet).
    """

    __tablename__ = "receipt"
    __table_args__ = (
        Index("ix_receipt_person", "campaign_id", "recipient_id"),
        # The brake counts these while receipts come in; the others are not in it.
        Index(
            "ix_receipt_failure",
            "campaign_id",
            "kind",
            sqlite_where=text("permanent"),
            postgresql_where=text("permanent"),
        ),
    )

    dedupe_key: Mapped[str] = mapped_column(String(200), primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    campaign_id: Mapped[UUID | None]
    recipient_id: Mapped[UUID | None]
    rung: Mapped[int | None]
    attempt_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(String(20))
    rank: Mapped[int]
    permanent: Mapped[bool]
    code: Mapped[str] = mapped_column(String(100))
    provider_ref: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    received_at: Mapped[datetime]


def rows_changed(session: Session, statement: Executable) -> int:
    """Run a statement on sets of rows; how many it touched. Rows in memory are not told."""
    options = {"synchronize_session": False, "preserve_rowcount": True}
    result = session.execute(statement, execution_options=options)
    return int(cast("CursorResult[Any]", result).rowcount)


def campaigns_of(session: Session, incident_id: UUID) -> Sequence[Campaign]:
    """The campaigns of an incident, oldest first."""
    query = select(Campaign).where(Campaign.incident_id == incident_id)
    return session.scalars(query.order_by(Campaign.launched_at, Campaign.id)).all()


def standing_campaigns(session: Session, incident_id: UUID) -> Sequence[UUID]:
    """Those of them that were not stopped, oldest first: whoever holds several goes by it."""
    query = select(Campaign.id).where(
        Campaign.incident_id == incident_id, Campaign.status != "stopped"
    )
    return session.scalars(query.order_by(Campaign.id)).all()


def locked_campaign(session: Session, campaign_id: UUID, *, wait: bool = True) -> Campaign | None:
    """The campaign, held until the end of the transaction; None if gone or held by others.

    Whatever moves people between rungs holds it: two such moves would meet in the middle.
    Rows that only refer to the campaign may still be written by others.
    """
    query = select(Campaign).where(Campaign.id == campaign_id)
    lock = query.with_for_update(key_share=True, skip_locked=not wait)
    return session.scalar(lock.execution_options(populate_existing=True))


def mark_for_review(session: Session, incident_id: UUID) -> bool:
    """Have the duties of an incident looked at again; no edit of it becomes stale by this.

    False if they were to be already: who marked it rang.
    """
    due = update(Incident).where(Incident.id == incident_id, ~Incident.review_due)
    return rows_changed(session, due.values(review_due=True)) > 0

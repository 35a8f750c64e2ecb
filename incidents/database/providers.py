"""What is known of each provider: its breaker, when it asked to be left alone, its pace.

A row is written at the first trouble, and at the first pace that is set; until then a provider
costs no more than one look. Whoever changes a row holds it, always after the envelopes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Double, Row, String, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base
from incidents.database.campaigns import Attempt, Campaign, Envelope, rows_changed
from incidents.database.engine import upsert
from incidents.rules.breaker import Breaker
from incidents.rules.lifecycle import BREAKER
from incidents.rules.pace import Bucket, Rate, full

Lane = tuple[str, str]  # provider and channel


class ProviderState(Base):
    """A provider on one channel. breaker: lifecycle.BREAKER; the rest as in rules.breaker.

    blocked_until  it said that it wants nothing before then
    last_error     the newest reason, without personal data
    """

    __tablename__ = "provider"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    breaker: Mapped[str] = mapped_column(String(10), default=BREAKER.start)
    reason: Mapped[str] = mapped_column(String(20), default="")
    recent: Mapped[str] = mapped_column(String(50), default="")
    trips: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime | None]
    probe_at: Mapped[datetime | None]
    blocked_until: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(300), default="")
    last_error_at: Mapped[datetime | None]


class Pace(Base):
    """Tokens of one unit that a provider may be given; rules.pace.Bucket."""

    __tablename__ = "pace"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    unit: Mapped[str] = mapped_column(String(12), primary_key=True)
    rate: Mapped[float] = mapped_column(Double)
    tokens: Mapped[float] = mapped_column(Double)
    refilled_at: Mapped[datetime]
    factor: Mapped[float] = mapped_column(Double)
    factor_at: Mapped[datetime]


def all_states(session: Session) -> Sequence[ProviderState]:
    """Every provider that was ever in trouble."""
    query = select(ProviderState).order_by(ProviderState.name, ProviderState.channel)
    return session.scalars(query).all()


def all_paces(session: Session) -> Sequence[Pace]:
    """Every pace that was ever set."""
    return session.scalars(select(Pace).order_by(Pace.provider, Pace.unit)).all()


def in_trouble(session: Session, now: datetime) -> Sequence[ProviderState]:
    """Those that nothing may be handed to now, or only a probe."""
    shut = or_(ProviderState.breaker != BREAKER.start, ProviderState.blocked_until > now)
    return session.scalars(select(ProviderState).where(shut)).all()


def shut(session: Session, now: datetime) -> list[Lane]:
    """Those that are left alone for now; one whose probe is due gets its share, and is tried."""
    query = select(ProviderState.name, ProviderState.channel).where(
        ProviderState.breaker != BREAKER.start, ProviderState.probe_at > now
    )
    return [(name, channel) for name, channel in session.execute(query)]


def open_breakers(session: Session) -> Sequence[ProviderState]:
    """Those whose breaker is not closed."""
    return session.scalars(
        select(ProviderState).where(ProviderState.breaker != BREAKER.start)
    ).all()


def known(session: Session, lanes: Iterable[Lane]) -> dict[Lane, ProviderState]:
    """Those of these that have a row."""
    names = {name for name, _ in lanes}
    query = select(ProviderState).where(ProviderState.name.in_(names))
    return {(row.name, row.channel): row for row in session.scalars(query)}


def held(session: Session, name: str, channel: str) -> ProviderState:
    """A provider's row, made if need be, and held until the end of the transaction."""
    key = {"name": name, "channel": channel}
    fresh = {"breaker": BREAKER.start, "reason": "", "recent": "", "trips": 0, "last_error": ""}
    _make(session, ProviderState, [key | fresh])
    query = select(ProviderState).filter_by(**key).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def breaker_of(row: ProviderState) -> Breaker:
    """The breaker in a row."""
    return Breaker(row.breaker, row.reason, row.recent, row.trips, row.opened_at, row.probe_at)


def keep_breaker(row: ProviderState, breaker: Breaker) -> None:
    """Write a breaker into a row that is held."""
    row.breaker, row.reason, row.recent = breaker.state, breaker.reason, breaker.recent
    row.trips, row.opened_at, row.probe_at = breaker.trips, breaker.opened_at, breaker.probe_at


def buckets(session: Session, rates: Sequence[Rate], now: datetime) -> list[Bucket]:
    """The buckets of one provider's rates as they stand, held until the end."""
    (provider,) = {rate.provider for rate in rates}
    query = select(Pace).where(Pace.provider == provider).order_by(Pace.unit).with_for_update()
    found = _paces(session, query)
    if missing := [rate for rate in rates if rate.unit not in found]:
        _make(session, Pace, [{"provider": provider, **_values(full(r, now))} for r in missing])
        found = _paces(session, query)
    return [bucket_of(found[rate.unit], rate) for rate in rates]


def keep_bucket(session: Session, provider: str, bucket: Bucket) -> None:
    """Write a bucket that is held."""
    this = update(Pace).where(Pace.provider == provider, Pace.unit == bucket.unit)
    rows_changed(session, this.values(**_values(bucket)))


def attempts_by_outcome(session: Session, since: datetime) -> Sequence[Row[*tuple[Any, ...]]]:
    """(provider, channel, outcome, count) of live calls since then.

    Found by their campaigns, of which few were on their way since then: an index by time would
    cost every call that is written.
    """
    on_its_way = or_(Campaign.finished_at.is_(None), Campaign.finished_at >= since)
    campaigns = session.scalars(select(Campaign.id).where(Campaign.mode == "live", on_its_way))
    query = (
        select(Attempt.provider, Envelope.channel, Attempt.outcome, func.count())
        .join(
            Envelope,
            (Envelope.campaign_id == Attempt.campaign_id) & (Envelope.ordinal == Attempt.ordinal),
        )
        .where(Attempt.campaign_id.in_(campaigns.all()), Attempt.started_at >= since)
        .group_by(Attempt.provider, Envelope.channel, Attempt.outcome)
    )
    return session.execute(query).all()


def _paces(session: Session, query: Any) -> dict[str, Pace]:
    found = session.scalars(query.execution_options(populate_existing=True))
    return {row.unit: row for row in found}


def bucket_of(row: Pace, rate: Rate) -> Bucket:
    """With the rate that is set now: it may have been another one when the row was written."""
    return Bucket(row.unit, rate.per_second, row.tokens, row.refilled_at, row.factor, row.factor_at)


def _values(bucket: Bucket) -> dict[str, Any]:
    return {
        "unit": bucket.unit,
        "rate": bucket.rate,
        "tokens": bucket.tokens,
        "refilled_at": bucket.refilled_at,
        "factor": bucket.factor,
        "factor_at": bucket.factor_at,
    }


def _make(session: Session, kind: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; what somebody else has just inserted stays as it is."""
    session.execute(upsert(session, kind).on_conflict_do_nothing(), rows)

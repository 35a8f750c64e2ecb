"""Who asked not to be written to, or cannot be: by address, for the whole organisation.

An address is known here by a keyed hash under a key of its own and by its sealed self. No
recipient bears this hash, so nothing links the people of two incidents.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Index,
    LargeBinary,
    Select,
    String,
    and_,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.campaigns import rows_changed
from incidents.database.engine import upsert
from incidents.database.sets import among


class Suppression(Base):
    """One reason not to use one address. It stands until it is lifted or its time is over.

    kind           email | phone | push | post
    address_index  keyed hash of the address in the form in which it is compared
    sealed         that form, AES-256-GCM
    reason         rules/suppressions.REASONS
    bars           bits of the channels that it closes (rules/ladder.BARRED); marketing: none
    until          when it ends by itself; NULL: never
    source         who said so: person, list, or the provider's name
    settled_at     when the people of open incidents were gone through for it, or for its end;
                   NULL: they wait to be
    """

    __tablename__ = "suppression"
    __table_args__ = (
        Index(
            "uq_suppression_standing",
            "kind",
            "address_index",
            "reason",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
        Index(
            "ix_suppression_unsettled",
            "id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index(
            "ix_suppression_until",
            "until",
            sqlite_where=text("lifted_at IS NULL AND until IS NOT NULL"),
            postgresql_where=text("lifted_at IS NULL AND until IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    kind: Mapped[str] = mapped_column(String(5))
    address_index: Mapped[bytes] = mapped_column(LargeBinary(16))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(String(20))
    bars: Mapped[int]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    source: Mapped[str] = mapped_column(String(40))
    added_at: Mapped[datetime]
    added_by: Mapped[UUID]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[UUID | None]
    settled_at: Mapped[datetime | None]


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Add suppressions, but none that stands already; gives the ids of those added."""
    if not rows:
        return set()
    new = upsert(session, Suppression).on_conflict_do_nothing().returning(Suppression.id)
    # In one order, so that two who add the same do not wait for each other.
    ordered = sorted(rows, key=lambda row: (row["kind"], row["address_index"], row["reason"]))
    return set(session.scalars(new, [dict(row) for row in ordered]))


def suppressions(*, reason: str = "", lifted: bool = False) -> Select[Suppression]:
    """A query for suppressions that stand, or that were lifted; all reasons or one."""
    query = select(Suppression).where(
        Suppression.lifted_at.is_not(None) if lifted else Suppression.lifted_at.is_(None)
    )
    return query.where(Suppression.reason == reason) if reason else query


def of_address(session: Session, kind: str, address_index: bytes) -> Sequence[Suppression]:
    """What stands for an address, oldest first."""
    query = suppressions().where(
        Suppression.kind == kind, Suppression.address_index == address_index
    )
    return session.scalars(query.order_by(Suppression.id)).all()


def standing(session: Session, kind: str, indexes: Iterable[bytes]) -> dict[bytes, int]:
    """Those of these addresses that are closed to something, each with its bits."""
    query = select(Suppression.address_index, Suppression.bars).where(
        Suppression.kind == kind,
        among(session, Suppression.address_index, list(indexes)),
        Suppression.lifted_at.is_(None),
        Suppression.bars != 0,
    )
    found: dict[bytes, int] = {}
    for address_index, bars in session.execute(query):
        found[address_index] = found.get(address_index, 0) | bars
    return found


def page_after(
    session: Session, last: UUID | None, limit: int, changed_since: datetime | None = None
) -> Sequence[Suppression]:
    """Some of those that close something, in order, after the last one seen.

    changed_since  those added or lifted since this moment; None: all that stand
    """
    if changed_since is None:
        query = suppressions()
    else:
        added, lifted = Suppression.added_at, Suppression.lifted_at
        query = select(Suppression).where(or_(added >= changed_since, lifted >= changed_since))
    query = query.where(Suppression.bars != 0).order_by(Suppression.id).limit(limit)
    return session.scalars(query if last is None else query.where(Suppression.id > last)).all()


def unsettled_since(session: Session) -> datetime | None:
    """When the first of those came that no people have been gone through for."""
    moment = func.coalesce(Suppression.lifted_at, Suppression.added_at)
    return session.scalar(select(func.min(moment)).where(_UNSETTLED))


def unsettled(session: Session, limit: int) -> Sequence[Suppression]:
    """Suppressions for which no people have been gone through; held until the end."""
    query = select(Suppression).where(_UNSETTLED).order_by(Suppression.id).limit(limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def settle(session: Session, ids: Iterable[UUID], now: datetime) -> None:
    """Mark these as gone through."""
    these = among(session, Suppression.id, list(ids))
    rows_changed(session, update(Suppression).where(these).values(settled_at=now))


def end(session: Session, now: datetime) -> int:
    """Lift what has come to its end; how many."""
    over = and_(Suppression.lifted_at.is_(None), Suppression.until <= now)
    lifted = {"lifted_at": now, "settled_at": None}
    return rows_changed(session, update(Suppression).where(over).values(**lifted))


_UNSETTLED: ColumnElement[bool] = Suppression.settled_at.is_(None)

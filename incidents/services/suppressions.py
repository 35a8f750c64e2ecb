"""Opt-outs of the whole organisation: who asked not to be written to, and addresses that are dead.

They close channels of an address (rules/suppressions says which) and never keep a person from
being told: whoever is closed to one rung stands on the next one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select

from incidents.audit import log as audit
from incidents.database import suppressions as rows
from incidents.database.base import uuid7
from incidents.database.suppressions import Suppression
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules import suppressions as rules
from incidents.rules.permissions import Permission
from incidents.services import barring
from incidents.vault.blind_index import blind_index
from incidents.vault.sealed import seal
from incidents.work import Work, require, require_no_drill_token


@dataclass(frozen=True, slots=True)
class Asked:
    """One reason not to use one address.

    kind    email | phone | push | post; empty: told by the address's shape
    until   when it ends by itself; None: never
    source  who said so: person, list, or a provider's name
    """

    address: str
    reason: str
    kind: str = ""
    until: datetime | None = None
    source: str = "person"


def add(work: Work, asked: Asked) -> Suppression:
    """Close an address; at once, whoever is about to be written to there is moved on.

    Raises  InvalidInput  no such address or reason, a time that is over
            Conflict      it stands already
    """
    require(work.actor, Permission.CHANGE_SUPPRESSION)
    require_no_drill_token(work.actor)
    (added,) = rows.add(work.session, rows_of(work, [asked])) or (None,)
    if added is None:
        raise Conflict("this stands already; lift it first to give it another end")
    row = work.session.get_one(Suppression, added)
    barring.settle(work, [row])
    _tell(work, "suppression.add", row)
    return row


def add_all(work: Work, asked: Iterable[Asked]) -> int:
    """Close many addresses; how many were not closed before. Their people follow in a moment."""
    require(work.actor, Permission.CHANGE_SUPPRESSION)
    return len(rows.add(work.session, rows_of(work, asked)))


def lift(work: Work, suppression_id: UUID) -> Suppression:
    """Take a suppression back: what leaves from now on may use the address again.

    Nobody is moved back to a rung that was passed over: whoever said STOP may have had it there.
    """
    require(work.actor, Permission.CHANGE_SUPPRESSION)
    require_no_drill_token(work.actor)
    row = read(work, suppression_id)
    if row.lifted_at is not None:
        raise Conflict("this was lifted already")
    row.lifted_at, row.lifted_by = work.now, work.actor.id
    work.session.flush()
    barring.settle(work, [row])
    _tell(work, "suppression.lift", row)
    return row


def take_back(work: Work, asked: Asked) -> bool:
    """Lift what a provider had said of an address, and nobody else; whether it stood.

    Brought to people with what else providers say, in a moment.
    """
    require(work.actor, Permission.WORK_UNSEEN)
    kind, text = rules.comparable(asked.address, asked.kind)
    index = blind_index(barring.key_of(work), kind, text)
    for row in rows.of_address(work.session, kind, index):
        if (row.reason, row.source) == (asked.reason, asked.source):
            row.lifted_at, row.lifted_by, row.settled_at = work.now, work.actor.id, None
            _tell(work, "suppression.lift", row, courier=asked.source)
            return True
    return False


def expire(work: Work) -> int:
    """End those whose time is over; how many."""
    require(work.actor, Permission.WORK_UNSEEN)
    ended = rows.end(work.session, work.now)
    if ended:
        audit.record(work, "suppression.expire", count=ended)
    return ended


def find(work: Work, *, reason: str = "", lifted: bool = False) -> Select[Suppression]:
    """A query for those that stand, or that were lifted."""
    require(work.actor, Permission.READ_SUPPRESSION)
    require_no_drill_token(work.actor)
    return rows.suppressions(reason=reason, lifted=lifted)


def read(work: Work, suppression_id: UUID) -> Suppression:
    """One suppression."""
    require(work.actor, Permission.READ_SUPPRESSION)
    require_no_drill_token(work.actor)
    row = work.session.get(Suppression, suppression_id)
    if row is None:
        raise NotFound("there is no such suppression")
    return row


def of_address(work: Work, address: str, kind: str = "") -> Sequence[Suppression]:
    """What stands for exactly this address."""
    require(work.actor, Permission.READ_SUPPRESSION)
    require_no_drill_token(work.actor)
    kind, text = rules.comparable(address, kind)
    return rows.of_address(work.session, kind, blind_index(barring.key_of(work), kind, text))


def masks(work: Work, found: Iterable[Suppression]) -> dict[UUID, str]:
    """What is shown of their addresses."""
    require(work.actor, Permission.READ_SUPPRESSION)
    return {row.id: barring.masked(row.kind, text) for row, text in barring.opened(work, found)}


def rows_of(work: Work, asked: Iterable[Asked]) -> list[dict[str, Any]]:
    """Rows for these, sealed; raises InvalidInput for the first that cannot be one."""
    key = barring.key_of(work)
    made = []
    for one in asked:
        kind, text = rules.comparable(one.address, one.kind)
        bars = rules.bars(kind, one.reason)
        _check_end(one.until, work.now)
        row_id = uuid7()
        sealed = seal(
            key,
            table="suppression",
            row_id=row_id,
            field="sealed",
            incident_id=key.incident_id,
            plaintext=text.encode(),
        )
        made.append(
            {
                "id": row_id,
                "kind": kind,
                "address_index": blind_index(key, kind, text),
                "sealed": sealed,
                "reason": one.reason,
                "bars": bars,
                "since": work.now,
                "until": one.until,
                "source": one.source,
                "added_at": work.now,
                "added_by": work.actor.id,
                # What closes nothing moves nobody.
                "settled_at": None if bars else work.now,
            }
        )
    return made


def _check_end(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise InvalidInput("its time is over", Problem("until", "has passed", "give a day to come"))


def _tell(work: Work, kind: str, row: Suppression, **more: Any) -> None:
    audit.record(
        work,
        kind,
        subject_type="suppression",
        subject_id=row.id,
        address=row.kind,
        reason=row.reason,
        until=row.until,
        **more,
    )

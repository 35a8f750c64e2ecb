"""Turns that are not a rota's own: somebody who stands in, and turns out of a calendar."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert

from incidents.audit import log as audit
from incidents.database import rota as rows
from incidents.database.base import uuid7
from incidents.database.rota import Rota, RotaTurn
from incidents.errors import InvalidInput, NotFound, Problem
from incidents.rules.permissions import Permission
from incidents.rules.rota_calendar import CalendarTurn, read_calendar
from incidents.services.rota_plan import (
    able_people,
    get_rota,
    person_named,
    require_management,
)
from incidents.work import Work, require

LONGEST = timedelta(days=366)
IMPORTED_AHEAD = timedelta(days=731)


def overrides(work: Work) -> Sequence[RotaTurn]:
    """Who stands in, now and later, of every rota."""
    require(work.actor, Permission.READ_ROTA)
    return rows.overrides_of(work.session, work.now)


def override(
    work: Work,
    rota_id: UUID,
    name: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    reason: str = "",
    level: int = 0,
) -> RotaTurn:
    """Let somebody stand in from one moment until before another, whatever else is said."""
    require_management(work)
    rota = get_rota(work, rota_id)
    person = person_named(able_people(work), name, "person")
    _check_level(rota, level)
    _check_span(work, starts_at, ends_at)
    turn = RotaTurn(
        id=uuid7(),
        rota_id=rota.id,
        level=level,
        user_id=person,
        starts_at=starts_at,
        ends_at=ends_at,
        origin="override",
        reason=reason,
        created_at=work.now,
        created_by=work.actor.id,
    )
    work.session.add(turn)
    work.session.flush()
    _record_stand_in(work, "rota.override", turn)
    return turn


def restore(work: Work, override_id: UUID) -> None:
    """Take back that somebody stands in."""
    require_management(work)
    turn = work.session.get(RotaTurn, override_id)
    if turn is None or turn.origin != "override":
        raise NotFound("nobody stands in by that id")
    _record_stand_in(work, "rota.restore", turn)
    work.session.delete(turn)
    work.session.flush()


def import_calendar(
    work: Work, rota_id: UUID, text: str, *, level: int = 0, also: Mapping[str, str] | None = None
) -> int:
    """Take the turns of one level out of an iCalendar file, in the place of those before.

    also     what the calendar calls people (a name, an address) -> a user's name
    Returns  how many turns lie ahead
    Raises   InvalidInput, which names each event that cannot be used; then nothing is imported
    """
    require_management(work)
    rota = get_rota(work, rota_id)
    _check_level(rota, level)
    able = able_people(work)
    known = able | {
        called: person_named(able, name, f"names.{called}") for called, name in (also or {}).items()
    }
    turns = read_calendar(text, rota.zone, known, work.now, work.now + IMPORTED_AHEAD)
    rows.drop_calendar(work.session, rota.id, level)
    work.session.execute(insert(RotaTurn), [_imported(work, rota, level, one) for one in turns])
    audit.record(
        work,
        "rota.import",
        subject_type="rota",
        subject_id=rota.id,
        level=level,
        turns=len(turns),
        people=len({one.shift.person for one in turns}),
        file=hashlib.sha256(text.encode()).hexdigest(),
    )
    return len(turns)


def _check_level(rota: Rota, level: int) -> None:
    if not 0 <= level < len(rota.levels):
        mend = f"give 0 to {len(rota.levels) - 1}; 0 is woken first"
        raise InvalidInput("the rota has no such level", Problem("level", "is none of it", mend))


def _check_span(work: Work, starts_at: datetime, ends_at: datetime) -> None:
    why = ""
    if ends_at <= starts_at:
        why = "does not come after the beginning"
    elif ends_at <= work.now:
        why = "is past"
    elif ends_at - starts_at > LONGEST:
        why = "is more than a year after the beginning"
    if why:
        raise InvalidInput("nobody can stand in then", Problem("until", why, "give a later end"))


def _imported(work: Work, rota: Rota, level: int, turn: CalendarTurn) -> dict[str, object]:
    return {
        "id": uuid7(),
        "rota_id": rota.id,
        "level": level,
        "user_id": turn.shift.person,
        "starts_at": turn.shift.start,
        "ends_at": turn.shift.until,
        "origin": "calendar",
        "uid": turn.uid,
        "created_at": work.now,
        "created_by": work.actor.id,
    }


def _record_stand_in(work: Work, kind: str, turn: RotaTurn) -> None:
    audit.record(
        work,
        kind,
        subject_type="rota",
        subject_id=turn.rota_id,
        override_id=turn.id,
        user_id=turn.user_id,
        level=turn.level,
        starts_at=turn.starts_at,
        ends_at=turn.ends_at,
    )

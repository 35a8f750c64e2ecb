"""Making and changing rotas: whose turn it is in what order, and when it is handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from difflib import get_close_matches
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from incidents.audit import log as audit
from incidents.database import rota as rows
from incidents.database.base import uuid7
from incidents.database.rota import Rota
from incidents.database.users import User
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules.permissions import Permission, Role, permissions_of, roles_with
from incidents.rules.rota import last_weekday
from incidents.services.edits import check_version
from incidents.work import Work, require, require_no_drill_token

MOST_LEVELS, MOST_PEOPLE, MOST_ROTAS = 5, 100, 20


@dataclass(frozen=True, slots=True)
class Round:
    """The turns of a rota, as people say them.

    zone       IANA name, in which handovers are told
    days       length of a turn
    starts_on  day of the first handover; None: so that somebody is on duty from now on
    weekday    0 is Monday: the handover is on the last such day up to `starts_on`; None: any day
    levels     names of users in order, for each level; the first is woken first
    """

    zone: str
    handover: time
    days: int
    levels: Sequence[Sequence[str]]
    starts_on: date | None = None
    weekday: int | None = None


def rotas(work: Work) -> Sequence[Rota]:
    """Every rota, by name."""
    require(work.actor, Permission.READ_ROTA)
    return rows.all_rotas(work.session)


def get_rota(work: Work, rota_id: UUID) -> Rota:
    """One rota."""
    require(work.actor, Permission.READ_ROTA)
    rota = work.session.get(Rota, rota_id)
    if rota is None:
        raise NotFound("there is no such rota")
    return rota


def names_of(work: Work, users: Sequence[str]) -> dict[str, str]:
    """Id, as text -> name of users, those who were shut out included."""
    require(work.actor, Permission.READ_ROTA)
    found = (work.session.get(User, UUID(one)) for one in dict.fromkeys(users))
    return {str(user.id): user.name for user in found if user is not None}


def create(work: Work, name: str, turns: Round) -> Rota:
    """A new rota."""
    require_management(work)
    if rows.rota_by_name(work.session, name):
        raise Conflict(f"there is a rota {name!r} already", Problem("name", "is taken"))
    if len(rows.all_rotas(work.session)) >= MOST_ROTAS:
        raise Conflict(f"there are {MOST_ROTAS} rotas already: end one of them first")
    rota = Rota(id=uuid7(), name=name, version=1, created_at=work.now, updated_at=work.now)
    _take(work, rota, turns)
    work.session.add(rota)
    work.session.flush()
    _record(work, "rota.create", rota)
    return rota


def amend(work: Work, rota_id: UUID, turns: Round, *, read_version: int) -> Rota:
    """Put other turns in the place of a rota's own; who stands in and calendars stay."""
    require_management(work)
    rota = get_rota(work, rota_id)
    check_version(rota.version, read_version)
    _take(work, rota, turns)
    rota.version, rota.updated_at = rota.version + 1, work.now
    work.session.flush()
    _record(work, "rota.amend", rota)
    return rota


def end(work: Work, rota_id: UUID) -> None:
    """Remove a rota with all its turns."""
    require_management(work)
    rota = get_rota(work, rota_id)
    rows.drop_rota(work.session, rota.id)
    work.session.expunge(rota)
    audit.record(work, "rota.end", subject_type="rota", subject_id=rota.id)


def require_management(work: Work) -> None:
    """Refuse whoever may not change rotas, and tokens for drills: a rota wakes people, live."""
    require(work.actor, Permission.MANAGE_ROTA)
    require_no_drill_token(work.actor)


def _take(work: Work, rota: Rota, turns: Round) -> None:
    """Check the turns and put them into the row."""
    if turns.zone not in available_timezones():
        near = get_close_matches(turns.zone, available_timezones(), 1)
        mend = f"did you mean {near[0]}" if near else "name one such as Europe/Berlin"
        raise InvalidInput("nobody knows that zone", Problem("zone", "is no IANA zone", mend))
    rota.zone, rota.handover, rota.days = turns.zone, turns.handover, turns.days
    rota.starts_on = _first_day(work, turns)
    rota.levels = _levels(work, turns.levels)


def _first_day(work: Work, turns: Round) -> date:
    now = work.now.astimezone(ZoneInfo(turns.zone))
    first = turns.starts_on
    if first is None:
        # Before today's handover it is still the turn that began a day earlier.
        first = now.date() if now.time() >= turns.handover else now.date() - timedelta(days=1)
    return first if turns.weekday is None else last_weekday(turns.weekday, first)


def _levels(work: Work, levels: Sequence[Sequence[str]]) -> list[list[str]]:
    if not 1 <= len(levels) <= MOST_LEVELS or any(len(one) > MOST_PEOPLE for one in levels):
        why = f"a rota has 1 to {MOST_LEVELS} levels of at most {MOST_PEOPLE} people"
        raise InvalidInput(why, Problem("levels", "are too many or none"))
    able = able_people(work)
    found: list[list[str]] = []
    problems: list[Problem] = []
    for number, people in enumerate(levels):
        found.append([])
        for place, name in enumerate(people):
            try:
                found[-1].append(str(person_named(able, name, f"levels.{number}.{place}")))
            except InvalidInput as unknown:
                problems += unknown.problems
    if problems:
        raise InvalidInput("not all of them can be on duty", *problems)
    return found


def able_people(work: Work) -> dict[str, UUID]:
    """Name -> id of everybody who could acknowledge an alarm."""
    return {
        user.name: user.id
        for user in rows.active_users(work.session)
        if Permission.ACKNOWLEDGE_ALARM in permissions_of(frozenset(map(Role, user.roles)))
    }


def person_named(able: Mapping[str, UUID], name: str, field: str) -> UUID:
    """The user of a name among those who may be on duty. Raises InvalidInput for a field."""
    if name in able:
        return able[name]
    near = get_close_matches(name, able, 1)
    roles = ", ".join(roles_with(Permission.ACKNOWLEDGE_ALARM))
    mend = f"did you mean {near[0]}" if near else f"name a user who is one of {roles}"
    why = "is nobody on the team who may acknowledge an alarm"
    raise InvalidInput(f"{name} cannot be on duty", Problem(field, why, mend))


def _record(work: Work, kind: str, rota: Rota) -> None:
    audit.record(
        work,
        kind,
        subject_type="rota",
        subject_id=rota.id,
        version=rota.version,
        days=rota.days,
        levels=len(rota.levels),
        people=len({person for level in rota.levels for person in level}),
    )

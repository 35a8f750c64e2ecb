"""Who is on duty, and how they are reached: by rota, calendar and whoever stands in.

Nobody on duty is no answer. Where no rota says anybody who could be reached, every active
commander and privacy officer is woken, and `warnings` says so long before.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from incidents.database import rota as rows
from incidents.database.rota import Rota, RotaTurn
from incidents.rules.permissions import Permission, Role
from incidents.rules.rota import Level, Pattern, Shift, changes, standing
from incidents.services.rota_contacts import contact_of, contacts_of, set_contact
from incidents.work import Work, require
from notifiers.paging import Contact

__all__ = [
    "WARNINGS",
    "OnDuty",
    "RotaWarning",
    "Turn",
    "contact_of",
    "on_duty",
    "plan",
    "set_contact",
    "turns_between",
    "warnings",
    "who",
]

LEVELS = ("primary", "secondary")
WATCHED = timedelta(days=14)
WARNINGS = ("no_rota", "gap", "unreachable", "nobody")
_LAST_RESORT = {Role.COMMANDER.value, Role.PRIVACY_OFFICER.value}


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Somebody on duty at a moment.

    level  0 is woken first, then 1, …; without holes
    by     what says so: rota, calendar, override, or fallback where none of them does
    """

    user_id: UUID
    name: str
    contact: Contact
    level: int
    by: str = "rota"

    @property
    def reachable_by(self) -> list[str]:
        """What they can be reached by: email, phone, chat."""
        return [name for name in ("email", "phone", "chat") if getattr(self.contact, name)]


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is on duty from a moment until before another."""

    start: datetime
    until: datetime
    on_duty: list[OnDuty]


@dataclass(frozen=True, slots=True)
class RotaWarning:
    """What will go wrong with being on duty, if nobody mends it.

    code  one of WARNINGS
    """

    code: str
    start: datetime
    until: datetime
    text: str


def on_duty(work: Work, at: datetime) -> list[OnDuty]:
    """Who is to be woken at a moment, with their contacts in the open: for whoever pages."""
    require(work.actor, Permission.WORK_UNSEEN)
    return _Roster(work, at, at + timedelta.resolution).at(at)


def turns_between(work: Work, start: datetime, until: datetime) -> list[Turn]:
    """Who is to be woken when, without holes, with their contacts: for the sentinel's copy."""
    require(work.actor, Permission.WORK_UNSEEN)
    return list(_Roster(work, start, until).turns())


def who(work: Work, at: datetime) -> list[OnDuty]:
    """Who is on duty at a moment: for people; show no contact of it."""
    require(work.actor, Permission.READ_ROTA)
    return _Roster(work, at, at + timedelta.resolution).at(at)


def plan(work: Work, start: datetime, until: datetime, name: str = "") -> list[Turn]:
    """Who is on duty when, by all rotas or by one: for people; show no contact of it."""
    require(work.actor, Permission.READ_ROTA)
    return list(_Roster(work, start, until, name).turns())


def warnings(work: Work, ahead: timedelta = WATCHED) -> list[RotaWarning]:
    """What will go wrong in the time ahead: nobody on duty, or nobody who can be reached."""
    require(work.actor, Permission.READ_ROTA)
    return list(_Roster(work, work.now, work.now + ahead).warnings())


class _Roster:
    """All that is needed to say who is on duty at any moment of a time, read once."""

    def __init__(self, work: Work, start: datetime, until: datetime, name: str = "") -> None:
        self._start, self._until = start, until
        self._users = {user.id: user for user in rows.active_users(work.session)}
        rotas = [one for one in rows.all_rotas(work.session) if name in {"", one.name}]
        turns = rows.turns_of(work.session, start, until)
        self._levels = [
            (rota, number, level) for rota in rotas for number, level in _levels(rota, turns)
        ]
        self._has_rota = bool(rotas)
        named = {user for _, _, level in self._levels for user in _people(level)}
        last = {user.id for user in self._users.values() if _LAST_RESORT & set(user.roles)}
        wanted = {user: self._users[user].name for user in named | last if user in self._users}
        self._contacts = contacts_of(work, wanted)
        self._last_resort = list(self._fallback(last))

    def at(self, moment: datetime) -> list[OnDuty]:
        """Those on duty, those woken first at the front; never empty while anybody could be."""
        found = list(self._said(moment))
        if any(one.reachable_by for one in found):
            return _ranked(found)
        return _ranked([*found, *self._last_resort])

    def turns(self) -> Iterator[Turn]:
        """Everybody's turns; a new one begins only where something changes."""
        before: Turn | None = None
        for start, until in self._stretches():
            people = self.at(start)
            if before is not None and before.on_duty == people:
                before = Turn(before.start, until, people)
                continue
            if before is not None:
                yield before
            before = Turn(start, until, people)
        if before is not None:
            yield before

    def warnings(self) -> Iterator[RotaWarning]:
        """What will go wrong, each as long as it lasts."""
        woken = "commanders and privacy officers are woken instead"
        if not any(one.reachable_by for one in self._last_resort):
            told = "no commander and no privacy officer can be reached: set their contacts"
            yield RotaWarning("nobody", self._start, self._until, told)
            woken = "nobody is woken instead"
        if not self._has_rota:
            told = f"there is no rota: {woken}"
            yield RotaWarning("no_rota", self._start, self._until, told)
            return
        yield from self._gaps(woken)
        yield from self._unreachable()

    def _said(self, moment: datetime) -> Iterator[OnDuty]:
        """Those on duty by what the rotas say, the shut out left out."""
        for _, number, level in self._levels:
            people, by = standing(level, moment)
            yield from (self._person(one, number, by) for one in people if one in self._users)

    def _person(self, user_id: UUID, level: int, by: str) -> OnDuty:
        name = self._users[user_id].name
        return OnDuty(user_id, name, self._contacts.get(user_id, Contact(name)), level, by)

    def _fallback(self, users: Collection[UUID]) -> Iterator[OnDuty]:
        """Whoever of these can be reached; all of them if none can: a room of the house may."""
        people = [self._person(one, 0, "fallback") for one in sorted(users)]
        yield from [one for one in people if one.reachable_by] or people

    def _stretches(self) -> Iterator[tuple[datetime, datetime]]:
        if self._start < self._until:
            levels = [level for _, _, level in self._levels]
            yield from pairwise([*changes(levels, self._start, self._until), self._until])

    def _gaps(self, woken: str) -> Iterator[RotaWarning]:
        for rota, number, level in self._levels:
            empty = [
                (start, until)
                for start, until in self._stretches()
                if not any(one in self._users for one in standing(level, start).people)
            ]
            for start, until in _joined(empty):
                rest = any(self._said(start))
                told = f"{rota.name}: nobody is on duty as {level_name(number)}"
                yield RotaWarning("gap", start, until, told if rest else f"{told}; {woken}")

    def _unreachable(self) -> Iterator[RotaWarning]:
        absent: dict[UUID, tuple[datetime, datetime]] = {}
        for start, until in self._stretches():
            for one in self._said(start):
                if not one.reachable_by:
                    absent[one.user_id] = (absent.get(one.user_id, (start, until))[0], until)
        for user_id, (start, until) in absent.items():
            name = self._users[user_id].name
            told = f"{name} is on duty and cannot be reached: no contact is set"
            yield RotaWarning("unreachable", start, until, told)


def level_name(number: int) -> str:
    """What a level is called."""
    return LEVELS[number] if number < len(LEVELS) else f"level {number + 1}"


def _levels(rota: Rota, turns: Sequence[RotaTurn]) -> Iterator[tuple[int, Level]]:
    own = [turn for turn in turns if turn.rota_id == rota.id]
    count = max([len(rota.levels), *(turn.level + 1 for turn in own)])
    for number in range(count):
        people = rota.levels[number] if number < len(rota.levels) else []
        pattern = Pattern(
            rota.zone, rota.starts_on, rota.handover, rota.days, tuple(UUID(one) for one in people)
        )
        here = [turn for turn in own if turn.level == number]
        yield number, Level(pattern, _shifts(here, "calendar"), _shifts(here, "override"))


def _shifts(turns: Iterable[RotaTurn], origin: str) -> tuple[Shift, ...]:
    return tuple(
        Shift(turn.starts_at, turn.ends_at, turn.user_id) for turn in turns if turn.origin == origin
    )


def _people(level: Level) -> set[UUID]:
    shifts = (*level.calendar, *level.overrides)
    return {*level.pattern.people, *(shift.person for shift in shifts)}


def _ranked(people: Sequence[OnDuty]) -> list[OnDuty]:
    """Each person once, where they are woken first; levels counted from 0 without holes."""
    first: dict[UUID, OnDuty] = {}
    for one in sorted(people, key=lambda one: one.level):
        first.setdefault(one.user_id, one)
    ranks = {level: rank for rank, level in enumerate(sorted({p.level for p in first.values()}))}
    return [
        OnDuty(one.user_id, one.name, one.contact, ranks[one.level], one.by)
        for one in first.values()
    ]


def _joined(
    stretches: Iterable[tuple[datetime, datetime]],
) -> Iterator[tuple[datetime, datetime]]:
    """Stretches that touch, made one."""
    joined: list[tuple[datetime, datetime]] = []
    for start, until in stretches:
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], until)
        else:
            joined.append((start, until))
    yield from joined

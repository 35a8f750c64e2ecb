"""Who is on duty when: a rota of turns, what a calendar says instead, and who stands in.

All pure. A turn begins at its handover and ends before the next one, so that at every moment
exactly one turn counts. Handovers are moments on the wall of the rota's zone: the week in which
the clocks change is an hour shorter or longer, and nobody's handover moves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

By = Literal["rota", "calendar", "override"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """One round of people after the other, without end.

    zone      IANA name, e.g. Europe/Berlin
    first     day of the first handover; nobody is on duty before it
    handover  time on the wall at which each turn begins; one that the wall skips counts an hour
              later, one that it shows twice counts the first time
    days      length of a turn: 7 for weeks
    people    in order; empty: the pattern says nothing
    """

    zone: str
    first: date
    handover: time
    days: int
    people: tuple[UUID, ...]

    def begins(self, turn: int) -> datetime:
        """When a turn begins, counted from 0; aware UTC."""
        day = self.first + timedelta(days=self.days * turn)
        on_the_wall = datetime.combine(day, self.handover, ZoneInfo(self.zone))
        return on_the_wall.astimezone(UTC)

    def turn_at(self, at: datetime) -> int:
        """Which turn it is; below 0 before the first."""
        today = at.astimezone(ZoneInfo(self.zone)).date()
        turn = (today - self.first).days // self.days
        return turn - 1 if self.begins(turn) > at else turn


class Shift(NamedTuple):
    """Somebody on duty from one moment until before another; aware UTC."""

    start: datetime
    until: datetime
    person: UUID


@dataclass(frozen=True, slots=True)
class Level:
    """Who is woken at one level of a rota.

    calendar   imported turns; where several overlap, all of them are on duty
    overrides  who stands in, oldest first: the one that was said last counts
    """

    pattern: Pattern
    calendar: tuple[Shift, ...] = ()
    overrides: tuple[Shift, ...] = ()


class Standing(NamedTuple):
    """Who is on duty at one level, and what says so; `people` is empty in a gap."""

    people: tuple[UUID, ...]
    by: By


def standing(level: Level, at: datetime) -> Standing:
    """Who is on duty: by override, else by calendar, else by the pattern.

    A level that has a calendar is a calendar's: beyond its end the pattern says who, and nobody
    where it has no people.
    """
    covering = [one for one in level.overrides if one.start <= at < one.until]
    if covering:
        return Standing((covering[-1].person,), "override")
    imported = dict.fromkeys(one.person for one in level.calendar if one.start <= at < one.until)
    if imported:
        return Standing(tuple(imported), "calendar")
    pattern = level.pattern
    turn = pattern.turn_at(at) if pattern.people else -1
    if turn < 0:
        return Standing((), "rota")
    return Standing((pattern.people[turn % len(pattern.people)],), "rota")


def changes(levels: Sequence[Level], start: datetime, until: datetime) -> list[datetime]:
    """`start`, and every later moment before `until` at which somebody else may be on duty."""
    found = {moment for level in levels for moment in _changes(level, start, until)}
    return [start, *sorted(moment for moment in found if start < moment < until)]


def _changes(level: Level, start: datetime, until: datetime) -> Iterator[datetime]:
    for shift in (*level.calendar, *level.overrides):
        yield from (shift.start, shift.until)
    pattern = level.pattern
    if not pattern.people:
        return
    turn = max(0, pattern.turn_at(start))
    while (begins := pattern.begins(turn)) < until:
        yield begins
        turn += 1


def last_weekday(weekday: int, on_or_before: date) -> date:
    """The last such day of the week up to a day; 0 is Monday."""
    return on_or_before - timedelta(days=(on_or_before.weekday() - weekday) % 7)

"""How fast a mail host is given mail by a sender that it does not know: little, then more. Pure.

Receivers measure a sender by how its volume grows. Google: increase it slowly, send at a
consistent rate, avoid bursts; where mail is deferred, send less until it is not, then increase
slowly again (https://support.google.com/a/answer/81126). Here the volume doubles each period:
after t of them a host has been given first x (2^t - 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from math import log2
from typing import Any

from incidents.rules.tracks import Slopes

# A period is split so finely, so that no hour begins with all of its mail.
STEPS = 12
# So much of the time until a deadline is left for what comes back, and for the next rung.
_KEPT = 0.1
# More of what was sent than this deferred: the next step waits.
MOST_DEFERRED = 0.05
# More people than this at one host, and no ramp: worth a word before a launch.
SUDDEN = 50_000

_PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
_TOLD = re.compile(rf"([1-9]\d{{0,8}})/({'|'.join(_PERIODS)})")


@dataclass(frozen=True, slots=True)
class Ramp:
    """So many people of one mail host in the first period, in each later one twice as many."""

    first: float
    period: timedelta

    @property
    def step(self) -> timedelta:
        """How often some more leave."""
        return self.period / STEPS

    def lasts(self, people: int) -> timedelta:
        """How long it takes until so many have left."""
        return self.period * log2(1 + people / self.first)

    def by(self, periods: float) -> int:
        """How many have left after so many periods."""
        return round(self.first * (2**periods - 1))


@dataclass(frozen=True, slots=True)
class Step:
    """Up to so many people of a host, counted from its first, leave so long after the first."""

    upto: int
    after: timedelta


@lru_cache(maxsize=8)
def ramp(told: str) -> Ramp | None:
    """`5000/hour` or `20000/day`; empty: none. Raises ValueError."""
    if not told:
        return None
    match = _TOLD.fullmatch(told)
    if match is None:
        raise ValueError(f"{told!r} is not like 5000/hour or 20000/day")
    return Ramp(float(match[1]), _PERIODS[match[2]])


def in_time(wanted: Ramp, people: int, left: timedelta) -> Ramp | None:
    """The ramp for a host of so many people, steeper where it would take longer than is left.

    None: so little time is left that all leave at once.
    """
    if wanted.lasts(people) <= left:
        return wanted
    if left < wanted.step:
        return None
    return replace(wanted, first=people / (2 ** (left / wanted.period) - 1))


def left_until(due_at: datetime | None, begins: datetime) -> timedelta:
    """How long a ramp may last that begins then, so that something is left before a deadline."""
    return timedelta.max if due_at is None else (due_at - begins) * (1 - _KEPT)


def steps(ramp: Ramp, placed: int, more: int) -> Iterator[Step]:
    """The steps in which the next so many people of a host leave, after those placed before."""
    number = int(log2(1 + placed / ramp.first) * STEPS)
    last = placed + more
    while placed < last:
        number += 1
        upto = ramp.by(number / STEPS)
        if upto > placed:
            yield Step(upto, ramp.step * (number - 1))
            placed = upto


def moved(
    waiting: Iterable[datetime], late: timedelta, now: datetime, ends_by: datetime | None
) -> Mapping[datetime, datetime]:
    """Later moments for what waits, by as much as it is late: what is overdue does not burst out.

    ends_by  the deadline outranks: all of it is drawn together so far that the last is in time
    """
    later = {one: one + late for one in waiting}
    if ends_by is None or not later or max(later.values()) <= ends_by:
        return later
    first, last = min(later.values()), max(later.values())
    begins = max(now, min(first, ends_by))
    share = max(timedelta(0), ends_by - begins) / (last - first) if last > first else 0.0
    return {one: begins + (at - first) * share for one, at in later.items()}


@dataclass(frozen=True, slots=True)
class Kept:
    """The ramp of one campaign, as it keeps it.

    begins     when its first step left; put off by as long as nothing leaves
    is_steep   whether a deadline made it steeper than was set
    people     at large hosts, when it was launched
    placed     number of each large host -> how many of its people have a place so far
    """

    ramp: Ramp
    begins: datetime
    is_steep: bool
    people: int
    placed: Mapping[int, int]

    @property
    def next_at(self) -> datetime:
        """When the next person of the largest host may leave."""
        return self.begins + self.ramp.lasts(max(self.placed.values()))

    def slopes(self, more: int) -> Slopes:
        """When the next people of each large host may be told, for so many more at the most."""
        return {
            "email": {
                host: [(one.upto, self.begins + one.after) for one in steps(self.ramp, count, more)]
                for host, count in self.placed.items()
            }
        }

    def as_kept(self) -> dict[str, Any]:
        """As the campaign's column has it."""
        return {
            "first": self.ramp.first,
            "period_seconds": self.ramp.period.total_seconds(),
            "begins": self.begins.isoformat(),
            "is_steep": self.is_steep,
            "people": self.people,
            "placed": {str(host): count for host, count in self.placed.items()},
        }


def kept_of(kept: Mapping[str, Any]) -> Kept | None:
    """The ramp that a campaign keeps; None: it has none."""
    if not kept:
        return None
    return Kept(
        Ramp(kept["first"], timedelta(seconds=kept["period_seconds"])),
        datetime.fromisoformat(kept["begins"]),
        kept["is_steep"],
        kept["people"],
        {int(host): count for host, count in kept["placed"].items()},
    )

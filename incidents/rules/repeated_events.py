"""When an event of an iCalendar file (RFC 5545) takes place, with all its repetitions.

A repeated event keeps its times on the wall, also its end, when the clocks change: every
calendar tool shows it so, and the letter of RFC 5545 (the same exact duration) would tear a hole
of an hour into a rota twice a year.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

_EARLIEST, _LATEST = 2000, 2200
_MOST_STEPS = 100_000
# What rotas repeat by. Finer rules name no turn of duty, and some of them never end.
_PARTS = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}
_MORE_PARTS = _PARTS | {"BYMONTH", "BYMONTHDAY", "BYSETPOS"}
_BY_FREQUENCY = {
    "DAILY": _PARTS,
    "WEEKLY": _PARTS,
    "MONTHLY": _MORE_PARTS,
    "YEARLY": _MORE_PARTS,
}


class Unreadable(ValueError):
    """One event cannot be used: why, and what to do."""

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(why)
        self.why, self.mend = why, mend


def moment_of(event: Any, name: str) -> date | None:
    """A day or a moment of an event as it stands there; None if it is missing or broken."""
    told = event.get(name)
    # What icalendar could not read it keeps as text.
    moment = None if isinstance(told, str) else getattr(told, "dt", None)
    return moment if isinstance(moment, date) else None


def on_the_wall(
    event: Any, name: str, zone: tzinfo, wanted: tzinfo | None = None
) -> tuple[tzinfo, datetime]:
    """The zone of a moment of an event, and the moment as the wall shows it there.

    zone    of days and times that name none
    wanted  the zone whose wall is asked for, whatever the moment's own is
    """
    moment = moment_of(event, name)
    if moment is None:
        raise Unreadable(f"has no {name} that can be read", "give it a beginning and an end")
    called = event.get(name).params.get("TZID")
    if called and isinstance(moment, datetime) and moment.tzinfo is None:
        raise Unreadable(f"is in the zone {called}, which nobody knows", "name an IANA zone")
    own = wanted or (moment.tzinfo if isinstance(moment, datetime) else None) or zone
    return own, _naive(moment, own)


def in_utc(wall: datetime, zone: tzinfo) -> datetime:
    """The moment that the wall of a zone shows so."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


def length_of(event: Any, start: datetime, zone: tzinfo, own: tzinfo) -> timedelta:
    """How long an event takes on the wall: by its end, its duration, or the day that it fills."""
    if event.get("DTEND") is not None:
        length = on_the_wall(event, "DTEND", zone, own)[1] - start
    elif event.get("DURATION") is not None:
        length = event.get("DURATION").dt
    else:
        all_day = not isinstance(event.get("DTSTART").dt, datetime)
        length = timedelta(days=1) if all_day else timedelta(0)
    if not isinstance(length, timedelta) or length <= timedelta(0):
        raise Unreadable("does not end after it begins", "give it a later end")
    if length > timedelta(days=366):
        raise Unreadable("is longer than a year", "give it an earlier end")
    return length


def starts(
    event: Any, start: datetime, zone: tzinfo, since: datetime, until: datetime
) -> Iterator[datetime]:
    """When each repetition begins on the wall, from about `since` until `until`."""
    rule, more = event.get("RRULE"), event.get("RDATE")
    if rule is None and more is None:
        yield start
        return
    from dateutil.rrule import (  # type: ignore[import-untyped]  # noqa: PLC0415  only who imports
        rruleset,
    )

    found = rruleset()
    found.rdate(start)
    if rule is not None:
        found.rrule(_rule(rule, start, zone))
    for moment in _moments(more, zone):
        found.rdate(moment)
    for moment in _moments(event.get("EXDATE"), zone):
        found.exdate(moment)
    first, last = _naive(since, zone), _naive(until, zone)
    for begins in found:
        if begins > last:
            return
        if begins >= first:
            yield begins


def _rule(rule: Any, start: datetime, zone: tzinfo) -> Any:
    from dateutil.rrule import rrulestr  # noqa: PLC0415  only who imports

    frequency = str(next(iter(rule.get("FREQ") or [""])))
    steps = [*(rule.get("INTERVAL") or []), *(rule.get("COUNT") or [])]
    unknown = rule.keys() - _BY_FREQUENCY.get(frequency, set())
    # With a step of 0 dateutil never comes to an end.
    if unknown or not all(1 <= int(step) <= _MOST_STEPS for step in steps):
        raise Unreadable(
            f"repeats by a rule that is not taken: {rule.to_ical().decode()[:100]}",
            "repeat it daily, weekly, monthly or yearly, by days of the week",
        )
    ends = rule.get("UNTIL") or []
    far = [one for one in ends if isinstance(one, date) and one.year > _LATEST]
    until = [] if far else [_naive(moment, zone, end=True) for moment in ends]
    plain = {name: value for name, value in rule.items() if name != "UNTIL"}
    text = ";".join(f"{name}={','.join(map(str, value))}" for name, value in plain.items())
    try:
        made = rrulestr(text, dtstart=start)
        return made.replace(until=until[0]) if until else made
    except (ValueError, TypeError) as error:
        raise Unreadable(f"repeats by a rule that makes no sense: {error}", "mend it") from None


def _moments(told: Any, zone: tzinfo) -> Iterator[datetime]:
    """The moments of EXDATE or RDATE, which may stand there once or several times."""
    for one in told if isinstance(told, list) else [told] if told is not None else []:
        for moment in one.dts:
            yield _naive(moment.dt, zone)


def _naive(moment: object, zone: tzinfo, *, end: bool = False) -> datetime:
    """A moment as the wall of a zone shows it; a day begins, or ends, at midnight."""
    if not isinstance(moment, date):
        raise Unreadable("has a moment that is no date", "write it as a date or a date and time")
    if not _EARLIEST <= moment.year <= _LATEST:
        why = f"has a moment outside the years {_EARLIEST} to {_LATEST}"
        raise Unreadable(why, "let its series begin later, or end earlier")
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time.max if end else time.min)
    there = moment.astimezone(zone) if moment.tzinfo else moment
    return there.replace(tzinfo=None)

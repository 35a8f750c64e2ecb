"""Turns of duty out of an iCalendar file (RFC 5545), as a calendar tool exports them.

Each event is a turn of the people whom its title names, or else of those who attend. What
cannot be read is told event by event, and then nothing of the file is used.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from incidents.errors import InvalidInput, Problem
from incidents.rules.repeated_events import (
    Unreadable,
    in_utc,
    length_of,
    moment_of,
    on_the_wall,
    starts,
)
from incidents.rules.rota import Shift

MOST_EVENTS, MOST_TURNS, MOST_PROBLEMS = 1_000, 5_000, 20
# An exception may have moved its repetition so far, into or out of what is asked for.
_MOVED = timedelta(days=31)
_ONCE = ("DTSTART", "DTEND", "DURATION", "RRULE", "RECURRENCE-ID", "SUMMARY", "UID", "STATUS")


class CalendarTurn(NamedTuple):
    """One turn of one person, and the id of the event that says so."""

    uid: str
    shift: Shift


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every event is read with."""

    zone: tzinfo
    people: Mapping[str, UUID]
    since: datetime
    until: datetime


def read_calendar(
    text: str, zone: str, people: Mapping[str, UUID], since: datetime, until: datetime
) -> list[CalendarTurn]:
    """The turns that end after `since` and begin before `until`, in order.

    zone    of days and times that name none, unless the calendar names one
    people  name, in any case, or address -> user
    Raises  InvalidInput, which names each event that cannot be used
    """
    calendar = _parsed(text)
    own_zone = _zone(str(calendar.get("X-WR-TIMEZONE") or ""), ZoneInfo(zone))
    known = {name.casefold(): user for name, user in people.items()}
    turns, problems = _read(calendar.walk("VEVENT"), _Reading(own_zone, known, since, until))
    if not turns and not problems:
        mend = "export the calendar with its coming events"
        problems = [Problem("calendar", "holds no turn that lies ahead", mend)]
    if problems:
        raise _refused(*problems[:MOST_PROBLEMS])
    return sorted(turns, key=lambda turn: (turn.shift.start, turn.uid))


def _read(events: Sequence[Any], reading: _Reading) -> tuple[list[CalendarTurn], list[Problem]]:
    if len(events) > MOST_EVENTS:
        return [], [Problem("calendar", f"holds {len(events)} events, over {MOST_EVENTS}")]
    turns: list[CalendarTurn] = []
    problems: list[Problem] = []
    for event, exceptions in _series(events):
        try:
            turns += _turns(event, exceptions, reading)
        except Unreadable as wrong:
            problems.append(Problem(_called(event), wrong.why, wrong.mend))
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # What a library makes of a file that is like no other: still only this event.
            why = f"cannot be read ({type(error).__name__})"
            problems.append(Problem(_called(event), why, "make it anew in the calendar"))
        if len(turns) > MOST_TURNS:
            return [], [Problem(_called(event), f"makes it more than {MOST_TURNS} turns")]
    return turns, problems


def _refused(*problems: Problem) -> InvalidInput:
    return InvalidInput("the calendar cannot be used; nothing was imported", *problems)


def _parsed(text: str) -> Any:
    from icalendar import Calendar  # noqa: PLC0415  a fifth of a second: only who imports

    try:
        return Calendar.from_ical(text)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        why = f"is no iCalendar file: {str(error)[:100]}"
        mend = "export the calendar as .ics and send it whole"
        raise _refused(Problem("calendar", why, mend)) from None


def _series(events: Sequence[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Each event with those that stand in the place of one of its repetitions."""
    masters = {str(event.get("UID")) for event in events if event.get("RECURRENCE-ID") is None}
    exceptions: defaultdict[str, list[Any]] = defaultdict(list)
    for event in events:
        if event.get("RECURRENCE-ID") is not None:
            exceptions[str(event.get("UID"))].append(event)
    for event in events:
        uid = str(event.get("UID"))
        alone = event.get("RECURRENCE-ID") is None or uid not in masters
        if alone and not _is_cancelled(event):
            yield event, exceptions[uid] if uid in masters else []


def _turns(event: Any, exceptions: Sequence[Any], reading: _Reading) -> Iterator[CalendarTurn]:
    for one in (event, *exceptions):
        _check(one)
    own, start = on_the_wall(event, "DTSTART", reading.zone)
    instead = {
        on_the_wall(other, "RECURRENCE-ID", reading.zone, own)[1]: other for other in exceptions
    }
    length = length_of(event, start, reading.zone, own)
    since, until = reading.since - length - _MOVED, reading.until + _MOVED
    for begins in starts(event, start, own, since, until):
        changed = instead.get(begins)
        if changed is None:
            yield from _shifts(event, begins, own, length, reading)
        elif not _is_cancelled(changed):
            there, moved = on_the_wall(changed, "DTSTART", reading.zone)
            lasts = length_of(changed, moved, reading.zone, there)
            yield from _shifts(changed, moved, there, lasts, reading)


def _check(event: Any) -> None:
    for name, why in event.errors:
        raise Unreadable(f"has a {name} that cannot be read: {why}", "mend it and export again")
    for name in _ONCE:
        if isinstance(event.get(name), list):
            raise Unreadable(f"has several {name}", "leave one of them and export again")


def _shifts(
    event: Any, start: datetime, own: tzinfo, length: timedelta, reading: _Reading
) -> Iterator[CalendarTurn]:
    first, last = in_utc(start, own), in_utc(start + length, own)
    if last > reading.since and first < reading.until:
        uid = str(event.get("UID") or "")[:255]
        for person in _people(event, reading.people):
            yield CalendarTurn(uid, Shift(first, last, person))


def _people(event: Any, known: Mapping[str, UUID]) -> tuple[UUID, ...]:
    summary = " ".join(str(event.get("SUMMARY") or "").split())
    named = _named_in(summary, known)
    if named:
        return named
    attending = [one for one in _listed(event.get("ATTENDEE")) if _is_person(one)]
    if not attending:
        raise Unreadable(
            "names nobody on the team",
            "write a user's name in its title, or say with names which user is meant",
        )
    return tuple(dict.fromkeys(_attendee(one, known) for one in attending))


def _named_in(summary: str, known: Mapping[str, UUID]) -> tuple[UUID, ...]:
    """Whoever is named as a whole word; a longer name goes before a shorter one within it."""
    if not known:
        return ()
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    found = re.findall(rf"(?<!\w)(?:{names})(?!\w)", summary.casefold())
    return tuple(dict.fromkeys(known[name] for name in found))


def _attendee(one: Any, known: Mapping[str, UUID]) -> UUID:
    address = str(one).casefold().removeprefix("mailto:")
    name = str(one.params.get("CN") or "")
    user = known.get(name.casefold()) or known.get(address)
    if user is None:
        raise Unreadable(
            f"has an attendee {name or 'without a name'} who is no user",
            "give the attendee a user's name, or say with names which user is meant",
        )
    return user


def _listed(told: Any) -> list[Any]:
    return told if isinstance(told, list) else [] if told is None else [told]


def _is_person(one: Any) -> bool:
    kind, answer = str(one.params.get("CUTYPE", "")), str(one.params.get("PARTSTAT", ""))
    return kind.upper() in {"", "INDIVIDUAL"} and answer.upper() != "DECLINED"


def _is_cancelled(event: Any) -> bool:
    return str(event.get("STATUS") or "").upper() == "CANCELLED"


def _zone(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(name) if name else otherwise
    except (ValueError, OSError, KeyError):
        return otherwise


def _called(event: Any) -> str:
    """An event as the person who has to mend it knows it."""
    summary = " ".join(str(event.get("SUMMARY") or "without a title").split())[:80]
    moment = moment_of(event, "DTSTART")
    return f"event “{summary}”" + (f" of {moment:%Y-%m-%d}" if moment else "")

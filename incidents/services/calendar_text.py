"""Deadlines as iCalendar (RFC 5545): one event for each duty at the moment it is due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from incidents.rules.alarm_times import AlarmClock

if TYPE_CHECKING:
    from icalendar import Alarm, Event

_LOOK_AGAIN = timedelta(minutes=15)  # how often a calendar program should come back


@dataclass(frozen=True, slots=True)
class Entry:
    """What a calendar says of one duty. No words of people are in it, so no personal data.

    zone        where the clock of its law hangs
    moves       how often the duty changed: a calendar program takes the higher number
    changed_at  when it changed last
    """

    id: UUID
    incident: str
    is_drill: bool
    title: str
    place: str
    tell: str
    standing: str
    is_target: bool
    is_held: bool
    start_at: datetime | None
    due_at: datetime
    zone: ZoneInfo
    source: str
    url: str
    moves: int
    changed_at: datetime

    @property
    def summary(self) -> str:
        """The one line that a calendar shows."""
        drill = "DRILL " if self.is_drill else ""
        perhaps = "perhaps: " if self.standing != "owed" else ""
        where = f" ({self.place})" if self.place else ""
        return f"{drill}{self.incident} due: {perhaps}{self.title}{where}"

    @property
    def description(self) -> str:
        """What it is, by whose clock, and where it stands written."""
        there = f"{self.due_at.astimezone(self.zone):%a %d %b %Y %H:%M} in {self.zone.key}"
        in_utc = f", that is {self.due_at:%Y-%m-%d %H:%M} UTC" if self.zone.key != "UTC" else ""
        lines = [
            "DRILL: nobody is really affected." if self.is_drill else "",
            f"Due {there}{in_utc}.",
            f"Tell: {self.tell}",
            "Not known yet whether it is owed." if self.standing != "owed" else "",
            "Our own target: the law names no number here." if self.is_target else "",
            "A hold is on file: look before you tell anybody." if self.is_held else "",
            f"Source: {self.source}",
            self.url,
        ]
        return "\n".join(line for line in lines if line)


def calendar(name: str, entries: Iterable[Entry]) -> bytes:
    """A whole calendar. The same entries make the same bytes, so it can be compared by hash."""
    from icalendar import Calendar  # noqa: PLC0415  30 MB: only for whoever asks for one

    made = Calendar()
    made.add("prodid", "-//Tocsin//Deadlines//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("refresh-interval", _LOOK_AGAIN, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT15M")
    for entry in entries:
        made.add_component(_event(entry))
    return bytes(made.to_ical())


def _event(entry: Entry) -> "Event":
    from icalendar import Event  # noqa: PLC0415

    event = Event()
    event.add("uid", f"{entry.id}@tocsin")
    event.add("sequence", entry.moves)
    event.add("dtstamp", entry.changed_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", entry.due_at)
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("url", entry.url)
    event.add("categories", ["Drill" if entry.is_drill else "Deadline"])
    event.add("status", "CONFIRMED" if entry.standing == "owed" else "TENTATIVE")
    event.add("transp", "TRANSPARENT")  # it takes nobody's time, it is a moment
    for alarm in _alarms(entry):
        event.add_component(alarm)
    return event


def _alarms(entry: Entry) -> list["Alarm"]:
    """Reminders at 50, 75 and 90 % of the clock; none for what may not be owed at all: an
    incident has a hundred such duties before its first facts are known."""
    from icalendar import Alarm  # noqa: PLC0415

    if entry.start_at is None or entry.standing != "owed":
        return []
    alarms = []
    for share, at in AlarmClock(entry.start_at, entry.due_at).rungs()[:-1]:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", at.replace(microsecond=0) - entry.due_at.replace(microsecond=0))
        alarm.add("description", f"{share} % of the time has passed. {entry.summary}")
        alarms.append(alarm)
    return alarms

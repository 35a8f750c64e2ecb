"""When a duty falls due: hours, calendar days, business days, months, or "without delay".

Every reading is the safe, earliest one. Where a law can be read later, that reading
stands beside it as `latest_arguable`; nothing is ever scheduled on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from incidents.rules.calendars import (
    UnknownCalendar,
    add_business_days,
    add_months,
    available_zones,
    end_of_day,
    holidays_of,
    is_business_day,
    last_day,
    zone_of,
)

__all__ = ["Clock", "DayOff", "Due", "Target", "UnknownCalendar", "due_at", "earliest", "zone_of"]

UNITS = ("hours", "calendar_days", "business_days", "months")


class Target(BaseModel):
    """Our own target where the law names no number; late against it breaks no statute."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minutes: int | None = Field(default=None, ge=1)
    hours: int | None = Field(default=None, ge=1)
    calendar_days: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _exactly_one(self) -> Target:
        if sum(span is not None for span in (self.minutes, self.hours, self.calendar_days)) != 1:
            raise ValueError("give hours or calendar_days, or minutes")
        return self


class DayOff(BaseModel):
    """A term that ends on a day off may be kept on the next open day: arguable, not scheduled on.

    calendar  whose holidays count; none: Saturdays and Sundays alone, the safe reading
    closed    further days of every year, as MM-DD
    until     the hour of that open day
    note      for whom it does not hold
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendar: str | None = None
    closed: tuple[str, ...] = ()
    until: Literal["12:00", "24:00"] = "24:00"
    note: str = ""

    @field_validator("calendar")
    @classmethod
    def _is_a_calendar(cls, calendar: str | None) -> str | None:
        if calendar is not None:
            holidays_of(calendar)
        return calendar

    def open_on(self, day: date) -> bool:
        """Whether the offices are open on this day."""
        if f"{day:%m-%d}" in self.closed:
            return False
        return is_business_day(day, self.calendar) if self.calendar else day.weekday() < 5


class Clock(BaseModel):
    """How long a duty leaves, counted as its law counts.

    hours           exact, in UTC; daylight saving neither stretches nor shortens them
    calendar_days   the day of the start is day 0; due at 24:00 local of day n
    business_days   the first counted day is the next business day of `calendar`
    months          the same day n months later, or that month's last; 24:00 local
    without_delay   no number in the law: our operational target
    counted_as      eu_1182_71: an arguable later reading is shown beside the safe one
    from_day_one    the day of the start is day 1, not day 0 (Japan)
    if_day_off      the later reading of an end on a day off
    closes_at       the local time at which the last day ends for this duty, before 24:00
    from_year_end   the count starts on 31 December of the start's year
    zone            whose days count
    zone_where      whose days count where that place is known and lies in the rule's: our main
                    establishment, or each place where affected people live (the earliest end)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: int | None = Field(default=None, ge=1)
    calendar_days: int | None = Field(default=None, ge=1)
    business_days: int | None = Field(default=None, ge=1)
    months: int | None = Field(default=None, ge=1)
    without_delay: Target | None = None
    zone: str = "UTC"
    zone_where: Literal["establishment", "people"] | None = None
    calendar: str | None = None
    counted_as: Literal["eu_1182_71"] | None = None
    from_year_end: bool = False
    from_day_one: bool = False
    if_day_off: DayOff | None = None
    closes_at: time | None = None

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        if zone not in available_zones():
            raise ValueError(f"{zone!r} is no time zone; an IANA name such as Asia/Shanghai")
        return zone

    @model_validator(mode="after")
    def _is_whole(self) -> Clock:
        given = [name for name in (*UNITS, "without_delay") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(UNITS)}, without_delay")
        if (self.business_days is None) is not (self.calendar is None):
            raise ValueError("business_days and calendar belong together")
        if self.calendar is not None:
            holidays_of(self.calendar)
        if self.counted_as and self.hours is None:
            raise ValueError("eu_1182_71 is known here for hours only")
        if self.from_day_one and not (self.without_delay or self).calendar_days:
            raise ValueError("from_day_one counts calendar days")
        if self.closes_at and self.business_days is None:
            raise ValueError("closes_at is known here for business days only")
        return self

    @property
    def is_target(self) -> bool:
        """Whether the law names no number, so that the time is our own target."""
        return self.without_delay is not None

    @property
    def is_in_hours(self) -> bool:
        """Whether it counts hours or minutes, not days."""
        return self.hours is not None or _in_hours(self)

    @cached_property
    def text(self) -> str:
        """The clock in words: '72 hours', 'without delay (target: 24 hours)'."""
        if self.without_delay is not None:
            return f"without delay (target: {_length(self.without_delay)})"
        after = " from the end of the calendar year" if self.from_year_end else ""
        first = ", the first day counted" if self.from_day_one else ""
        close = f", to {self.closes_at:%H:%M}" if self.closes_at else ""
        return _length(self) + first + after + close


@dataclass(frozen=True, slots=True)
class Due:
    """A due time: told at that very moment is in time.

    due_at           aware UTC, the safe reading
    latest_arguable  aware UTC, where the law can be read later; never scheduled on
    counted          what was counted: the clock, from when, in which zone
    notes            what moved the end after the count
    ended_by         the moment that ended the time before the clock did, if one did
    gap              what calendar was not known, so that the earliest reading stands here
    """

    due_at: datetime
    latest_arguable: datetime | None
    counted: tuple[Clock, datetime, str]
    notes: tuple[str, ...] = ()
    ended_by: str | None = None
    gap: str | None = None

    @property
    def steps(self) -> tuple[str, ...]:
        """The arithmetic, line by line."""
        return (*_steps(*self.counted), *self.notes)


def due_at(clock: Clock, start: datetime, zone_name: str = "") -> Due:
    """When a duty falls due.

    clock      as its rule says
    start      aware; the moment that starts the clock
    zone_name  whose days count, where it is not the clock's own
    Raises     UnknownCalendar  the count needs holidays that are not known
    """
    zone_name = zone_name or clock.zone
    zone, start = zone_of(zone_name), start.astimezone(UTC)
    end = _end(clock, start, zone)
    hour = _running_hour_excluded(clock, start)
    day = _after_day_off(clock, hour or end, zone)
    return Due(end, day or hour, (clock, start, zone_name))


def earliest(clock: Clock, start: datetime, zone_name: str, gap: str) -> Due:
    """The earliest that a clock can end where a calendar is not known: every day is counted.

    gap  what is not known; said beside the due time
    """
    days = clock.business_days or clock.calendar_days
    changes = {"business_days": None, "calendar": None, "if_day_off": None}
    every_day = clock.model_copy(update={**changes, "calendar_days": days})
    due = due_at(every_day, start, zone_name)
    return replace(due, latest_arguable=None, notes=(f"{gap}: every day is counted",), gap=gap)


def _steps(clock: Clock, start: datetime, zone_name: str) -> list[str]:
    zone = zone_of(zone_name)
    end = _end(clock, start, zone)
    steps = [f"starts {_utc(start)}", f"{clock.text}: until {_utc(end)}"]
    if not clock.is_in_hours:
        hour_of_day = f"{clock.closes_at:%H:%M}" if clock.closes_at else "24:00"
        steps.append(f"that is {hour_of_day} of {last_day(end, zone)} in {zone_name}")
    if hour := _running_hour_excluded(clock, start):
        steps.append(f"Reg. 1182/71 art. 3 excludes the running hour: at latest {_utc(hour)}")
    if day := _after_day_off(clock, hour or end, zone):
        steps.append(_moved_by(clock.if_day_off, day))
    return steps


def _end(clock: Clock, start: datetime, zone: ZoneInfo) -> datetime:
    span: Clock | Target = clock.without_delay or clock
    if isinstance(span, Target) and span.minutes is not None:
        return start + timedelta(minutes=span.minutes)
    if span.hours is not None:
        return start + timedelta(hours=span.hours)
    last = _last(clock, span, start.astimezone(zone).date())
    if clock.closes_at is not None:
        return datetime.combine(last, clock.closes_at, zone).astimezone(UTC)
    return end_of_day(last, zone)


def _last(clock: Clock, span: Clock | Target, day: date) -> date:
    """The last day that is in time."""
    if clock.from_year_end:
        day = date(day.year, 12, 31)
    if span.calendar_days is not None:
        return day + timedelta(days=span.calendar_days - clock.from_day_one)
    if clock.business_days is not None:
        return add_business_days(day, clock.business_days, str(clock.calendar))
    return add_months(day, clock.months or 0)


def _running_hour_excluded(clock: Clock, start: datetime) -> datetime | None:
    """Reg. (EEC, Euratom) 1182/71 art. 3(1): the hour in which the event falls is not counted."""
    if clock.counted_as != "eu_1182_71" or clock.hours is None:
        return None
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour + timedelta(hours=1 + clock.hours)


def _after_day_off(clock: Clock, end: datetime, zone: ZoneInfo) -> datetime | None:
    """The end of the next open day, where a term ends on a day off and its law moves it."""
    rule, day = clock.if_day_off, last_day(end, zone)
    if rule is None or rule.open_on(day):
        return None
    while not rule.open_on(day):
        day += timedelta(days=1)
    if rule.until == "24:00":
        return end_of_day(day, zone)
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def _moved_by(rule: DayOff | None, day: datetime) -> str:
    note = f" ({rule.note})" if rule and rule.note else ""
    return f"that is a day off; on the next open day: at latest {_utc(day)}{note}"


def _in_hours(clock: Clock) -> bool:
    return clock.without_delay is not None and clock.without_delay.calendar_days is None


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _length(span: Clock | Target) -> str:
    units = ("minutes", *UNITS)
    unit = next(name for name in units if getattr(span, name, None) is not None)
    number = getattr(span, unit)
    words = unit.replace("_", " ")
    return f"{number} {words if number != 1 else words.removesuffix('s')}"

"""What is known of an incident while its duties are judged, and what was worked out from it.

Hundreds of rules share most of their conditions, clocks and moments: each is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from incidents.rules.calendars import UnknownCalendar, zone_of, zone_of_place
from incidents.rules.catalogue import Catalogue
from incidents.rules.deadlines import Clock, Due, due_at, earliest
from incidents.rules.facts import FACTS
from incidents.rules.holds import Hold
from incidents.rules.legal_rule import LegalRule, Trigger
from incidents.rules.severity.china import china_grade
from playbooks.conditions import Condition, Told, lies_in

Facts = Mapping[str, Any]
_MOMENTS = tuple(name for name, kind in FACTS.items() if kind.type == "moment")


@dataclass(frozen=True, slots=True)
class Start:
    """The moment that a clock runs from, how it is called, and a word on a stand-in.

    is_target  it hangs on another duty's due time, and that is our own target
    days       its local day by zone, or that of `now` while the clock has not started
    """

    at: datetime | None = None
    name: str | None = None
    note: str | None = None
    is_target: bool = False
    days: dict[str, date] = field(default_factory=dict)

    def day(self, zone: str, now: datetime) -> date:
        """The day in a zone that says which law is in force."""
        found = self.days.get(zone)
        if found is None:
            found = self.days[zone] = (self.at or now).astimezone(zone_of(zone)).date()
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of one assessment.

    moments  the facts that are moments, aware UTC
    holds    delays on record
    told     what conditions said
    starts   of clocks, by the identity of their triggers
    dues     of clocks that were counted, by their identity, start and zone
    """

    facts: Facts
    moments: Mapping[str, datetime]
    holds: tuple[Hold, ...] = ()
    told: Told = field(default_factory=dict)
    starts: dict[int, Start | None] = field(default_factory=dict)
    dues: dict[tuple[int, datetime, str], Due] = field(default_factory=dict)

    def ask(self, condition: Condition) -> bool | None:
        """What a condition says of the facts: yes, no, or not known yet."""
        return condition.decide(self.facts, self.told)

    def start(self, trigger: Trigger) -> Start | None:
        """From the moments that the trigger names, or those that stand in; None: none is known."""
        try:
            return self.starts[id(trigger)]
        except KeyError:
            found = self.starts[id(trigger)] = self._stated(trigger)
            return found

    def _stated(self, trigger: Trigger) -> Start | None:
        if (found := self._earliest(trigger.facts)) is not None:
            return Start(*found)
        if (found := self._earliest(trigger.fallback)) is None:
            return None
        wanted = trigger.facts[0]
        note = f"{wanted} is not known: counted from {found[1]}, the earliest moment that is"
        return Start(*found, note)

    def _earliest(self, names: Iterable[str]) -> tuple[datetime, str] | None:
        moments = [(self.moments[name], name) for name in names if name in self.moments]
        return min(moments, key=lambda found: found[0]) if moments else None

    def due(self, rule: LegalRule, start: datetime) -> Due:
        """When the clock of a rule ends: in the zone whose days count, the earliest of several."""
        clock = rule.clock
        if clock.zone_where is None:
            return self._due_in(clock, start, clock.zone)
        return min((self._due_in(clock, start, zone) for zone in self._zones(rule)), key=_end)

    def _due_in(self, clock: Clock, start: datetime, zone: str) -> Due:
        asked = id(clock), start, zone
        due = self.dues.get(asked)
        if due is None:
            due = self.dues[asked] = _counted(clock, start, zone)
        return due

    def _zones(self, rule: LegalRule) -> list[str]:
        """The zones of the places that count; the clock's own where none is known."""
        home, people = self.facts.get("establishment"), self.facts.get("people_by_place")
        codes = [home] if rule.clock.zone_where == "establishment" else people or ()
        inside = (code for code in codes if code and lies_in(code, rule.place))
        zones = {zone for code in inside if (zone := zone_of_place(code))}
        return sorted(zones) or [rule.clock.zone]


def known_facts(facts: Facts, catalogue: Catalogue, holds: Iterable[Hold] = ()) -> Known:
    """The facts that are known, with those that others give: the Chinese grade by its numbers."""
    known = {name: value for name, value in facts.items() if value is not None}
    if "china_grade" not in known and catalogue.grades is not None:
        grade = china_grade(known, catalogue.grades)
        if grade.at_least != "general":  # "general" takes a person: some criteria have no number
            known["china_grade"] = grade.at_least
    moments = {name: _moment(known[name]) for name in _MOMENTS if name in known}
    return Known(known, moments, tuple(holds))


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC)


def _counted(clock: Clock, start: datetime, zone: str) -> Due:
    try:
        return due_at(clock, start, zone)
    except UnknownCalendar as unknown:
        return earliest(clock, start, zone, str(unknown))


def _end(due: Due) -> datetime:
    return due.due_at

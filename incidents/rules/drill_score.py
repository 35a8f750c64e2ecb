"""The score of a drill: each clock, each element, everyone accounted for. Pure.

What happened comes in as a `Record`, read from rows; what was expected stands in the scenario.
A score is comparable with any other of the same scenario, whoever played it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from incidents.rules.notice_words import ELEMENTS, NoticeWords, gaps
from playbooks.places import lies_in
from playbooks.scenario import (
    DutyMet,
    ElementsComplete,
    EveryoneAccounted,
    Expectation,
    ReachedWithin,
)

# A clock's alarms ring when these percentages of it have passed.
ALARMS = (50, 75, 90, 100)
# The first two fields together are the first of the four elements that people are promised.
PROMISED: Mapping[str, tuple[str, ...]] = {
    "what_happened": ELEMENTS[:2],
    **{name: (name,) for name in ELEMENTS[2:]},
    "contact": ("contact",),
    "date": ("issued_on",),
}
# Buckets in which nobody has been told yet, or nobody knows whether they have.
UNTOLD = ("planned", "waiting", "in_flight", "unknown", "exhausted")


class Shape(BaseModel):
    """The base of everything here: said once, kept as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Clock(Shape):
    """One duty and its clock. status and standing: as in the duty's row.

    settled_at  when it was met, ended or waived; None while it is open
    """

    rule: str
    title: str
    stage: str
    place: str
    audience: str
    standing: str
    status: str
    is_target: bool
    start_at: datetime | None
    due_at: datetime | None
    settled_at: datetime | None


class Participant(Shape):
    """Who took part: their role, how often they acted, from when to when."""

    role: str
    name: str
    acts: int
    first_at: datetime
    last_at: datetime


class Reach(Shape):
    """How many people had been reached so long after the launch."""

    hours: float
    people: int


class Rang(Shape):
    """One alarm that rang: how often, and after how long somebody of the team was at work again.

    after_minutes  None: nobody acted any more, or what it rang for was settled before
    """

    at: datetime
    count: int
    is_loud: bool
    after_minutes: float | None


class Record(Shape):
    """What happened in a drill, as its rows say.

    moments     facts such as aware_at
    milestones  when each that was reached was reached
    buckets     people by bucket; they must add up to `people`
    refused     what somebody was not allowed or not able to do, with the reason
    """

    started_at: datetime
    ended_at: datetime
    moments: Mapping[str, datetime]
    milestones: Mapping[str, datetime]
    clocks: Sequence[Clock]
    words: Mapping[str, NoticeWords]
    people: int
    buckets: Mapping[str, int]
    reach: Sequence[Reach]
    participants: Sequence[Participant]
    refused: Sequence[str] = ()
    alarms: Sequence[Rang] = ()


class ClockScore(Shape):
    """How one clock was kept.

    verdict       in_time | late | missed | running | undecided | ended | waived
    margin_hours  settled so long before it was due, or left at the end; negative: overdue
    alarms        percentages of the clock that had passed by then
    """

    rule: str
    title: str
    stage: str
    place: str
    audience: str
    is_target: bool
    due_at: datetime | None
    met_at: datetime | None
    verdict: str
    margin_hours: float | None
    alarms: tuple[int, ...]


class Mark(Shape):
    """One expectation of the scenario, and whether it was met."""

    expected: str
    passed: bool
    why: str


class Scorecard(Shape):
    """The whole score; `percent` of the expectations were met."""

    percent: int
    marks: tuple[Mark, ...]
    clocks: tuple[ClockScore, ...]
    elements: Mapping[str, Mapping[str, bool]]
    people: int
    buckets: Mapping[str, int]
    accounted: bool
    reach: tuple[Reach, ...]
    milestones: Mapping[str, datetime]
    participants: tuple[Participant, ...]
    hours: float
    refused: tuple[str, ...]
    alarms: tuple[Rang, ...] = ()


class Change(Shape):
    """What one thing was in the run before, and is in this one; None: not there."""

    what: str
    before: str | None
    now: str | None


def score(expectations: Iterable[Expectation], record: Record) -> Scorecard:
    """The score of what happened, against what was expected."""
    clocks = tuple(clock_score(clock, record.ended_at) for clock in record.clocks)
    marks = tuple(_mark(one, record, clocks) for one in expectations)
    return Scorecard(
        percent=round(100 * sum(mark.passed for mark in marks) / len(marks)) if marks else 100,
        marks=marks,
        clocks=clocks,
        elements={locale: elements(words) for locale, words in sorted(record.words.items())},
        people=record.people,
        buckets=dict(record.buckets),
        accounted=sum(record.buckets.values()) == record.people,
        reach=tuple(record.reach),
        milestones=dict(record.milestones),
        participants=tuple(record.participants),
        hours=_hours(record.ended_at - record.started_at),
        refused=tuple(record.refused),
        alarms=tuple(record.alarms),
    )


def clock_score(clock: Clock, ended_at: datetime) -> ClockScore:
    """How one clock was kept by the end of the drill."""
    until = clock.settled_at or ended_at
    margin = _hours(clock.due_at - until) if clock.due_at else None
    return ClockScore(
        **clock.model_dump(exclude={"standing", "status", "start_at", "settled_at"}),
        met_at=clock.settled_at if clock.status == "met" else None,
        verdict=_verdict(clock, ended_at),
        margin_hours=margin,
        alarms=_alarms(clock, until),
    )


def _verdict(clock: Clock, ended_at: datetime) -> str:
    if clock.status in {"no_longer_owed", "waived"}:
        return "ended" if clock.status == "no_longer_owed" else "waived"
    if clock.status == "met" and clock.settled_at:
        return "late" if clock.due_at and clock.settled_at > clock.due_at else "in_time"
    if clock.due_at and clock.due_at < ended_at:
        return "missed"
    return "undecided" if clock.standing == "unknown" else "running"


def _alarms(clock: Clock, until: datetime) -> tuple[int, ...]:
    if clock.start_at is None or clock.due_at is None or clock.due_at <= clock.start_at:
        return ()
    passed = (until - clock.start_at) / (clock.due_at - clock.start_at) * 100
    return tuple(alarm for alarm in ALARMS if passed >= alarm)


def elements(words: NoticeWords) -> dict[str, bool]:
    """Whether the words have each of the four elements, a contact and a date."""
    missing = {gap.field.partition(".")[0] for gap in gaps(words)}
    return {name: missing.isdisjoint(fields) for name, fields in PROMISED.items()}


def compare(before: Scorecard, now: Scorecard) -> list[Change]:
    """What differs from the run before: the score, each clock, each mark, the share reached."""
    old, new = _comparable(before), _comparable(now)
    names = list(dict.fromkeys([*new, *old]))
    return [
        Change(what=name, before=old.get(name), now=new.get(name))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _comparable(card: Scorecard) -> dict[str, str]:
    said = {"score": f"{card.percent} %"}
    said |= {mark.expected: "met" if mark.passed else "not met" for mark in card.marks}
    for clock in card.clocks:
        left = "" if clock.margin_hours is None else f", {clock.margin_hours:+.1f} h"
        said[f"clock {clock.rule} {clock.stage}"] = f"{clock.verdict}{left}"
    for reach in card.reach:
        share = reach.people / card.people if card.people else 0
        said[f"reached within {reach.hours:g} h"] = f"{share:.1%}"
    return said


def _mark(expectation: Expectation, record: Record, clocks: Sequence[ClockScore]) -> Mark:
    match expectation:
        case DutyMet():
            return _duty_mark(expectation, clocks)
        case ReachedWithin():
            return _reached_mark(expectation, record)
        case ElementsComplete():
            return _elements_mark(expectation, record)
        case EveryoneAccounted():
            return _accounted_mark(record)


def _duty_mark(expected: DutyMet, clocks: Sequence[ClockScore]) -> Mark:
    says = f"{expected.place}: every duty to {expected.audience} is met in time"
    alive = [c for c in clocks if c.audience == expected.audience and c.verdict != "ended"]
    # US-CA's own duties where it has some, else those of what it lies in: DE is told as the EEA.
    mine = [c for c in alive if c.place == expected.place]
    mine = mine or [c for c in alive if lies_in(expected.place, c.place)]
    bad = [c for c in mine if c.verdict not in {"in_time", "running"}]
    met = [c for c in mine if c.verdict == "in_time"]
    told = ", ".join(f"{c.rule} {c.verdict}" for c in (bad or mine))
    return Mark(expected=says, passed=bool(met) and not bad, why=told or "no such duty arose")


def _reached_mark(expected: ReachedWithin, record: Record) -> Mark:
    name = expected.milestone.replace("_", " ")
    says = f"{name} within {_hours(expected.within):g} h of {expected.moment}"
    start, reached = record.moments.get(expected.moment), record.milestones.get(expected.milestone)
    if start is None or reached is None:
        missing = expected.moment if start is None else name
        return Mark(expected=says, passed=False, why=f"{missing}: never")
    took = reached - start
    return Mark(expected=says, passed=took <= expected.within, why=f"after {_hours(took):g} h")


def _elements_mark(expected: ElementsComplete, record: Record) -> Mark:
    says = f"four elements, contact and date in {', '.join(expected.locales)}"
    missing = [locale for locale in expected.locales if locale not in record.words]
    lacks = [f"{locale} has no words" for locale in missing]
    for locale in expected.locales:
        if locale in record.words:
            found = elements(record.words[locale])
            lacks += [f"{locale} lacks {name}" for name, is_there in found.items() if not is_there]
    return Mark(expected=says, passed=not lacks, why=", ".join(lacks) or "all there")


def _accounted_mark(record: Record) -> Mark:
    total = sum(record.buckets.values())
    untold = {name: record.buckets[name] for name in UNTOLD if record.buckets.get(name)}
    why = ", ".join(f"{count:,} {name}" for name, count in sorted(record.buckets.items()) if count)
    if total != record.people:
        why = f"the buckets hold {total:,} of {record.people:,} people: {why}"
    is_accounted = total == record.people and record.people > 0 and not untold
    says = "every person is in one bucket, and none is left without a notice"
    return Mark(expected=says, passed=is_accounted, why=why or "there is nobody")


def _hours(span: timedelta) -> float:
    return round(span.total_seconds() / 3600, 2)

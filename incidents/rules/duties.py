"""What is owed to whom by when, and why; and for what is not owed, why not.

Pure: the same facts, laws and moment always give the same duties. A rule whose facts are
missing is `unknown` with its clock running: due unless somebody establishes otherwise.
An exception counts only once it is established; until then the duty stands and says
what could end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from incidents.rules.assessed_duty import AssessedDuty, Change, compare
from incidents.rules.catalogue import Catalogue
from incidents.rules.deadlines import Due, due_at, zone_of
from incidents.rules.facts import FACTS
from incidents.rules.legal_rule import Authority, Exempt, LegalRule, Trigger
from incidents.rules.severity.china import china_grade
from playbooks.conditions import Condition, Told, Verdict, lies_in

__all__ = ["AssessedDuty", "Change", "assess", "compare", "what_if"]

Facts = Mapping[str, Any]
Moments = tuple[str, ...]
_MOMENTS = tuple(name for name, kind in FACTS.items() if kind.type == "moment")
_NEVER = datetime.max.replace(tzinfo=UTC)
_RANK = {"owed": 0, "unknown": 0, "recommended": 1, "not_owed": 2}


@dataclass(frozen=True, slots=True)
class _Start:
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
class _Known:
    """What is known, and what was already worked out from it: rules share most of both.

    moments  the facts that are moments, aware UTC
    told     verdicts of conditions
    starts   of clocks, by the moments that they ask for
    """

    facts: Facts
    moments: Mapping[str, datetime]
    told: Told = field(default_factory=dict)
    starts: dict[tuple[Moments, Moments], _Start | None] = field(default_factory=dict)

    def ask(self, condition: Condition) -> Verdict:
        """What a condition says of the facts."""
        return condition.evaluate(self.facts, self.told)


def assess(facts: Facts, catalogue: Catalogue, now: datetime) -> tuple[AssessedDuty, ...]:
    """Every rule in force, judged: most urgent first, what is not owed last.

    facts   canonical values as parse_fact gives them; what is unknown is absent
    now     aware UTC; chooses the law in force for clocks that have not started
    """
    known = _known(facts, catalogue)
    judged: dict[str, AssessedDuty] = {}
    for rule, version in catalogue.in_order:
        start = _start(rule.trigger, known, judged)
        if rule.effective.covers(start.day(rule.clock.zone, now)):
            judged[rule.id] = _judge(rule, version, known, start)
    return tuple(sorted(judged.values(), key=_urgency))


def what_if(
    facts: Facts, changes: Facts, catalogue: Catalogue, now: datetime
) -> tuple[Change, ...]:
    """What changed facts would do to the duties; a change to None forgets a fact."""
    before = assess(facts, catalogue, now)
    return compare(before, assess({**facts, **changes}, catalogue, now))


def _known(facts: Facts, catalogue: Catalogue) -> _Known:
    known = {name: value for name, value in facts.items() if value is not None}
    if "china_grade" not in known and catalogue.grades is not None:
        grade = china_grade(known, catalogue.grades)
        if grade.at_least != "general":  # "general" takes a person: some criteria have no number
            known["china_grade"] = grade.at_least
    moments = {name: _moment(known[name]) for name in _MOMENTS if name in known}
    return _Known(known, moments)


def _start(trigger: Trigger, known: _Known, judged: Mapping[str, AssessedDuty]) -> _Start:
    asked = trigger.facts, trigger.fallback
    if asked not in known.starts:
        known.starts[asked] = _stated(trigger, known)
    return known.starts[asked] or _hung_on(trigger, judged)


def _stated(trigger: Trigger, known: _Known) -> _Start | None:
    """From the moments themselves, or those that stand in."""
    if (found := _earliest(trigger.facts, known)) is not None:
        return _Start(*found)
    if (found := _earliest(trigger.fallback, known)) is None:
        return None
    wanted = trigger.facts[0]
    note = f"{wanted} is not known: counted from {found[1]}, the earliest moment that is"
    return _Start(*found, note)


def _hung_on(trigger: Trigger, judged: Mapping[str, AssessedDuty]) -> _Start:
    """From the due time of the duty whose fulfilment starts this clock."""
    before = judged.get(trigger.or_due_of or "")
    if before is None or before.due_at is None:
        return _Start()
    wanted = trigger.facts[0]
    note = f"{wanted} is not known: counted from its latest lawful moment, due by {before.rule}"
    # A day that ends at 24:00 is the day before: step back into it.
    return _Start(before.due_at - timedelta(seconds=1), wanted, note, before.is_target)


def _earliest(names: Iterable[str], known: _Known) -> tuple[datetime, str] | None:
    moments = [(known.moments[name], name) for name in names if name in known.moments]
    return min(moments, key=lambda found: found[0]) if moments else None


def _moment(value: Any) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.astimezone(UTC)


def _judge(rule: LegalRule, version: str, known: _Known, start: _Start) -> AssessedDuty:
    verdict = known.ask(rule.when)
    exempt = [(exempt, known.ask(exempt.when)) for exempt in rule.unless]
    ended = next((pair for pair in exempt if pair[1].value is True), None)
    status = _status(rule, verdict, ended is not None)
    is_owed = status != "not_owed"  # or may be
    due = _due(rule, start.at, known) if start.at and is_owed else None
    hold = rule.hold if rule.hold and known.ask(rule.hold.when).value else None
    authority = _authority(rule.authority, known)
    missing = tuple(sorted(verdict.missing)) if status == "unknown" else ()
    return AssessedDuty(
        rule=rule.id,
        rule_version=version,
        title=rule.title,
        stage=rule.stage,
        audience=rule.audience,
        place=rule.place,
        authority=authority.name if authority else None,
        authority_portal=authority.portal if authority else None,
        status=status,
        is_target=_is_target(rule, start, due),
        trigger=start.name,
        waits_for=None if start.at else rule.trigger.facts[0],
        start_at=start.at,
        due_at=due.due_at if due else None,
        latest_arguable=_arguable(rule, due, known) if due else None,
        clock=f"{rule.clock.text} from {start.name or rule.trigger.facts[0]}",
        arithmetic=_arithmetic(rule, start, due),
        why=_why(verdict, hold, start) if is_owed else (),
        why_not=() if is_owed else _why_not(verdict, ended),
        missing=missing,
        could_end=_could_end(exempt) if is_owed else (),
        needs_by=due.due_at if due and missing else None,
        held=hold is not None,
        source=rule.source,
        confidence=rule.confidence,
        met_when=rule.evidence,
        required_content=rule.required_content,
        channels=rule.channels,
    )


def _status(rule: LegalRule, verdict: Verdict, ended: bool) -> str:
    if ended or verdict.value is False:
        return "not_owed"
    if verdict.value is None:
        return "unknown"
    # What we are unsure of is shown, never as a hard duty.
    sure = rule.force == "law" and rule.confidence != "low"
    return "owed" if sure else "recommended"


def _due(rule: LegalRule, start: datetime, known: _Known) -> Due:
    """The end of the clock; or the moment before it that ends the time, where the law says so."""
    due = due_at(rule.clock, start)
    end = known.moments.get(rule.no_later_than or "")
    if end is None or end >= due.due_at:
        return due
    step = f"no later than {rule.no_later_than}: until {end:%Y-%m-%d %H:%M} UTC"
    return Due(end, None, (*due.steps, step), ended_by=rule.no_later_than)


def _is_target(rule: LegalRule, start: _Start, due: Due | None) -> bool:
    """Whether the due time is ours; a moment that the law names is not, where the law is sure."""
    if due is not None and due.ended_by:
        return rule.force == "recommended" or rule.confidence == "low"
    return rule.is_target or start.is_target


def _why(verdict: Verdict, hold: Exempt | None, start: _Start) -> tuple[str, ...]:
    open_ = ("not known yet: due unless established otherwise",) if verdict.value is None else ()
    held = (f"may be delayed: {hold.text} ({hold.source})",) if hold else ()
    return (*open_, *verdict.why, *held, *([start.note] if start.note else []))


def _why_not(verdict: Verdict, ended: tuple[Exempt, Verdict] | None) -> tuple[str, ...]:
    if ended is None:
        return verdict.why
    exempt, because = ended
    return (f"{exempt.text} ({exempt.source})", *because.why)


def _could_end(exempt: list[tuple[Exempt, Verdict]]) -> tuple[str, ...]:
    return tuple(sorted({name for _, verdict in exempt for name in verdict.missing}))


def _arithmetic(rule: LegalRule, start: _Start, due: Due | None) -> tuple[str, ...]:
    if due is None:
        waits = f"the clock starts when {rule.trigger.facts[0]} is known"
        return () if start.at else (waits,)
    lines = (f"from {start.name}", start.note, *due.steps, rule.clock_basis)
    return tuple(line for line in lines if line)


def _arguable(rule: LegalRule, due: Due, known: _Known) -> datetime | None:
    """The latest reading: a later count of the clock, or a later moment that starts it."""
    if due.ended_by:
        return None
    later = due.latest_arguable
    argued = known.moments.get(rule.trigger.arguable_from or "")
    if argued is not None:
        other = due_at(rule.clock, argued)
        later = max(moment for moment in (later, other.due_at) if moment is not None)
    return later if later is not None and later > due.due_at else None


def _authority(authority: Authority | None, known: _Known) -> Authority | None:
    home = known.facts.get("establishment")
    if authority is None or home is None:
        return authority
    for place, named in authority.by_establishment.items():
        if lies_in(home, place):
            return named
    return authority


def _urgency(duty: AssessedDuty) -> tuple[int, datetime, bool, str]:
    end = duty.due_at or _NEVER
    return _RANK[duty.status], end, duty.is_target, duty.rule

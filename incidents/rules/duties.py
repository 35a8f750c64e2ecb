"""What is owed to whom by when, and why; and for what is not owed, why not.

Pure: the same facts, laws, holds and moment always give the same duties. A rule whose facts
are missing is `unknown` with its clock running: due unless somebody establishes otherwise.
An exception counts only once it is established; until then the duty stands and says
what could end it. A rule that cannot be judged is left out, said so, and counts as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from incidents.rules.assessed_duty import AssessedDuty, Change, Words, Written, compare
from incidents.rules.calendars import zone_of
from incidents.rules.catalogue import Catalogue
from incidents.rules.deadlines import Due, due_at
from incidents.rules.duty_words import NotOwed, Owed
from incidents.rules.holds import Hold, holds_on, resumed
from incidents.rules.known import Facts, Known, Start, known_facts
from incidents.rules.legal_rule import Authority, Delay, Exempt, LegalRule
from incidents.rules.prepared import PreparedRule
from playbooks.conditions import lies_in

__all__ = ["AssessedDuty", "Change", "assess", "compare", "judge_known", "what_if"]

_NEVER = datetime.max.replace(tzinfo=UTC)
_RANK = {"owed": 0, "unknown": 0, "recommended": 1, "not_owed": 2}


def assess(
    facts: Facts, catalogue: Catalogue, now: datetime, holds: Iterable[Hold] = ()
) -> tuple[AssessedDuty, ...]:
    """Every rule in force, judged: most urgent first, what is not owed last.

    facts   canonical values as parse_fact gives them; what is unknown is absent
    now     aware UTC; chooses the law in force for clocks that have not started
    holds   delays on record, by the laws that they cover
    """
    return judge_known(known_facts(facts, catalogue, holds), catalogue, now)


def judge_known(known: Known, catalogue: Catalogue, now: datetime) -> tuple[AssessedDuty, ...]:
    """As `assess`, of facts that were prepared before."""
    judged: dict[str, AssessedDuty] = {}
    for one in catalogue.in_order:
        try:
            start = known.start(one.trigger) or _hung_on(one.rule, judged)
            if one.since <= start.day(one.zone, now) <= one.until:
                judged[one.id] = _judge(one, known, start, now)
        except Exception as error:  # noqa: BLE001  one rule that fails must not hide the others
            judged[one.id] = _left_out(one, error)
    return tuple(sorted(judged.values(), key=_urgency))


def what_if(
    facts: Facts,
    changes: Facts,
    catalogue: Catalogue,
    now: datetime,
    holds: Iterable[Hold] = (),
) -> tuple[Change, ...]:
    """What changed facts would do to the duties; a change to None forgets a fact."""
    holds = tuple(holds)
    before = assess(facts, catalogue, now, holds)
    return compare(before, assess({**facts, **changes}, catalogue, now, holds))


def _hung_on(rule: LegalRule, judged: Mapping[str, AssessedDuty]) -> Start:
    """From the due time of the duty whose fulfilment starts this clock."""
    before = judged.get(rule.trigger.or_due_of or "")
    if before is None or before.due_at is None:
        return Start()
    wanted = rule.trigger.facts[0]
    note = f"{wanted} is not known: counted from its latest lawful moment, due by {before.rule}"
    # A day that ends at 24:00 is the day before: a count of days steps back into it.
    inside = timedelta(0) if rule.clock.is_in_hours else timedelta(seconds=1)
    return Start(before.due_at - inside, wanted, note, before.is_target)


def _judge(one: PreparedRule, known: Known, start: Start, now: datetime) -> AssessedDuty:
    verdict = known.ask(one.when)
    if verdict is False:
        return _not_owed(one, known, start, None)
    for exempt in one.unless:
        if known.ask(exempt.when):
            return _not_owed(one, known, start, exempt)
    return _owed(one, known, start, _status(one.rule, verdict), now)


def _not_owed(one: PreparedRule, known: Known, start: Start, ended: Exempt | None) -> AssessedDuty:
    authority, portal = _authority(one.authority, known)
    return AssessedDuty(
        one.id, one.version, "not_owed", one.is_target or start.is_target,
        start.name, None if start.at else one.asked_first, start.at, None, None,
        authority, portal, False, None,
        one.printed, NotOwed(one.rule, known, start, ended),
    )  # fmt: skip


def _owed(
    one: PreparedRule, known: Known, start: Start, status: str, now: datetime
) -> AssessedDuty:
    """A duty that is owed, or may be: when it falls due, and whether it may wait."""
    rule = one.rule
    due = _due(rule, start.at, known) if start.at else None
    left_out = due.gap if due else None
    status = "unknown" if left_out else status
    holds = holds_on(known.holds, one.instrument, one.id) if rule.hold and known.holds else ()
    if due and start.at and holds and rule.hold and rule.hold.pauses:
        due = _resumed(rule, rule.hold, start.at, due, holds)
    held_by = _held_by(rule.hold, known, holds, now)
    authority, portal = _authority(rule.authority, known)
    return AssessedDuty(
        rule=one.id,
        rule_version=one.version,
        status=status,
        is_target=_is_target(rule, start, due),
        trigger=start.name,
        waits_for=None if start.at else one.asked_first,
        start_at=start.at,
        due_at=due.due_at if due else None,
        latest_arguable=_arguable(rule, due, known) if due else None,
        authority=authority,
        authority_portal=portal,
        held=bool(held_by),
        left_out=left_out,
        printed=one.printed,
        later=Owed(rule, known, start, status, due, held_by, left_out),
    )


def _left_out(one: PreparedRule, error: Exception) -> AssessedDuty:
    """A rule that failed: unknown, with the reason; nobody may take it for not owed."""
    reason = f"{type(error).__name__}: {error}"
    why = ("not known yet: due unless established otherwise", f"could not be judged: {reason}")
    named = one.authority
    return AssessedDuty(
        one.id, one.version, "unknown", one.is_target,
        None, None, None, None, None,
        named.name if named else None, named.portal if named else None, False, reason,
        one.printed, Written(Words(one.rule.clock.text, why=why)),
    )  # fmt: skip


def _status(rule: LegalRule, verdict: bool | None) -> str:
    if verdict is None:
        return "unknown"
    # What we are unsure of is shown, never as a hard duty.
    sure = rule.force == "law" and rule.confidence != "low"
    return "owed" if sure else "recommended"


def _due(rule: LegalRule, start: datetime, known: Known) -> Due:
    """The end of the clock; or the moment before it that ends the time, where the law says so."""
    due = known.due(rule, start)
    end = known.moments.get(rule.no_later_than or "")
    if end is None or end >= due.due_at:
        return due
    step = f"no later than {rule.no_later_than}: until {end:%Y-%m-%d %H:%M} UTC"
    notes = (*due.notes, step)
    return replace(due, due_at=end, latest_arguable=None, notes=notes, ended_by=rule.no_later_than)


def _resumed(
    rule: LegalRule, delay: Delay, start: datetime, due: Due, holds: tuple[Hold, ...]
) -> Due:
    """The due time after the pauses that the law grants."""
    if due.ended_by:
        return due
    granted = [hold.limited(delay.most_days, delay.oral_days) for hold in holds]
    zone = zone_of(due.counted[2])
    end = resumed(start, due.due_at, granted, zone, whole_days=not rule.clock.is_in_hours)
    if end == due.due_at:
        return due
    step = f"the clock stood still while it was held: until {end:%Y-%m-%d %H:%M} UTC"
    latest = due.latest_arguable and due.latest_arguable + (end - due.due_at)
    return replace(due, due_at=end, latest_arguable=latest, notes=(*due.notes, step))


def _held_by(
    delay: Delay | None, known: Known, holds: tuple[Hold, ...], now: datetime
) -> tuple[str, ...]:
    """What lets it wait: the holds on this law that run, or the fact that stands for one.

    A hold on one law never holds another: once holds are on record by the laws that they
    cover, the mere fact that there is one says nothing of the rest.
    """
    if delay is None:
        return ()
    limited = (hold.limited(delay.most_days, delay.oral_days) for hold in holds)
    running = tuple(hold.text for hold in limited if hold.runs(now))
    if not running and not _is_held(delay, known):
        return ()
    texts = (delay.text, *(text for text in running if text))
    return (f"may be delayed: {'; '.join(texts)} ({delay.source})",)


def _is_held(delay: Delay, known: Known) -> bool:
    if not known.holds:
        return known.ask(delay.when) is True
    return delay.when.decide({**known.facts, "law_enforcement_hold": False}) is True


def _is_target(rule: LegalRule, start: Start, due: Due | None) -> bool:
    """Whether the due time is ours; a moment that the law names is not, where the law is sure."""
    if due is not None and due.ended_by:
        return rule.force == "recommended" or rule.confidence == "low"
    return rule.is_target or start.is_target


def _arguable(rule: LegalRule, due: Due, known: Known) -> datetime | None:
    """The latest reading: a later count of the clock, or a later moment that starts it."""
    if due.ended_by or due.gap:
        return None
    later = due.latest_arguable
    argued = known.moments.get(rule.trigger.arguable_from or "")
    if argued is not None:
        other = due_at(rule.clock, argued, due.counted[2])
        later = max(moment for moment in (later, other.due_at) if moment is not None)
    return later if later is not None and later > due.due_at else None


def _authority(authority: Authority | None, known: Known) -> tuple[str | None, str | None]:
    """The name and the door of whom to tell, by our establishment where there are several."""
    if authority is None:
        return None, None
    home = known.facts.get("establishment")
    if home is not None:
        for place, named in authority.by_establishment.items():
            if lies_in(home, place):
                return named.name, named.portal
    return authority.name, authority.portal


def _urgency(duty: AssessedDuty) -> tuple[int, datetime, bool, str]:
    end = duty.due_at or _NEVER
    return _RANK[duty.status], end, duty.is_target, duty.rule

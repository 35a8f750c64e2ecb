"""Why a rule is owed, or not, or not known yet: in sentences, and as a tree of reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from incidents.rules.assessed_duty import Later, Words
from incidents.rules.deadlines import Due
from incidents.rules.known import Known, Start
from incidents.rules.legal_rule import Exempt, LegalRule


class NotOwed(Later):
    """A rule that does not bind, or that an exception ended: what its words are made from."""

    __slots__ = ("ended", "known", "rule", "start")

    def __init__(self, rule: LegalRule, known: Known, start: Start, ended: Exempt | None) -> None:
        self.rule, self.known, self.start, self.ended = rule, known, start, ended

    def _make(self) -> Words:
        facts = self.known.facts
        if self.ended is None:
            why = self.rule.when.explain(facts).why
        else:
            because = self.ended.when.explain(facts).why
            why = (f"{self.ended.text} ({self.ended.source})", *because)
        return Words(_clock(self.rule, self.start), _waits(self.rule, self.start), why_not=why)


class Owed(Later):
    """A rule that binds, or may: what its words are made from."""

    __slots__ = ("due", "held_by", "known", "left_out", "rule", "start", "status")

    def __init__(
        self,
        rule: LegalRule,
        known: Known,
        start: Start,
        status: str,
        due: Due | None,
        held_by: tuple[str, ...],
        left_out: str | None,
    ) -> None:
        self.rule, self.known, self.start, self.status = rule, known, start, status
        self.due, self.held_by, self.left_out = due, held_by, left_out

    def _make(self) -> Words:
        reason = self.rule.when.explain(self.known.facts)
        missing = tuple(sorted(reason.missing)) if self.status == "unknown" else ()
        return Words(
            clock=_clock(self.rule, self.start),
            arithmetic=self._arithmetic(),
            why=self._why(reason.why),
            missing=missing,
            could_end=self._could_end(),
        )

    def _why(self, reasons: Iterable[str]) -> tuple[str, ...]:
        is_open = self.status == "unknown"
        first = ("not known yet: due unless established otherwise",) if is_open else ()
        gap = (f"could not be judged to the end: {self.left_out}",) if self.left_out else ()
        note = (self.start.note,) if self.start.note else ()
        return (*first, *gap, *reasons, *self.held_by, *note)

    def _could_end(self) -> tuple[str, ...]:
        facts = self.known.facts
        missing = (exempt.when.explain(facts).missing for exempt in self.rule.unless)
        return tuple(sorted(frozenset().union(*missing)))

    def _arithmetic(self) -> tuple[str, ...]:
        if self.due is None:
            return _waits(self.rule, self.start)
        first = f"from {self.start.name}"
        lines = (first, self.start.note, *self.due.steps, self.rule.clock_basis)
        return tuple(line for line in lines if line)


def _clock(rule: LegalRule, start: Start) -> str:
    return f"{rule.clock.text} from {start.name or rule.trigger.facts[0]}"


def _waits(rule: LegalRule, start: Start) -> tuple[str, ...]:
    waits = f"the clock starts when {rule.trigger.facts[0]} is known"
    return () if start.at else (waits,)


def explain(rule: LegalRule, known: Known) -> dict[str, Any]:
    """The tree of why, why not and what is missing, as JSON values.

    when    what makes it owed
    unless  each exception, and whether it is established
    hold    what lets it wait, if the law knows such a thing
    """
    facts = known.facts
    tree: dict[str, Any] = {
        "when": {"asked": str(rule.when), **rule.when.explain(facts).as_json()},
        "unless": [_exempt(exempt, known) for exempt in rule.unless],
    }
    if rule.hold is not None:
        tree["hold"] = _exempt(rule.hold, known)
    return tree


def _exempt(exempt: Exempt, known: Known) -> dict[str, Any]:
    reasons = exempt.when.explain(known.facts).as_json()
    return {"text": exempt.text, "source": exempt.source, "asked": str(exempt.when), **reasons}

"""Why a rule is owed, or not, or not known yet: in sentences, and as a tree of reasons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from incidents.rules.assessed_duty import Later, Words
from incidents.rules.deadlines import Due
from incidents.rules.known import Known, Start
from incidents.rules.legal_rule import Exempt, LegalRule


class Judgement(Later):
    """One rule and what was decided of it: all that its words are made from."""

    __slots__ = ("due", "ended", "held_by", "known", "left_out", "rule", "start", "status")

    def __init__(
        self,
        rule: LegalRule,
        known: Known,
        start: Start,
        status: str,
        ended: Exempt | None = None,
        due: Due | None = None,
        held_by: tuple[str, ...] = (),
        left_out: str | None = None,
    ) -> None:
        self.rule, self.known, self.start, self.status = rule, known, start, status
        self.ended, self.due, self.held_by, self.left_out = ended, due, held_by, left_out

    @property
    def is_owed(self) -> bool:
        """Whether it is owed, or may be."""
        return self.status != "not_owed"

    def _make(self) -> Words:
        clock = f"{self.rule.clock.text} from {self.start.name or self.rule.trigger.facts[0]}"
        arithmetic = self._arithmetic()
        if not self.is_owed:
            return Words(clock, arithmetic, why_not=self._why_not())
        reason = self.rule.when.explain(self.known.facts)
        missing = tuple(sorted(reason.missing)) if self.status == "unknown" else ()
        return Words(clock, arithmetic, self._why(reason.why), (), missing, self._could_end())

    def _why(self, reasons: Iterable[str]) -> tuple[str, ...]:
        is_open = self.status == "unknown"
        first = ("not known yet: due unless established otherwise",) if is_open else ()
        gap = (f"could not be judged to the end: {self.left_out}",) if self.left_out else ()
        note = (self.start.note,) if self.start.note else ()
        return (*first, *gap, *reasons, *self.held_by, *note)

    def _why_not(self) -> tuple[str, ...]:
        facts = self.known.facts
        if self.ended is None:
            return self.rule.when.explain(facts).why
        because = self.ended.when.explain(facts).why
        return (f"{self.ended.text} ({self.ended.source})", *because)

    def _could_end(self) -> tuple[str, ...]:
        facts = self.known.facts
        missing = (exempt.when.explain(facts).missing for exempt in self.rule.unless)
        return tuple(sorted(frozenset().union(*missing)))

    def _arithmetic(self) -> tuple[str, ...]:
        if self.due is None:
            waits = f"the clock starts when {self.rule.trigger.facts[0]} is known"
            return () if self.start.at else (waits,)
        first = f"from {self.start.name}"
        lines = (first, self.start.note, *self.due.steps, self.rule.clock_basis)
        return tuple(line for line in lines if line)


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

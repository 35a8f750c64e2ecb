"""What a person judges of a method, factor by factor or as a whole, each with why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.errors import InvalidInput, Problem
from incidents.rules.severity.method import (
    Answer,
    Answers,
    Assessment,
    Facts,
    Method,
    assess,
    check,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A factor as a person sees it."""

    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person holds against the proposal; empty, it is the proposal that stands.

    factors  those that they see otherwise, or have looked at and confirm
    level    the level as a whole, whatever the factors come to; None: what they come to
    reason   why the level is so, or why the proposal shall stand again
    """

    factors: Mapping[str, Judged]
    level: str | None = None
    reason: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held against the proposal."""
        return not self.factors and self.level is None


NOTHING = Judgement({})


@dataclass(frozen=True, slots=True)
class Weighed:
    """The proposal, what a person judged of it, and what both come to.

    level  empty while it is not decided
    """

    method: Method
    proposed: Answers
    proposal: Assessment
    judgement: Judgement
    assessment: Assessment

    @property
    def level(self) -> str:
        """The level that stands."""
        return self.judgement.level or self.assessment.level or ""

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values, to keep and to show."""
        found = self.assessment
        return {
            "factors": [self._factor(factor.name) for factor in self.method.table.factors],
            "judgement": self._judgement(),
            "proposal": summary(self.proposal),
            **summary(found),
            "reasons": [*found.reasons, *self._overruled()],
            "by_hand": not self.judgement.is_empty,
            "source": self.method.table.source,
        }

    def _factor(self, name: str) -> dict[str, Any]:
        proposed = self.proposed.get(name)
        judged = self.judgement.factors.get(name)
        value, why = (judged.value, judged.why) if judged else _said(proposed)
        offered = dict(zip(("value", "why"), _said(proposed), strict=True))
        by = "person" if judged else "facts"
        return {"name": name, "value": value, "why": why, "by": by, "proposed": offered}

    def _judgement(self) -> dict[str, Any] | None:
        if self.judgement.is_empty and not self.judgement.reason:
            return None
        return {"level": self.judgement.level, "reason": self.judgement.reason}

    def _overruled(self) -> tuple[str, ...]:
        if self.judgement.level is None:
            return ()
        level = self.judgement.level.replace("_", " ")
        return (f"judged as a whole: {level}: {self.judgement.reason}",)


def _said(answer: Answer | None) -> tuple[str | None, str]:
    return (answer.value, answer.why) if answer else (None, "for a person to say")


def summary(found: Assessment) -> dict[str, Any]:
    """An assessment in short."""
    return {
        "level": found.level,
        "at_least": found.at_least,
        "at_most": found.at_most,
        "score": found.score,
        "reasons": list(found.reasons),
        "open_factors": list(found.open_factors),
        "missing": list(found.missing),
        "flags": list(found.flags),
    }


def weigh(method: Method, facts: Facts, judgement: Judgement = NOTHING) -> Weighed:
    """What the facts propose, and what is left of it once a person has judged.

    Raises  InvalidInput  a factor or value that the method does not have, a reason left out, or a
                          level that asks for more factors than were judged
    """
    proposed = method.propose(facts)
    proposal = assess(method, proposed)
    if judgement.is_empty:
        return Weighed(method, proposed, proposal, judgement, proposal)
    _check(method, judgement)
    judged = {name: Answer(one.value, one.why) for name, one in judgement.factors.items()}
    weighed = Weighed(method, proposed, proposal, judgement, assess(method, {**proposed, **judged}))
    _check_all_there(weighed)
    return weighed


def _check(method: Method, judgement: Judgement) -> None:
    check(method.table, {name: one.value for name, one in judgement.factors.items()})
    if problems := [*_unsaid(judgement), *_unknown_level(method, judgement)]:
        raise InvalidInput("This judgement cannot be kept as it stands.", *problems)


def _unsaid(judgement: Judgement) -> Iterator[Problem]:
    for name, one in judgement.factors.items():
        if not one.why.strip():
            yield Problem(f"factors.{name}.why", "is empty", "say in a sentence why")
    if judgement.level is not None and not judgement.reason.strip():
        yield Problem("reason", "is empty", "say why the level is so, whatever the factors come to")


def _unknown_level(method: Method, judgement: Judgement) -> Iterator[Problem]:
    levels = method.table.levels
    if judgement.level is not None and judgement.level not in levels:
        why = f"{judgement.level!r} is no level of this method"
        yield Problem("level", why, f"one of: {', '.join(levels)}")


def _check_all_there(weighed: Weighed) -> None:
    if weighed.level not in weighed.method.needs_all:
        return
    names = [factor.name for factor in weighed.method.table.factors]
    problems = [
        Problem(f"factors.{name}", "is not documented", "give its value and why")
        for name in names
        if name not in weighed.judgement.factors
    ]
    if problems:
        level = weighed.level.replace("_", " ")
        raise InvalidInput(f"{level}: every factor must be documented by a person.", *problems)

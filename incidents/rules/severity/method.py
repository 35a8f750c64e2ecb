"""What the methods of judging severity have in common: factors on closed scales, and three values.

A method is a table (`<name>.yaml`, with the source of each factor) and two pure functions: what
the facts propose for each factor, and what the factors come to. A factor that nobody can answer
yet is tried at both ends of its scale: the level is known only where both ends agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from incidents.errors import InvalidInput, Problem
from incidents.rules.severity.table import Factor, Table

Facts = Mapping[str, Any]
Values = Mapping[str, str]  # the code of a choice for every factor


@dataclass(frozen=True, slots=True)
class Answer:
    """The value of one factor, and why.

    value     a code of the factor's scale; None: not known yet
    missing   facts that would answer it, or could change the answer
    at_least  while it is not known: the mildest value that is still possible
    """

    value: str | None
    why: str
    missing: tuple[str, ...] = ()
    at_least: str = ""


Answers = Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What factors come to when every one of them is known."""

    level: str
    reasons: tuple[str, ...]
    score: float | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the answers come to.

    level               None while an open factor could change it
    at_least, at_most   the levels that are still possible
    open_factors        those that nobody answered and that could change the level
    missing             facts that would answer a factor, or could change its answer
    """

    level: str | None
    at_least: str
    at_most: str
    score: float | None
    reasons: tuple[str, ...]
    open_factors: tuple[str, ...]
    missing: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    """One way to judge how bad an incident is.

    applies       whether its law binds us, or whether it is worth asking; None: not known yet
    states        the facts that a level of it establishes, given those known and the moment
    fact          the fact that holds its level; empty where no law asks for one
    level_of      the level that the facts on record say; empty where they say none
    assume_worst  what nobody answered counts at its gravest, as the method itself demands
    needs_all     levels that a person may judge only with every factor answered
    """

    table: Table
    propose: Callable[[Facts], Answers]
    conclude: Callable[[Values], Conclusion]
    applies: Callable[[Facts], bool | None]
    states: Callable[[str, Facts, datetime], dict[str, Any]]
    fact: str = ""
    level_of: Callable[[Facts], str] = lambda _: ""
    assume_worst: bool = False
    needs_all: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in addresses and on the command line."""
        return self.table.name


def assess(method: Method, answers: Answers) -> Assessment:
    """What the answers come to, in three values.

    Raises  InvalidInput  a factor that the method does not have, or a value off its scale
    """
    check(method.table, {name: answer.value for name, answer in answers.items()})
    factors = method.table.factors
    mild = {one.name: _end(one, answers.get(one.name), "mild") for one in factors}
    grave = {one.name: _end(one, answers.get(one.name), "grave") for one in factors}
    least, most = method.conclude(mild), method.conclude(grave)
    shown = most if method.assume_worst else least
    is_known = method.assume_worst or least.level == most.level
    return Assessment(
        level=shown.level if is_known else None,
        at_least=shown.level if is_known else least.level,
        at_most=shown.level if is_known else most.level,
        score=shown.score if is_known else None,
        reasons=(*_said(factors, answers), *(shown.reasons if is_known else _between(least, most))),
        open_factors=() if is_known else tuple(name for name in mild if mild[name] != grave[name]),
        missing=tuple(sorted({fact for one in answers.values() for fact in one.missing})),
        flags=shown.flags,
    )


def check(table: Table, values: Mapping[str, str | None], path: str = "factors") -> None:
    """Refuse factors that the table does not have, and values off their scales.

    Raises  InvalidInput with every problem
    """
    known = {factor.name: factor for factor in table.factors}
    problems = [
        Problem(f"{path}.{name}", "is no factor of this method", _one_of(known))
        if name not in known
        else Problem(f"{path}.{name}", f"{value!r} is not on the scale", _one_of(known[name].scale))
        for name, value in values.items()
        if name not in known or (value is not None and value not in known[name].scale)
    ]
    if problems:
        raise InvalidInput(f"These are not factors of {table.title} on its scales.", *problems)


def _one_of(words: Mapping[str, Any]) -> str:
    return f"one of: {', '.join(words)}"


def _end(factor: Factor, answer: Answer | None, end: Literal["mild", "grave"]) -> str:
    codes = list(factor.scale)
    if answer is not None and answer.value is not None:
        return answer.value
    if end == "grave":
        return codes[-1]
    return answer.at_least if answer is not None and answer.at_least else codes[0]


def _said(factors: tuple[Factor, ...], answers: Answers) -> tuple[str, ...]:
    return tuple(
        f"{factor.name.replace('_', ' ')}: {answers[factor.name].why}"
        for factor in factors
        if factor.name in answers
    )


def _between(least: Conclusion, most: Conclusion) -> tuple[str, ...]:
    low, high = (one.level.replace("_", " ") for one in (least, most))
    return (f"not decided yet: between {low} and {high}, by what is still open",)


# ---- what proposals are made of ----


def found(facts: Facts, name: str, wanted: tuple[str, ...]) -> str:
    """Those of the wanted words that a list of facts holds, to read; empty where none is."""
    return shown(item for item in wanted if item in (facts.get(name) or ()))


def shown(items: Any) -> str:
    """Codes as words."""
    return ", ".join(str(item).replace("_", " ") for item in items)


def people(facts: Facts) -> int:
    """How many people are affected at least, worldwide; none while nobody counted them."""
    placed: int = sum((facts.get("people_by_place") or {}).values())
    return max(placed, facts.get("people_count") or 0)


def any_flag(facts: Facts, *wanted: str) -> bool | None:
    """Whether we are any of these; None while nobody said what we are."""
    flags = facts.get("organisation_flags")
    return None if flags is None else any(flag in flags for flag in wanted)

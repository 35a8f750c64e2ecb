"""The four Chinese grades: by numbers that facts give, and criteria that a person judges.

The numbers stand in the law's own file; the other criteria in `china.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from incidents.rules.facts import GRADES
from incidents.rules.legal_rule import Grades, GradeThresholds
from incidents.rules.severity.method import Answer, Answers, Conclusion, Facts, Method, Values
from incidents.rules.severity.method import any_flag as _any_flag
from incidents.rules.severity.table import table
from playbooks.conditions import Span, people_in

_ORDER = tuple(GRADES)
_BOUND = ("cii", "central_organ", "network_operator", "telecom_cn")


@dataclass(frozen=True, slots=True)
class Grade:
    """What the numbers give.

    grade     proposed; None while a number that could raise it is not known
    at_least  what the known numbers already reach
    missing   facts that could raise it
    """

    grade: str | None
    at_least: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    source: str


def china_grade(facts: Mapping[str, Any], grades: Grades) -> Grade:
    """The grade that the numbers give; the criteria without numbers need a person."""
    people, loss, leaked = people_in("CN", facts), facts.get("direct_loss_cny"), _leaked(facts)
    reached = [
        _reached(people.low if leaked else 0, grades.people_leaked),
        _reached(loss or 0, grades.direct_loss_cny),
    ]
    at_least = max(reached, key=_ORDER.index)
    open_ = _open(people, loss, leaked) if at_least != "particularly_major" else ()
    lines = (
        _people_line(people, leaked),
        _loss_line(loss),
        f"the numbers reach at least: {at_least.replace('_', ' ')} ({GRADES[at_least]})",
        *(f"for a person to judge: {criterion}" for criterion in grades.by_judgement),
    )
    return Grade(None if open_ else at_least, at_least, lines, open_, grades.source)


def _leaked(facts: Mapping[str, Any]) -> bool:
    return "confidentiality" in (facts.get("breach_kinds") or ["confidentiality"])


def _people_line(people: Span, leaked: bool) -> str:
    return f"personal information of {people} people in China leaked" if leaked else "no leak"


def _loss_line(loss: float | None) -> str:
    return "direct loss is not known" if loss is None else f"direct loss CNY {loss:,}"


def _reached(number: float, thresholds: GradeThresholds) -> str:
    reached = "general"
    for grade in ("relatively_major", "major", "particularly_major"):
        if number >= getattr(thresholds, grade):
            reached = grade
    return reached


def _open(people: Span, loss: float | None, leaked: bool) -> tuple[str, ...]:
    names = {
        "people_by_place": leaked and people.low != people.high,
        "direct_loss_cny": loss is None,
    }
    return tuple(name for name, open_ in names.items() if open_)


# ---- the method ----


def china(grades: Grades | None) -> Method:
    """The method, with the numbers of the law that was read."""
    return Method(
        table=table("china"),
        propose=partial(propose, grades=grades),
        conclude=conclude,
        applies=lambda facts: _any_flag(facts, *_BOUND),
        states=_states,
        fact="china_grade",
        level_of=lambda facts: str(facts.get("china_grade") or ""),
    )


def _states(level: str, facts: Facts, now: datetime) -> dict[str, Any]:
    return {"china_grade": level}


def propose(facts: Facts, grades: Grades | None) -> Answers:
    """What the numbers reach; every other criterion is for a person."""
    if grades is None:
        return {}
    people, loss, leaked = people_in("CN", facts), facts.get("direct_loss_cny"), _leaked(facts)
    least = _reached(people.low, grades.people_leaked)
    most = _reached(float("inf") if people.high is None else people.high, grades.people_leaked)
    line = _people_line(people, leaked)
    return {
        "people_leaked": Answer("general", line)
        if not leaked
        else Answer(least, line)
        if least == most
        else Answer(None, line, ("people_by_place",), least),
        "direct_loss": Answer(None, _loss_line(loss), ("direct_loss_cny",))
        if loss is None
        else Answer(_reached(loss, grades.direct_loss_cny), _loss_line(loss)),
    }


def conclude(values: Values) -> Conclusion:
    """The gravest grade that any criterion reaches."""
    grade = max(values.values(), key=_ORDER.index)
    by = ", ".join(name.replace("_", " ") for name, value in values.items() if value == grade)
    reached = "no criterion reaches 较大" if grade == _ORDER[0] else f"reached by: {by}"
    return Conclusion(grade, (f"{grade.replace('_', ' ')} ({GRADES[grade]}); {reached}",))

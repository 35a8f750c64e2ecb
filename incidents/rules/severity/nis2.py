"""Whether an incident is significant under NIS2. The criteria stand in `nis2.yaml`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from incidents.rules.severity.method import (
    Answer,
    Answers,
    Conclusion,
    Facts,
    Method,
    Values,
    any_flag,
    shown,
)
from incidents.rules.severity.table import table

_BOUND = ("essential_entity", "important_entity", "trust_service")


def nis2() -> Method:
    """The method."""
    return Method(
        table=table("nis2"),
        propose=propose,
        conclude=conclude,
        applies=lambda facts: any_flag(facts, *_BOUND),
        states=_states,
        fact="significant",
        level_of=_level,
    )


def _level(facts: Facts) -> str:
    significant = facts.get("significant")
    return "" if significant is None else "significant" if significant else "not_significant"


def _states(level: str, facts: Facts, now: datetime) -> dict[str, Any]:
    return {"significant": level == "significant"}


def conclude(values: Values) -> Conclusion:
    """Any one criterion is enough, unless it was planned."""
    if values["planned"] == "yes":
        return Conclusion("not_significant", ("planned: art. 3(2) of the implementing regulation",))
    met = [name for name, value in values.items() if value == "yes"]
    if not met:
        return Conclusion("not_significant", ("no criterion is met",))
    return Conclusion("significant", (f"met: {shown(met)}",))


def propose(facts: Facts) -> Answers:
    """What the facts decide; nearly all of it is for a person."""
    answers: dict[str, Answer] = {}
    if facts.get("malicious"):
        answers["planned"] = Answer("no", "an attack is suspected")
    if facts.get("public_service_disturbed"):
        answers["disruption"] = Answer("yes", "public services suffer badly")
    if facts.get("risk") == "high":
        answers["damage"] = Answer("yes", "a high risk to people was assessed")
    kinds = facts.get("breach_kinds")
    if kinds is not None and "confidentiality" not in kinds:
        answers["trade_secrets"] = Answer("no", "nothing was disclosed")
    return answers

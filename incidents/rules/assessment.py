"""The whole answer to "whom must we tell what by when, and why?", as every door gives it.

One shape: the API, `tocsin assess --json` and a script that imports this say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from incidents.rules.assessed_duty import AssessedDuty, Change, compare
from incidents.rules.catalogue import Catalogue
from incidents.rules.duties import judge_known
from incidents.rules.duty_words import explain
from incidents.rules.fact_schema import vocabulary
from incidents.rules.facts import FACTS, check_together, parse_fact, parse_facts
from incidents.rules.holds import Hold
from incidents.rules.known import Known, known_facts
from incidents.rules.next_facts import next_facts
from incidents.rules.thresholds import near_thresholds

Facts = Mapping[str, Any]


def assessment(
    facts: Facts,
    catalogue: Catalogue,
    now: datetime,
    *,
    changes: Facts | None = None,
    with_trees: bool = False,
    holds: Iterable[Hold] = (),
) -> dict[str, Any]:
    """Every duty with its reasons, what was left out, and what to find out next; as JSON values.

    facts       canonical, as `read_facts` gives them
    changes     canonical too: judge the changed facts, and say what the change does to the
                duties; None forgets a fact
    with_trees  each duty carries the tree of why, why not, and what is missing
    """
    holds = tuple(holds)
    known = known_facts({**facts, **(changes or {})}, catalogue, holds)
    duties = judge_known(known, catalogue, now)
    answer: dict[str, Any] = {
        "at": _iso(now),
        "duties": [_duty(duty, known, catalogue, with_trees) for duty in duties],
        "left_out": [*_unread(catalogue), *_left_out(duties)],
        **_hints(duties, known, catalogue),
    }
    if changes is not None:
        before = judge_known(known_facts(facts, catalogue, holds), catalogue, now)
        answer["changes"] = [_changed(change) for change in compare(before, duties)]
    return answer


def hints(
    facts: Facts, catalogue: Catalogue, now: datetime, holds: Iterable[Hold] = ()
) -> dict[str, Any]:
    """Only what to find out next, and the numbers of the law that are near; as JSON values."""
    known = known_facts(facts, catalogue, holds)
    return _hints(judge_known(known, catalogue, now), known, catalogue)


def read_facts(raw: Facts, now: datetime) -> dict[str, Any]:
    """The facts in canonical form.

    Raises  InvalidInput  with every field that cannot be used, or that contradicts another
    """
    facts = parse_facts(raw)
    check_together(facts, now)
    return facts


def read_changes(facts: Facts, raw: Facts, now: datetime) -> dict[str, Any]:
    """What is supposed to change, in canonical form; None forgets a fact.

    Raises  InvalidInput  with every change that cannot be, by itself or with the facts that stay
    """
    stated = {name: value for name, value in raw.items() if value is not None}
    for name in raw.keys() - stated.keys() - FACTS.keys():
        parse_fact(name, None, "changes")  # refuses it
    changes = {**dict.fromkeys(raw), **parse_facts(stated, "changes")}
    together = {name: value for name, value in {**facts, **changes}.items() if value is not None}
    check_together(together, now, "changes")
    return changes


def _duty(
    duty: AssessedDuty, known: Known, catalogue: Catalogue, with_trees: bool
) -> dict[str, Any]:
    written = duty.as_json()
    return {**written, "tree": explain(catalogue.rule(duty.rule), known)} if with_trees else written


def _hints(duties: Sequence[AssessedDuty], known: Known, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "next_facts": [one.as_json() for one in next_facts(duties, known, catalogue)],
        "near_thresholds": [one.as_json() for one in near_thresholds(duties, known, catalogue)],
    }


def _left_out(duties: Iterable[AssessedDuty]) -> list[dict[str, Any]]:
    return [{"rule": duty.rule, "reason": duty.left_out} for duty in duties if duty.left_out]


def _unread(catalogue: Catalogue) -> list[dict[str, Any]]:
    return [
        {"rule": None, "file": error.file, "field": error.field, "reason": error.why}
        for error in catalogue.unread
    ]


def _changed(change: Change) -> dict[str, Any]:
    return {
        "rule": change.rule,
        "kind": change.kind,
        "before": _state(change.before),
        "after": _state(change.after),
        "gains_time": change.lengthens,
        "why": list(change.why),
    }


def _state(duty: AssessedDuty | None) -> dict[str, Any] | None:
    if duty is None:
        return None
    return {"title": duty.title, "status": duty.status, "due_at": duty.due_at and _iso(duty.due_at)}


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


# ---- the shape of the answer, as JSON Schema ----


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_TEXT: dict[str, Any] = {"type": "string"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_FLAG: dict[str, Any] = {"type": "boolean"}
_MOMENT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
_LINES = _list(_TEXT)
_STATUS = {"enum": ["owed", "not_owed", "unknown", "recommended"]}
_DUTY = {
    **_object(
        rule=_TEXT, rule_version=_TEXT, title=_TEXT, stage=_TEXT, audience=_TEXT, place=_TEXT,
        authority=_MAYBE, authority_portal=_MAYBE, status=_STATUS, is_target=_FLAG,
        trigger=_MAYBE, waits_for=_MAYBE, start_at=_MOMENT, due_at=_MOMENT,
        latest_arguable=_MOMENT, clock=_TEXT, arithmetic=_LINES, why=_LINES, why_not=_LINES,
        missing=_LINES, could_end=_LINES, needs_by=_MOMENT, held=_FLAG, source=_TEXT,
        confidence={"enum": ["high", "medium", "low"]}, met_when={"type": "object"},
        required_content=_LINES, channels=_LINES, left_out=_MAYBE,
    ),
    "additionalProperties": {"description": "tree: where it was asked for"},
}  # fmt: skip
_STATE = {"oneOf": [{"type": "null"}, _object(title=_TEXT, status=_STATUS, due_at=_MOMENT)]}
_ANSWER = {
    **_object(
        at={"type": "string", "format": "date-time"},
        duties=_list(_DUTY),
        left_out=_list(_object(rule=_MAYBE, reason=_TEXT)),
        next_facts=_list(
            _object(
                fact=_TEXT, asks=_TEXT, unit=_TEXT, known_without_investigation=_FLAG,
                decides=_LINES, hard={"type": "integer"}, soonest=_MOMENT,
                answers=_list(_object(value={}, owed=_LINES, not_owed=_LINES)),
            )
        ),
        near_thresholds=_list(
            _object(
                rule=_TEXT, title=_TEXT, fact=_TEXT, place=_TEXT, now={"type": "number"},
                at={"type": "number"}, before=_STATUS, then=_STATUS, says=_TEXT,
            )
        ),
    ),
}  # fmt: skip
_CHANGE = _object(rule=_TEXT, kind=_TEXT, before=_STATE, after=_STATE, gains_time=_FLAG, why=_LINES)


def schema() -> dict[str, Any]:
    """The JSON Schema of the facts that are judged, and of the answer to them."""
    properties = {**_ANSWER["properties"], "changes": _list(_CHANGE)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {"facts": vocabulary(), "answer": {**_ANSWER, "properties": properties}},
        **vocabulary(),
    }

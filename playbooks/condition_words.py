"""Why a condition says yes, no, or not known yet: a tree of reasons with sentences for leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from playbooks.condition_tree import (
    Always,
    AnyOf,
    Compare,
    Constant,
    EstablishedIn,
    Holds,
    Join,
    Known,
    Node,
    Not,
    Operand,
    plain,
    shown,
)
from playbooks.places import Facts
from playbooks.spans import Span, is_open

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a condition and what it says of the facts.

    value  True, False, or None: not known yet
    says   the sentence of a leaf; a branch has none
    how    a leaf has none; a branch: all_of, any_of, or not
    parts  of a branch
    lacks  of a leaf: the facts that would decide it
    """

    value: bool | None
    says: str = ""
    how: Literal["", "all_of", "any_of", "not"] = ""
    parts: tuple[Reason, ...] = ()
    lacks: frozenset[str] = NOTHING

    @property
    def why(self) -> tuple[str, ...]:
        """The sentences that decided it, or that leave it open; each once."""
        if not self.how:
            return (self.says,) if self.says else ()
        return tuple(dict.fromkeys(line for part in self._carrying() for line in part.why))

    @property
    def missing(self) -> frozenset[str]:
        """The facts that could still decide it; none once it is decided."""
        if self.value is not None:
            return NOTHING
        return self.lacks.union(*(part.missing for part in self._carrying()))

    def _carrying(self) -> tuple[Reason, ...]:
        """The parts that make it what it is: of `all_of` that says no, those that say no."""
        return self.parts if self.how == "not" else tuple(self._alike())

    def _alike(self) -> list[Reason]:
        return [part for part in self.parts if part.value is self.value]

    def as_json(self) -> dict[str, Any]:
        """The tree as JSON values."""
        if self.how:
            return {
                "value": self.value,
                "how": self.how,
                "parts": [part.as_json() for part in self.parts],
            }
        return {"value": self.value, "says": self.says, "missing": sorted(self.lacks)}


def explain(node: Node, facts: Facts) -> Reason:
    """The reasons for what a part says of the facts."""
    match node:
        case Join(parts):
            how: Literal["any_of", "all_of"] = "any_of" if node.decided_by else "all_of"
            reasons = tuple(explain(part, facts) for part in parts)
            return Reason(node.decide(facts, {}), "", how, reasons)
        case Not(part):
            return Reason(node.decide(facts, {}), "", "not", (explain(part, facts),))
        case Always():
            return Reason(node.value)
        case Compare():
            return _compared(node, facts)
    value = node.decide(facts, {})
    if value is None:
        return Reason(None, _open(node), lacks=frozenset({_fact_of(node)}))
    return Reason(value, _said(node, facts))


def _fact_of(node: Holds | AnyOf | EstablishedIn | Known) -> str:
    match node:
        case Holds(name):
            return name
        case EstablishedIn():
            return "establishment"
    return node.fact


def _open(node: Holds | AnyOf | EstablishedIn | Known) -> str:
    match node:
        case AnyOf(fact, items):
            return f"{plain(fact)} not known (asked: {shown(items)})"
        case EstablishedIn(place):
            return f"establishment not known (asked: in {place})"
    return f"whether {plain(_fact_of(node))} is not known"


def _said(node: Holds | AnyOf | EstablishedIn | Known, facts: Facts) -> str:
    value = facts.get(_fact_of(node))
    match node:
        case Holds(name):
            return f"{plain(name)}: {shown(value)}"
        case AnyOf(fact, items):
            found = tuple(item for item in items if value and item in value)
            includes = f"include {shown(found)}" if found else f"do not include {shown(items)}"
            return f"{plain(fact)} {includes}"
        case EstablishedIn(place):
            where = "in" if node.decide(facts, {}) else "outside"
            return f"established in {value}, {where} {place}"
    stated = "not stated yet" if value is None else "known"
    return f"{plain(node.fact)} is {stated}"


def _compared(node: Compare, facts: Facts) -> Reason:
    left, right = node.left.read(facts), node.right.read(facts)
    value = node.decide(facts, {})
    label, sign = node.left.label, _WORDS[node.sign]
    if value is not None:
        asked = f"{sign} {_asked(node.right, right)}: {shown(value)}"
        return Reason(value, f"{label} is {shown(left)} ({asked})")
    is_known = isinstance(left, Span) and left != Span(0, None)
    stated = f"is {left}" if is_known else "not known"
    says = f"{label} {stated} (asked: {sign} {node.right.label})"
    sides = ((node.left, left), (node.right, right))
    lacks = (side.facts for side, read in sides if is_open(read))
    return Reason(None, says, lacks=NOTHING.union(*lacks))


def _asked(side: Operand, value: Any) -> str:
    return side.label if isinstance(side, Constant) else f"{side.label} = {shown(value)}"


_WORDS: Mapping[str, str] = {
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
    "==": "is",
    "!=": "is not",
    "in": "one of",
    "not in": "none of",
}

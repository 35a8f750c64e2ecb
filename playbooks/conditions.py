"""The words of `when:`, shared by law and playbooks: yes, no, or not known yet.

    role in ('controller', 'joint_controller') and people_in('US-CA') > 500 and not remediated

Names are facts. Calls: has('health', …) any of data_categories · flag(…) any of
organisation_flags · kind(…) any of breach_kinds · people_in('US-CA') a count ·
largest_part('US') the count of the state with most · established_in('EEA') ·
known('aware_at'). Values follow Kleene: a fact that nobody has
stated is unknown, and unknown is not no. Counts are spans: 300 people in 'US' whose
state is not known may all, or none, live in 'US-CA'.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from playbooks.condition_tree import (
    COUNTS,
        Always,
    AnyOf,
    Compare,
    Constant,
    Count,
    EstablishedIn,
    Fact,
    Holds,
    Join,
    Known,
    Mention,
    Node,
    Not,
    Operand,
    Told,
    comparisons_of,
    mentions_of,
)  # fmt: skip
from playbooks.condition_words import Reason, explain
from playbooks.places import UNKNOWN_PLACE, Facts, lies_in, people_in
from playbooks.spans import ORDER, Span

__all__ = [
    "UNKNOWN_PLACE", "Condition", "Facts", "MalformedCondition", "Mention", "Reason", "Span",
    "Told", "Verdict", "lies_in", "people_in",
]  # fmt: skip

ALLOWED = (
    "and, or, not, comparisons, in, facts, constants, "
    "has(), flag(), kind(), people_in(), largest_part(), established_in(), known()"
)


class MalformedCondition(ValueError):
    """A `when:` that cannot be read; says where and what is allowed there."""

    def __init__(self, text: str, column: int, why: str) -> None:
        super().__init__(f"{why}, at character {column + 1} of {text!r}; allowed: {ALLOWED}")
        self.text, self.column, self.why = text, column, why


_SIGNS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_LISTS = {"has": "data_categories", "flag": "organisation_flags", "kind": "breach_kinds"}
_CALLS = (*_LISTS, *COUNTS, "established_in", "known")
_BOOLS = ("true", "false")
_PARTS: WeakValueDictionary[bytes, Node] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a condition says of the facts.

    value    True, False, or None: not known yet
    why      the sentences that decided it, or that leave it open
    missing  the facts that could still decide it; empty once it is decided
    """

    value: bool | None
    why: tuple[str, ...]
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Condition:
    """A `when:` read once and asked many times.

    names     every fact that it can ask for
    mentions  each fact with the constant beside it, so that a vocabulary can check both
    """

    text: str
    names: frozenset[str]
    mentions: tuple[Mention, ...]
    _root: Node

    @classmethod
    def parse(cls, text: str, names: Collection[str] | None = None) -> Condition:
        """Read a condition; with `names`, refuse a fact that is none of them.

        Raises  MalformedCondition, with the place and what is allowed
        """
        reader = _Reader(text, names)
        root = reader.node(reader.tree())
        mentions = tuple(mentions_of(root))
        return cls(text, frozenset(mention.fact for mention in mentions), mentions, root)

    def decide(self, facts: Facts, told: Told | None = None) -> bool | None:
        """Yes, no or None, not known yet; without a word why.

        told   what conditions said of the same facts before; to ask many of them faster
        """
        return self._root.decide(facts, {} if told is None else told)

    def explain(self, facts: Facts) -> Reason:
        """The tree of reasons for what it decides."""
        return explain(self._root, facts)

    def evaluate(self, facts: Facts) -> Verdict:
        """Yes, no or not known yet, with the reasons."""
        reason = self.explain(facts)
        return Verdict(reason.value, reason.why, reason.missing)

    @property
    def root(self) -> Node:
        """The tree, for who says it in words."""
        return self._root

    @property
    def comparisons(self) -> tuple[Compare, ...]:
        """Every comparison in it: where its thresholds stand."""
        return tuple(comparisons_of(self._root))

    def __str__(self) -> str:
        return self.text


class _Reader:
    def __init__(self, text: str, names: Collection[str] | None) -> None:
        self.text = " ".join(text.split())
        self.encoded = self.text.encode()  # ast counts columns in bytes
        self.names = names

    def refuse(self, node: ast.AST, why: str) -> MalformedCondition:
        return MalformedCondition(self.text, getattr(node, "col_offset", 0), why)

    def tree(self) -> ast.expr:
        if len(self.text) > 2000:
            raise MalformedCondition(self.text[:40], 2000, "longer than 2,000 characters")
        try:
            return ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            column = (getattr(error, "offset", 1) or 1) - 1
            raise MalformedCondition(self.text, column, "not a condition") from error

    def node(self, node: ast.expr) -> Node:
        # Parts in the same words are one part, whatever the condition, so that it is asked once.
        words = self.encoded[node.col_offset : node.end_col_offset]
        return _PARTS.setdefault(words, self._read(node))

    def _read(self, node: ast.expr) -> Node:
        match node:
            case ast.BoolOp(op=op, values=values):
                return Join(tuple(map(self.node, values)), decided_by=isinstance(op, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Not(self.node(operand))
            case ast.Compare():
                return self._comparison(node)
            case ast.Call():
                return self._call(node)
            case ast.Constant(value=bool(value)):
                return Always(value)
            case ast.Name(id=name):
                return Always(name == "true") if name in _BOOLS else Holds(self._name(node, name))
        raise self.refuse(node, f"{ast.unparse(node)} cannot stand here")

    def _comparison(self, node: ast.Compare) -> Node:
        terms = [self._operand(side) for side in (node.left, *node.comparators)]
        pairs = tuple(
            self._pair(node, terms[i], _SIGNS.get(type(sign)), terms[i + 1])
            for i, sign in enumerate(node.ops)
        )
        return pairs[0] if len(pairs) == 1 else Join(pairs, decided_by=False)

    def _pair(self, node: ast.AST, left: Operand, sign: str | None, right: Operand) -> Node:
        if sign is None:
            raise self.refuse(node, "'is' cannot compare; write ==")
        for side in (left, right):
            if sign in ORDER and isinstance(side, Constant) and not _is_number(side.value):
                raise self.refuse(node, f"{sign} compares numbers, not {side.label!r}")
        if sign in ("in", "not in") and not _can_hold(right):
            raise self.refuse(node, "'in' needs a list such as ('a', 'b') or a fact that is one")
        return Compare(left, sign, right)

    def _operand(self, node: ast.expr) -> Operand:
        match node:
            case ast.Constant(value=str() | int() | float() | bool()):
                return Constant(node.value)
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return Constant(tuple(self._constant(item) for item in items))
            case ast.Name(id=name):
                known = name in _BOOLS
                return Constant(name == "true") if known else Fact(self._name(node, name))
            case ast.Call(func=ast.Name(id=call)) if call in COUNTS:
                return Count(call, self._words(node, most=1)[0])
        raise self.refuse(node, f"{ast.unparse(node)} cannot be compared")

    def _constant(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, bool)):
            return node.value
        raise self.refuse(node, "a list holds only constants")

    def _call(self, node: ast.Call) -> Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in _LISTS:
            return AnyOf(_LISTS[name], self._words(node))
        if name == "established_in":
            return EstablishedIn(self._words(node, most=1)[0])
        if name == "known":
            return Known(self._name(node, self._words(node, most=1)[0]))
        if name in COUNTS:
            raise self.refuse(node, f"{name}() is a count: compare it, as in {name}('US') > 0")
        raise self.refuse(node, f"no call {name}(){_did_you_mean(name, _CALLS)}")

    def _words(self, node: ast.Call, most: int | None = None) -> tuple[str, ...]:
        words = tuple(self._constant(arg) for arg in node.args)
        if not words or node.keywords or not all(isinstance(word, str) for word in words):
            raise self.refuse(node, f"{ast.unparse(node)} needs words in quotes")
        if most is not None and len(words) > most:
            raise self.refuse(node, f"{ast.unparse(node)} takes one word")
        return words

    def _name(self, node: ast.AST, name: str) -> str:
        if self.names is not None and name not in self.names:
            raise self.refuse(node, f"no fact {name}{_did_you_mean(name, self.names)}")
        return name


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _can_hold(side: Operand) -> bool:
    return isinstance(side, Fact) or (isinstance(side, Constant) and isinstance(side.value, tuple))


def _did_you_mean(word: str, words: Collection[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {close[0]}?)" if close else ""

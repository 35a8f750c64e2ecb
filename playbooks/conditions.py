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
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Facts = Mapping[str, Any]

_EU = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
GROUPS: Mapping[str, frozenset[str]] = {
    "EU": frozenset(_EU),
    "EEA": frozenset([*_EU, "IS", "LI", "NO"]),
}
UNKNOWN_PLACE = "ZZ"  # ISO 3166 leaves ZZ to its users: people whose place is not known
ALLOWED = (
    "and, or, not, comparisons, in, facts, constants, "
    "has(), flag(), kind(), people_in(), largest_part(), established_in(), known()"
)


class MalformedCondition(ValueError):
    """A `when:` that cannot be read; says where and what is allowed there."""

    def __init__(self, text: str, column: int, why: str) -> None:
        super().__init__(f"{why}, at character {column + 1} of {text!r}; allowed: {ALLOWED}")
        self.text, self.column, self.why = text, column, why


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


@dataclass(frozen=True, slots=True)
class Mention:
    """A fact that a condition uses, and the constant it is held against.

    how  flag: stands alone · equals · element: of a list · order: < or > · place · known
    """

    fact: str
    how: Literal["flag", "equals", "element", "order", "place", "known"]
    value: Any = None


@dataclass(frozen=True, slots=True)
class Span:
    """A count known only within limits; `high` None has no limit."""

    low: float
    high: float | None

    def __str__(self) -> str:
        upper = "any number" if self.high is None else f"{self.high:,}"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,} to {upper}"


def lies_in(code: str, place: str) -> bool:
    """Whether the place `code` is `place` or a part of it: US-CA lies in US, DE in EU."""
    if code == place or code.startswith(place + "-"):
        return True
    return code.split("-", maxsplit=1)[0] in GROUPS.get(place, ())


def people_in(place: str, facts: Facts) -> Span:
    """How many affected people are in a place, as narrowly as the facts allow."""
    counts = facts.get("people_by_place")
    if counts is None:
        return Span(0, facts.get("people_count"))
    low = sum(n for code, n in counts.items() if lies_in(code, place))
    open_ = (n for code, n in counts.items() if not lies_in(code, place) and _may_be(place, code))
    return Span(low, low + sum(open_))


def _may_be(place: str, code: str) -> bool:
    return code == UNKNOWN_PLACE or lies_in(place, code)


def largest_part(place: str, facts: Facts) -> Span:
    """How many affected people are in the one part of a country that has most: a US state."""
    counts = facts.get("people_by_place")
    if counts is None:
        return Span(0, facts.get("people_count"))
    low = max((n for code, n in counts.items() if code.startswith(place + "-")), default=0)
    return Span(low, low + sum(counts.get(code, 0) for code in (place, UNKNOWN_PLACE)))


def _people_count(facts: Facts) -> Any:
    """The worldwide count; when only places are counted, at least their sum."""
    counts = facts.get("people_by_place")
    stated = facts.get("people_count")
    if stated is None and counts is not None:
        return Span(sum(counts.values()), None)
    return stated


# ---- operands: what stands left or right of a comparison ----


@dataclass(frozen=True, slots=True)
class _Constant:
    value: Any

    def read(self, facts: Facts) -> Any:
        return self.value

    @property
    def label(self) -> str:
        return _shown(self.value)

    facts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Fact:
    name: str

    def read(self, facts: Facts) -> Any:
        return _people_count(facts) if self.name == "people_count" else facts.get(self.name)

    @property
    def label(self) -> str:
        return self.name.replace("_", " ")

    @property
    def facts(self) -> frozenset[str]:
        return frozenset({self.name})


@dataclass(frozen=True, slots=True)
class _PeopleIn:
    place: str

    def read(self, facts: Facts) -> Any:
        return people_in(self.place, facts)

    @property
    def label(self) -> str:
        return f"people in {self.place}"

    facts: frozenset[str] = frozenset({"people_by_place"})


@dataclass(frozen=True, slots=True)
class _LargestPart:
    place: str

    def read(self, facts: Facts) -> Any:
        return largest_part(self.place, facts)

    @property
    def label(self) -> str:
        return f"people in the one part of {self.place} with most"

    facts: frozenset[str] = frozenset({"people_by_place"})


_Operand = _Constant | _Fact | _PeopleIn | _LargestPart


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, frozenset)):
        return ", ".join(_shown(item) for item in value) or "none"
    if isinstance(value, str):
        return value.replace("_", " ")
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


# ---- the tree ----


@dataclass(frozen=True, slots=True)
class _Every:
    parts: tuple[_Node, ...]

    def judge(self, facts: Facts) -> Verdict:
        return _join([part.judge(facts) for part in self.parts], decided_by=False)


@dataclass(frozen=True, slots=True)
class _Some:
    parts: tuple[_Node, ...]

    def judge(self, facts: Facts) -> Verdict:
        return _join([part.judge(facts) for part in self.parts], decided_by=True)


@dataclass(frozen=True, slots=True)
class _Not:
    part: _Node

    def judge(self, facts: Facts) -> Verdict:
        verdict = self.part.judge(facts)
        value = None if verdict.value is None else not verdict.value
        return Verdict(value, verdict.why, verdict.missing)


@dataclass(frozen=True, slots=True)
class _Holds:
    """A fact that is yes or no by itself; or a constant."""

    name: str

    def judge(self, facts: Facts) -> Verdict:
        value = facts.get(self.name)
        label = self.name.replace("_", " ")
        if value is None:
            return Verdict(None, (f"whether {label} is not known",), frozenset({self.name}))
        return Verdict(value is True, (f"{label}: {_shown(value)}",))


@dataclass(frozen=True, slots=True)
class _Always:
    value: bool

    def judge(self, facts: Facts) -> Verdict:
        return Verdict(self.value, ())


@dataclass(frozen=True, slots=True)
class _AnyOf:
    fact: str
    items: tuple[str, ...]

    def judge(self, facts: Facts) -> Verdict:
        asked = _shown(self.items)
        label = self.fact.replace("_", " ")
        held = facts.get(self.fact)
        if held is None:
            return Verdict(None, (f"{label} not known (asked: {asked})",), frozenset({self.fact}))
        found = tuple(item for item in self.items if item in held)
        if found:
            return Verdict(True, (f"{label} include {_shown(found)}",))
        return Verdict(False, (f"{label} do not include {asked}",))


@dataclass(frozen=True, slots=True)
class _EstablishedIn:
    place: str

    def judge(self, facts: Facts) -> Verdict:
        code = facts.get("establishment")
        if code is None:
            why = f"establishment not known (asked: in {self.place})"
            return Verdict(None, (why,), frozenset({"establishment"}))
        inside = lies_in(code, self.place)
        return Verdict(inside, (f"established in {code}, {_in(inside)} {self.place}",))


def _in(inside: bool) -> str:
    return "in" if inside else "outside"


@dataclass(frozen=True, slots=True)
class _Known:
    fact: str

    def judge(self, facts: Facts) -> Verdict:
        value = facts.get(self.fact) is not None
        stated = "known" if value else "not stated yet"
        return Verdict(value, (f"{self.fact.replace('_', ' ')} is {stated}",))


@dataclass(frozen=True, slots=True)
class _Compare:
    left: _Operand
    sign: str
    right: _Operand

    def judge(self, facts: Facts) -> Verdict:
        left, right = self.left.read(facts), self.right.read(facts)
        value = _compare(left, self.sign, right)
        if value is None:
            return Verdict(None, (self._open(left),), self._unknown(facts))
        answer = _shown(value)
        asked = f"{_WORDS[self.sign]} {_asked(self.right, right)}: {answer}"
        return Verdict(value, (f"{self.left.label} {_is(left)} ({asked})",))

    def _open(self, left: Any) -> str:
        asked = f"{_WORDS[self.sign]} {self.right.label}"
        known = f"is {left}" if isinstance(left, Span) and left != Span(0, None) else "not known"
        return f"{self.left.label} {known} (asked: {asked})"

    def _unknown(self, facts: Facts) -> frozenset[str]:
        sides = (side for side in (self.left, self.right) if _is_open(side.read(facts)))
        return frozenset(fact for side in sides for fact in side.facts)


_Node = _Every | _Some | _Not | _Holds | _Always | _AnyOf | _EstablishedIn | _Known | _Compare


def _is(value: Any) -> str:
    return f"is {_shown(value)}"


def _asked(side: _Operand, value: Any) -> str:
    return side.label if isinstance(side, _Constant) else f"{side.label} = {_shown(value)}"


def _is_open(value: Any) -> bool:
    return value is None or (isinstance(value, Span) and value.low != value.high)


def _join(verdicts: list[Verdict], *, decided_by: bool) -> Verdict:
    """Kleene's and (decided by one no) and or (decided by one yes)."""
    for value in (decided_by, None):
        found = [verdict for verdict in verdicts if verdict.value is value]
        if found:
            return Verdict(value, _sentences(found), _missing(found))
    return Verdict(not decided_by, _sentences(verdicts))


def _sentences(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for verdict in verdicts for line in verdict.why))


def _missing(verdicts: Iterable[Verdict]) -> frozenset[str]:
    return frozenset().union(*(verdict.missing for verdict in verdicts))


_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_WORDS = {
    "<": "less than",
    "<=": "at most",
    ">": "more than",
    ">=": "at least",
    "==": "is",
    "!=": "is not",
    "in": "one of",
    "not in": "none of",
}


def _compare(left: Any, sign: str, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if isinstance(left, Span) or isinstance(right, Span):
        return _compare_spans(_span(left), sign, _span(right))
    if sign in ("in", "not in"):
        return (left in right) is (sign == "in")
    if sign in ("==", "!="):
        return bool((left == right) is (sign == "=="))
    return _ORDER[sign](left, right)


def _span(value: Any) -> Span:
    return value if isinstance(value, Span) else Span(value, value)


def _compare_spans(left: Span, sign: str, right: Span) -> bool | None:
    """Decided only when every pair of values within the spans agrees."""
    if sign in ("==", "!="):
        apart = _above(left.low, right.high) or _above(right.low, left.high)
        exact = left.low == left.high == right.low == right.high
        return None if not (apart or exact) else exact is (sign == "==")
    if sign in (">", ">="):
        return _opposite(_compare_spans(left, "<=" if sign == ">" else "<", right))
    yes = left.high is not None and _ORDER[sign](left.high, right.low)
    no = right.high is not None and not _ORDER[sign](left.low, right.high)
    return True if yes else (False if no else None)


def _above(low: float, high: float | None) -> bool:
    return high is not None and low > high


def _opposite(value: bool | None) -> bool | None:
    return None if value is None else not value


# ---- reading ----

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
_CALLS = (*_LISTS, "people_in", "largest_part", "established_in", "known")


@dataclass(frozen=True)
class Condition:
    """A `when:` read once and asked many times.

    names     every fact that it can ask for
    mentions  each fact with the constant beside it, so that a vocabulary can check both
    """

    text: str
    names: frozenset[str]
    mentions: tuple[Mention, ...]
    _root: _Node

    @classmethod
    def parse(cls, text: str, names: Collection[str] | None = None) -> Condition:
        """Read a condition; with `names`, refuse a fact that is none of them.

        Raises  MalformedCondition, with the place and what is allowed
        """
        reader = _Reader(text, names)
        root = reader.node(reader.tree())
        mentions = tuple(_mentions(root))
        return cls(text, frozenset(mention.fact for mention in mentions), mentions, root)

    def evaluate(self, facts: Facts) -> Verdict:
        """Yes, no or not known yet, with the reasons."""
        return self._root.judge(facts)

    def __str__(self) -> str:
        return self.text


class _Reader:
    def __init__(self, text: str, names: Collection[str] | None) -> None:
        self.text = " ".join(text.split())
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

    def node(self, node: ast.expr) -> _Node:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return _Every(tuple(map(self.node, values)))
            case ast.BoolOp(values=values):
                return _Some(tuple(map(self.node, values)))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return _Not(self.node(operand))
            case ast.Compare():
                return self._comparison(node)
            case ast.Call():
                return self._call(node)
            case ast.Name(id="true" | "false" as word):
                return _Always(word == "true")
            case ast.Name(id=name):
                return _Holds(self._name(node, name))
            case ast.Constant(value=bool(value)):
                return _Always(value)
        raise self.refuse(node, f"{ast.unparse(node)} cannot stand here")

    def _comparison(self, node: ast.Compare) -> _Node:
        terms = [self._operand(side) for side in (node.left, *node.comparators)]
        pairs = tuple(
            self._pair(node, terms[i], _SIGNS.get(type(sign)), terms[i + 1])
            for i, sign in enumerate(node.ops)
        )
        return pairs[0] if len(pairs) == 1 else _Every(pairs)

    def _pair(self, node: ast.AST, left: _Operand, sign: str | None, right: _Operand) -> _Node:
        if sign is None:
            raise self.refuse(node, "'is' cannot compare; write ==")
        for side in (left, right):
            if sign in _ORDER and isinstance(side, _Constant) and not _is_number(side.value):
                raise self.refuse(node, f"{sign} compares numbers, not {side.label!r}")
        if sign in ("in", "not in") and not _can_hold(right):
            raise self.refuse(node, "'in' needs a list such as ('a', 'b') or a fact that is one")
        return _Compare(left, sign, right)

    def _operand(self, node: ast.expr) -> _Operand:
        match node:
            case ast.Constant(value=str() | int() | float() | bool()):
                return _Constant(node.value)
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return _Constant(tuple(self._constant(item) for item in items))
            case ast.Name(id="true" | "false" as word):
                return _Constant(word == "true")
            case ast.Name(id=name):
                return _Fact(self._name(node, name))
            case ast.Call(func=ast.Name(id="people_in")):
                return _PeopleIn(self._words(node, most=1)[0])
            case ast.Call(func=ast.Name(id="largest_part")):
                return _LargestPart(self._words(node, most=1)[0])
        raise self.refuse(node, f"{ast.unparse(node)} cannot be compared")

    def _constant(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, int, float, bool)):
            return node.value
        raise self.refuse(node, "a list holds only constants")

    def _call(self, node: ast.Call) -> _Node:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name in _LISTS:
            return _AnyOf(_LISTS[name], self._words(node))
        if name == "established_in":
            return _EstablishedIn(self._words(node, most=1)[0])
        if name == "known":
            return _Known(self._name(node, self._words(node, most=1)[0]))
        if name in ("people_in", "largest_part"):
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


def _can_hold(side: _Operand) -> bool:
    return isinstance(side, _Fact) or (
        isinstance(side, _Constant) and isinstance(side.value, tuple)
    )


def _did_you_mean(word: str, words: Collection[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _mentions(node: _Node) -> Iterator[Mention]:
    match node:
        case _Every(parts) | _Some(parts):
            for part in parts:
                yield from _mentions(part)
        case _Not(part):
            yield from _mentions(part)
        case _Holds(name):
            yield Mention(name, "flag")
        case _AnyOf(fact, items):
            yield from (Mention(fact, "element", item) for item in items)
        case _EstablishedIn(place):
            yield Mention("establishment", "place", place)
        case _Known(fact):
            yield Mention(fact, "known")
        case _Compare():
            yield from _compared(node)


def _compared(node: _Compare) -> Iterator[Mention]:
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, (_PeopleIn, _LargestPart)):
            yield Mention("people_by_place", "place", side.place)
        elif isinstance(side, _Fact):
            values = other.value if isinstance(other, _Constant) else None
            yield from _held_against(node, side, values)


def _held_against(node: _Compare, side: _Fact, value: Any) -> Iterator[Mention]:
    if node.sign in _ORDER:
        yield Mention(side.name, "order", value)
    elif node.sign in ("in", "not in") and side is node.right:
        yield Mention(side.name, "element", value)
    else:
        for item in value if isinstance(value, tuple) else (value,):
            yield Mention(side.name, "equals", item)

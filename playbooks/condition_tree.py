"""The tree that a condition is read into, and how it judges facts: in Kleene's three values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from playbooks.places import Facts, largest_part, lies_in, people_count, people_in
from playbooks.spans import ORDER, Span, compare, is_open, opposite


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


# ---- what stands left or right of a comparison ----


@dataclass(frozen=True, slots=True)
class Constant:
    """A word, a number, or a tuple of them."""

    value: Any
    facts: frozenset[str] = frozenset()

    def read(self, _facts: Facts) -> Any:
        """The constant itself."""
        return self.value

    @property
    def label(self) -> str:
        """How a sentence calls it."""
        return shown(self.value)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact by its name."""

    name: str

    def read(self, facts: Facts) -> Any:
        """Its value, a span where only limits are known, or None."""
        return people_count(facts) if self.name == "people_count" else facts.get(self.name)

    @property
    def label(self) -> str:
        """How a sentence calls it."""
        return _plain(self.name)

    @property
    def facts(self) -> frozenset[str]:
        """What it asks for."""
        return frozenset({self.name})


COUNTS: Mapping[str, tuple[Callable[[str, Facts], Span], str]] = {
    "people_in": (people_in, "people in {}"),
    "largest_part": (largest_part, "people in the one part of {} with most"),
}


@dataclass(frozen=True, slots=True)
class Count:
    """A call that counts people by place."""

    call: str
    place: str
    facts: frozenset[str] = frozenset({"people_by_place"})

    def read(self, facts: Facts) -> Span:
        """How many, within the limits that are known."""
        return COUNTS[self.call][0](self.place, facts)

    @property
    def label(self) -> str:
        """How a sentence calls it."""
        return COUNTS[self.call][1].format(self.place)


Operand = Constant | Fact | Count


# ---- nodes: each judges the facts ----

# Verdicts on the same facts, by the identity of the part: laws share most of theirs.
Told = dict[int, Verdict]


def judged(node: Node, facts: Facts, told: Told) -> Verdict:
    """What a part says of the facts; asked once, however many conditions share it."""
    verdict = told.get(id(node))
    if verdict is None:
        verdict = told[id(node)] = node.judge(facts, told)
    return verdict


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Join:
    """`and`, decided by one no; or `or`, decided by one yes."""

    parts: tuple[Node, ...]
    decided_by: bool

    def judge(self, facts: Facts, told: Told) -> Verdict:
        """The deciding parts if there are any, else the open ones, else all of them."""
        verdicts = [judged(part, facts, told) for part in self.parts]
        deciding = [verdict for verdict in verdicts if verdict.value is self.decided_by]
        if deciding:  # what is decided misses nothing
            return deciding[0] if len(deciding) == 1 else _all(self.decided_by, deciding)
        open_ = [verdict for verdict in verdicts if verdict.value is None]
        if open_:
            return open_[0] if len(open_) == 1 else _all(None, open_)
        return _all(not self.decided_by, verdicts)


def _all(value: bool | None, verdicts: list[Verdict]) -> Verdict:
    """The reasons of all, each once."""
    why = tuple(dict.fromkeys(chain.from_iterable(verdict.why for verdict in verdicts)))
    if value is not None:
        return Verdict(value, why)
    return Verdict(None, why, frozenset().union(*(verdict.missing for verdict in verdicts)))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Not:
    """The opposite; the opposite of unknown is unknown."""

    part: Node

    def judge(self, facts: Facts, told: Told) -> Verdict:
        """The part's verdict turned round, for the same reasons."""
        verdict = judged(self.part, facts, told)
        return Verdict(opposite(verdict.value), verdict.why, verdict.missing)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Holds:
    """A fact that is yes or no by itself."""

    name: str

    def judge(self, facts: Facts, _told: Told) -> Verdict:
        """Its value."""
        value = facts.get(self.name)
        if value is None:
            why = f"whether {_plain(self.name)} is not known"
            return Verdict(None, (why,), frozenset({self.name}))
        return Verdict(value is True, (f"{_plain(self.name)}: {shown(value)}",))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Always:
    """true or false, whatever the facts."""

    value: bool

    def judge(self, _facts: Facts, _told: Told) -> Verdict:
        """The value."""
        return Verdict(self.value, ())


@dataclass(frozen=True, slots=True, weakref_slot=True)
class AnyOf:
    """Whether a list has any of these; a list that is known and lacks them says no."""

    fact: str
    items: tuple[str, ...]

    def judge(self, facts: Facts, _told: Told) -> Verdict:
        """Yes with what was found, no, or unknown while the list is."""
        held = facts.get(self.fact)
        label = _plain(self.fact)
        if held is None:
            why = f"{label} not known (asked: {shown(self.items)})"
            return Verdict(None, (why,), frozenset({self.fact}))
        found = tuple(item for item in self.items if item in held)
        if found:
            return Verdict(True, (f"{label} include {shown(found)}",))
        return Verdict(False, (f"{label} do not include {shown(self.items)}",))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class EstablishedIn:
    """Whether our main establishment lies in a place."""

    place: str

    def judge(self, facts: Facts, _told: Told) -> Verdict:
        """By the fact `establishment`."""
        code = facts.get("establishment")
        if code is None:
            why = f"establishment not known (asked: in {self.place})"
            return Verdict(None, (why,), frozenset({"establishment"}))
        inside = lies_in(code, self.place)
        where = "in" if inside else "outside"
        return Verdict(inside, (f"established in {code}, {where} {self.place}",))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Known:
    """Whether a fact has been stated; never unknown itself."""

    fact: str

    def judge(self, facts: Facts, _told: Told) -> Verdict:
        """Yes or no."""
        value = facts.get(self.fact) is not None
        stated = "known" if value else "not stated yet"
        return Verdict(value, (f"{_plain(self.fact)} is {stated}",))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Compare:
    """A comparison; on spans decided only when every pair of values agrees."""

    left: Operand
    sign: str
    right: Operand

    def judge(self, facts: Facts, _told: Told) -> Verdict:
        """The comparison with its values, or what is not known."""
        left, right = self.left.read(facts), self.right.read(facts)
        value = compare(left, self.sign, right)
        if value is None:
            open_ = [s for s, read in ((self.left, left), (self.right, right)) if is_open(read)]
            missing = frozenset(name for side in open_ for name in side.facts)
            return Verdict(None, (self._open(left),), missing)
        asked = f"{_WORDS[self.sign]} {self._asked(right)}: {shown(value)}"
        return Verdict(value, (f"{self.left.label} is {shown(left)} ({asked})",))

    def _open(self, left: Any) -> str:
        known = isinstance(left, Span) and left != Span(0, None)
        stated = f"is {left}" if known else "not known"
        return f"{self.left.label} {stated} (asked: {_WORDS[self.sign]} {self.right.label})"

    def _asked(self, right: Any) -> str:
        constant = isinstance(self.right, Constant)
        return self.right.label if constant else f"{self.right.label} = {shown(right)}"


Node = Join | Not | Holds | Always | AnyOf | EstablishedIn | Known | Compare


def mentions_of(node: Node) -> Iterator[Mention]:
    """Every fact in the tree with what it is held against."""
    match node:
        case Join(parts):
            for part in parts:
                yield from mentions_of(part)
        case Not(part):
            yield from mentions_of(part)
        case Holds(name):
            yield Mention(name, "flag")
        case AnyOf(fact, items):
            yield from (Mention(fact, "element", item) for item in items)
        case EstablishedIn(place):
            yield Mention("establishment", "place", place)
        case Known(fact):
            yield Mention(fact, "known")
        case Compare():
            yield from _compared(node)


def _compared(node: Compare) -> Iterator[Mention]:
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, Count):
            yield Mention("people_by_place", "place", side.place)
        elif isinstance(side, Fact):
            value = other.value if isinstance(other, Constant) else None
            yield from _held_against(node, side, value)


def _held_against(node: Compare, side: Fact, value: Any) -> Iterator[Mention]:
    if node.sign in ORDER:
        yield Mention(side.name, "order", value)
    elif node.sign in ("in", "not in") and side is node.right:
        yield Mention(side.name, "element", value)
    else:
        for item in value if isinstance(value, tuple) else (value,):
            yield Mention(side.name, "equals", item)


# ---- words ----

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


def shown(value: Any) -> str:
    """A value as a sentence says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, str):
        return _plain(value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def _plain(code: str) -> str:
    return code.replace("_", " ")

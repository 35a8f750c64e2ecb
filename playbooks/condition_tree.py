"""The tree that a condition is read into, and what it decides: in Kleene's three values.

Deciding makes no words: a law is asked far more often than it is read. The sentences and the
tree of reasons are made from the same nodes by `condition_words`, when somebody wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from playbooks.places import Facts, count_in, largest_part, lies_in, people_count
from playbooks.spans import ORDER, Span, compare, opposite


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
        return plain(self.name)

    @property
    def facts(self) -> frozenset[str]:
        """What it asks for."""
        return frozenset({self.name})


COUNTS: Mapping[str, tuple[Callable[[str, Facts], int | Span], str]] = {
    "people_in": (count_in, "people in {}"),
    "largest_part": (largest_part, "people in the one part of {} with most"),
}


@dataclass(frozen=True, slots=True)
class Count:
    """A call that counts people by place."""

    call: str
    place: str
    facts: frozenset[str] = frozenset({"people_by_place"})

    def read(self, facts: Facts) -> int | Span:
        """How many, within the limits that are known."""
        return COUNTS[self.call][0](self.place, facts)

    @property
    def label(self) -> str:
        """How a sentence calls it."""
        return COUNTS[self.call][1].format(self.place)


Operand = Constant | Fact | Count


# ---- nodes: each decides by the facts ----

# What joins and comparisons said of the same facts, by their identity: laws share most of them.
# Other parts take no longer to ask than to look up.
Told = dict[int, bool | None]
_UNASKED: Any = object()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Join:
    """`and`, decided by one no; or `or`, decided by one yes."""

    parts: tuple[Node, ...]
    decided_by: bool

    def decide(self, facts: Facts, told: Told) -> bool | None:
        """What the first deciding part says; without one, open if any part is."""
        value: bool | None = told.get(id(self), _UNASKED)
        if value is _UNASKED:
            value = told[id(self)] = self._decide(facts, told)
        return value

    def _decide(self, facts: Facts, told: Told) -> bool | None:
        is_open = False
        for part in self.parts:
            value = part.decide(facts, told)
            if value is self.decided_by:
                return value
            if value is None:
                is_open = True
        return None if is_open else not self.decided_by


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Not:
    """The opposite; the opposite of unknown is unknown."""

    part: Node

    def decide(self, facts: Facts, told: Told) -> bool | None:
        """The part turned round."""
        return opposite(self.part.decide(facts, told))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Holds:
    """A fact that is yes or no by itself."""

    name: str

    def decide(self, facts: Facts, _told: Told) -> bool | None:
        """Its value."""
        value = facts.get(self.name)
        return None if value is None else value is True


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Always:
    """true or false, whatever the facts."""

    value: bool

    def decide(self, _facts: Facts, _told: Told) -> bool | None:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True, weakref_slot=True)
class AnyOf:
    """Whether a list has any of these; a list that is known and lacks them says no."""

    fact: str
    items: tuple[str, ...]

    def decide(self, facts: Facts, _told: Told) -> bool | None:
        """Unknown while the list is."""
        held = facts.get(self.fact)
        if held is None:
            return None
        for item in self.items:  # noqa: SIM110  any() takes three times as long
            if item in held:
                return True
        return False


@dataclass(frozen=True, slots=True, weakref_slot=True)
class EstablishedIn:
    """Whether our main establishment lies in a place."""

    place: str

    def decide(self, facts: Facts, _told: Told) -> bool | None:
        """By the fact `establishment`."""
        code = facts.get("establishment")
        return None if code is None else lies_in(code, self.place)


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Known:
    """Whether a fact has been stated; never unknown itself."""

    fact: str

    def decide(self, facts: Facts, _told: Told) -> bool | None:
        """Yes or no."""
        return facts.get(self.fact) is not None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Compare:
    """A comparison; on spans decided only when every pair of values agrees."""

    left: Operand
    sign: str
    right: Operand

    def decide(self, facts: Facts, told: Told) -> bool | None:
        """Open where a side is, or where spans overlap."""
        value: bool | None = told.get(id(self), _UNASKED)
        if value is _UNASKED:
            value = compare(self.left.read(facts), self.sign, self.right.read(facts))
            told[id(self)] = value
        return value


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


def comparisons_of(node: Node) -> Iterator[Compare]:
    """Every comparison in the tree."""
    match node:
        case Join(parts):
            for part in parts:
                yield from comparisons_of(part)
        case Not(part):
            yield from comparisons_of(part)
        case Compare():
            yield node


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


def shown(value: Any) -> str:
    """A value as a sentence says it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(shown, value)) or "none"
    if isinstance(value, str):
        return plain(value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def plain(code: str) -> str:
    """A code in words."""
    return code.replace("_", " ")

"""Counts known only within limits, and comparisons that are decided only when all agree."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Span:
    """A count known only within limits; `high` None has no limit."""

    low: float
    high: float | None

    def __str__(self) -> str:
        upper = "any number" if self.high is None else f"{self.high:,}"
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,} to {upper}"


def compare(left: Any, sign: str, right: Any) -> bool | None:
    """Whether left stands so to right; None (not known yet) where a side is, or spans overlap."""
    if left is None or right is None:
        return None
    if isinstance(left, Span) and isinstance(right, (tuple, list)):
        return _one_of(left, right) if sign == "in" else opposite(_one_of(left, right))
    if isinstance(left, Span) or isinstance(right, Span):
        return _compare_spans(_span(left), sign, _span(right))
    if sign in ("in", "not in"):
        return (left in right) is (sign == "in")
    if sign in ("==", "!="):
        return (left == right) is (sign == "==")
    return ORDER[sign](left, right)


def _compare_spans(left: Span, sign: str, right: Span) -> bool | None:
    if sign in ("==", "!="):
        apart = _above(left.low, right.high) or _above(right.low, left.high)
        exact = left.low == left.high == right.low == right.high
        return None if not (apart or exact) else exact is (sign == "==")
    if sign in (">", ">="):
        return opposite(_compare_spans(left, "<=" if sign == ">" else "<", right))
    yes = left.high is not None and ORDER[sign](left.high, right.low)
    no = right.high is not None and not ORDER[sign](left.low, right.high)
    return True if yes else (False if no else None)


def _one_of(left: Span, items: Sequence[Any]) -> bool | None:
    answers = {_compare_spans(left, "==", _span(item)) for item in items}
    return True if True in answers else (None if None in answers else False)


def _span(value: Any) -> Span:
    return value if isinstance(value, Span) else Span(value, value)


def is_open(value: Any) -> bool:
    """Whether a value is not known, or only within limits."""
    return value is None or (isinstance(value, Span) and value.low != value.high)


def _above(low: float, high: float | None) -> bool:
    return high is not None and low > high


def opposite(value: bool | None) -> bool | None:
    """No for yes, yes for no; the opposite of unknown is unknown."""
    return None if value is None else not value

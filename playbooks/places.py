"""Where affected people are: what lies in what, and how many are known to be there.

Counts are spans. 300 people in 'US' whose state is not known may all, or none, live in
'US-CA'; people whose place nobody knows stand under 'ZZ' and may live anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from playbooks.spans import Span

Facts = Mapping[str, Any]

_EU = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
GROUPS: Mapping[str, frozenset[str]] = {
    "EU": frozenset(_EU),
    "EEA": frozenset([*_EU, "IS", "LI", "NO"]),
}
UNKNOWN_PLACE = "ZZ"  # ISO 3166 leaves ZZ to its users: people whose place is not known


@cache
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
    low = _known_in(tuple(counts.items())).get(place, 0)
    return Span(low, low + _may_be_in(place, counts))


def count_in(place: str, facts: Facts) -> int | Span:
    """As `people_in`; a plain number where it is known exactly."""
    counts = facts.get("people_by_place")
    if counts is None:
        return Span(0, facts.get("people_count"))
    low = _known_in(tuple(counts.items())).get(place, 0)
    more = _may_be_in(place, counts)
    return Span(low, low + more) if more else low


@lru_cache(maxsize=64)
def _known_in(counts: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    """How many are known to be in each place, and in all that it is a part of."""
    known: dict[str, int] = {}
    for code, count in counts:
        for place in (code, *_around(code)):
            known[place] = known.get(place, 0) + count
    return known


def _may_be_in(place: str, counts: Mapping[str, int]) -> int:
    """People whose place is not known so narrowly: only their country, or nothing at all."""
    return sum(counts.get(code, 0) for code in (UNKNOWN_PLACE, *_around(place)))


@cache
def _around(code: str) -> tuple[str, ...]:
    """What a place is a part of: US-CA of US; DE of EU and EEA."""
    country = code.partition("-")[0]
    groups = (group for group, members in GROUPS.items() if country in members)
    return (*([country] if country != code else []), *groups)


def largest_part(place: str, facts: Facts) -> Span:
    """How many affected people are in the one part of a country that has most: a US state."""
    counts = facts.get("people_by_place")
    if counts is None:
        return Span(0, facts.get("people_count"))
    low = max((n for code, n in counts.items() if code.startswith(place + "-")), default=0)
    return Span(low, low + sum(counts.get(code, 0) for code in (place, UNKNOWN_PLACE)))


def people_count(facts: Facts) -> Any:
    """The worldwide count; when only places are counted, at least their sum."""
    counts = facts.get("people_by_place")
    stated = facts.get("people_count")
    if stated is None and counts is not None:
        return Span(sum(counts.values()), None)
    return stated

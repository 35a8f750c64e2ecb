"""Facts that may each be true but not together: counts that do not add up, moments out of order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from incidents.errors import InvalidInput, Problem
from incidents.rules.fact_values import to_utc

# A reporter's clock may run a little ahead of ours.
CLOCK_SKEW = timedelta(minutes=5)

# The second cannot come before the first. A patch may be there before anything happens.
_AFTER_IT_HAPPENED = (
    "detected_at", "suspected_at", "aware_at", "confirmed_at", "contained_at",
    "handling_ended_at", "assessed_notifiable_at", "notified_by_processor_at",
    "people_notified_at", "authority_notified_at", "substance_changed_at",
    "scope_identified_at", "classified_major_at", "intermediate_reported_at",
    "ransom_paid_at", "assessed_material_at", "no_harm_found_at",
)  # fmt: skip
_ORDER = (
    *(("occurred_at", later) for later in _AFTER_IT_HAPPENED),
    ("detected_at", "contained_at"),
    ("detected_at", "handling_ended_at"),
    ("contained_at", "handling_ended_at"),
    ("authority_notified_at", "intermediate_reported_at"),
)
# A moment of something that is said not to be.
_DENIED = (("ransom_paid", "ransom_paid_at"),)


def check_together(
    facts: Mapping[str, Any], now: datetime | None = None, path: str = "facts"
) -> None:
    """Refuse facts that contradict one another, or lie in the future.

    facts   canonical values, as parse_fact gives them
    now     aware UTC; without it the future is not checked
    Raises  InvalidInput with every contradiction
    """
    problems = [
        *_counts(facts, path),
        *_moments(facts, path),
        *_denied(facts, path),
        *_future(facts, now, path),
    ]
    if problems:
        raise InvalidInput("These facts cannot all be true.", *problems)


def _counts(facts: Mapping[str, Any], path: str) -> Iterator[Problem]:
    people = facts.get("people_count")
    if people is None:
        return
    placed = sum((facts.get("people_by_place") or {}).values())
    if placed > people:
        why = f"{placed:,} people by place, but {people:,} in all"
        yield Problem(f"{path}.people_by_place", why, "correct the places or people_count")
    if (facts.get("uncontactable_count") or 0) > people:
        why = f"more people than the {people:,} affected"
        yield Problem(f"{path}.uncontactable_count", why, "correct it or people_count")


def _moments(facts: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for earlier, later in _ORDER:
        first, second = facts.get(earlier), facts.get(later)
        if first is not None and second is not None and to_utc(second) < to_utc(first):
            why = f"before {earlier} ({first})"
            yield Problem(f"{path}.{later}", why, f"correct {later} or {earlier}")


def _denied(facts: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for flag, moment in _DENIED:
        if facts.get(flag) is False and facts.get(moment) is not None:
            mend = f"correct {flag}, or leave {moment} out"
            yield Problem(f"{path}.{moment}", f"{flag} is no, and here is when it was", mend)


def _future(facts: Mapping[str, Any], now: datetime | None, path: str) -> Iterator[Problem]:
    for name, value in facts.items():
        if now is None or value is None or not name.endswith("_at"):  # moments end in _at
            continue
        if to_utc(value) > now + CLOCK_SKEW:
            yield Problem(f"{path}.{name}", f"{value} is in the future", "check the time zone")

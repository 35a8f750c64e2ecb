"""How near the facts are to a number of the law: what a few more people would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.rules.assessed_duty import AssessedDuty
from incidents.rules.catalogue import Catalogue
from incidents.rules.facts import FACTS
from incidents.rules.known import Known
from incidents.rules.legal_rule import LegalRule
from playbooks.condition_tree import Compare, Constant, Count, Fact
from playbooks.places import GROUPS, lies_in
from playbooks.spans import ORDER, Span

# Counts are corrected by some percent as an investigation goes on; more than that is no
# surprise at a threshold but another incident.
_SHARE, _AT_LEAST = 0.1, 10


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number of the law near to what is known, at which a duty begins or ends.

    place   whose people are counted; empty: a fact that is a number itself
    now     what is known; at: the nearest number that changes the answer
    before, then   the status of the duty now and there
    """

    rule: str
    title: str
    fact: str
    place: str
    now: float
    at: float
    before: str
    then: str

    @property
    def says(self) -> str:
        """`1 more person in US-TX (250): owed: …`."""
        gap = abs(self.at - self.now)
        more = "more" if self.at > self.now else "fewer"
        unit = FACTS[self.fact].unit or self.fact.replace("_", " ")
        unit = "person" if (unit, gap) == ("people", 1) else unit
        where = f" in {self.place}" if self.place else ""
        status = self.then.replace("_", " ")
        return f"{gap:,} {more} {unit}{where} ({self.at:,}): {status}: {self.title}"

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        names = ("rule", "title", "fact", "place", "now", "at", "before", "then", "says")
        return {name: getattr(self, name) for name in names}


def near_thresholds(
    duties: Iterable[AssessedDuty], known: Known, catalogue: Catalogue
) -> tuple[Threshold, ...]:
    """Each duty that a small change of one count would begin or end, the nearest first."""
    found = (
        near
        for duty in duties
        if duty.status != "unknown"
        for near in _of_rule(catalogue.rule(duty.rule), duty, known)
    )
    return tuple(sorted(found, key=lambda one: (abs(one.at - one.now), one.rule)))


def _of_rule(rule: LegalRule, duty: AssessedDuty, known: Known) -> Iterator[Threshold]:
    seen = set()
    for comparison in rule.when.comparisons:
        for side, now, at in _crossings(comparison, known):
            changed = _with(side, at - now, known.facts)
            then = _judged(rule, Known(changed, known.moments), duty)
            fact, place = _named(side)
            if then != duty.status and (fact, place, at) not in seen:
                seen.add((fact, place, at))
                yield Threshold(rule.id, rule.title, fact, place, now, at, duty.status, then)


def _named(side: Count | Fact) -> tuple[str, str]:
    return ("people_by_place", side.place) if isinstance(side, Count) else (side.name, "")


def _judged(rule: LegalRule, then: Known, duty: AssessedDuty) -> str:
    if duty.status == "not_owed" and then.ask(rule.when):
        ended = any(then.ask(exempt.when) for exempt in rule.unless)
        sure = rule.force == "law" and rule.confidence != "low"
        return "not_owed" if ended else ("owed" if sure else "recommended")
    ends = duty.status != "not_owed" and then.ask(rule.when) is False
    return "not_owed" if ends else duty.status


def _crossings(comparison: Compare, known: Known) -> Iterator[tuple[Count | Fact, float, float]]:
    """The counted side, what it is, and the nearest number on the other side of the threshold."""
    side, other = comparison.left, comparison.right
    if isinstance(side, Constant) or not isinstance(other, Constant):
        return
    if comparison.sign not in ORDER or not isinstance(other.value, (int, float)):
        return
    now = _exactly(side.read(known.facts))
    if not now:  # where nobody is, no threshold is near
        return
    at = _across(comparison.sign, now, other.value)
    if at > 0 and abs(at - now) <= max(_AT_LEAST, _SHARE * other.value):
        yield side, now, at


def _across(sign: str, now: float, threshold: float) -> float:
    """The nearest whole number at which the comparison says otherwise."""
    below, above = (threshold, threshold + 1) if sign in (">", "<=") else (threshold - 1, threshold)
    return below if now >= above else above


def _exactly(read: Any) -> float | None:
    if isinstance(read, Span):
        return read.low if read.low == read.high else None
    return read if isinstance(read, (int, float)) and not isinstance(read, bool) else None


def _with(side: Count | Fact, change: float, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, with so many more counted there."""
    if isinstance(side, Fact):
        return {**facts, side.name: facts.get(side.name, 0) + change}
    counts = dict(facts.get("people_by_place") or {})
    inside = [code for code in counts if lies_in(code, side.place)]
    if side.call == "largest_part":  # nobody in any part yet: no part can be named
        inside = [code for code in inside if code != side.place]
    place = max(inside, key=counts.__getitem__, default=_code(side.place))
    counts[place] = counts.get(place, 0) + change
    more = {**facts, "people_by_place": counts}
    if facts.get("people_count") is not None:
        more["people_count"] = max(facts["people_count"] + change, 0)
    return more


def _code(place: str) -> str:
    return min(GROUPS[place]) if place in GROUPS else place

"""When a public announcement may stand in for telling each person: it proposes, a person decides.

Every number stands in the laws' files (and our own in `law/house/`), with its source.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from incidents.rules.catalogue import Catalogue
from incidents.rules.legal_rule import SubstituteRule
from playbooks.conditions import lies_in


@dataclass(frozen=True, slots=True)
class SubstituteFacts:
    """The counts that decide; what is not known is None.

    population_by_place    everyone affected, by place; each person in one place
    unreachable_by_place   those whom no channel reaches: no usable address, or all exhausted
    hours_left             until the first deadline to people
    disproportionate_effort  somebody found that telling each person takes one
    """

    population_by_place: Mapping[str, int]
    unreachable_by_place: Mapping[str, int] = field(default_factory=dict)
    notice_cost_usd: float | None = None
    hours_left: float | None = None
    disproportionate_effort: bool | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """One rule that lets a public notice stand in: where, why, how it must be made, its source."""

    rule: str
    place: str
    why: tuple[str, ...]
    text: str
    means: tuple[str, ...]
    days: int | None
    toll_free: bool
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whether to announce, and on which grounds.

    days     how long the announcement must stand at least; the longest that a ground asks for
    missing  facts that could add a ground
    """

    proposed: bool
    grounds: tuple[Ground, ...]
    reasons: tuple[str, ...]
    days: int | None
    missing: tuple[str, ...]


def propose(
    facts: SubstituteFacts,
    catalogue: Catalogue,
    duties: Collection[str] | None = None,
    share_at: float | None = None,
) -> Proposal:
    """Propose a public announcement where a law's threshold, or our own, is reached.

    duties    ids of the rules that are owed or may be: only their laws are asked;
              None asks every law whose place has people
    share_at  share of people unreachable from which our own rule proposes;
              None takes the house value of the catalogue
    """
    grounds: list[Ground] = []
    missing: set[str] = set()
    for rule in _asked(catalogue, duties):
        counts = _counts(rule, facts, share_at or catalogue.share_at)
        if not counts["population_count"]:
            continue
        verdict = rule.when.evaluate(counts)
        missing.update(verdict.missing if verdict.value is None else ())
        if verdict.value:
            grounds.append(_ground(rule, verdict.why))
    days = max((ground.days for ground in grounds if ground.days), default=None)
    return Proposal(bool(grounds), tuple(grounds), _reasons(grounds), days, tuple(sorted(missing)))


def _asked(catalogue: Catalogue, duties: Collection[str] | None) -> Iterator[SubstituteRule]:
    for law in catalogue.laws:
        ids = {rule.id for rule in law.content.rules if rule.audience == "people"}
        if duties is None or not ids or ids & set(duties):
            yield from law.content.substitute


def _counts(
    rule: SubstituteRule, facts: SubstituteFacts, share_at: float | None
) -> dict[str, float]:
    population = _within(rule.place, facts.population_by_place)
    unreachable = _within(rule.place, facts.unreachable_by_place)
    counts = {
        "population_count": population,
        "unreachable_count": unreachable,
        "unreachable_share": unreachable / population if population else 0,
        "notice_cost_usd": facts.notice_cost_usd,
        "hours_left": facts.hours_left,
        "disproportionate_effort": facts.disproportionate_effort,
        "share_at": share_at,
    }
    return {name: value for name, value in counts.items() if value is not None}


def _within(place: str | None, counts: Mapping[str, int]) -> int:
    return sum(n for code, n in counts.items() if place is None or lies_in(code, place))


def _ground(rule: SubstituteRule, why: tuple[str, ...]) -> Ground:
    return Ground(
        rule=rule.id,
        place=rule.place or "everywhere",
        why=why,
        text=rule.text,
        means=tuple(rule.means),
        days=rule.days,
        toll_free=rule.toll_free,
        source=rule.source,
        confidence=rule.confidence,
    )


def _reasons(grounds: list[Ground]) -> tuple[str, ...]:
    return tuple(
        f"{ground.place}: {'; '.join(ground.why)}: {ground.text} ({ground.source})"
        for ground in grounds
    )

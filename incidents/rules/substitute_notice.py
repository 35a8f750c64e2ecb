"""When a public announcement may stand in for telling each person: it proposes, a person decides.

Every number stands in the laws' files (and our own in `law/house/`), with its source. Three
values, as everywhere: what a count that nobody knows could still decide is said, not dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from incidents.rules.catalogue import Catalogue, Law
from incidents.rules.legal_rule import SubstituteRule
from playbooks.conditions import Span, Verdict, lies_in, people_in

StandsFor = Literal["public", "single"]


@dataclass(frozen=True, slots=True)
class SubstituteFacts:
    """The counts that decide; what is not known is None.

    population_by_place    everyone affected, by place; each person in one place
    unreachable_by_place   those whom no channel reaches: no usable address, or all exhausted;
                           None: not known by place
    unreachable_count      those without a usable address, wherever they are; asked where the
                           places are not known
    hours_left             until the first deadline to people
    disproportionate_effort  somebody found that telling each person takes one
    establishment          where we are established: some laws ask less of their own
    """

    population_by_place: Mapping[str, int]
    unreachable_by_place: Mapping[str, int] | None = field(default_factory=dict)
    unreachable_count: int | None = None
    notice_cost_usd: float | None = None
    hours_left: float | None = None
    disproportionate_effort: bool | None = None
    establishment: str | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """One rule that lets another notice stand in: which law, where, why, how, by what source.

    why         the numbers that decide, or that are not known
    stands_for  public: an announcement; single: another way to each person
    missing     what must be known to decide; empty once the threshold is reached
    due_at      for a duty of its own, such as telling the media: when it falls due
    """

    rule: str
    law: str
    place: str
    why: tuple[str, ...]
    text: str
    means: tuple[str, ...]
    days: int | None
    toll_free: bool
    source: str
    confidence: str
    stands_for: StandsFor = "public"
    missing: tuple[str, ...] = ()
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Whether to announce, and on which grounds.

    grounds    thresholds that are reached
    undecided  those that a missing fact could still reach
    media      duties to tell the media, which no announcement of ours replaces
    days       how long the announcement must stand at least; the longest that a ground asks for
    missing    facts that could add a ground
    """

    proposed: bool
    grounds: tuple[Ground, ...]
    reasons: tuple[str, ...]
    days: int | None
    missing: tuple[str, ...]
    undecided: tuple[Ground, ...] = ()
    media: tuple[Ground, ...] = ()


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
    judged = [
        _ground(law, rule, verdict)
        for law, rule in _asked(catalogue, duties)
        if (verdict := _judge(rule, facts, share_at or catalogue.share_at)).value is not False
    ]
    grounds = tuple(ground for ground in judged if not ground.missing)
    public = [ground for ground in grounds if ground.stands_for == "public"]
    undecided = tuple(ground for ground in judged if ground.missing)
    return Proposal(
        proposed=bool(public),
        grounds=grounds,
        reasons=_reasons(grounds),
        days=max((ground.days for ground in public if ground.days), default=None),
        missing=tuple(sorted({name for ground in undecided for name in ground.missing})),
        undecided=undecided,
    )


def _asked(
    catalogue: Catalogue, duties: Collection[str] | None
) -> Iterator[tuple[Law, SubstituteRule]]:
    for law in catalogue.laws:
        ids = {rule.id for rule in law.content.rules if rule.audience == "people"}
        if duties is None or not ids or ids & set(duties):
            yield from ((law, rule) for rule in law.content.substitute)


_NOBODY = Verdict(False, ("nobody is affected there",))


def _judge(rule: SubstituteRule, facts: SubstituteFacts, share_at: float | None) -> Verdict:
    population = _within(rule.place, facts.population_by_place)
    if population.high == 0:
        return _NOBODY
    unreachable = _unreachable(rule.place, facts, population)
    counts: dict[str, Any] = {
        "population_count": _plain(population),
        "unreachable_count": _plain(unreachable),
        "unreachable_share": _share(unreachable, population),
        "notice_cost_usd": facts.notice_cost_usd,
        "hours_left": facts.hours_left,
        "disproportionate_effort": facts.disproportionate_effort,
        "established_there": _established(rule.place, facts.establishment),
        "share_at": share_at,
    }
    return rule.when.evaluate({name: value for name, value in counts.items() if value is not None})


def _within(place: str | None, counts: Mapping[str, int]) -> Span:
    """People in a place; those of whom only the country is known may be in any part of it."""
    if place is None:
        return Span(sum(counts.values()), sum(counts.values()))
    return people_in(place, {"people_by_place": counts})


def _unreachable(place: str | None, facts: SubstituteFacts, population: Span) -> Span:
    if facts.unreachable_by_place is not None:
        return _within(place, facts.unreachable_by_place)
    everyone = sum(facts.population_by_place.values())
    if facts.unreachable_count is None:
        return Span(0, population.high)
    elsewhere = everyone - population.low
    most = min(facts.unreachable_count, population.high or 0)
    return Span(max(0, min(facts.unreachable_count - elsewhere, most)), most)


def _plain(count: Span) -> int | Span:
    return int(count.low) if count.low == count.high else count


def _share(some: Span, whole: Span) -> float | None:
    exact = some.low == some.high and whole.low == whole.high
    return some.low / whole.low if exact and whole.low else None


def _established(place: str | None, home: str | None) -> bool | None:
    return lies_in(home, place) if home and place else None


def _ground(law: Law, rule: SubstituteRule, verdict: Verdict) -> Ground:
    return Ground(
        rule=rule.id,
        law=law.content.instrument.title,
        place=rule.place or "everywhere",
        why=verdict.why,
        text=rule.text,
        means=tuple(rule.means),
        days=rule.days,
        toll_free=rule.toll_free,
        source=rule.source,
        confidence=rule.confidence,
        stands_for=rule.stands_for,
        missing=tuple(sorted(verdict.missing)) if verdict.value is None else (),
    )


def _reasons(grounds: Collection[Ground]) -> tuple[str, ...]:
    return tuple(
        f"{ground.place}: {'; '.join(ground.why)}: {ground.text} ({ground.source})"
        for ground in grounds
    )

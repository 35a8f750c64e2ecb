"""What the laws of people's places forbid a notice to tell them, for each variant of its words."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from incidents.database.duties import duties_of
from incidents.database.told import population_by_place, readers_by_place
from incidents.rules.fact_values import place_problem
from incidents.rules.legal_rule import LegalRule
from incidents.rules.notice_limits import Limit, limits
from incidents.rules.place_words import PLAIN, readers_of
from incidents.services import facts, law_packs
from incidents.work import Work


@dataclass(frozen=True, slots=True)
class Readers:
    """How many people get a variant, and what laws forbid to tell them."""

    people: int
    limits: list[Limit]


def of_variants(work: Work, incident_id: UUID, variants: Collection[str]) -> dict[str, Readers]:
    """Who gets each variant, the plain words among them."""
    crowd = _Crowd(work, incident_id)
    theirs = {one: readers_of(one, crowd.readers, variants) for one in {PLAIN, *variants}}
    return {
        one: Readers(sum(people.values()), crowd.limits(people)) for one, people in theirs.items()
    }


def to_word(work: Work, incident_id: UUID) -> dict[str, list[Limit]]:
    """Places that need words of their own: people live there whose law limits a notice."""
    crowd = _Crowd(work, incident_id)
    wanted: dict[str, list[Limit]] = {}
    for limit in crowd.limits(crowd.readers):
        if limit.known and place_problem(limit.place) is None:
            wanted.setdefault(limit.place, []).append(limit)
    return wanted


class _Crowd:
    """The affected people by place: of the list, or of the facts until there is one."""

    def __init__(self, work: Work, incident_id: UUID) -> None:
        known = facts.known(work, incident_id)
        listed = population_by_place(work.session, incident_id)
        self.affected: dict[str, int] = listed or known.get("people_by_place") or {}
        self.readers = readers_by_place(work.session, incident_id) if listed else self.affected
        self._count = known.get("people_count")
        self._rules = _standing_rules(work, incident_id)

    def limits(self, readers: dict[str, int]) -> list[Limit]:
        """On words that these of them read."""
        return limits(self._rules, readers, self.affected, self._count)


def _standing_rules(work: Work, incident_id: UUID) -> list[LegalRule]:
    """Those that are owed, or may be."""
    owed = {
        duty.rule
        for duty in duties_of(work.session, incident_id)
        if duty.status in {"open", "met"} and duty.standing in {"owed", "unknown"}
    }
    return [rule for rule in law_packs.in_use(work).rules if rule.id in owed]

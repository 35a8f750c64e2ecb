"""What to find out next: which missing fact could settle most, and what each answer would settle.

Each missing fact is tried with the answers that the open rules ask about. A list or a count has
endlessly many; those at which a rule changes are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from incidents.rules.assessed_duty import AssessedDuty
from incidents.rules.catalogue import Catalogue
from incidents.rules.facts import FACTS, FactKind
from incidents.rules.known import Known
from incidents.rules.legal_rule import LegalRule
from playbooks.conditions import Mention
from playbooks.places import GROUPS, UNKNOWN_PLACE, lies_in

# We know of ourselves what we are; it takes a look at the incident to know the rest.
_OURSELVES = ("role", "establishment", "organisation_flags")
_NEVER = datetime.max.replace(tzinfo=UTC)
_ELSEWHERE = "AQ"  # Antarctica: a place of which no law asks


@dataclass(frozen=True, slots=True)
class Answer:
    """One value that a fact may have, and the duties that it alone would settle."""

    value: Any
    owed: tuple[str, ...]
    not_owed: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"value": self.value, "owed": list(self.owed), "not_owed": list(self.not_owed)}


@dataclass(frozen=True, slots=True)
class NextFact:
    """A fact that nobody has stated, and what it would be good for.

    decides  the duties that some answer alone would settle, soonest first
    hard     how many of them have a clock of the law, not our own target
    soonest  when the first of them falls due
    """

    fact: FactKind
    decides: tuple[str, ...]
    hard: int
    soonest: datetime | None
    answers: tuple[Answer, ...]

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        soonest = self.soonest and self.soonest.isoformat().replace("+00:00", "Z")
        return {
            "fact": self.fact.name,
            "asks": self.fact.description,
            "unit": self.fact.unit,
            "known_without_investigation": self.fact.name in _OURSELVES,
            "decides": list(self.decides),
            "hard": self.hard,
            "soonest": soonest,
            "answers": [answer.as_json() for answer in self.answers],
        }


def next_facts(
    duties: Iterable[AssessedDuty], known: Known, catalogue: Catalogue
) -> tuple[NextFact, ...]:
    """The missing facts, the one that could settle most first: clocks of the law before targets.

    duties  as `assess` answered them to what is known; those of unknown standing count
    """
    open_ = {duty.rule: duty for duty in duties if duty.status == "unknown" and duty.missing}
    asking: dict[str, list[LegalRule]] = {}
    for duty in open_.values():
        for name in duty.missing:
            asking.setdefault(name, []).append(catalogue.rule(duty.rule))
    found = (_tried(FACTS[name], rules, open_, known) for name, rules in asking.items())
    return tuple(sorted((fact for fact in found if fact.decides), key=_worth))


def _worth(found: NextFact) -> tuple[int, int, bool, datetime, str]:
    name = found.fact.name
    soonest = found.soonest or _NEVER
    return -found.hard, -len(found.decides), name not in _OURSELVES, soonest, name


def _tried(
    kind: FactKind, rules: list[LegalRule], duties: Mapping[str, AssessedDuty], known: Known
) -> NextFact:
    mentions = [(rule, mention) for rule in rules for mention in _mentions(rule, kind.name)]
    values = _values(kind, [mention for _, mention in mentions], known)
    answers = tuple(filter(None, (_answer(value, kind.name, rules, known) for value in values)))
    settled = {rule for answer in answers for rule in (*answer.owed, *answer.not_owed)}
    decided = sorted((duties[rule] for rule in settled), key=_when)
    soonest = decided[0].due_at if decided else None
    hard = sum(not duty.is_target for duty in decided)
    return NextFact(kind, tuple(duty.rule for duty in decided), hard, soonest, answers)


def _when(duty: AssessedDuty) -> tuple[datetime, str]:
    return duty.due_at or _NEVER, duty.rule


def _mentions(rule: LegalRule, name: str) -> Iterator[Mention]:
    for condition in (rule.when, *(exempt.when for exempt in rule.unless)):
        yield from (mention for mention in condition.mentions if mention.fact == name)


def _answer(value: Any, name: str, rules: list[LegalRule], known: Known) -> Answer | None:
    """What a fact would settle if it had this value; None where it settles nothing."""
    then = Known({**known.facts, name: value}, known.moments)
    owed, not_owed = [], []
    for rule in rules:
        verdict = then.ask(rule.when)
        if verdict is False or any(then.ask(exempt.when) for exempt in rule.unless):
            not_owed.append(rule.id)
        elif verdict:
            owed.append(rule.id)
    return Answer(value, tuple(owed), tuple(not_owed)) if owed or not_owed else None


def _values(kind: FactKind, mentions: list[Mention], known: Known) -> list[Any]:
    """The answers worth trying, each once."""
    asked = list(dict.fromkeys(m.value for m in mentions if m.value is not None))
    numbers = [number for number in asked if isinstance(number, (int, float))]
    tried: dict[str, list[Any]] = {
        "flag": [True, False],
        "choice": list(kind.choices or ()),
        "choices": [[], *([word] for word in kind.choices or () if word in asked)],
        "place": [_ELSEWHERE, *dict.fromkeys(_within(str(place)) for place in asked)],
        "place_counts": list(_placed([str(place) for place in asked], known)),
    }
    near = sorted({n for t in numbers for n in (t - 1, t, t + 1) if n >= 0})
    return tried.get(kind.type, near)


def _placed(places: list[str], known: Known) -> Iterator[dict[str, int]]:
    """Nobody more anywhere; or all whose place is not known in one of the places."""
    counts: Mapping[str, int] = known.facts.get("people_by_place") or {}
    vague = {
        code
        for code in counts
        if code == UNKNOWN_PLACE or any(code != one and lies_in(one, code) for one in places)
    }
    sure = {code: count for code, count in counts.items() if code not in vague}
    more = sum(counts[code] for code in vague) or known.facts.get("people_count") or 1
    yield sure
    for place in dict.fromkeys(map(_within, places)):
        yield {**sure, place: sure.get(place, 0) + more}


def _within(place: str) -> str:
    """A country that stands for its group: the EU is no place where anybody is counted."""
    return min(GROUPS[place]) if place in GROUPS else place

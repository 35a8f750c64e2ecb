"""The register of breaches, notified or not: what a row says, worked out from what is on record.

GDPR art. 33(5) and its like elsewhere: the facts, their effects, the measures, and why an authority
or people were told, or were not. Nothing here says anything of a single affected person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from incidents.rules.fact_values import to_utc
from incidents.rules.facts import FACTS
from incidents.rules.register_words import narrative, of_list
from playbooks.places import lies_in

TELLING = ("authority", "people", "media", "consumer_reporting_agencies", "partners", "controller")
_MOMENTS = tuple(name for name, kind in FACTS.items() if kind.type == "moment")
_FIRST = ("aware_at", "detected_at", "suspected_at", "occurred_at")
_TOLD, _NOT_TOLD = ("notified",), ("not_owed", "no_longer_owed", "waived")


@dataclass(frozen=True, slots=True)
class OnRecord:
    """A duty as it stands: judged by the law, decided by people, proved by evidence.

    law       the file of the law that it is a duty of
    status    open | met | no_longer_owed | waived; not_owed: the rule never asked for it
    reason    why it is waived or no longer owed, or why the rule does not ask
    excepted  the law asked for it, but for an exception that was established
    by, at    who or what decided so, and when
    proofs    filings and other evidence that stand, in words
    """

    law: str
    rule: str
    title: str
    place: str
    audience: str
    stage: str
    authority: str
    standing: str
    status: str
    reason: str
    by: str
    at: datetime | None
    due_at: datetime | None
    is_target: bool
    done_at: datetime | None
    proofs: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    law_version: str
    excepted: bool = False


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a person judged by a method of severity, and why."""

    method: str
    level: str
    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Breach:
    """Everything on record of one incident that a row is made of.

    facts    value by name, those that our own deeds establish among them
    sources  where each fact is known from
    """

    number: str
    mode: str
    kind: str
    title: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    severity: str
    facts: Mapping[str, Any]
    sources: Mapping[str, str]
    duties: tuple[OnRecord, ...]
    assessments: tuple[Assessed, ...]
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, in UTC, and where that is known from."""

    name: str
    at: datetime
    source: str


Decided = Literal[
    "notified", "owed", "undecided", "recommended", "waived", "no_longer_owed", "not_owed"
]


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether somebody was told, must be, or need not be; and why.

    needs     while it is undecided: the facts that would decide it
    late      it was done after its due time
    """

    rule: str
    title: str
    place: str
    audience: str
    stage: str
    authority: str
    decision: Decided
    why: str
    by: str
    at: datetime | None
    due_at: datetime | None
    is_target: bool
    late: bool
    needs: tuple[str, ...]
    proofs: tuple[str, ...]
    source: str
    law_version: str


@dataclass(frozen=True, slots=True)
class Row:
    """One breach in the register."""

    number: str
    mode: str
    kind: str
    title: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    year: int
    moments: tuple[Moment, ...]
    nature: str
    cause: str
    data_categories: str
    people_categories: str
    people_count: int | None
    people_by_place: dict[str, int]
    record_count: int | None
    protection: str
    effects: str
    measures_taken: str
    measures_planned: str
    severity: str
    assessments: tuple[Assessed, ...]
    authority_notified: bool
    people_notified: bool
    decisions: tuple[Decision, ...]
    not_notified_because: tuple[str, ...]
    holds: tuple[str, ...]

    @property
    def notified(self) -> bool:
        """Whether anybody outside was told."""
        return self.authority_notified or self.people_notified


def row(breach: Breach) -> Row:
    """The row of one breach."""
    facts = breach.facts
    decisions = tuple(
        _decision(duty) for duty in _that_bind(breach.duties) if duty.audience in TELLING
    )
    moments = tuple(_moments(breach))
    return Row(
        number=breach.number,
        mode=breach.mode,
        kind=breach.kind,
        title=breach.title,
        status=breach.status,
        opened_at=breach.opened_at,
        closed_at=breach.closed_at,
        year=year_of(breach),
        moments=moments,
        nature=of_list("breach_kinds", facts),
        cause=narrative(facts.get("cause")),
        data_categories=of_list("data_categories", facts),
        people_categories=of_list("people_categories", facts),
        people_count=_people(facts),
        people_by_place=dict(facts.get("people_by_place") or {}),
        record_count=facts.get("record_count"),
        protection=of_list("encryption", facts),
        effects=narrative(facts.get("possible_effects")),
        measures_taken=narrative(facts.get("measures_taken")),
        measures_planned=narrative(facts.get("measures_planned")),
        severity=breach.severity,
        assessments=breach.assessments,
        authority_notified=_any_told(decisions, "authority"),
        people_notified=_any_told(decisions, "people"),
        decisions=decisions,
        not_notified_because=tuple(dict.fromkeys(_why_not(decisions))),
        holds=breach.holds,
    )


def year_of(breach: Breach) -> int:
    """The calendar year (UTC) in which we became aware; before that is known, of the first sign."""
    known = (breach.facts[name] for name in _FIRST if breach.facts.get(name))
    first = next(known, None)
    return (to_utc(first) if first else breach.opened_at).year


def touches(row_: Row, place: str) -> bool:
    """Whether people of a place are affected, or its law binds us here."""
    decided = (one.place for one in row_.decisions if one.decision != "undecided")
    places = [*row_.people_by_place, *decided]
    return any(lies_in(one, place) or lies_in(place, one) for one in places)


def _that_bind(duties: Iterable[OnRecord]) -> Iterable[OnRecord]:
    """What is, was or may be owed; and what is not, by laws that bind us here in something.

    That the law of a place where we have no business asks for nothing is no decision of ours.
    """
    duties = list(duties)
    ours = {duty.law for duty in duties if _binds(duty)}
    for duty in duties:
        if duty.status not in ("no_longer_owed", "not_owed") or duty.excepted or duty.law in ours:
            yield duty


def _binds(duty: OnRecord) -> bool:
    decided = duty.status == "open" and duty.standing != "unknown"
    return decided or duty.status in ("met", "waived")


def _people(facts: Mapping[str, Any]) -> int | None:
    placed = facts.get("people_by_place")
    total = facts.get("people_count")
    return total if total is not None or placed is None else sum(placed.values())


def _moments(breach: Breach) -> Iterable[Moment]:
    for name in _MOMENTS:
        if value := breach.facts.get(name):
            yield Moment(name, to_utc(value), breach.sources.get(name, "our own records"))


def _decision(duty: OnRecord) -> Decision:
    decision = _decided(duty)
    late = bool(duty.done_at and duty.due_at and duty.done_at > duty.due_at)
    return Decision(
        rule=duty.rule,
        title=duty.title,
        place=duty.place,
        audience=duty.audience,
        stage=duty.stage,
        authority=duty.authority,
        decision=decision,
        why=_why(duty, decision),
        by=duty.by,
        at=duty.done_at or duty.at,
        due_at=duty.due_at,
        is_target=duty.is_target,
        late=late,
        needs=duty.needs if decision == "undecided" else (),
        proofs=duty.proofs,
        source=duty.source,
        law_version=duty.law_version,
    )


_WHILE_OPEN: Mapping[str, Decided] = {"unknown": "undecided", "recommended": "recommended"}
_ONCE_OVER: Mapping[str, Decided] = {
    "met": "notified",
    "waived": "waived",
    "no_longer_owed": "no_longer_owed",
    "not_owed": "not_owed",
}


def _decided(duty: OnRecord) -> Decided:
    if duty.status == "open":
        return _WHILE_OPEN.get(duty.standing, "owed")
    return _ONCE_OVER[duty.status]


def _why(duty: OnRecord, decision: str) -> str:
    if decision == "undecided" and duty.needs:
        return f"due unless established otherwise; needs {', '.join(duty.needs)}".replace("_", " ")
    return duty.reason


def _any_told(decisions: Iterable[Decision], audience: str) -> bool:
    return any(one.audience == audience and one.decision in _TOLD for one in decisions)


def _why_not(decisions: Iterable[Decision]) -> Iterable[str]:
    """One line for each decision by which somebody is not told, with who decided it."""
    for one in decisions:
        if one.decision in _NOT_TOLD:
            whom = one.authority or one.audience.replace("_", " ")
            how = one.decision.replace("_", " ")
            yield f"{one.title} ({whom}): {how} by {one.by}: {one.why} [{one.source}]"

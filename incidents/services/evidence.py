"""What proves a duty met: filings, people told, pages published, facts on record, tasks done.

Evidence is read from the rows that are the proof; here it is weighed against what the rule
asks (`met_when`). When a proof is taken back or no longer suffices, the duty is open again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.announcements import Announcement, standing_announcement
from incidents.database.base import uuid7
from incidents.database.campaigns import campaigns_of
from incidents.database.duties import Duty, Evidence, standing_evidence
from incidents.database.incidents import Fact, current_facts
from incidents.database.reports import Filing, standing_filings
from incidents.database.tasks import Task, tasks_of
from incidents.database.told import Told, told_by_place
from incidents.rules.lifecycle import DUTY
from incidents.services import timeline
from incidents.work import Work
from playbooks.places import lies_in


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof that stands now: of which kind, which row it is, and what it says."""

    kind: str
    subject_id: UUID
    facts: Mapping[str, Any]


class Found:
    """What may prove the duties of one incident: each looked up once, however many ask."""

    def __init__(self, work: Work, incident_id: UUID) -> None:
        self.work = work
        self.incident_id = incident_id

    @cached_property
    def told(self) -> list[tuple[UUID, Sequence[Told]]]:
        """Who was told, by place, by each campaign; with whom those told whose rest it is for."""
        session = self.work.session
        return [
            (one.id, told_by_place(session, one.incident_id, [*map(UUID, one.rest_of), one.id]))
            for one in campaigns_of(session, self.incident_id)
            if one.status != "stopped"
        ]

    @cached_property
    def announcement(self) -> Announcement | None:
        """The announcement that stands."""
        return standing_announcement(self.work.session, self.incident_id)

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """The facts that hold now."""
        return {fact.name: fact for fact in current_facts(self.work.session, self.incident_id)}

    @cached_property
    def tasks(self) -> Sequence[Task]:
        """The tasks of its playbooks."""
        return tasks_of(self.work.session, self.incident_id)

    @cached_property
    def filings(self) -> dict[UUID, list[Filing]]:
        """The filings that stand, by duty."""
        return standing_filings(self.work.session, self.incident_id)

    @cached_property
    def evidence(self) -> dict[UUID, list[Evidence]]:
        """The evidence that stands, by duty."""
        return standing_evidence(self.work.session, self.incident_id)


def weigh(work: Work, incident_id: UUID, duties: Iterable[Duty]) -> None:
    """Bring the evidence of duties up to date; meet them, or open them again, accordingly."""
    found = Found(work, incident_id)
    for duty in duties:
        if duty.status in {"open", "met"}:
            _weigh(found, duty)


def _weigh(found: Found, duty: Duty) -> None:
    work = found.work
    kind, terms = next(iter(duty.met_when.items()))
    proofs = {(p.kind, p.subject_id): p for p in _FINDERS[kind](found, duty, terms or {})}
    standing = {(row.kind, row.subject_id): row for row in found.evidence.get(duty.id, ())}
    for key, row in standing.items():
        if key not in proofs:
            _withdraw(work, duty, row)
    for key, proof in proofs.items():
        if key not in standing:
            _add(work, duty, proof)
        else:
            standing[key].facts = dict(proof.facts)
    _settle(work, duty, is_proven=bool(proofs))


def _settle(work: Work, duty: Duty, *, is_proven: bool) -> None:
    action = "meet" if is_proven else "unmeet"
    if (duty.status == "met") == is_proven:
        return
    before, duty.status = duty.status, DUTY.after(duty.status, action)
    duty.status_at = work.now
    duty.status_reason = "evidence is complete" if is_proven else "evidence was withdrawn"
    audit.record(
        work,
        f"duty.{action}",
        incident_id=duty.incident_id,
        subject_type="duty",
        subject_id=duty.id,
        rule=duty.rule,
        stage=duty.stage,
        before=before,
        after=duty.status,
    )
    word = "Met" if is_proven else "No longer met"
    timeline.note(work, duty.incident_id, "duty", f"{word}: {duty.title}")


def _add(work: Work, duty: Duty, proof: Proof) -> None:
    row = Evidence(
        id=uuid7(),
        duty_id=duty.id,
        kind=proof.kind,
        subject_id=proof.subject_id,
        facts=dict(proof.facts),
        at=work.now,
    )
    work.session.add(row)
    _tell(work, "evidence.add", duty, row)


def _withdraw(work: Work, duty: Duty, row: Evidence) -> None:
    row.withdrawn_at = work.now
    row.withdrawn_reason = "what it rests on was taken back, or no longer suffices"
    _tell(work, "evidence.withdraw", duty, row)


def _tell(work: Work, kind: str, duty: Duty, row: Evidence) -> None:
    audit.record(
        work,
        kind,
        incident_id=duty.incident_id,
        subject_type="evidence",
        subject_id=row.id,
        duty_id=duty.id,
        source_id=row.subject_id,
    )


def _reports(found: Found, duty: Duty, _terms: Mapping[str, Any]) -> list[Proof]:
    return [
        Proof(
            "report_filed",
            filing.report_id,
            {
                "reference": filing.reference,
                "filed_at": filing.filed_at.isoformat(),
                "sha256": filing.sha256,
            },
        )
        for filing in found.filings.get(duty.id, ())
    ]


def _people(found: Found, _duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    counts_announced = found.announcement is not None and terms.get("instead") == "announcement"
    proofs = []
    for campaign_id, told in found.told:
        here = [counts for counts in told if _lies_in(counts, terms.get("among"))]
        total = sum(counts.total for counts in here)
        reached = sum(_reached(counts, terms) for counts in here)
        announced = sum(counts.announced for counts in here) if counts_announced else 0
        if total and (reached + announced) / total >= terms.get("share", 1.0):
            facts = {"people": total, "told": reached, "announced": announced}
            proofs.append(Proof("people_told", campaign_id, facts))
    return proofs


def _lies_in(counts: Told, place: str | None) -> bool:
    return place is None or lies_in(counts.place, place)


def _reached(counts: Told, terms: Mapping[str, Any]) -> int:
    by_acceptance = terms.get("by", "accepted") == "accepted"
    return counts.delivered + (counts.accepted if by_acceptance else 0)


def _announcement(found: Found, _duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    row = found.announcement
    if row is None or row.published_at is None:
        return []
    if found.work.now < row.published_at + timedelta(days=terms.get("days", 0)):
        return []
    facts = {"published_at": row.published_at.isoformat(), "sha256": row.sha256}
    return [Proof("announcement_published", row.id, facts)]


def _facts(found: Found, _duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    wanted = terms["facts"]
    if any(name not in found.facts for name in wanted):
        return []
    return [Proof("facts_recorded", found.facts[wanted[0]].id, {"facts": list(wanted)})]


def _task(found: Found, _duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    return [
        Proof("task_done", task.id, {"step": task.step})
        for task in found.tasks
        if task.step == terms["task"] and task.status == "done"
    ]


_FINDERS: Mapping[str, Callable[[Found, Duty, Mapping[str, Any]], list[Proof]]] = {
    "report_filed": _reports,
    "people_told": _people,
    "announcement_published": _announcement,
    "facts_recorded": _facts,
    "task_done": _task,
}

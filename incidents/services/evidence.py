"""What proves a duty met: filings, people told, pages published, facts on record, tasks done.

Evidence is read from the rows that are the proof; here it is weighed against what the rule
asks (`met_when`). When a proof is taken back or no longer suffices, the duty is open again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.announcements import standing_announcement
from incidents.database.duties import Duty, Evidence, evidence_of
from incidents.database.incidents import current_facts
from incidents.database.reports import standing_filings
from incidents.database.tasks import tasks_of
from incidents.database.told import Told, campaigns_of, told_by_place
from incidents.rules.lifecycle import DUTY
from incidents.services import timeline
from incidents.work import Work


@dataclass(frozen=True, slots=True)
class Proof:
    """One proof that stands now: of which kind, which row it is, and what it says."""

    kind: str
    subject_id: UUID
    facts: Mapping[str, Any]


def weigh(work: Work, duty: Duty) -> None:
    """Bring the evidence of a duty up to date, and meet it or open it again accordingly."""
    if duty.status not in {"open", "met"}:
        return
    kind, terms = next(iter(duty.met_when.items()))
    proofs = {(p.kind, p.subject_id): p for p in _FINDERS[kind](work, duty, terms or {})}
    standing = {(row.kind, row.subject_id): row for row in evidence_of(work.session, duty.id)}
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
        duty_id=duty.id,
        kind=proof.kind,
        subject_id=proof.subject_id,
        facts=dict(proof.facts),
        at=work.now,
    )
    work.session.add(row)
    work.session.flush()
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


def _reports(work: Work, duty: Duty, _terms: Mapping[str, Any]) -> list[Proof]:
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
        for filing in standing_filings(work.session, duty.id)
    ]


def _people(work: Work, duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    has_page = standing_announcement(work.session, duty.incident_id) is not None
    counts_announced = has_page and terms.get("instead") == "announcement"
    proofs = []
    for campaign_id in campaigns_of(work.session, duty.incident_id):
        told = told_by_place(work.session, duty.incident_id, campaign_id)
        here = [counts for counts in told if _lies_in(counts, terms.get("among"))]
        total = sum(counts.total for counts in here)
        reached = sum(_reached(counts, terms) for counts in here)
        announced = sum(counts.announced for counts in here) if counts_announced else 0
        if total and (reached + announced) / total >= terms.get("share", 1.0):
            facts = {"people": total, "told": reached, "announced": announced}
            proofs.append(Proof("people_told", campaign_id, facts))
    return proofs


def _lies_in(counts: Told, place: str | None) -> bool:
    return place is None or counts.place == place or counts.place.startswith(f"{place}-")


def _reached(counts: Told, terms: Mapping[str, Any]) -> int:
    by_acceptance = terms.get("by", "accepted") == "accepted"
    return counts.delivered + (counts.accepted if by_acceptance else 0)


def _announcement(work: Work, duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    row = standing_announcement(work.session, duty.incident_id)
    if row is None or row.published_at is None:
        return []
    if work.now < row.published_at + timedelta(days=terms.get("days", 0)):
        return []
    facts = {"published_at": row.published_at.isoformat(), "sha256": row.sha256}
    return [Proof("announcement_published", row.id, facts)]


def _facts(work: Work, duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    known = {fact.name: fact for fact in current_facts(work.session, duty.incident_id)}
    wanted = terms["facts"]
    if any(name not in known for name in wanted):
        return []
    return [Proof("facts_recorded", known[wanted[0]].id, {"facts": list(wanted)})]


def _task(work: Work, duty: Duty, terms: Mapping[str, Any]) -> list[Proof]:
    return [
        Proof("task_done", task.id, {"step": task.step})
        for task in tasks_of(work.session, duty.incident_id)
        if task.step == terms["task"] and task.status == "done"
    ]


_FINDERS: Mapping[str, Callable[[Work, Duty, Mapping[str, Any]], list[Proof]]] = {
    "report_filed": _reports,
    "people_told": _people,
    "announcement_published": _announcement,
    "facts_recorded": _facts,
    "task_done": _task,
}

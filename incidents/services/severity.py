"""How bad it is: proposed from the facts each time they change, until a person judges."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from incidents.audit import log as audit
from incidents.database.incidents import Incident, SeverityAssessment
from incidents.rules import catalogue as law
from incidents.rules.permissions import Permission
from incidents.rules.severity import (
    EnisaFactors,
    EnisaSeverity,
    china_grade,
    enisa,
    enisa_factors_from,
)
from incidents.services import timeline
from incidents.services.lookup import get_incident
from incidents.work import Work, require

ENISA, CHINA = "enisa", "china"
LOWEST = "general"


def propose(work: Work, incident: Incident, known: Mapping[str, Any]) -> None:
    """Bring the proposed severity up to date; what a person judged stands."""
    if not _judged_by_hand(work, incident.id):
        factors = enisa_factors_from(known)
        _keep_enisa(work, incident, factors, enisa(factors), by_hand=False)
    grades = law.load().grades
    if grades is None:
        return
    grade = china_grade(known, grades)
    # "general" is for a person to say: some criteria have no number. Until then: not graded.
    reached = grade.at_least if grade.at_least != LOWEST else ""
    stated = known.get("china_grade") or grade.grade or reached
    if stated != incident.china_grade:
        incident.china_grade = stated
        detail = dataclasses.asdict(grade) | {"by_hand": "china_grade" in known}
        _keep(work, incident.id, CHINA, stated, None, detail)


def judge(work: Work, incident_id: UUID, factors: EnisaFactors) -> SeverityAssessment:
    """A person's assessment by ENISA's method: from now on it stands, not the proposal.

    Raises  InvalidInput for a factor that is off its scale
    """
    require(work.actor, Permission.ASSESS_SEVERITY)
    incident = get_incident(work, incident_id)
    result = enisa(factors)
    _keep_enisa(work, incident, factors, result, by_hand=True)
    work.session.flush()
    return history(work, incident_id)[0]


def history(work: Work, incident_id: UUID) -> Sequence[SeverityAssessment]:
    """Every assessment, newest first."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    query = select(SeverityAssessment).where(SeverityAssessment.incident_id == incident_id)
    return work.session.scalars(query.order_by(SeverityAssessment.id.desc())).all()


def _judged_by_hand(work: Work, incident_id: UUID) -> bool:
    query = select(SeverityAssessment.factors).where(
        SeverityAssessment.incident_id == incident_id, SeverityAssessment.method == ENISA
    )
    newest = work.session.scalar(query.order_by(SeverityAssessment.id.desc()).limit(1))
    return bool(newest and newest.get("by_hand"))


def _keep_enisa(
    work: Work,
    incident: Incident,
    factors: EnisaFactors,
    result: EnisaSeverity,
    *,
    by_hand: bool,
) -> None:
    if not by_hand and (incident.severity, incident.severity_score) == (result.level, result.score):
        return
    incident.severity, incident.severity_score = result.level, result.score
    detail = {
        "factors": {**dataclasses.asdict(factors), "reasons": dict(factors.reasons or {})},
        "reasons": list(result.reasons),
        "flags": list(result.flags),
        "by_hand": by_hand,
    }
    _keep(work, incident.id, ENISA, result.level, result.score, detail)


def _keep(
    work: Work, incident_id: UUID, method: str, level: str, score: float | None, detail: Any
) -> None:
    work.session.add(
        SeverityAssessment(
            incident_id=incident_id,
            method=method,
            level=level,
            score=score,
            factors=detail,
            assessed_at=work.now,
            assessed_by=work.actor.id,
        )
    )
    audit.record(
        work,
        "severity.assess",
        incident_id=incident_id,
        subject_type="incident",
        subject_id=incident_id,
        scale=method,
        level=level,
        score_percent=round(score * 100) if score is not None else None,
        by_hand=bool(detail["by_hand"]),
    )
    shown = f" ({score:.2f})" if score is not None else ""
    who = "judged" if detail["by_hand"] else "proposed from the facts"
    timeline.note(
        work, incident_id, "severity", f"Severity by {method.upper()}: {level}{shown}, {who}"
    )

"""How bad it is: proposed from the facts each time they change, until a person judges."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.assessments import assessments_of
from incidents.database.incidents import Incident, SeverityAssessment
from incidents.errors import Conflict, InvalidInput, Problem
from incidents.rules.lifecycle import ENDED
from incidents.rules.permissions import Permission
from incidents.rules.severity.judgement import NOTHING, Judgement, Weighed, weigh
from incidents.rules.severity.method import Method
from incidents.rules.severity.methods import method_named, methods
from incidents.rules.severity.table import Table
from incidents.services import assessed_facts, facts, law_packs, timeline
from incidents.services.lookup import get_incident
from incidents.work import Work, require

ENISA, CHINA = "enisa", "china"
LOWEST = "general"


def every_method(work: Work) -> list[Table]:
    """The methods with their factors and scales, so that a form can be drawn."""
    require(work.actor, Permission.READ_INCIDENT)
    return [method.table for method in methods(law_packs.in_use(work).grades).values()]


def propose(work: Work, incident: Incident, known: Mapping[str, Any]) -> None:
    """Bring the proposed severity up to date; what a person judged stands."""
    grades = law_packs.in_use(work).grades
    if not _is_judged(_newest(work, incident.id, ENISA)):
        found = weigh(method_named(ENISA, grades), known)
        proposed = found.level, found.proposal.score
        if proposed != (incident.severity, incident.severity_score):
            _keep(work, incident, found, by_hand=False)
    if grades is not None:
        _propose_grade(work, incident, weigh(method_named(CHINA, grades), known), known)


def _propose_grade(
    work: Work, incident: Incident, found: Weighed, known: Mapping[str, Any]
) -> None:
    # "general" is for a person to say: some criteria have no number. Until then: not graded.
    reached = found.proposal.at_least if found.proposal.at_least != LOWEST else ""
    level = found.method.level_of(known) or reached
    if level != incident.china_grade:
        _keep(work, incident, found, level=level, by_hand="china_grade" in known)


def judge(
    work: Work, incident_id: UUID, name: str, judgement: Judgement
) -> tuple[SeverityAssessment, Method]:
    """A person's judgement by a method, and the fact that the law asks for; then it stands.

    judgement  an empty one goes back to the proposal, and takes that fact back
    Raises     InvalidInput for what is not on the method's scales or lacks its reason; NotFound;
               Conflict when the incident is closed, or there is nothing to go back from
    """
    require(work.actor, Permission.ASSESS_SEVERITY)
    incident = get_incident(work, incident_id)
    if incident.status in ENDED:
        raise Conflict(f"{incident.number} is {incident.status}: reopen it before you judge it")
    method = method_named(name, law_packs.in_use(work).grades)
    _check_return(judgement, _newest(work, incident_id, name))
    known = facts.known_and_done(work, incident_id)
    found = weigh(method, known, judgement)
    assessed_facts.follow(work, incident, found, known)
    by_hand = not judgement.is_empty
    level = found.level if by_hand else _proposed_level(method, found)
    return _keep(work, incident, found, level=level, by_hand=by_hand), method


def _proposed_level(method: Method, found: Weighed) -> str:
    if method.name == CHINA:
        return found.proposal.at_least if found.proposal.at_least != LOWEST else ""
    return found.level


def _check_return(judgement: Judgement, newest: SeverityAssessment | None) -> None:
    if not judgement.is_empty:
        return
    if not _is_judged(newest):
        raise Conflict("nobody has judged by this method: the proposal stands already")
    if not judgement.reason.strip():
        problem = Problem("reason", "is empty", "say why the proposal shall stand again")
        raise InvalidInput("Say why the judgement is taken back.", problem)


def read(work: Work, incident_id: UUID, name: str) -> dict[str, Any]:
    """How it stands by a method: what a person judged, or the proposal; with what is open.

    Gives  the assessment as kept or proposed, `status` judged | stated | proposed, what the facts
           propose now, whether the method applies, and the fact that it records
    """
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    method = method_named(name, law_packs.in_use(work).grades)
    known = facts.known_and_done(work, incident_id)
    now, newest = weigh(method, known), _newest(work, incident_id, name)
    judged = newest if newest is not None and _is_judged(newest) else None
    shown = now.as_json()
    if judged is not None and "at_least" in judged.factors:
        shown |= judged.factors
        shown |= {"level": judged.level, "assessed_at": judged.assessed_at}
        shown |= {"assessed_by": judged.assessed_by}
    stated = method.level_of(known)
    status = "stated" if stated and (not judged or stated != judged.level) else "proposed"
    return {
        **shown,
        "method": name,
        "title": method.table.title,
        "applies": method.applies(known),
        "fact": method.fact,
        "level": (stated if status == "stated" else shown["level"]) or "",
        "status": "judged" if judged and status != "stated" else status,
        "proposal": now.as_json()["proposal"],
    }


def history(work: Work, incident_id: UUID) -> Sequence[SeverityAssessment]:
    """Every assessment that was kept, newest first."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return assessments_of(work.session, incident_id)


def _newest(work: Work, incident_id: UUID, name: str) -> SeverityAssessment | None:
    return next(iter(assessments_of(work.session, incident_id, name, most=1)), None)


def _is_judged(newest: SeverityAssessment | None) -> bool:
    return bool(newest and newest.factors.get("by_hand"))


def _keep(
    work: Work, incident: Incident, found: Weighed, *, level: str | None = None, by_hand: bool
) -> SeverityAssessment:
    name, score = found.method.name, found.assessment.score
    level = found.level if level is None else level
    if name == ENISA:
        incident.severity, incident.severity_score = level, score
    if name == CHINA:
        incident.china_grade = level
    row = SeverityAssessment(
        incident_id=incident.id,
        method=name,
        level=level,
        score=score,
        factors=found.as_json() | {"by_hand": by_hand},
        assessed_at=work.now,
        assessed_by=work.actor.id,
    )
    work.session.add(row)
    work.session.flush()
    _tell(work, incident, row, found.judgement)
    return row


def _tell(
    work: Work, incident: Incident, row: SeverityAssessment, judgement: Judgement = NOTHING
) -> None:
    by_hand = bool(row.factors["by_hand"])
    audit.record(
        work,
        "severity.assess",
        incident_id=incident.id,
        subject_type="incident",
        subject_id=incident.id,
        private={"reason": judgement.reason} if judgement.reason else None,
        scale=row.method,
        level=row.level or None,
        score_percent=round(row.score * 100) if row.score is not None else None,
        by_hand=by_hand,
    )
    score = f" ({row.score:.2f})" if row.score is not None else ""
    who = "judged" if by_hand else "proposed from the facts"
    level = row.level.replace("_", " ") or "not decided yet"
    title = row.method.replace("_", " ").upper()
    timeline.note(work, incident.id, "severity", f"Severity by {title}: {level}{score}, {who}")

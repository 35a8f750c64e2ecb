"""Incidents: opened, amended, moved along the lifecycle; closed only when nothing is owed."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select

from incidents.audit import log as audit
from incidents.database import incidents as rows
from incidents.database.duties import Duty, open_duties
from incidents.database.incidents import Incident
from incidents.errors import Conflict, InvalidInput, NotPermitted, Problem
from incidents.rules.lifecycle import ENDED, INCIDENT
from incidents.rules.permissions import Permission
from incidents.services import barring, ownership, review, timeline
from incidents.services import facts as facts_service
from incidents.services.edits import check_version
from incidents.services.lookup import get_incident
from incidents.services.ourselves import own_facts
from incidents.services.playbook_runs import blocking_tasks
from incidents.work import Work, require

KINDS = (
    "personal_data_leak",
    "ransomware",
    "misdirected_email",
    "lost_device",
    "account_takeover",
    "other",
)
# What each move says of the incident, where nobody said when it happened.
_MOMENT_OF = {
    "confirm": "confirmed_at",
    "contain": "contained_at",
    "resolve": "handling_ended_at",
}


def open_incident(
    work: Work,
    *,
    title: str,
    kind: str,
    mode: str = "live",
    reporter: str = "",
    facts: Mapping[str, Any] | None = None,
    source: str = "",
    fingerprint: str | None = None,
) -> Incident:
    """Open an incident and say at once what is owed: severity, duties, tasks, drafts.

    mode         live or drill, for ever
    facts        the first ones, moments included; names as in rules/facts; what they do not say
                 of us, the settings do
    source       where the first facts are known from; the reporter, if not given
    fingerprint  of the detection that opened it: the same one opens nothing twice
    """
    require(work.actor, Permission.OPEN_INCIDENT)
    if work.actor.drills_only and mode != "drill":
        raise NotPermitted("this token is for drills: it cannot open a live incident")
    if kind not in KINDS:
        raise InvalidInput(
            f"there is no kind {kind!r}",
            Problem("kind", "is not known", f"one of {', '.join(KINDS)}"),
        )
    year = work.now.year
    incident = Incident(
        number=f"INC-{year}-{rows.next_number(work.session, f'incident-{year}'):04d}",
        mode=mode,
        kind=kind,
        title=title,
        status=INCIDENT.start,
        reporter=reporter,
        fingerprint=fingerprint,
        opened_at=work.now,
        opened_by=work.actor.id,
    )
    work.session.add(incident)
    work.session.flush()
    audit.record(
        work,
        "incident.open",
        incident_id=incident.id,
        subject_type="incident",
        subject_id=incident.id,
        private={"title": title},
        mode=mode,
        kind=kind,
    )
    timeline.note(work, incident.id, "open", f"Opened: {title}")
    _first_facts(work, incident, facts or {}, source or reporter or work.actor.name)
    review.start(work, incident)
    return incident


def _first_facts(work: Work, incident: Incident, facts: Mapping[str, Any], source: str) -> None:
    # Somebody noticed it, else it would not be opened: the first detection is never unknown.
    first = dict(facts)
    first.setdefault("detected_at", min([work.now, *_moments(first)]).isoformat())
    facts_service.put(work, incident, first, source=source)
    unsaid = {name: v for name, v in own_facts(work.settings).items() if name not in first}
    if unsaid:
        facts_service.put(work, incident, unsaid, source="settings")


def _moments(facts: Mapping[str, Any]) -> list[datetime]:
    moments = []
    for name in ("suspected_at", "aware_at", "confirmed_at", "notified_by_processor_at"):
        value = facts.get(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                continue  # said properly when the fact itself is read
        if isinstance(value, datetime):
            moments.append(value if value.tzinfo else value.replace(tzinfo=ZoneInfo("UTC")))
    return moments


def open_from_detection(
    work: Work, *, tool: str, fingerprint: str, title: str, kind: str, facts: Mapping[str, Any]
) -> tuple[Incident, bool]:
    """Open the incident that a detection tool reports, once for each fingerprint.

    Returns  the incident, and whether it is new
    """
    require(work.actor, Permission.OPEN_INCIDENT)
    digest = hashlib.sha256(f"{tool}\0{fingerprint}".encode()).hexdigest()
    incident = rows.incident_by_fingerprint(work.session, digest)
    is_new = incident is None
    if incident is None:
        incident = open_incident(
            work,
            title=title,
            kind=kind,
            reporter=tool,
            facts=facts,
            source=f"detection by {tool}",
            fingerprint=digest,
        )
    else:
        timeline.note(work, incident.id, "detection", f"Detected again by {tool}")
    audit.record(
        work,
        "webhook.detection",
        incident_id=incident.id,
        subject_type="incident",
        subject_id=incident.id,
        fingerprint=digest,
        duplicate=not is_new,
    )
    return incident, is_new


def find(
    work: Work, *, words: str = "", status: str = "", mode: str = "", kind: str = ""
) -> Select[Incident]:
    """A query for the incidents that match and that the actor may know of."""
    require(work.actor, Permission.READ_INCIDENT)
    if work.actor.drills_only:
        mode = "drill"
    return rows.incidents_matching(words=words, status=status, mode=mode, kind=kind)


def read(work: Work, incident_id: UUID) -> Incident:
    """One incident."""
    require(work.actor, Permission.READ_INCIDENT)
    return get_incident(work, incident_id)


def amend(
    work: Work, incident_id: UUID, version: int, *, title: str | None, reporter: str | None
) -> Incident:
    """Change the title or the reporter; `version` is the one that was read."""
    require(work.actor, Permission.EDIT_INCIDENT)
    incident = get_incident(work, incident_id)
    check_version(incident.version, version)
    changed = []
    if title is not None and title != incident.title:
        incident.title = title
        changed.append("title")
    if reporter is not None and reporter != incident.reporter:
        incident.reporter = reporter
        changed.append("reporter")
    if changed:
        audit.record(
            work,
            "incident.amend",
            incident_id=incident.id,
            subject_type="incident",
            subject_id=incident.id,
            changed=changed,
            version=version,
        )
        timeline.note(work, incident.id, "amend", f"Changed: {', '.join(changed)}")
        work.session.flush()
    return incident


def move(work: Work, incident_id: UUID, action: str, *, reason: str = "") -> Incident:
    """Take the incident along an arrow of its lifecycle.

    Raises  InvalidTransition  no such arrow; Conflict  closing or dismissing what is owed
    """
    require(work.actor, Permission.MOVE_INCIDENT)
    incident = get_incident(work, incident_id)
    after = INCIDENT.after(incident.status, action)
    if action in {"dismiss", "reopen"} and not reason:
        raise InvalidInput(
            f"say why: to {action} an incident needs a reason",
            Problem("reason", "is empty", "say in a sentence why"),
        )
    learned = _remember_moment(work, incident, action)
    if action == "dismiss":
        _refuse_to_dodge(work, incident)
    before, incident.status = incident.status, after
    was_closed_at, incident.closed_at = incident.closed_at, work.now if after in ENDED else None
    if was_closed_at and after not in ENDED:
        barring.open_again(work, incident.id, was_closed_at)
    ownership.take_if_free(work, incident)
    # A clock may have counted from an earlier moment, as long as the law's own was not known.
    review.review(work, incident.id, reason=reason or learned)
    if action == "close":
        refuse_while_owed(work, incident)
    audit.record(
        work,
        "incident.transition",
        incident_id=incident.id,
        subject_type="incident",
        subject_id=incident.id,
        private={"reason": reason} if reason else None,
        action=action,
        before=before,
        after=after,
    )
    why = f": {reason}" if reason else ""
    timeline.note(work, incident.id, "transition", f"{before} → {after}{why}")
    work.session.flush()
    return incident


def _remember_moment(work: Work, incident: Incident, action: str) -> str:
    """Record the moment that a move says, if nobody did; what was learned, in words."""
    name = _MOMENT_OF.get(action)
    if not name or name in facts_service.known(work, incident.id):
        return ""
    source = f"the move to {action}"
    facts_service.record(work, incident.id, name, work.now.isoformat(), source=source)
    return f"{name} became known by {source}"


def _refuse_to_dodge(work: Work, incident: Incident) -> None:
    """What the facts say is owed is met or waived, not dismissed; what is undecided may end."""
    owed = [duty for duty in open_duties(work.session, incident.id) if duty.standing == "owed"]
    if owed:
        raise Conflict(
            f"{incident.number} cannot be dismissed: by what is known, {len(owed)} duties are owed",
            *(_open_duty(duty) for duty in owed),
        )


def _open_duty(duty: Duty) -> Problem:
    return Problem(
        f"duty {duty.rule} {duty.stage}".strip(),
        f"{duty.title} is {'owed' if duty.standing == 'owed' else 'not decided'}",
        "meet it with evidence, waive it with a reason, or record the facts that end it",
    )


def refuse_while_owed(work: Work, incident: Incident) -> None:
    """Refuse to close while a duty or a mandatory task is open; says which."""
    duties = open_duties(work.session, incident.id)
    tasks = blocking_tasks(work, incident.id)
    if not duties and not tasks:
        return
    problems = [_open_duty(duty) for duty in duties] + [
        Problem(f"task {task.step}", f"{task.title} is {task.status}", "complete or skip it")
        for task in tasks
    ]
    raise Conflict(
        f"{incident.number} cannot be closed: {len(duties)} duties and {len(tasks)} mandatory"
        " tasks are open",
        *problems,
    )

"""Read everything, decide, write what is missing. Done twice, the second changes nothing.

Duties are what the law answers to the facts that are known now; they are kept as rows, so
that a duty once shown never disappears: it is met, waived, or no longer owed, with the reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.base import uuid7
from incidents.database.duties import Duty, DutyChange, duties_of
from incidents.database.incidents import Incident
from incidents.errors import InvalidInput, Problem
from incidents.rules import catalogue as law
from incidents.rules.duties import AssessedDuty, assess
from incidents.rules.lifecycle import DUTY, ENDED
from incidents.rules.permissions import Permission
from incidents.services import evidence, facts, playbook_runs, severity, timeline
from incidents.services.lookup import get_incident
from incidents.work import TOCSIN, Work, require

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Review:
    work: Work
    incident: Incident
    reason: str


def start(work: Work, incident: Incident) -> None:
    """The first look at a new incident: duties, severity, and the playbook of its kind."""
    known = facts.known(work, incident.id)
    _judge(_Review(work, incident, reason=""), known)
    playbook_runs.start_fitting(work, incident, known)
    incident.review_due = False
    work.session.flush()


def review(work: Work, incident_id: UUID, *, reason: str = "") -> None:
    """Look at an incident again after something changed.

    reason   why facts were amended; asked for where a due time would move later
    Raises   InvalidInput when a person's amendment would move a due time later without one
    """
    require(work.actor, Permission.READ_INCIDENT)
    _look(work, get_incident(work, incident_id), reason=reason)


def _look(work: Work, incident: Incident, *, reason: str) -> None:
    known = facts.known_and_done(work, incident.id)
    _judge(_Review(work, incident, reason), known)
    if incident.status not in ENDED:
        playbook_runs.advance(work, incident, known)
    incident.review_due = False
    work.session.flush()


def _judge(now: _Review, known: Mapping[str, Any]) -> None:
    severity.propose(now.work, now.incident, known)
    _settle_duties(now, known)


def _settle_duties(now: _Review, known: Mapping[str, Any]) -> None:
    rows: dict[Key, Duty] = {
        (row.rule, row.stage, row.place): row
        for row in duties_of(now.work.session, now.incident.id)
    }
    if now.incident.status == "dismissed":
        _end_undecided(now, rows.values())
        return
    for assessed in assess(known, law.load(), now.work.now):
        row = rows.get((assessed.rule, assessed.stage, assessed.place))
        if row is None and assessed.status != "not_owed":
            key = (assessed.rule, assessed.stage, assessed.place)
            rows[key] = _appear(now, assessed)
        elif row is not None and assessed.status == "not_owed":
            _not_owed(now, row, assessed)
        elif row is not None:
            _update(now, row, assessed)
    evidence.weigh(now.work, now.incident.id, rows.values())


def _appear(now: _Review, assessed: AssessedDuty) -> Duty:
    row = Duty(
        id=uuid7(),
        incident_id=now.incident.id,
        rule=assessed.rule,
        stage=assessed.stage,
        place=assessed.place,
        status=DUTY.start,
        appeared_at=now.work.now,
        status_at=now.work.now,
        due_at=assessed.due_at,
    )
    _copy(row, assessed)
    now.work.session.add(row)
    _tell(now, "duty.appear", row)
    return row


def _copy(row: Duty, assessed: AssessedDuty) -> None:
    row.rule_version = assessed.rule_version
    row.audience = assessed.audience
    row.authority = assessed.authority or ""
    row.title = assessed.title
    row.standing = assessed.status
    row.is_target = assessed.is_target
    row.start_at = assessed.start_at
    row.details = assessed.as_json()
    row.met_when = dict(assessed.met_when)


def _not_owed(now: _Review, row: Duty, assessed: AssessedDuty) -> None:
    if row.status not in {"open", "met"}:
        return
    row.standing = assessed.status
    row.details = assessed.as_json()
    _end(now, row, "; ".join(assessed.why_not))


def _end_undecided(now: _Review, rows: Iterable[Duty]) -> None:
    """Nothing happened after all: what was not decided yet need not be any more."""
    for row in rows:
        if row.status == "open":
            _end(now, row, f"the incident was dismissed: {now.reason}")


def _end(now: _Review, row: Duty, why: str) -> None:
    before = row.status
    _change(now, row, "end", {"status": before}, {"status": "no_longer_owed"}, why)
    row.status = DUTY.after(before, "end")
    row.status_reason, row.status_at = why[:1000], now.work.now
    _tell(now, "duty.end", row, before=before)
    timeline.note(now.work, now.incident.id, "duty", f"No longer owed: {row.title}: {why}")


def _update(now: _Review, row: Duty, assessed: AssessedDuty) -> None:
    if row.status == "no_longer_owed":
        before, row.status = row.status, DUTY.after(row.status, "renew")
        row.status_reason, row.status_at = "", now.work.now
        why = "; ".join(assessed.why)
        _change(now, row, "renew", {"status": before}, {"status": row.status}, why)
        timeline.note(now.work, now.incident.id, "duty", f"Owed again: {row.title}: {why}")
        _tell(now, "duty.appear", row, before="no_longer_owed")
    _move(now, row, assessed.due_at)
    _copy(row, assessed)


def _move(now: _Review, row: Duty, due_at: datetime | None) -> None:
    """Follow the law's new due time; but later only with a reason and a person behind it."""
    old = row.due_at
    if due_at == old or (row.status != "open" and old is not None):
        return
    if old is not None and (due_at is None or due_at > old):
        if now.work.actor == TOCSIN or (due_at is None and _hung_on_another(row)):
            return  # the earlier time stands
        if not now.reason:
            raise _needs_reason(row, due_at)
        _change(now, row, "extend", {"due_at": _text(old)}, {"due_at": _text(due_at)}, now.reason)
        kind = "duty.extend"
    else:
        _change(now, row, "move", {"due_at": _text(old)}, {"due_at": _text(due_at)}, now.reason)
        kind = "duty.move"
    row.due_at = due_at
    _tell(now, kind, row, before_due_at=old)
    timeline.note(
        now.work,
        now.incident.id,
        "duty",
        f"Due time of {row.title}: {_text(old)} → {_text(due_at)}",
    )


def _hung_on_another(row: Duty) -> bool:
    """Whether its clock counted from another duty's due time, which may be gone: nobody's doing."""
    return law.load().rule(row.rule).trigger.or_due_of is not None


def _needs_reason(row: Duty, due_at: datetime | None) -> InvalidInput:
    return InvalidInput(
        f"this would move a due time later: {row.title}, from {_text(row.due_at)} to"
        f" {_text(due_at)}",
        Problem("reason", "is empty", "say why the clock may move later; it stays on record"),
    )


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else "none"


def _change(
    now: _Review, row: Duty, kind: str, before: dict[str, Any], after: dict[str, Any], why: str
) -> None:
    now.work.session.add(
        DutyChange(
            duty_id=row.id,
            at=now.work.now,
            kind=kind,
            before=before,
            after=after,
            reason=why[:1000],
            actor_id=now.work.actor.id,
        )
    )


def _tell(
    now: _Review,
    kind: str,
    row: Duty,
    *,
    before: str | None = None,
    before_due_at: datetime | None = None,
) -> None:
    audit.record(
        now.work,
        kind,
        incident_id=now.incident.id,
        subject_type="duty",
        subject_id=row.id,
        private={"reason": now.reason} if now.reason else None,
        rule=row.rule,
        version=row.rule_version,
        stage=row.stage,
        place=row.place or None,
        audience=row.audience,
        standing=row.standing,
        before=before,
        after=row.status,
        due_at=row.due_at,
        before_due_at=before_due_at,
    )

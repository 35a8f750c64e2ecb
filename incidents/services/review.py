"""Read everything, decide, write what is missing. Done twice, the second changes nothing.

Duties are what the law answers to the facts that are known now; they are kept as rows, so
that a duty once shown never disappears: it is met, waived, or no longer owed, with the reason.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.base import uuid7
from incidents.database.duties import Duty, duties_of
from incidents.database.extensions import pending_of
from incidents.database.holds import holds_of
from incidents.database.incidents import Incident, current_facts
from incidents.rules.duties import AssessedDuty, assess
from incidents.rules.lifecycle import DUTY, ENDED
from incidents.rules.permissions import Permission
from incidents.services import (
    alarm_schedule,
    deeds,
    evidence,
    facts,
    holds,
    law_packs,
    playbook_runs,
    severity,
    timeline,
)
from incidents.services.due_times import Change, Look, follow, hold, keep_change, lapse
from incidents.services.law_packs import Taken
from incidents.services.lookup import get_incident
from incidents.work import TOCSIN, Work, require

Key = tuple[str, str, str]


def start(work: Work, incident: Incident) -> None:
    """The first look at a new incident: duties, severity, and the playbook of its kind."""
    facts.before_this(work, incident.id)
    known = facts.known(work, incident.id)
    severity.propose(work, incident, known)
    _settle_duties(_look_at(work, incident, reason=""), known)
    playbook_runs.start_fitting(work, incident, known)
    incident.review_due = False
    work.session.flush()


def review(work: Work, incident_id: UUID, *, reason: str = "") -> None:
    """Look at an incident again after something changed.

    reason   why facts were amended; asked for where a due time would move later
    Raises   InvalidInput when a person's amendment would move a due time later without one
    """
    require(work.actor, Permission.READ_INCIDENT)
    incident = get_incident(work, incident_id)
    _catch_up(work, incident)
    look = _look_at(work, incident, reason)
    known = deeds.as_facts(look.deeds) | facts.known(work, incident.id)
    severity.propose(work, incident, known)
    _settle_duties(look, known)
    if incident.status not in ENDED:
        playbook_runs.advance(work, incident, known)
    incident.review_due = False
    work.session.flush()


def _catch_up(work: Work, incident: Incident) -> None:
    """What changed before this work and was not looked at yet: nobody here answers for it."""
    before = facts.before_this(work, incident.id)
    if before is None:
        return
    actor, work.actor = work.actor, TOCSIN
    try:
        look = _look_at(work, incident, reason="")
        _settle_duties(look, deeds.as_facts(look.deeds) | before)
    finally:
        work.actor = actor


def _look_at(work: Work, incident: Incident, reason: str) -> Look:
    """What this look is after; in a person's work, that is what they recorded in it."""
    new = facts.recorded_in(work)
    held = current_facts(work.session, incident.id) if new else ()
    mine = {fact.name: fact.id for fact in held if fact.id in new}
    return Look(
        work=work,
        incident=incident,
        law=law_packs.in_use(work),
        change=Change(work.actor.id, reason, mine),
        by_law=_by_law(law_packs.taken(work)),
        deeds=deeds.of(work, incident.id),
        pending=pending_of(work.session, incident.id),
        holds=holds.delays(holds_of(work.session, incident.id)),
    )


def _by_law(taken: Taken | None) -> Change:
    """Whoever took the laws into use answers for what other laws move."""
    if taken is None:
        return Change(TOCSIN.id, "other laws are in use", {})
    return Change(taken.by, f"law pack {taken.number} was taken into use: {taken.reason}", {})


def _settle_duties(now: Look, known: Mapping[str, Any]) -> None:
    rows: dict[Key, Duty] = {_key(row): row for row in duties_of(now.work.session, now.incident.id)}
    if now.incident.status == "dismissed":
        _end_undecided(now, rows.values())
    else:
        _judge(now, rows, assess(known, now.law, now.work.now))
        evidence.weigh(now.work, now.incident.id, rows.values())
        _hold(now, rows.values(), known)
    alarm_schedule.reschedule(now.work, now.incident, rows.values())
    for row in rows.values():
        if row.status != "open" and row.id in now.pending:
            why = f"the duty is {row.status.replace('_', ' ')}"
            lapse(now.work, row, now.pending.pop(row.id), why)


def _judge(now: Look, rows: dict[Key, Duty], answers: Iterable[AssessedDuty]) -> None:
    gone = set(rows)
    for assessed in answers:
        key = _key(assessed)
        row = rows.get(key)
        gone.discard(key)
        if _waits_for_another_law(now, assessed):
            continue
        if row is None and assessed.status != "not_owed":
            rows[key] = _appear(now, assessed)
        elif row is not None and assessed.status == "not_owed":
            _not_owed(now, row, assessed)
        elif row is not None:
            _update(now, row, assessed)
    for key in gone:
        if rows[key].status in {"open", "met"}:
            _end(now, rows[key], "the rule is not in force for this incident any more")


def _waits_for_another_law(now: Look, assessed: AssessedDuty) -> bool:
    """Whether its clock would start at the end of a hold that covers other laws only."""
    released = now.deeds.get("hold_released_at")
    if released is None or (assessed.trigger, assessed.start_at) != (
        "hold_released_at",
        released.at,
    ):
        return False
    return not holds.covers(now.holds, now.law, assessed.rule)


def _hold(now: Look, rows: Iterable[Duty], known: Mapping[str, Any]) -> None:
    """Let holds act on open duties: as the law judges with them, against without them."""
    if not now.holds:
        return
    with_holds = {one.rule: one for one in assess(known, now.law, now.work.now, now.holds)}
    for row in rows:
        held = with_holds.get(row.rule)
        if row.status != "open" or held is None:
            continue
        free, later = row.law_due_at, held.due_at
        shift = later - free if later and free else timedelta()
        effect = holds.effect(now.holds, now.law, row.rule, now.work.now)
        hold(now.work, row, shift, effect.until, effect.why)
        said = {"why": list(held.why), "arithmetic": list(held.arithmetic), "held": held.held}
        row.details = {**row.details, **said}


def _key(duty: Duty | AssessedDuty) -> Key:
    return duty.rule, duty.stage, duty.place


def _appear(now: Look, assessed: AssessedDuty) -> Duty:
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
    _copy(now, row, assessed)
    now.work.session.add(row)
    _tell(now, "duty.appear", row)
    return row


def _copy(now: Look, row: Duty, assessed: AssessedDuty) -> None:
    row.rule_version = assessed.rule_version
    row.audience = assessed.audience
    row.authority = assessed.authority or ""
    row.title = assessed.title
    row.standing = assessed.status
    row.is_target = assessed.is_target
    row.details = assessed.as_json()
    row.met_when = dict(assessed.met_when)
    if row.standing_due_at == assessed.due_at:  # else the start of what stands is kept with it
        row.start_at = assessed.start_at
        deed = now.deeds.get(assessed.trigger or "")
        row.counts_from = deed.row_id if deed and deed.at == assessed.start_at else None


def _not_owed(now: Look, row: Duty, assessed: AssessedDuty) -> None:
    if row.status not in {"open", "met"}:
        return
    row.standing = assessed.status
    row.details = assessed.as_json()
    _end(now, row, "; ".join(assessed.why_not))


def _end_undecided(now: Look, rows: Iterable[Duty]) -> None:
    """Nothing happened after all: what was not decided yet need not be any more."""
    for row in rows:
        if row.status == "open":
            _end(now, row, f"the incident was dismissed: {now.change.reason}")


def _end(now: Look, row: Duty, why: str) -> None:
    before = row.status
    keep_change(now.work, row, "end", {"status": before}, {"status": "no_longer_owed"}, why)
    row.status = DUTY.after(before, "end")
    row.status_reason, row.status_at = why[:1000], now.work.now
    _tell(now, "duty.end", row, before=before)
    timeline.note(now.work, now.incident.id, "duty", f"No longer owed: {row.title}: {why}")


def _update(now: Look, row: Duty, assessed: AssessedDuty) -> None:
    if row.status == "no_longer_owed":
        before, row.status = row.status, DUTY.after(row.status, "renew")
        row.status_reason, row.status_at = "", now.work.now
        why = "; ".join(assessed.why)
        keep_change(now.work, row, "renew", {"status": before}, {"status": row.status}, why)
        timeline.note(now.work, now.incident.id, "duty", f"Owed again: {row.title}: {why}")
        _tell(now, "duty.appear", row, before="no_longer_owed")
    follow(now, row, assessed)
    if row.rule_version != assessed.rule_version:
        then, so = {"rule_version": row.rule_version}, {"rule_version": assessed.rule_version}
        keep_change(now.work, row, "law", then, so, now.by_law.reason)
    _copy(now, row, assessed)


def _tell(
    now: Look,
    kind: str,
    row: Duty,
    *,
    before: str | None = None,
) -> None:
    audit.record(
        now.work,
        kind,
        incident_id=now.incident.id,
        subject_type="duty",
        subject_id=row.id,
        private={"reason": now.change.reason} if now.change.reason else None,
        rule=row.rule,
        version=row.rule_version,
        stage=row.stage,
        place=row.place or None,
        audience=row.audience,
        standing=row.standing,
        before=before,
        after=row.status,
        due_at=row.due_at,
    )

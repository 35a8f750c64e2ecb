"""Playing a drill: each inject at its time, by whoever bears the role, through the same services.

What a role is refused does not end the drill: it is told in the timeline and in the score.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from incidents.database.announcements import announcements_of
from incidents.database.duties import Duty, duties_of
from incidents.database.incidents import Incident
from incidents.database.notices import Notice, notices_of, plain_versions
from incidents.database.tasks import tasks_of
from incidents.errors import Conflict, IncidentsError, NotFound
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.notice_words import covering_locale
from incidents.rules.permissions import Permission
from incidents.services import (
    alarm_answers,
    announcements,
    campaigns,
    duties,
    facts,
    incidents,
    notice_drafts,
    notices,
    playbook_runs,
    population,
    reports,
    review,
    timeline,
)
from incidents.services.drill_stage import WHY, Stage, go_to, member, settle
from incidents.work import TOCSIN, Work
from playbooks.places import lies_in
from playbooks.scenario import Inject, resolve
from playbooks.synthetic import synthetic_people

Progress = Callable[[float, str], None]
_MILESTONES = {
    "triage": "triaged",
    "confirm": "confirmed",
    "contain": "contained",
    "resolve": "resolved",
    "close": "closed",
}
# The stages of a duty that an act of a scenario means.
_STAGES = {
    "initial": {"early_warning", "initial", "single"},
    "supplementary": {"intermediate", "supplementary"},
    "final": {"final", "annual"},
}


def play(stage: Stage, on_progress: Progress) -> None:
    """Play every inject, then let the rest of the time pass.

    on_progress  is told the share of the time that has passed, and what comes next
    """
    lasts = stage.scenario.lasts
    for inject in stage.scenario.timeline():
        on_progress(inject.after / lasts, _in_words(inject))
        go_to(stage, stage.start + inject.after)
        try:
            _carry_out(stage, inject)
        except IncidentsError as error:
            _note_refusal(stage, inject, error)
        settle(stage)
    on_progress(1.0, "the end")
    go_to(stage, stage.start + lasts)


def _in_words(inject: Inject) -> str:
    if inject.act:
        return inject.act.do.replace("_", " ")
    return "a message" if inject.say else f"learned: {', '.join(inject.learn or {})}"


def _note_refusal(stage: Stage, inject: Inject, error: IncidentsError) -> None:
    hours = inject.after.total_seconds() / 3600
    why = "; ".join([error.detail, *(f"{one.field} {one.why}" for one in error.problems[:3])])
    stage.refused.append(f"{hours:g} h, {inject.by}, {_in_words(inject)}: {why}")
    with stage.office.work(TOCSIN) as work:
        timeline.note(work, stage.incident_id, "drill", f"Not done: {stage.refused[-1]}")


def _carry_out(stage: Stage, inject: Inject) -> None:
    if inject.act and inject.act.do == "import_population":
        _import_population(stage, inject)
        return
    with stage.work(inject.by) as work:
        _acknowledge(stage, work)
        if inject.learn:
            _learn(stage, work, inject)
        elif inject.say:
            text = f"To the {inject.by.replace('_', ' ')}: {inject.say}"
            timeline.note(work, stage.incident_id, "inject", text)
        elif inject.act:
            _ACTS[inject.act.do](stage, work, inject.act)
        review.review(work, stage.incident_id, reason=WHY)


def _acknowledge(stage: Stage, work: Work) -> None:
    """Whoever acts has heard the alarm."""
    if Permission.ACKNOWLEDGE_ALARM in work.actor.permissions:
        alarm_answers.acknowledge_all(work, stage.incident_id)


def _learn(stage: Stage, work: Work, inject: Inject) -> None:
    learned = resolve(inject.learn or {}, stage.start)
    source = f"inject of {stage.scenario.id}"
    facts.record_all(work, stage.incident_id, learned, source=source, reason=WHY)


def _import_population(stage: Stage, inject: Inject) -> None:
    """The invented people: generated here, never taken from a list."""
    stage.took_part(inject.by)
    people = synthetic_people(stage.scenario, stage.people, stage.seed)
    with stage.office.work(TOCSIN) as work:
        incident = work.session.get_one(Incident, stage.incident_id)
        population.store_synthetic(work, incident, people)


def _move(stage: Stage, work: Work, act: Any) -> None:
    incidents.move(work, stage.incident_id, act.move, reason=WHY)
    stage.milestones.setdefault(_MILESTONES[act.move], work.now)


def _draft_notice(stage: Stage, work: Work, act: Any) -> None:
    """Draft anew from what is known by now, in the languages that these people read."""
    if act.audience != "people":
        raise Conflict(f"there are no words for {act.audience} in a drill")
    standing = _notice_or_none(stage, work)
    if standing is None:
        notice = notice_drafts.draft(work, stage.incident_id)
    else:
        notice = notice_drafts.redraft(work, standing.id, standing.version)
    written = set(plain_versions(work.session, notice.id))
    for locale in sorted(written - _read_by(stage, written) - {notice.default_locale}):
        notice = notices.leave_out(work, notice.id, notice.version, locale)


def _read_by(stage: Stage, written: set[str]) -> set[str]:
    groups = stage.scenario.population.groups
    return {found for group in groups if (found := covering_locale(group.locale, sorted(written)))}


def _approve_notice(stage: Stage, work: Work, _act: Any) -> None:
    notice = _notice(stage, work)
    notices.approve(work, notice.id, notice.version)


def _launch(stage: Stage, work: Work, act: Any) -> None:
    campaigns.launch(work, _notice(stage, work).id, LaunchOptions(act.ladder))


def _approve_announcement(stage: Stage, work: Work, _act: Any) -> None:
    """Approve what a rule proposed; where none did, what the commander proposes."""
    rows = announcements_of(work.session, stage.incident_id)
    standing = next((row for row in rows if row.status == "proposed"), None)
    announcements.approve(work, (standing or _propose(stage, work)).id)


def _propose(stage: Stage, work: Work) -> Any:
    notice = _notice(stage, work)
    stage.took_part("commander")
    approver, work.actor = work.actor, member("commander")
    try:
        return announcements.propose(
            work, stage.incident_id, notice.id, "for whoever no channel reached"
        )
    finally:
        work.actor = approver


def _publish(stage: Stage, work: Work, _act: Any) -> None:
    rows = announcements_of(work.session, stage.incident_id)
    approved = next((row for row in rows if row.status == "approved"), None)
    if approved is None:
        raise NotFound("no announcement was approved")
    announcements.publish(work, approved.id)


def _file_report(stage: Stage, work: Work, act: Any) -> None:
    owed = _owed_to(duties_of(work.session, stage.incident_id), act.place, _STAGES[act.stage])
    if not owed:
        raise NotFound(f"no {act.stage} report to an authority of {act.place} is owed")
    for number, duty in enumerate(owed, start=1):
        report = reports.open_report(work, stage.incident_id, duty.id)
        report = reports.amend(work, report.id, report.version, {})
        reference = act.reference if number == 1 else f"{act.reference}-{number}"
        reports.file_report(
            work, report.id, report.version, reference=reference, channel="portal of the drill"
        )


def _owed_to(rows: Iterable[Duty], place: str, stages: set[str]) -> list[Duty]:
    """Open duties to report to a place's own authority, else to the one it lies under."""
    owed = [
        duty
        for duty in rows
        if duty.audience == "authority"
        and duty.status == "open"
        and duty.stage in stages
        and "report_filed" in duty.met_when
    ]
    own = [duty for duty in owed if duty.place == place]
    return own or [duty for duty in owed if lies_in(place, duty.place)]


def _complete_step(stage: Stage, work: Work, act: Any) -> None:
    found = [t for t in tasks_of(work.session, stage.incident_id) if t.step == act.step]
    if not found:
        raise NotFound(f"no playbook of this incident has a step {act.step}")
    if found[0].status != "done":
        playbook_runs.change(work, found[0].id, "complete", found[0].version)


def _notice(stage: Stage, work: Work) -> Notice:
    notice = _notice_or_none(stage, work)
    if notice is None:
        raise NotFound("no notice was drafted")
    return notice


def _notice_or_none(stage: Stage, work: Work) -> Notice | None:
    rows = notices_of(work.session, stage.incident_id)
    return next((row for row in rows if row.status != "withdrawn"), None)


_ACTS: Mapping[str, Callable[[Stage, Work, Any], None]] = {
    "move_incident": _move,
    "draft_notice": _draft_notice,
    "approve_notice": _approve_notice,
    "launch_campaign": _launch,
    "approve_announcement": _approve_announcement,
    "publish_announcement": _publish,
    "file_report": _file_report,
    "complete_step": _complete_step,
}


def clear_away(stage: Stage) -> None:
    """After the score was taken: nothing of a drill stays owed, waits, or stands open."""
    with stage.office.work(TOCSIN) as work:
        for campaign in campaigns.of_incident(work, stage.incident_id):
            if campaign.status in {"running", "paused"}:
                campaigns.stop(work, campaign.id)
    with stage.office.work(member("privacy_officer")) as work:
        _let_go(stage, work)
    with stage.office.work(TOCSIN) as work:
        review.review(work, stage.incident_id, reason=_OVER)
        incident = work.session.get_one(Incident, stage.incident_id)
        while (following := _NEXT.get(incident.status)) is not None:
            incidents.move(work, incident.id, following, reason=_OVER)


_OVER = "the drill is over"
_NEXT = {
    "reported": "dismiss",
    "triaged": "dismiss",
    "confirmed": "contain",
    "contained": "resolve",
    "resolved": "close",
}


def _let_go(stage: Stage, work: Work) -> None:
    for task in tasks_of(work.session, stage.incident_id):
        if task.status in {"open", "waiting", "in_progress"}:
            playbook_runs.change(work, task.id, "skip", task.version, note=_OVER)
    for duty in duties_of(work.session, stage.incident_id):
        if duty.status == "open":
            duties.waive(work, duty.id, _OVER)

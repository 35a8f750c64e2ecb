"""What happened in a drill, read from the rows that everything else reads too."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database import drills as rows
from incidents.database.alarms import Alarm, alarms
from incidents.database.campaigns import campaigns_of
from incidents.database.duties import Duty, duties_of
from incidents.database.notices import notices_of, plain_versions
from incidents.database.told import people_count
from incidents.rules.drill_score import Clock, Participant, Rang, Reach, Record
from incidents.rules.notice_words import NoticeWords
from incidents.services import equation, facts
from incidents.services.drill_stage import Stage
from incidents.work import TOCSIN, Actor, Work

REACH_HOURS = (1, 6, 24, 72)


def record_of(stage: Stage, actor: Actor) -> Record:
    """The record of a drill that was played to its end; `actor` had it played."""
    incident_id = stage.incident_id
    with stage.office.look(TOCSIN) as work:
        return Record(
            started_at=stage.start,
            ended_at=work.now,
            moments=_moments(work, incident_id),
            milestones={**rows.moments_of(work.session, incident_id), **stage.milestones},
            clocks=[_clock(duty) for duty in duties_of(work.session, incident_id)],
            words=_words(work, incident_id),
            people=people_count(work.session, incident_id),
            buckets=_buckets(work, incident_id),
            reach=_reach(work, incident_id),
            participants=[organiser(stage, actor), *stage.participants()],
            refused=stage.refused,
            alarms=_alarms(work, incident_id),
        )


def organiser(stage: Stage, actor: Actor) -> Participant:
    """Whoever had the drill played: there from its beginning to its end."""
    return Participant(
        role="organiser",
        name=actor.name,
        acts=1,
        first_at=stage.start,
        last_at=stage.clock.now(),
    )


def _moments(work: Work, incident_id: UUID) -> dict[str, datetime]:
    known = facts.known(work, incident_id)
    return {
        name: datetime.fromisoformat(value)
        for name, value in known.items()
        if name.endswith("_at") and isinstance(value, str)
    }


def _clock(duty: Duty) -> Clock:
    return Clock(
        rule=duty.rule,
        title=duty.title,
        stage=duty.stage,
        place=duty.place,
        audience=duty.audience,
        standing=duty.standing,
        status=duty.status,
        is_target=duty.is_target,
        start_at=duty.start_at,
        due_at=duty.due_at,
        settled_at=None if duty.status == "open" else duty.status_at,
    )


def _words(work: Work, incident_id: UUID) -> Mapping[str, NoticeWords]:
    """The words of the notice that went out; of the newest one, where none did."""
    found = [one for one in notices_of(work.session, incident_id) if one.status != "withdrawn"]
    if not found:
        return {}
    notice = next((one for one in found if one.status == "issued"), found[-1])
    versions = plain_versions(work.session, notice.id)
    return {locale: NoticeWords.model_validate(row.words) for locale, row in versions.items()}


def _alarms(work: Work, incident_id: UUID) -> list[Rang]:
    found = work.session.scalars(alarms(incident_id=incident_id).order_by(Alarm.opened_at))
    return [
        Rang(
            at=alarm.opened_at,
            count=alarm.ring_count,
            is_loud=alarm.is_loud,
            after_minutes=_minutes(alarm.heard_at - alarm.opened_at) if alarm.heard_at else None,
        )
        for alarm in found
    ]


def _minutes(span: timedelta) -> float:
    return round(span.total_seconds() / 60, 1)


def _buckets(work: Work, incident_id: UUID) -> Mapping[str, int]:
    campaigns = campaigns_of(work.session, incident_id)
    if campaigns:
        return equation.equation(work, campaigns[0].id).buckets
    return {"planned": people_count(work.session, incident_id)}


def _reach(work: Work, incident_id: UUID) -> list[Reach]:
    campaigns = campaigns_of(work.session, incident_id)
    if not campaigns:
        return []
    first = campaigns[0]
    spans = [timedelta(hours=hours) for hours in REACH_HOURS]
    counts = rows.reached_within(work.session, first.id, first.launched_at, spans)
    return [
        Reach(hours=hours, people=people) for hours, people in zip(REACH_HOURS, counts, strict=True)
    ]

"""What would ring until some moment if nobody did anything: for whoever keeps a copy of it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from incidents.database import alarm_clocks, alarms
from incidents.database.alarms import Alarm
from incidents.database.incidents import Incident
from incidents.database.tasks import Task
from incidents.rules.alarm_times import AlarmClock, again_after
from incidents.rules.alarm_words import Item, alarm_words
from incidents.rules.permissions import Permission
from incidents.services.alarm_items import item_of_duty, item_of_owner, item_of_task, items_of
from incidents.services.alarm_schedule import clock_of, clock_of_task, owner_clock
from incidents.work import Work, require

_Events = Mapping[datetime, dict[UUID, Item]]


@dataclass(frozen=True, slots=True)
class UpcomingAlarm:
    """One alarm that will ring unless somebody does something first.

    id       the same whenever it is asked for: incident and minute
    is_loud  a clock of the law is in it, or nobody owns the incident: it wakes people
    """

    id: str
    at: datetime
    incident_number: str
    mode: str
    subject: str
    text: str
    short: str
    is_loud: bool = True


def upcoming(work: Work, until: datetime) -> list[UpcomingAlarm]:
    """Every alarm that would ring until then: rungs of clocks, tasks, no owner, escalation.

    What is due already comes with the moment at which it was due. Soonest first.
    """
    require(work.actor, Permission.WORK_UNSEEN)
    events: defaultdict[UUID, defaultdict[datetime, dict[UUID, Item]]]
    events = defaultdict(lambda: defaultdict(dict))
    for incident_id, key, item, at in _all(work, until):
        minute = at.replace(second=0, microsecond=0)
        events[incident_id][minute][key] = item
    incidents = work.session.scalars(select(Incident).where(Incident.id.in_(list(events))))
    found = [one for row in incidents for one in _told(work, row, events[row.id])]
    return sorted(found, key=lambda one: (one.at, one.id))


def _told(work: Work, incident: Incident, events: _Events) -> Iterator[UpcomingAlarm]:
    drill, zone = incident.mode == "drill", work.settings.time_zone
    for at, items in events.items():
        words = alarm_words(incident.number, list(items.values()), at, zone=zone, drill=drill)
        key = f"{incident.number}@{at:%Y-%m-%dT%H:%MZ}"
        loud = any(item.kind == "owner" or not item.note for item in items.values())
        yield UpcomingAlarm(key, at, incident.number, incident.mode, *words, is_loud=loud)


def _all(work: Work, until: datetime) -> Iterator[tuple[UUID, UUID, Item, datetime]]:
    session = work.session
    for duty in session.scalars(alarm_clocks.duties_that_ring(until)):
        item = item_of_duty(duty)
        for at in _moments(clock_of(duty), duty.next_alarm_at, until):
            yield duty.incident_id, duty.id, item, at
    for task in session.scalars(select(Task).where(Task.next_alarm_at <= until)):
        for at in _moments(clock_of_task(task), task.next_alarm_at, until):
            yield task.incident_id, task.id, item_of_task(task), at
    for incident in session.scalars(select(Incident).where(Incident.owner_alarm_at <= until)):
        for at in _moments(owner_clock(incident), incident.owner_alarm_at, until):
            yield incident.id, incident.id, item_of_owner(incident), at
    for alarm in session.scalars(alarms.alarms(state="open").where(Alarm.next_at <= until)):
        items = items_of(work, alarm)
        for at in _rings(alarm, timedelta(minutes=work.settings.alarm_step_minutes), until):
            for key, item in items.items():
                yield alarm.incident_id, key, item, at


def _moments(
    clock: AlarmClock | None, first: datetime | None, until: datetime
) -> Iterator[datetime]:
    at = first
    while clock is not None and at is not None and at <= until:
        yield at
        following = clock.following(at)
        if at > clock.due and following - at == clock.every:
            yield from _again_and_again(following, clock.every, until)
            return
        at = following


def _again_and_again(at: datetime, every: timedelta, until: datetime) -> Iterator[datetime]:
    """Overdue, and in step: hundreds of moments that need no more thought."""
    while at <= until:
        yield at
        at += every


def _rings(alarm: Alarm, step: timedelta, until: datetime) -> Iterator[datetime]:
    """As if everybody were on the first level: rather too often than too late."""
    at, level = alarm.next_at, 0
    while at is not None and at <= until:
        yield at
        at, level = at + again_after(level, 0, step), level + 1

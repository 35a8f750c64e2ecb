"""Somebody heard the alarm: by the API, by the link they were sent, by SMS, by a key on a call.

Whoever acknowledges silences it until the next rung; it stays on record who did, when and how.
To acknowledge twice changes nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from sqlalchemy import Select

from incidents.audit import log as audit
from incidents.auth.tokens import hash_of
from incidents.database import alarms as rows
from incidents.database.alarms import Alarm, AlarmPage
from incidents.database.users import User
from incidents.errors import NotFound
from incidents.rules.alarm_words import Item
from incidents.rules.lifecycle import ALARM
from incidents.rules.permissions import Permission
from incidents.services import rota, timeline
from incidents.services.alarm_items import items_of
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require

_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def find(
    work: Work, *, state: str = "", mode: str = "", incident_id: UUID | None = None
) -> Select[Alarm]:
    """A query for the alarms that the actor may know of."""
    require(work.actor, Permission.READ_INCIDENT)
    mode = "drill" if work.actor.drills_only else mode
    return rows.alarms(state=state, mode=mode, incident_id=incident_id)


def read(work: Work, alarm_id: UUID) -> Alarm:
    """One alarm."""
    require(work.actor, Permission.READ_INCIDENT)
    return get_of_incident(work, Alarm, alarm_id, "alarm")


def numbers(work: Work, alarms: Iterable[Alarm]) -> dict[UUID, str]:
    """The numbers of the incidents of these alarms."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.numbers_of(work.session, [alarm.incident_id for alarm in alarms])


def pages(work: Work, alarm_id: UUID) -> Sequence[AlarmPage]:
    """Everyone whom an alarm woke, or tried to: when, on which channel, and what came of it."""
    return rows.pages_of(work.session, read(work, alarm_id).id)


def what(work: Work, alarm_id: UUID) -> Sequence[Item]:
    """What of an alarm is not settled yet."""
    return list(items_of(work, read(work, alarm_id)).values())


def acknowledge(work: Work, alarm_id: UUID) -> Alarm:
    """Say that somebody takes care of it: silent until the next rung."""
    require(work.actor, Permission.ACKNOWLEDGE_ALARM)
    alarm = get_of_incident(work, Alarm, alarm_id, "alarm")
    _hear(work, alarm, how="api")
    return alarm


def acknowledge_all(work: Work, incident_id: UUID) -> None:
    """Say so of whatever rings in an incident, by acting in it."""
    require(work.actor, Permission.ACKNOWLEDGE_ALARM)
    alarm = rows.open_alarm(work.session, get_incident(work, incident_id).id)
    if alarm is not None:
        _hear(work, alarm, how="api")


def behind_link(work: Work, token: str) -> tuple[Alarm, str]:
    """The alarm behind a link that somebody was sent, and the number of its incident."""
    require(work.actor, Permission.WORK_UNSEEN)
    alarm, _ = _paged(work, token)
    return alarm, get_incident(work, alarm.incident_id).number


def acknowledge_by_link(work: Work, token: str, *, how: str = "link") -> tuple[Alarm, str]:
    """Acknowledge as the person that the link was sent to; and the number of the incident.

    how  link, or call for the key that was pressed on a call
    """
    require(work.actor, Permission.WORK_UNSEEN)
    alarm, page = _paged(work, token)
    incident = get_incident(work, alarm.incident_id)
    work.session.refresh(alarm)  # somebody may have been faster while we waited
    with _as(work, page):
        _hear(work, alarm, how=how)
    return alarm, incident.number


def acknowledge_by_sms(work: Work, phone: str, text: str) -> tuple[Alarm, str] | None:
    """Acknowledge as the person on duty whose number this is, by the code in their reply.

    Returns  the alarm and the number of the incident; None if it means no alarm of theirs
    """
    require(work.actor, Permission.WORK_UNSEEN)
    said = _CODE.search(text)
    alarm = rows.alarm_with_code(work.session, said[0]) if said else None
    if alarm is None:
        return None
    incident = get_incident(work, alarm.incident_id)
    work.session.refresh(alarm)
    page = next((one for one in _people(work, alarm) if _rings_at(work, one, phone)), None)
    if page is None:
        return None
    with _as(work, page):
        _hear(work, alarm, how="sms")
    return alarm, incident.number


def _hear(work: Work, alarm: Alarm, *, how: str) -> None:
    if alarm.state != "open":
        return
    alarm.state = ALARM.after(alarm.state, "acknowledge")
    alarm.heard_at, alarm.heard_by, alarm.heard_how = work.now, work.actor.id, how
    alarm.next_at = alarm.lease_until = None
    audit.record(
        work,
        "alarm.acknowledge",
        incident_id=alarm.incident_id,
        subject_type="alarm",
        subject_id=alarm.id,
        ring=alarm.ring_count,
        how=how,
    )
    timeline.note(work, alarm.incident_id, "alarm", f"Alarm acknowledged ({how})")


def _paged(work: Work, token: str) -> tuple[Alarm, AlarmPage]:
    page = rows.page_with_token(work.session, hash_of(token))
    if page is None or not _is_active(work, page):
        raise NotFound("there is no such alarm")
    return work.session.get_one(Alarm, page.alarm_id), page


def _people(work: Work, alarm: Alarm) -> Iterator[AlarmPage]:
    """A page of each person who was woken."""
    found = {page.user_id: page for page in rows.pages_of(work.session, alarm.id)}
    return (page for page in found.values() if _is_active(work, page))


def _is_active(work: Work, page: AlarmPage) -> bool:
    user = work.session.get(User, page.user_id)
    return user is not None and user.disabled_at is None


def _rings_at(work: Work, page: AlarmPage, phone: str) -> bool:
    contact = rota.contact_of(work, page.user_id)
    return contact is not None and bool(phone) and contact.phone == phone


@contextmanager
def _as(work: Work, page: AlarmPage) -> Iterator[None]:
    """On record it was the person who was woken, and not Tocsin."""
    before = work.actor
    work.actor = replace(before, id=page.user_id, name=page.name)
    try:
        yield
    finally:
        work.actor = before

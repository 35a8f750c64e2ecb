"""Alarms ring from every process, straight to the providers: no broker, no task, no beat.

What is due in one incident becomes one alarm. A process claims it with a lease and commits the
claim; only then does it page, and notes what each page gave. Whoever dies in between leaves a
lease that runs out, and the next process rings again: twice at the worst, never not at all.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from incidents.audit import log as audit
from incidents.database import alarms as rows
from incidents.database.alarm_clocks import incidents_due
from incidents.database.alarms import Alarm, AlarmPage
from incidents.rules.alarm_times import again_after
from incidents.rules.alarm_words import alarm_words
from incidents.rules.lifecycle import ALARM
from incidents.services import rota, timeline
from incidents.services.alarm_forecast import UpcomingAlarm, upcoming
from incidents.services.alarm_gathering import gather
from incidents.services.alarm_items import items_of
from incidents.services.alarm_pages import Call, calls_to, page_all
from incidents.services.alarm_schedule import lag, mend, reschedule, uncovered
from incidents.services.lookup import get_incident
from incidents.work import TOCSIN, Office, Work
from notifiers.paging import Paged, Pager

__all__ = [
    "PagersOf", "UpcomingAlarm", "lag", "mend", "reschedule", "ring_due", "uncovered", "upcoming",
]  # fmt: skip

log = structlog.get_logger(__name__)

# The pagers of a mode, "live" or "drill": wiring.pagers_for with the settings given.
PagersOf = Callable[[str], Sequence[Pager]]

_ALARMS_AT_ONCE = 8
# When nobody was reached, a provider or the list of those on duty is at fault: soon again.
_UNREACHED = timedelta(minutes=1)


def ring_due(office: Office, pagers_of: PagersOf, *, only: UUID | None = None) -> int:
    """Ring everything that is due; safe in any number of processes at once.

    only     one incident, as a drill does that has a clock of its own
    Returns  how many alarms were rung here
    """
    with office.look(TOCSIN) as work:
        due = incidents_due(work.session, work.now, only)
    for incident_id in due:
        _calmly(incident_id, partial(_gather, office, incident_id))
    with office.look(TOCSIN) as work:
        waiting = rows.alarms_to_ring(work.session, work.now, only)
    ring = partial(_ring_calmly, office, pagers_of)
    if len(waiting) <= 1:
        return sum(map(ring, waiting))
    with ThreadPoolExecutor(_ALARMS_AT_ONCE, thread_name_prefix="alarms") as pool:
        return sum(pool.map(ring, waiting))


def _gather(office: Office, incident_id: UUID) -> bool:
    with office.work(TOCSIN) as work:
        return gather(work, incident_id)


def _ring_calmly(office: Office, pagers_of: PagersOf, alarm_id: UUID) -> int:
    return int(_calmly(alarm_id, partial(_ring, office, pagers_of, alarm_id)))


def _calmly(subject: UUID, act: Callable[[], bool]) -> bool:
    try:
        return act()
    except Exception:
        # The others must ring all the same; this one is due still, and health says so.
        log.exception("an alarm could not be rung", subject=str(subject))
        return False


@dataclass(frozen=True, slots=True)
class _Ringing:
    """An alarm that is ours until the lease runs out; `top` is the last level on duty."""

    alarm_id: UUID
    ring: int
    lease_until: datetime
    level: int
    top: int
    is_loud: bool
    calls: list[Call]


def _ring(office: Office, pagers_of: PagersOf, alarm_id: UUID) -> bool:
    with office.work(TOCSIN) as work:
        ringing = _claim(work, pagers_of, alarm_id)
    if ringing is None:
        return False
    results = page_all(ringing.calls)
    with office.work(TOCSIN) as work:
        _note(work, ringing, results)
    return True


def _claim(work: Work, pagers_of: PagersOf, alarm_id: UUID) -> _Ringing | None:
    alarm = work.session.get_one(Alarm, alarm_id)
    incident = get_incident(work, alarm.incident_id)
    until = work.now + timedelta(seconds=work.settings.alarm_lease_seconds)
    if not rows.claim(work.session, alarm_id, work.now, until):
        return None
    work.session.refresh(alarm)
    items = items_of(work, alarm)
    if not items:
        _end(work, alarm)
        return None
    # What was loud may be settled, and what is left need not wake anybody.
    alarm.is_loud = any(one["is_loud"] for one in alarm.about if UUID(one["id"]) in items)
    zone, drill = work.settings.time_zone, alarm.mode == "drill"
    words = alarm_words(incident.number, list(items.values()), work.now, zone=zone, drill=drill)
    people = rota.on_duty(work, work.now)
    pagers = pagers_of(alarm.mode)
    calls = [
        call
        for person in people
        if person.level <= alarm.level
        for call in calls_to(work, alarm, words, person, pagers)
    ]
    top = max((person.level for person in people), default=0)
    return _Ringing(alarm.id, alarm.ring_count, until, alarm.level, top, alarm.is_loud, calls)


def _note(work: Work, ringing: _Ringing, results: dict[UUID, Paged]) -> None:
    """Keep what each page gave, and when to ring again if nobody acknowledges."""
    alarm = work.session.get_one(Alarm, ringing.alarm_id)
    get_incident(work, alarm.incident_id)
    for row_id, paged in results.items():
        page = work.session.get_one(AlarmPage, row_id)
        page.outcome, page.detail = paged.outcome, paged.detail[:300]
    reached = any(one.outcome in {"accepted", "unknown"} for one in results.values())
    if not reached and alarm.mode == "live":
        log.error("an alarm reached nobody", alarm=str(alarm.id), pages=len(results))
    next_at = _again_at(work, ringing, reached=reached)
    level = ringing.level + 1 if next_at else ringing.level
    rows.give_back(work.session, alarm.id, ringing.lease_until, level=level, next_at=next_at)
    _tell(work, alarm, ringing, results)


def _again_at(work: Work, ringing: _Ringing, *, reached: bool) -> datetime | None:
    if reached and not ringing.is_loud:
        return None
    step = timedelta(minutes=work.settings.alarm_step_minutes)
    if ringing.calls and not reached:
        return work.now + min(again_after(ringing.level, ringing.top, _UNREACHED), step)
    return work.now + again_after(ringing.level, ringing.top, step)


def _tell(work: Work, alarm: Alarm, ringing: _Ringing, results: dict[UUID, Paged]) -> None:
    outcomes = Counter(f"{one.channel}.{one.outcome}" for one in results.values())
    audit.record(
        work,
        "alarm.ring",
        incident_id=alarm.incident_id,
        subject_type="alarm",
        subject_id=alarm.id,
        ring=ringing.ring,
        level=ringing.level,
        loud=ringing.is_loud,
        about=Counter(one["kind"] for one in alarm.about),
        outcomes=outcomes,
    )
    if ringing.ring > 1 and ringing.level > ringing.top:
        return  # the same people again: the trail has it, the story need not
    people = len({call.contact for call in ringing.calls})
    how = ", ".join(f"{name.replace('.', ' ')} {n}" for name, n in sorted(outcomes.items()))
    told = f"{people} woken: {how}" if people else "nobody is on duty"
    timeline.note(work, alarm.incident_id, "alarm", f"Alarm rang ({told})")


def _end(work: Work, alarm: Alarm) -> None:
    """What it rang for was settled before anybody acknowledged."""
    alarm.state = ALARM.after(alarm.state, "end")
    alarm.next_at = alarm.lease_until = None
    audit.record(
        work,
        "alarm.end",
        incident_id=alarm.incident_id,
        subject_type="alarm",
        subject_id=alarm.id,
        ring=alarm.ring_count,
    )

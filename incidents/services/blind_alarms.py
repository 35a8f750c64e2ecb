"""What a sentinel rang while the database was gone, told to the database afterwards."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from incidents.audit import log as audit
from incidents.database.audit_entries import AuditEntry
from incidents.database.incidents import Incident
from incidents.rules.permissions import Permission
from incidents.services import timeline
from incidents.work import Work, require

_KIND = "alarm.ring_blind"


@dataclass(frozen=True, slots=True)
class BlindPage:
    """One person was paged from a sentinel's own copy.

    id        of the sentinel's own note of it
    outcomes  channel -> accepted | refused | unknown | no_address
    """

    id: UUID
    at: datetime
    incident: str
    level: int
    outcomes: Mapping[str, str]


def record(work: Work, pages: list[BlindPage]) -> int:
    """Put into the trail and into the story what rang; told twice, it stands there once.

    The alarms themselves stay due: they ring once more, now that they can be acknowledged.
    Returns how many pages were news.
    """
    require(work.actor, Permission.WORK_UNSEEN)
    news = 0
    for number in sorted({one.incident for one in pages}):
        incident = work.session.scalar(select(Incident).where(Incident.number == number))
        if incident is None:
            continue
        known = _known(work, incident.id)
        fresh = [one for one in pages if one.incident == number and one.id not in known]
        news += len(fresh)
        for one in fresh:
            _record(work, incident.id, one)
        if fresh:
            _tell(work, incident.id, fresh)
    return news


def _known(work: Work, incident_id: UUID) -> set[UUID]:
    query = select(AuditEntry.subject_id).where(
        AuditEntry.incident_id == incident_id, AuditEntry.kind == _KIND
    )
    return {one for one in work.session.scalars(query) if one}


def _record(work: Work, incident_id: UUID, page: BlindPage) -> None:
    outcomes = Counter(f"{channel}.{outcome}" for channel, outcome in page.outcomes.items())
    audit.record(
        work,
        _KIND,
        incident_id=incident_id,
        subject_type="page",
        subject_id=page.id,
        rang_at=page.at,
        level=page.level,
        outcomes=outcomes,
    )


def _tell(work: Work, incident_id: UUID, pages: list[BlindPage]) -> None:
    first = min(one.at for one in pages)
    took = Counter(
        channel
        for one in pages
        for channel, outcome in one.outcomes.items()
        if outcome == "accepted"
    )
    how = ", ".join(f"{channel} {count}" for channel, count in sorted(took.items())) or "none taken"
    told = f"Rang from a sentinel's copy while the database was gone, from {first:%H:%M:%S} UTC on"
    timeline.note(work, incident_id, "alarm", f"{told}: {len(pages)} pages ({how})")

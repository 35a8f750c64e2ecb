"""Our own deeds that start clocks: reports filed, people told, a page published; each with its row.

The law itself names these moments as triggers, and rows prove them, so they may move a clock
without a second person; for as long as the row that proves them stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.database.announcements import Announcement, standing_announcement
from incidents.database.campaigns import Attempt
from incidents.database.holds import Hold, holds_of
from incidents.database.reports import Filing, filed
from incidents.database.told import first_told
from incidents.work import Work


@dataclass(frozen=True, slots=True)
class Deed:
    """One moment that a row of ours proves.

    kind  report_filed | people_told | announcement_published | hold_ended
    """

    at: datetime
    kind: str
    row_id: UUID


def of(work: Work, incident_id: UUID) -> dict[str, Deed]:
    """The deeds of an incident, by the fact that they establish."""
    found = {
        "people_notified_at": _told(work, incident_id),
        "hold_released_at": _released(work, incident_id),
        **_filed(work, incident_id),
    }
    return {name: deed for name, deed in found.items() if deed}


def as_facts(found: Mapping[str, Deed]) -> dict[str, Any]:
    """What deeds establish, as facts."""
    return {name: deed.at.isoformat() for name, deed in found.items()}


def _told(work: Work, incident_id: UUID) -> Deed | None:
    """When the first of the affected was told, or the page published that stands in for it."""
    told = []
    if (first := first_told(work.session, incident_id)) is not None:
        told.append(Deed(first[0], "people_told", first[1]))
    page = standing_announcement(work.session, incident_id)
    if page is not None and page.published_at is not None:
        told.append(Deed(page.published_at, "announcement_published", page.id))
    return min(told, key=lambda deed: deed.at, default=None)


def _filed(work: Work, incident_id: UUID) -> dict[str, Deed]:
    """The first report of all; and the latest intermediate one, from which DORA counts."""
    rows = filed(work.session, incident_id)
    deeds = {}
    if rows:
        deeds["authority_notified_at"] = Deed(rows[0][0], "report_filed", rows[0][1])
    if later := [row for row in rows if row[2] == "intermediate"]:
        deeds["intermediate_reported_at"] = Deed(later[-1][0], "report_filed", later[-1][1])
    return deeds


def _released(work: Work, incident_id: UUID) -> Deed | None:
    """When the last hold ended, once none is on. It starts clocks of the laws that it covered."""
    found = holds_of(work.session, incident_id)
    ended = [(hold.ended_at, hold.id) for hold in found if hold.ended_at]
    if not ended or any(hold.status == "standing" for hold in found):
        return None
    at, hold_id = max(ended)
    return Deed(at, "hold_ended", hold_id)


def stands(work: Work, row_id: UUID) -> bool:
    """Whether the row that proved a deed still does: a filing or a page can be taken back."""
    if (filing := work.session.get(Filing, row_id)) is not None:
        return filing.withdrawn_at is None
    if (page := work.session.get(Announcement, row_id)) is not None:
        return page.status == "published"
    return any(work.session.get(kind, row_id) is not None for kind in (Attempt, Hold))

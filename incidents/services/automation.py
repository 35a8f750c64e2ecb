"""What a playbook's automatic steps do. Each finds what it made before, so twice is safe."""

from collections.abc import Callable, Mapping
from typing import Any

from incidents.database.duties import duties_of
from incidents.database.incidents import Incident
from incidents.database.told import people_count
from incidents.services import announcements, notice_drafts, reports, timeline
from incidents.work import TOCSIN, Work
from playbooks.playbook import DraftNotice, OpenReport, Page, PlanPopulation, ProposeAnnouncement

Result = dict[str, Any] | None


def carry_out(work: Work, incident: Incident, do: Any) -> Result:
    """Do what a step says, as Tocsin itself. None: not possible yet; try at the next review."""
    act = _ACTS.get(do.action)
    if act is None:
        return None
    who, work.actor = work.actor, TOCSIN
    try:
        return act(work, incident, do)
    finally:
        work.actor = who


def _draft_notice(work: Work, incident: Incident, do: DraftNotice) -> Result:
    if do.audience != "people":
        return None  # there are no templates for other audiences: a person writes to them
    return {"notice": str(notice_drafts.draft_once(work, incident).id)}


# The stages of duties that a playbook's step opens reports for.
_OPENED_AT: Mapping[str, tuple[str, ...]] = {
    "initial": ("early_warning", "initial", "single"),
    "supplementary": ("intermediate", "supplementary"),
    "final": ("final",),
}


def _open_reports(work: Work, incident: Incident, do: OpenReport) -> Result:
    owed = [
        duty
        for duty in duties_of(work.session, incident.id)
        if duty.audience == "authority"
        and duty.status == "open"
        and duty.standing == "owed"
        and "report_filed" in duty.met_when
        and duty.stage in _OPENED_AT[do.stage]
        and (do.authority is None or do.authority == duty.authority)
    ]
    if not owed:
        return None
    return {"reports": [str(reports.open_once(work, incident, duty).id) for duty in owed]}


def _propose_announcement(work: Work, incident: Incident, _do: ProposeAnnouncement) -> Result:
    proposed = announcements.propose_if_due(work, incident)
    return {"announcement": str(proposed.id)} if proposed else None


def _plan_population(work: Work, incident: Incident, do: PlanPopulation) -> Result:
    people = people_count(work.session, incident.id)
    return {"people": people, "ladder": list(do.ladder)} if people else None


def _page(work: Work, incident: Incident, do: Page) -> Result:
    timeline.note(work, incident.id, "page", f"To every {do.role.value}: {do.message}")
    return {"paged": do.role.value}


_ACTS: Mapping[str, Callable[[Work, Incident, Any], Result]] = {
    "draft_notice": _draft_notice,
    "open_report": _open_reports,
    "propose_announcement": _propose_announcement,
    "plan_population": _plan_population,
    "page": _page,
}

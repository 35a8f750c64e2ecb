"""Campaigns: launched on approved words, paused, stopped, looked after until all are told."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from incidents.audit import log as audit
from incidents.database import campaigns as rows
from incidents.database import leases, pages
from incidents.database.campaigns import Campaign
from incidents.database.notices import Notice, NoticeApproval, standing_approval
from incidents.errors import Conflict, InvalidInput, Problem
from incidents.rules.ladder import UNKNOWN_POLICIES, checked_ladder
from incidents.rules.lifecycle import CAMPAIGN, NOTICE
from incidents.rules.permissions import Permission
from incidents.services import freezing, planning, reconcile, timeline
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import TOCSIN, Office, Work, require
from notifiers.dispatch import Dispatch

LADDER = ("email", "sms", "announcement")


def launch(
    work: Work,
    notice_id: UUID,
    ladder: Sequence[str] = LADDER,
    unknown_policy: str = "hold",
) -> Campaign:
    """Begin to tell every affected person in the approved words.

    ladder          channels in the order in which each person is tried on them
    unknown_policy  when no evidence will come of what was sent: hold | resend_marked
    Raises          Conflict  launched before, not approved as it stands, people still coming in
                    InvalidInput  a rung that nobody carries, a language that nobody wrote
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    notice = get_of_incident(work, Notice, notice_id, "notice")
    approval = _approval_that_holds(work, notice)
    routes = dict(work.office.routes.get(notice.mode, {}))
    rungs = checked_ladder(ladder, routes)
    _check_policy(unknown_policy)
    _check_people(work, notice)
    planning.check_coverage(work, notice, approval.id, rungs)
    campaign = Campaign(
        incident_id=notice.incident_id,
        mode=notice.mode,
        notice_id=notice.id,
        approval_id=approval.id,
        status=CAMPAIGN.after(CAMPAIGN.start, "launch"),
        ladder=rungs,
        routes=planning.routes_of(rungs, routes),
        unknown_policy=unknown_policy,
        launched_at=work.now,
        launched_by=work.actor.id,
    )
    notice.status = NOTICE.after(notice.status, "issue")
    _add(work, campaign)
    planning.place_page(work, campaign)
    details = {"notice_id": notice.id, "content": approval.sha256, "channels": rungs}
    _tell(work, campaign, "campaign.launch", f"Telling people: {notice.reference}", **details)
    return campaign


def _add(work: Work, campaign: Campaign) -> None:
    work.session.add(campaign)
    try:
        work.session.flush()
    except IntegrityError:
        raise Conflict("this notice has just been launched by somebody else") from None


def _approval_that_holds(work: Work, notice: Notice) -> NoticeApproval:
    if notice.status == "issued":
        raise Conflict(
            "this notice has been launched already; draft a supplementary one to tell more"
        )
    NOTICE.after(notice.status, "issue")
    approval = standing_approval(work.session, notice.id)
    if approval is None or not freezing.still_holds(work, notice, approval):
        raise Conflict("what would be sent is not what was approved: have it approved again")
    return approval


def _check_policy(unknown_policy: str) -> None:
    if unknown_policy not in UNKNOWN_POLICIES:
        raise InvalidInput(
            f"there is no policy {unknown_policy!r}",
            Problem("unknown_policy", "is not known", f"one of {', '.join(UNKNOWN_POLICIES)}"),
        )


def _check_people(work: Work, notice: Notice) -> None:
    if pages.is_importing(work.session, notice.incident_id):
        raise Conflict("people are still being imported: launch when the import has ended")
    if not pages.added_people(work.session, notice.incident_id):
        raise Conflict("there is nobody to tell: import the affected people first")


def of_incident(work: Work, incident_id: UUID) -> Sequence[Campaign]:
    """The campaigns of an incident, oldest first."""
    require(work.actor, Permission.READ_CAMPAIGN)
    get_incident(work, incident_id)
    return rows.campaigns_of(work.session, incident_id)


def read(work: Work, campaign_id: UUID) -> Campaign:
    """One campaign."""
    require(work.actor, Permission.READ_CAMPAIGN)
    return get_of_incident(work, Campaign, campaign_id, "campaign")


def pause(work: Work, campaign_id: UUID) -> Campaign:
    """Let nothing more leave; what is on the wire ends."""
    return _move(work, campaign_id, "pause", "The campaign is paused")


def resume(work: Work, campaign_id: UUID) -> Campaign:
    """Go on where it was paused."""
    return _move(work, campaign_id, "resume", "The campaign goes on")


def stop(work: Work, campaign_id: UUID) -> Campaign:
    """End it for good: who has not been sent to will not be, and is counted as suppressed."""
    campaign = _move(work, campaign_id, "stop", "The campaign was stopped")
    leases.cancel_ready(work.session, campaign.id)
    return campaign


def _move(work: Work, campaign_id: UUID, action: str, story: str) -> Campaign:
    require(work.actor, Permission.RUN_CAMPAIGN)
    get_of_incident(work, Campaign, campaign_id, "campaign")
    campaign = rows.locked_campaign(work.session, campaign_id)
    assert campaign is not None  # noqa: S101  it was found above, and is never deleted
    campaign.status = CAMPAIGN.after(campaign.status, action)
    work.session.flush()
    _tell(work, campaign, f"campaign.{action}", story)
    return campaign


def include_newcomers(work: Work, incident_id: UUID) -> None:
    """Find those who joined the population after its campaigns had gone through it."""
    require(work.actor, Permission.RUN_CAMPAIGN)
    incident = get_incident(work, incident_id)
    for campaign_id in pages.with_newcomers(work.session, incident.mode):
        campaign = rows.locked_campaign(work.session, campaign_id)
        if campaign and campaign.incident_id == incident_id:
            planning.look_again(work, campaign, "newcomers")


def tend(office: Office, dispatch: Dispatch, *, mode: str) -> bool:
    """One round of looking after campaigns: newcomers, lost leases, unknowns, ends.

    Returns  whether something changed, so that it is worth pumping
    """
    changed = _welcome(office, mode)
    changed |= reconcile.expire(office, mode)
    changed |= reconcile.resolve_due(office, dispatch, mode)
    return _finish_each(office, mode) or changed


def _welcome(office: Office, mode: str) -> bool:
    with office.look(TOCSIN) as work:
        found = pages.with_newcomers(work.session, mode)
    for campaign_id in found:
        with office.work(TOCSIN) as work:
            campaign = rows.locked_campaign(work.session, campaign_id)
            if campaign is not None:
                planning.look_again(work, campaign, "newcomers")
    return bool(found)


def _finish_each(office: Office, mode: str) -> bool:
    with office.look(TOCSIN) as work:
        found = leases.settled_campaigns(work.session, mode)
    for campaign_id in found:
        with office.work(TOCSIN) as work:
            _finish(work, campaign_id)
    return bool(found)


def _finish(work: Work, campaign_id: UUID) -> None:
    campaign = rows.locked_campaign(work.session, campaign_id)
    # Held now: nobody is being moved on, so what is looked at once more is the last word.
    if campaign is None or campaign_id not in leases.settled_campaigns(work.session, campaign.mode):
        return
    campaign.finished_at = campaign.proof_due_at = work.now
    if campaign.status == "running":
        campaign.status = CAMPAIGN.after(campaign.status, "finish")
        work.session.flush()
        _tell(work, campaign, "campaign.finish", "Everybody has been tried on every channel left")
    rows.mark_for_review(work.session, campaign.incident_id)
    work.ring("incidents.review", campaign.incident_id)


def _tell(work: Work, campaign: Campaign, kind: str, story: str, **details: Any) -> None:
    audit.record(
        work,
        kind,
        incident_id=campaign.incident_id,
        subject_type="campaign",
        subject_id=campaign.id,
        **details,
    )
    timeline.note(work, campaign.incident_id, "campaign", story)
    work.ring("campaigns.pump")
    work.ring("incidents.review", campaign.incident_id)

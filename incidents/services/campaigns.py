"""Campaigns: launched on approved words, and read.

How they are steered and looked after stands in campaign_control and campaign_tending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from incidents.database import audience, pages
from incidents.database import campaigns as rows
from incidents.database.campaign_looks import CampaignLook
from incidents.database.campaigns import Campaign
from incidents.database.imports import running_import
from incidents.database.notices import Notice, NoticeApproval, standing_approval
from incidents.errors import Conflict, InvalidTransition, Problem
from incidents.rules.brake import checked_brake
from incidents.rules.canary import few
from incidents.rules.ladder import checked_ladder, checked_policy, checked_waits
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.lifecycle import CAMPAIGN, NOTICE
from incidents.rules.permissions import Permission
from incidents.rules.quiet_hours import checked
from incidents.services import canary as few_first
from incidents.services import freezing, planning, ramp, recalls, residency, rest
from incidents.services.campaign_control import go_on, pause, resume, stop
from incidents.services.campaign_trail import tell
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require

__all__ = ["go_on", "launch", "of_incident", "pause", "prepared", "read", "resume", "stop"]


def launch(work: Work, notice_id: UUID, options: LaunchOptions) -> Campaign:
    """Begin to tell every affected person in the approved words.

    A supplementary notice goes to exactly those who got the first, now or by the end of its
    campaign; a notice to the rest of a stopped one to exactly those whom that did not reach.

    Raises  Conflict      launched before, not approved as it stands, people still coming in
            InvalidInput  a rung that nobody carries, a language that nobody wrote
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = prepared(work, notice_id, options)
    notice = work.session.get_one(Notice, notice_id)
    notice.status = NOTICE.after(notice.status, "issue")
    _add(work, campaign)
    few_first.begin(work, campaign)
    _tell(work, campaign, notice)
    return campaign


def prepared(work: Work, notice_id: UUID, options: LaunchOptions) -> Campaign:
    """The campaign that a launch with these options would begin; it is no row yet.

    Raises what `launch` raises: whatever can be refused is refused here.
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    notice = get_of_incident(work, Notice, notice_id, "notice")
    approval = _approval_that_holds(work, notice)
    routes = dict(work.office.routes.get(notice.mode, {}))
    rungs = checked_ladder(options.ladder, routes)
    meant = _audience(work, notice)
    people = _check_people(work, notice, meant)
    first = few(options.canary, people, notice.mode)
    planning.check_coverage(work, notice, approval.id, rungs)
    carried = planning.routes_of(rungs, routes)
    if options.recallable:
        recalls.check(work, carried, people)
    residency.check(work, notice.mode, notice.incident_id, carried)
    campaign = Campaign(
        incident_id=notice.incident_id,
        mode=notice.mode,
        notice_id=notice.id,
        approval_id=approval.id,
        status=CAMPAIGN.after(CAMPAIGN.start, "launch"),
        ladder=rungs,
        routes=carried,
        unknown_policy=checked_policy(options.unknown_policy),
        recallable=options.recallable,
        **meant,
        waits=checked_waits(options.waits, rungs),
        quiet=checked(options.quiet, work.settings.time_zone),
        envelope_count=0,
        canary=asdict(first),
        brake=asdict(checked_brake(options.brake)) if options.brake else {},
        launched_at=work.now,
        launched_by=work.actor.id,
    )
    ramp.begin(work, campaign)
    return campaign


def _tell(work: Work, campaign: Campaign, notice: Notice) -> None:
    first = few_first.few_of(campaign).people
    story = f"Telling people: {notice.reference}"
    story += f"; {first:,} of them go first" if first else ""
    slow = campaign.ramp.get("people")
    story += f"; {slow:,} at large mail hosts by and by" if slow else ""
    approval = work.session.get_one(NoticeApproval, campaign.approval_id)
    tell(
        work,
        campaign,
        "campaign.launch",
        story,
        notice_id=notice.id,
        content=approval.sha256,
        channels=campaign.ladder,
        people=first or None,
    )


def _add(work: Work, campaign: Campaign) -> None:
    work.session.add(campaign)
    try:
        work.session.flush()
    except IntegrityError:
        raise Conflict("this notice has just been launched by somebody else") from None
    work.session.add(CampaignLook(campaign_id=campaign.id, braked_at=work.now))


def _approval_that_holds(work: Work, notice: Notice) -> NoticeApproval:
    if notice.status == "issued":
        raise Conflict(
            "this notice has been launched already, and nobody is told twice",
            Problem(
                "notice",
                "was launched before",
                "draft a supplementary one to tell more; if it was stopped, one to its rest",
            ),
        )
    if notice.status == "draft":
        raise InvalidTransition(
            "the notice is not approved yet",
            Problem("notice", "is a draft", "have somebody who did not edit it approve it"),
        )
    NOTICE.after(notice.status, "issue")
    approval = standing_approval(work.session, notice.id)
    if approval is None or not freezing.still_holds(work, notice, approval):
        raise Conflict("what would be sent is not what was approved: have it approved again")
    return approval


def _audience(work: Work, notice: Notice) -> dict[str, Any]:
    """Whom a notice is for, as its campaign keeps it."""
    if notice.rest_of:
        stopped = rest.stopped_campaign(work, work.session.get_one(Notice, notice.rest_of))
        left_out = [str(one.id) for one in rest.left_out(work, stopped)]
        return {"audience_of": stopped.audience_of, "rest_of": left_out}
    if notice.supplements is None:
        return {"audience_of": None, "rest_of": []}
    first = audience.campaign_of(work.session, notice.supplements)
    if first is None:
        raise Conflict("the notice that this one adds to has not been launched: launch it first")
    return {"audience_of": first.id, "rest_of": []}


def _check_people(work: Work, notice: Notice, meant: Mapping[str, Any]) -> int:
    """How many people there are to tell."""
    if running_import(work.session, notice.incident_id):
        raise Conflict("people are still being imported: launch when the import has ended")
    people = pages.added_people(work.session, notice.incident_id)
    if not people:
        raise Conflict("there is nobody to tell: import the affected people first")
    if not any(meant.values()):
        return people
    such = audience.in_audience(Campaign(**meant))
    found = audience.size(work.session, notice.incident_id, such)
    if not found and meant["rest_of"]:
        raise Conflict("everybody was told, or may have been, by the campaign that was stopped")
    if not found:
        raise Conflict("nobody has got the notice that this one adds to: wait until it is sent")
    return found


def of_incident(work: Work, incident_id: UUID) -> Sequence[Campaign]:
    """The campaigns of an incident, oldest first."""
    require(work.actor, Permission.READ_CAMPAIGN)
    get_incident(work, incident_id)
    return rows.campaigns_of(work.session, incident_id)


def read(work: Work, campaign_id: UUID) -> Campaign:
    """One campaign."""
    require(work.actor, Permission.READ_CAMPAIGN)
    return get_of_incident(work, Campaign, campaign_id, "campaign")

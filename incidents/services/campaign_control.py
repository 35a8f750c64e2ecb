"""A campaign in the hands of those who answer for it: paused, resumed, let go on, stopped."""

from uuid import UUID

from incidents.database import waiting
from incidents.database.campaigns import Campaign
from incidents.errors import InvalidInput, InvalidTransition, Problem
from incidents.rules.lifecycle import CAMPAIGN
from incidents.rules.permissions import Permission
from incidents.services import brake, canary, ramp
from incidents.services.campaign_trail import held, tell
from incidents.work import Work, require


def pause(work: Work, campaign_id: UUID) -> Campaign:
    """Let nothing more leave; what is on the wire ends."""
    return _move(work, campaign_id, "pause", "The campaign is paused")


def resume(work: Work, campaign_id: UUID, reason: str = "") -> Campaign:
    """Go on where it was paused.

    reason  why, which stays on record; needed where the brake had paused it, which from now on
            counts only what goes wrong after this
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = held(work, campaign_id)
    if campaign.halt and not reason.strip():
        raise InvalidInput(
            f"the campaign has paused itself: {campaign.halt}",
            Problem("reason", "is missing", "say why it may go on all the same"),
        )
    campaign.status = CAMPAIGN.after(campaign.status, "resume")
    if campaign.halt:
        brake.forgive(work, campaign)
    ramp.keep(work, campaign)
    work.session.flush()
    story = f"The campaign goes on: {reason}" if reason else "The campaign goes on"
    tell(work, campaign, "campaign.resume", story, private={"reason": reason} if reason else None)
    return campaign


def go_on(work: Work, campaign_id: UUID, reason: str = "") -> Campaign:
    """Let the others follow the canary now; do not wait for the end of the hold."""
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = held(work, campaign_id)
    if campaign.status not in {"running", "paused"}:
        raise InvalidTransition(f"the campaign is {campaign.status}: nobody follows any more")
    why = reason or "somebody decided so"
    canary.let_follow(work, campaign, why, {"reason": reason} if reason else None)
    return campaign


def stop(work: Work, campaign_id: UUID) -> Campaign:
    """End it for good: who has not been sent to will not be, and is counted as suppressed.

    Its notice is never launched again; services/rest tells exactly those it did not reach.
    """
    campaign = _move(work, campaign_id, "stop", "The campaign was stopped")
    waiting.cancel_ready(work.session, campaign.id)
    return campaign


def _move(work: Work, campaign_id: UUID, action: str, story: str) -> Campaign:
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = held(work, campaign_id)
    campaign.status = CAMPAIGN.after(campaign.status, action)
    work.session.flush()
    tell(work, campaign, f"campaign.{action}", story)
    return campaign

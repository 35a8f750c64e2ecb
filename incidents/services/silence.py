"""Silence on a rung: when it has lasted too long, the next rung carries the notice too.

Who is heard of after all is taken back, if the next message has not left (services/receipts).
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from incidents.database import silence as rows
from incidents.database.campaigns import Campaign, locked_campaign, mark_for_review
from incidents.services import ladder
from incidents.work import TOCSIN, Office, Work

_ENVELOPES_AT_ONCE = 1_000


def due(work: Work, mode: str) -> Sequence[UUID]:
    """The campaigns of a mode in which somebody is silent."""
    return rows.campaigns_with_silence(work.session, mode)


def look_at(office: Office, campaign_id: UUID) -> bool:
    """Move those on whose silence is over; whether anybody was."""
    moved = False
    with office.work(TOCSIN) as work:
        campaign = locked_campaign(work.session, campaign_id)
        if campaign is None or campaign.status != "running":
            return False
        for rung, channel in enumerate(campaign.ladder):
            if hours := campaign.waits.get(channel):
                moved |= _move_on(work, campaign, rung, hours)
        if not moved:
            _rest(work, campaign)
    return moved


def _move_on(work: Work, campaign: Campaign, rung: int, hours: float) -> bool:
    """One page of the envelopes of a rung that have been silent for so long."""
    since = work.now - timedelta(hours=hours)
    due = rows.silent_since(work.session, campaign.id, rung, since, _ENVELOPES_AT_ONCE)
    if not due:
        return False
    reason = f"no word for {hours:g} hours"
    people = rows.leave(work.session, campaign, rung, due, reason, work.now)
    ladder.move_on(work, campaign, people)
    return True


def _rest(work: Work, campaign: Campaign) -> None:
    """All has been sent: what stands may prove a duty now, though some are still waited for."""
    if not rows.is_resting(work.session, campaign.id):
        campaign.rested_at = None
    elif campaign.rested_at is None:
        campaign.rested_at = work.now
        mark_for_review(work.session, campaign.incident_id)
        work.ring("incidents.review", campaign.incident_id)
    if campaign.rested_at is not None:
        rows.close_answered(work.session, campaign.id, _ENVELOPES_AT_ONCE)

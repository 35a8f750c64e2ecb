"""The population equation, counted again and again: kept for metrics, shouted where it breaks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from incidents.database import campaign_looks as rows
from incidents.database.campaigns import Campaign
from incidents.services.equation import count
from incidents.work import TOCSIN, Office, Work

log = structlog.get_logger(__name__)

# A count reads every person's place: about a second a million on PostgreSQL. Once a minute, of
# more than some hundred thousand less often, it takes two percent of a core at the most.
_EVERY = timedelta(minutes=1)
_PEOPLE_PER_SECOND = 10_000


def due(work: Work, mode: str) -> Sequence[tuple[UUID, datetime | None]]:
    """Campaigns of a mode to be counted, and when they were last: those that move, where it is
    time, and those that have ended."""
    return [
        (campaign.id, look.counted_at)
        for campaign, look in rows.campaigns_to_count(work.session, mode)
        if campaign.finished_at or work.now >= _next_count(campaign, look)
    ]


def look_at(office: Office, found: tuple[UUID, datetime | None]) -> bool:
    """Count the people of a campaign, which changes nothing: False."""
    campaign_id, before = found
    with office.work(TOCSIN) as work:
        seen = rows.claim_count(work.session, campaign_id, before, work.now)
        if seen is not None:
            _count(work, campaign_id, seen)
    return False


def _next_count(campaign: Campaign, look: rows.CampaignLook) -> datetime:
    if look.counted_at is not None:
        return look.counted_at + max(_EVERY, _pause(look.total))
    # The first time when everybody has a place, and no sooner than that costs little.
    if campaign.population_count is None:
        return campaign.launched_at + _EVERY
    return campaign.launched_at + _pause(campaign.population_count)


def _pause(people: int) -> timedelta:
    return timedelta(seconds=people / _PEOPLE_PER_SECOND)


def _count(work: Work, campaign_id: UUID, seen: rows.CampaignLook) -> None:
    campaign = work.session.get_one(Campaign, campaign_id)
    counted = count(work, campaign)
    if not counted.holds:
        log.error("the population equation does not hold", campaign=str(campaign_id))
    seen.buckets, seen.total, seen.holds = counted.buckets, counted.total, counted.holds

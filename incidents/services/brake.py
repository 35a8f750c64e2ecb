"""The brake: a campaign whose messages come back too often pauses by itself, and wakes people."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database import campaign_looks as rows
from incidents.database.campaigns import Campaign
from incidents.rules.brake import Brake, Sample, trips
from incidents.rules.lifecycle import CAMPAIGN
from incidents.services import open_alarm
from incidents.services.campaign_trail import held, tell
from incidents.work import TOCSIN, Office, Work

# A look reads each envelope's state once, some 0.15 s for a million of them: so that looking
# takes two percent of a core at the most.
_EVERY_SECONDS = 1.0
_ENVELOPES_PER_SECOND = 100_000


def due(work: Work, mode: str) -> Sequence[tuple[UUID, datetime]]:
    """The running campaigns of a mode whose brake is to be looked at, and when it was last."""
    return [
        (campaign_id, before)
        for campaign_id, envelopes, before in rows.campaigns_to_brake(work.session, mode)
        if work.now >= before + _pause(envelopes)
    ]


def look_at(office: Office, found: tuple[UUID, datetime]) -> bool:
    """Pause a running campaign if its brake trips; whether it does."""
    campaign_id, before = found
    with office.work(TOCSIN) as work:
        is_ours = rows.claim_brake(work.session, campaign_id, before, work.now)
        return is_ours and _look(work, campaign_id)


def look_now(office: Office, campaign_id: UUID) -> None:
    """Look out of turn: all of a batch was refused, and the next one would be asked meanwhile."""
    with office.work(TOCSIN) as work:
        _look(work, campaign_id)


def _pause(envelopes: int) -> timedelta:
    return timedelta(seconds=max(_EVERY_SECONDS, envelopes / _ENVELOPES_PER_SECOND))


def _look(work: Work, campaign_id: UUID) -> bool:
    # Counted before it is held: nobody who moves people waits while we count.
    campaign = work.session.get_one(Campaign, campaign_id)
    if not _reason(work, campaign):
        return False
    campaign = held(work, campaign_id)
    return campaign.status == "running" and apply(work, campaign)


def apply(work: Work, campaign: Campaign) -> bool:
    """Pause a running campaign if its brake trips; the caller holds it."""
    why = _reason(work, campaign)
    if not why:
        return False
    campaign.status = CAMPAIGN.after(campaign.status, "pause")
    campaign.halt = why[:300]
    work.session.flush()
    tell(work, campaign, "campaign.halt", f"The campaign has paused itself: {why}")
    open_alarm.ring_halt(work, campaign)
    return True


def _reason(work: Work, campaign: Campaign) -> str:
    if not campaign.brake:
        return ""
    now = rows.sample(work.session, campaign.id)
    since = now.since(Sample(**campaign.brake_from))
    return trips(Brake(**campaign.brake), since, is_canary=campaign.gate != "open")


def forgive(work: Work, campaign: Campaign) -> None:
    """What has gone wrong so far is not held against it any more."""
    campaign.brake_from = asdict(rows.sample(work.session, campaign.id))
    campaign.halt = ""

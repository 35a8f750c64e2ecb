"""What is held until somebody decides: in doubt for good, or parked since nobody could open it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.database import doubts
from incidents.database import leases as rows
from incidents.database.campaigns import Attempt, Campaign
from incidents.database.leases import Lease
from incidents.database.outcomes import Result, result_of
from incidents.rules.permissions import Permission
from incidents.services import campaign_trail, quiet, recording
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require

HELD_AT_ONCE = 1_000


def resend_held(work: Work, campaign_id: UUID, reason: str) -> int:
    """Somebody decides: those who may have been told are told once more. How many envelopes."""
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    count = last = 0
    while held := doubts.held(work.session, campaign_id, after=last, limit=HELD_AT_ONCE):
        _release(work, campaign, held)
        count, last = count + len(held), held[-1][0].ordinal
    campaign_trail.record(
        work,
        campaign,
        "unknown.resolve",
        private={"reason": reason},
        campaign_id=campaign.id,
        count=count,
        by="decision",
        after="ready",
    )
    work.ring("campaigns.pump")
    return count


def _release(work: Work, campaign: Campaign, held: Sequence[tuple[Lease, Attempt | None]]) -> None:
    evidence = {"by": "decision", "actor": str(work.actor.id)}
    again = [_again(lease, attempt, evidence, work.now) for lease, attempt in held if attempt]
    recording.apply(work, again)
    parked = [lease for lease, attempt in held if attempt is None]
    rows.release(work.session, parked)
    quiet.keep(work, campaign, [lease.ordinal for lease in parked])


def _again(lease: Lease, attempt: Attempt, evidence: dict[str, Any], now: datetime) -> Result:
    known = {"sha256": attempt.sha256, "evidence": {**attempt.evidence, **evidence}}
    return result_of(lease, attempt.id, "unresolved", now, reason="sent again by decision", **known)

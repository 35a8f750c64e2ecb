"""A campaign is held while it is moved, and what happened in it is written down."""

from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Campaign, locked_campaign
from incidents.services import timeline
from incidents.services.lookup import get_of_incident
from incidents.work import Work


def held(work: Work, campaign_id: UUID) -> Campaign:
    """The campaign, held until the end of the work; its incident first, as everywhere."""
    get_of_incident(work, Campaign, campaign_id, "campaign")
    campaign = locked_campaign(work.session, campaign_id)
    assert campaign is not None  # noqa: S101  it was found above, and is never deleted
    return campaign


def record(work: Work, campaign: Campaign, kind: str, /, **details: Any) -> AuditEntry:
    """Write down in the trail what happened in a campaign."""
    return audit.record(
        work,
        kind,
        incident_id=campaign.incident_id,
        subject_type="campaign",
        subject_id=campaign.id,
        **details,
    )


def tell(work: Work, campaign: Campaign, kind: str, story: str, **details: Any) -> None:
    """Write it down, tell it in the story, and have senders and duties look at it."""
    record(work, campaign, kind, **details)
    timeline.note(work, campaign.incident_id, "campaign", story)
    work.ring("campaigns.pump")
    work.ring("incidents.review", campaign.incident_id)

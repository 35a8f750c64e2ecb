"""What cannot be made ready to send: whoever is at fault is set apart, and held for a decision."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from incidents.database import envelopes, leases
from incidents.database.campaigns import Campaign, locked_campaign
from incidents.database.leases import Lease
from incidents.rules.lifecycle import ENVELOPE
from incidents.services.opening import readable
from incidents.work import TOCSIN, Office, Work
from notifiers.envelope import Mode

log = structlog.get_logger(__name__)


def hold(office: Office, lease: Lease, error: Exception) -> None:
    """An envelope that cannot be opened is held; but for its people whose data are sound."""
    log.error(
        "an envelope cannot be opened",
        campaign=str(lease.campaign_id),
        envelope=lease.ordinal,
        error=type(error).__name__,
    )
    with office.work(TOCSIN) as work:
        campaign = locked_campaign(work.session, lease.campaign_id)
        groups = _apart(work, campaign, lease) if campaign else []
        if campaign and len(groups) > 1:
            _split(work, campaign, lease, groups)
        else:
            why = f"could not be made ready: {type(error).__name__}"
            leases.park(work.session, [lease], why)


def _apart(work: Work, campaign: Campaign, lease: Lease) -> list[Sequence[UUID]]:
    """The people of an envelope: those whose data open, and those whose do not."""
    if campaign.mode != Mode.LIVE:
        return []
    sealed = envelopes.live_people_in(work.session, campaign.id, [lease.ordinal])
    contacts = readable(work, campaign, [row[1:] for row in sealed])
    found = [(UUID(bytes=row[1]), contact) for row, contact in zip(sealed, contacts, strict=True)]
    sound = [person for person, contact in found if contact is not None]
    broken = [person for person, contact in found if contact is None]
    return [some for some in (sound, broken) if some]


def _split(work: Work, campaign: Campaign, lease: Lease, groups: list[Sequence[UUID]]) -> None:
    standing = leases.standing_of(work.session, campaign.id, [lease.ordinal])
    if standing[lease.ordinal] != (lease.epoch, "leased"):
        return  # its lease ran out meanwhile: whoever has it now finds the same
    envelopes.halve(work.session, lease, groups, campaign.envelope_count + 1, work.now)
    campaign.envelope_count += len(groups)
    apart = {"state": ENVELOPE.after("leased", "split"), "lease_until": None}
    leases.update_envelopes(work.session, campaign.id, [lease.ordinal], apart)
    work.session.flush()
    work.ring("campaigns.pump")

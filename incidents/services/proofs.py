"""The proof of a campaign: a signed root over one leaf per person and rung, made when it ends.

And made again when late receipts, newcomers or an announcement changed what a leaf says; each
version is signed and stands in the audit trail. People who send and fold receipts only say that
a proof is due: nothing is made per person in their path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from incidents.audit.merkle import leaf_hash, root
from incidents.audit.note import Head, Signer, proof_origin, signed
from incidents.audit.tiles import Growing
from incidents.database import proof_rows
from incidents.database import proofs as rows
from incidents.database.campaigns import Campaign, campaigns_of, locked_campaign
from incidents.database.notices import NoticeApproval
from incidents.database.proofs import CampaignProof, TileRows
from incidents.errors import NotFound
from incidents.rules.permissions import Permission
from incidents.services import campaign_trail
from incidents.services.lookup import get_of_incident
from incidents.services.proof_leaves import Leaves, proof_key
from incidents.vault.errors import KeyDestroyed
from incidents.work import TOCSIN, Office, Work, require

log = structlog.get_logger(__name__)

# Longer than the proof of the largest campaign takes: what was begun before has died.
GIVEN_UP = timedelta(minutes=30)


def versions(work: Work, campaign_id: UUID) -> Sequence[CampaignProof]:
    """Every version of a campaign's proof, oldest first; one without `made_at` is being made."""
    require(work.actor, Permission.READ_CAMPAIGN)
    get_of_incident(work, Campaign, campaign_id, "campaign")
    return rows.versions(work.session, campaign_id)


def ask(work: Work, campaign_id: UUID) -> Campaign:
    """Have a proof of a campaign as it stands made now, finished or not.

    Raises  KeyDestroyed  its people's keys are gone: the versions that there are stay
    """
    require(work.actor, Permission.PROVE_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    proof_key(work, campaign)
    campaign.proof_due_at = work.now
    return campaign


def newest(work: Work, campaign: Campaign) -> CampaignProof:
    """The newest version that is made. Raises NotFound before the first."""
    found = rows.newest(work.session, campaign.id)
    if found is None:
        raise NotFound(
            "this campaign has no proof yet: it is made when the campaign ends, or asked for by"
            " `tocsin proof make`"
        )
    return found


def renew_later(work: Work, campaigns: Sequence[UUID]) -> None:
    """What is known of people of these campaigns has changed: their proofs are made anew."""
    wait = timedelta(minutes=work.settings.proof_renewal_minutes)
    rows.mark_due(work.session, campaigns, work.now + wait)


def renew_incident(work: Work, incident_id: UUID) -> None:
    """An announcement speaks to whom no channel reached, or no longer does: proofs say so soon."""
    mine = [campaign.id for campaign in campaigns_of(work.session, incident_id)]
    rows.mark_due(work.session, mine, work.now)


def make_due(office: Office, signer: Signer) -> int:
    """Make the proofs that are due; how many."""
    with office.look(TOCSIN) as work:
        found = rows.due(work.session, work.now, work.now - GIVEN_UP)
    return sum(make(office, signer, campaign_id) is not None for campaign_id in found)


def make(office: Office, signer: Signer, campaign_id: UUID) -> CampaignProof | None:
    """Make a campaign's proof from its rows as they are at one moment, in constant memory.

    None where another process is making it, or where the keys of its people were destroyed.
    """
    proof = _begin(office, campaign_id)
    if proof is None:
        return None
    tree, counts = Growing(), Counter[str]()
    with office.look(TOCSIN) as work:
        proof_rows.stand_still(work.session)
        campaign = work.session.get_one(Campaign, campaign_id)
        for page in Leaves(work, campaign).all():
            counts.update(one.counts for one in page if one.counts)
            hashes = [leaf_hash(one.body) for one in page]
            with office.work(TOCSIN) as writing:
                rows.add_tiles(writing.session, proof, tree.add(hashes))
    with office.work(TOCSIN) as work:
        rows.add_tiles(work.session, proof, tree.rest())
        return _end(work, signer, proof, tree.size, counts)


def _begin(office: Office, campaign_id: UUID) -> CampaignProof | None:
    with office.work(TOCSIN) as work:
        # Others look too: whoever holds the campaign makes it, and clears what made it due.
        campaign = locked_campaign(work.session, campaign_id, wait=False)
        before = list(rows.versions(work.session, campaign_id))
        if campaign is None or not _may_begin(work, campaign, before):
            return None
        if before and before[-1].made_at is None:
            rows.discard(work.session, before.pop())
        rows.take(work.session, campaign_id)
        try:
            proof_key(work, campaign)  # made here: what follows only reads
        except KeyDestroyed:
            log.info("no new proof: the people's keys are destroyed", campaign=str(campaign_id))
            return None
        proof = CampaignProof(
            campaign_id=campaign_id, number=len(before) + 1, begun_at=work.now, made_at=None
        )
        work.session.add(proof)
        work.session.flush()
        return proof


def _may_begin(work: Work, campaign: Campaign, before: Sequence[CampaignProof]) -> bool:
    """Whether a version is due and nobody who lives is making it."""
    if before and before[-1].made_at is None:
        return before[-1].begun_at <= work.now - GIVEN_UP
    return campaign.proof_due_at is not None and campaign.proof_due_at <= work.now


def _end(
    work: Work, signer: Signer, begun: CampaignProof, size: int, counts: Counter[str]
) -> CampaignProof:
    """Sign the root, and write it into the trail."""
    proof = work.session.get_one(CampaignProof, (begun.campaign_id, begun.number))
    campaign = work.session.get_one(Campaign, begun.campaign_id)
    tree = TileRows(work.session, proof.campaign_id, proof.number)
    origin = proof_origin(signer.name, proof.campaign_id, proof.number)
    head = Head(origin, size, root(tree, size))
    proof.made_at, proof.size, proof.root = work.now, size, head.root
    proof.note, proof.buckets = signed(head, signer), dict(counts)
    entry = campaign_trail.record(
        work,
        campaign,
        "campaign.prove",
        notice_id=campaign.notice_id,
        content=work.session.get_one(NoticeApproval, campaign.approval_id).sha256,
        number=proof.number,
        size=size,
        root=head.root.hex(),
        buckets=proof.buckets,
    )
    proof.entry_id = entry.entry_id
    rows.drop_older_tiles(work.session, proof)
    return proof

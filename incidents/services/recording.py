"""What became of attempts, made true: states, people moved on, envelopes split, one audit entry."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from uuid import UUID

import orjson

from incidents.audit.merkle import leaf_hash, root_of
from incidents.database import doubts, envelopes, leases, receipts
from incidents.database import outcomes as rows
from incidents.database.campaigns import Attempt, Campaign, locked_campaign
from incidents.database.outcomes import Result
from incidents.database.proofs import RecordedAttempts
from incidents.services import campaign_trail, hearsay, ladder, quiet
from incidents.services.opening import person_of
from incidents.work import Work

# Attempts that one audit entry commits to.
MOST_IN_ENTRY = 1_000


def apply(work: Work, results: Sequence[Result]) -> list[Result]:
    """Record results under their epochs; gives those that counted."""
    moving = {one.campaign_id for one in results if one.outcome in {"refused", "given_up", "split"}}
    # Campaigns first, envelopes after, always: so that nobody waits in a circle.
    campaigns = {key: locked_campaign(work.session, key) for key in sorted(moving)}
    counted = rows.record(work.session, results, work.now)
    _keep_in_doubt(work, counted)
    for campaign_id, campaign in campaigns.items():
        mine = [one for one in counted if one.campaign_id == campaign_id]
        if campaign is not None:
            _leave(work, campaign, [one for one in mine if one.outcome == "refused"], "failed")
            _leave(work, campaign, [one for one in mine if one.outcome == "given_up"], "unresolved")
            _split(work, campaign, [one for one in mine if one.outcome == "split"])
    _keep_the_night(work, counted)
    _tell(work, counted)
    return counted


def _keep_in_doubt(work: Work, counted: Sequence[Result]) -> None:
    """Whom a call without evidence may have told: whoever tells the rest leaves them out."""
    for campaign_id, some in leases.by_campaign(counted, lambda one: one.campaign_id):
        doubted = [one.ordinal for one in some if one.outcome in {"unresolved", "given_up"}]
        if doubted:
            doubts.remember(work.session, campaign_id, doubted)


def _keep_the_night(work: Work, counted: Sequence[Result]) -> None:
    """What was not taken at dusk must not be sent again at night."""
    again = sorted(
        (one.campaign_id, one.ordinal)
        for one in counted
        if rows.state_after(one.outcome) == "ready"
    )
    for campaign_id, some in groupby(again, key=lambda one: one[0]):
        campaign = work.session.get_one(Campaign, campaign_id)
        quiet.keep(work, campaign, [ordinal for _, ordinal in some])


def _leave(work: Work, campaign: Campaign, done: Sequence[Result], outcome: str) -> None:
    """The people of these envelopes are tried on their next channel."""
    if done:
        reasons = {one.ordinal: one.reason for one in done}
        people = receipts.fail_envelopes(work.session, campaign.id, reasons, outcome, work.now)
        hearsay.close_refused(work, campaign, done)
        ladder.move_on(work, campaign, people)


def _split(work: Work, campaign: Campaign, split: Sequence[Result]) -> None:
    for one in split:
        parent = leases.leased(work.session, campaign.id, one.ordinal)
        groups = _groups(
            envelopes.recipients_in(work.session, campaign.id, one.ordinal), one.bad_refs
        )
        envelopes.halve(work.session, parent, groups, campaign.envelope_count + 1, work.now)
        campaign.envelope_count += len(groups)
    if split:
        work.session.flush()
        work.ring("campaigns.pump")


def _groups(people: Sequence[UUID], bad_refs: Iterable[str]) -> list[Sequence[UUID]]:
    """Those who were named apart from the others; two halves where nobody, or everybody, was."""
    named = {found[0] for found in map(person_of, bad_refs) if found}
    bad = [person for person in people if person in named]
    good = [person for person in people if person not in named]
    if bad and good:
        return [good, bad]
    return [people[: len(people) // 2], people[len(people) // 2 :]]


def _tell(work: Work, counted: Sequence[Result]) -> None:
    """One audit entry for up to a thousand attempts of a campaign; its root commits to each."""
    ordered = sorted(counted, key=lambda one: (one.campaign_id, one.ordinal))
    for campaign_id, some in groupby(ordered, key=lambda one: one.campaign_id):
        mine = list(some)
        campaign = work.session.get_one(Campaign, campaign_id)
        for at in range(0, len(mine), MOST_IN_ENTRY):
            chunk = mine[at : at + MOST_IN_ENTRY]
            leaves = [leaf_hash(attempt_leaf(one.attempt_id, one)) for one in chunk]
            entry = campaign_trail.record(
                work,
                campaign,
                "sending.record",
                campaign_id=campaign_id,
                root=root_of(leaves).hex(),
                count=len(chunk),
                outcomes=Counter(one.outcome for one in chunk),
            )
            # Kept, so that a person's proof can show one attempt's way to that root.
            work.session.add(
                RecordedAttempts(
                    entry_id=entry.entry_id,
                    campaign_id=campaign_id,
                    at=work.now,
                    leaves=b"".join(
                        one.attempt_id.bytes + leaf for one, leaf in zip(chunk, leaves, strict=True)
                    ),
                )
            )


def attempt_leaf(attempt_id: UUID, of: Result | Attempt) -> bytes:
    """What the trail commits to of an attempt, as its row keeps it: which, and what came of it."""
    outcome = "unknown" if of.outcome == "held" else of.outcome
    sent = (attempt_id.hex, of.ordinal, of.epoch, of.sha256)
    return orjson.dumps([*sent, outcome, of.http_status, of.provider_ref[:200]])

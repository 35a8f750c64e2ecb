"""Moving people up the ladder: whoever a rung has failed gets the next one that can reach them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from incidents.database import pages, placements, waiting, withdrawals
from incidents.database.campaigns import Campaign, locked_campaign, standing_campaigns
from incidents.services import planning
from incidents.work import Work

_MOST_AT_ONCE = 10_000


def move_on(work: Work, campaign: Campaign, people: Sequence[UUID]) -> None:
    """Place these people, who have just lost their place, on the next usable rung.

    The caller holds the campaign. The last rung needs no address, so nobody falls off.
    """
    for at in range(0, len(people), _MOST_AT_ONCE):
        some = people[at : at + _MOST_AT_ONCE]
        kinds = pages.kinds_among(work.session, some)
        placing = planning.placing(work, campaign, kinds)
        placements.move_on(work.session, placing, some)
    if campaign.status == "stopped":
        waiting.cancel_ready(work.session, campaign.id)
        if people:  # whom it turns out not to have reached: its end is looked at once more
            campaign.finished_at = None
    elif people:
        planning.rejoin(work, campaign, "moved_on")
        work.ring("campaigns.pump")


def place_again(work: Work, campaign: Campaign, places: Collection[str]) -> int:
    """Place those anew who were held for where they live, now that providers may serve them.

    The caller holds the campaign. Whom still nobody may serve is held again. How many people.
    """
    count, last = 0, None
    while people := placements.take_back_held(
        work.session, campaign, places, after=last, most=_MOST_AT_ONCE
    ):
        move_on(work, campaign, people)
        count, last = count + len(people), people[-1]
    return count


def leave_barred(work: Work, campaign: Campaign, people: Sequence[UUID]) -> None:
    """Move on those of these people who wait on a channel that has just been closed to them."""
    for at in range(0, len(people), _MOST_AT_ONCE):
        some = people[at : at + _MOST_AT_ONCE]
        leaving = withdrawals.take_out_barred(work.session, campaign.id, some, work.now)
        move_on(work, campaign, leaving)


def hold_campaigns(work: Work, incident_id: UUID) -> list[Campaign]:
    """The campaigns of an incident that may still tell somebody, held until the end."""
    standing = standing_campaigns(work.session, incident_id)
    found = [locked_campaign(work.session, campaign_id) for campaign_id in standing]
    return [campaign for campaign in found if campaign is not None]


def withhold(work: Work, campaign: Campaign, people: Sequence[UUID]) -> None:
    """Take those of these people out who are withheld, and place those who are not any more."""
    withdrawals.take_out_withheld(work.session, campaign.id, people, work.now)
    move_on(work, campaign, withdrawals.let_go(work.session, campaign.id, people))


def leave_closed(work: Work, campaign_id: UUID, ordinals: Sequence[int]) -> None:
    """Take people out of these envelopes who may not be sent to there any more."""
    campaign = locked_campaign(work.session, campaign_id)
    if campaign is not None:
        people = withdrawals.people_in(work.session, campaign_id, ordinals)
        withdrawals.take_out_withheld(work.session, campaign_id, people, work.now)
        leave_barred(work, campaign, people)
        work.ring("campaigns.pump")

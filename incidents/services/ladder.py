"""Moving people up the ladder: whoever a rung has failed gets the next one that can reach them."""

from collections.abc import Sequence
from uuid import UUID

from incidents.database import leases, placements
from incidents.database.campaigns import Campaign
from incidents.services import planning
from incidents.work import Work

_MOST_AT_ONCE = 10_000


def move_on(work: Work, campaign: Campaign, people: Sequence[UUID]) -> None:
    """Place these people, who have just lost their place, on the next usable rung.

    The caller holds the campaign. The last rung needs no address, so nobody falls off.
    """
    for at in range(0, len(people), _MOST_AT_ONCE):
        some = people[at : at + _MOST_AT_ONCE]
        locales = placements.locales_among(work.session, some)
        placing = planning.placing(work, campaign, locales)
        placements.move_on(work.session, placing, some)
    if campaign.status == "stopped":
        leases.cancel_ready(work.session, campaign.id)
    elif people:
        planning.rejoin(work, campaign, "moved_on")
        work.ring("campaigns.pump")

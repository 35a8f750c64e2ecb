"""Letting those go on who were held for where they live, once a provider may serve them."""

from uuid import UUID

from incidents.database import pages
from incidents.database.campaigns import Campaign
from incidents.database.standing import RESIDENCY
from incidents.errors import Conflict
from incidents.rules.lanes import unserved
from incidents.rules.permissions import Permission
from incidents.services import ladder, planning, residency
from incidents.services.campaign_trail import held, tell
from incidents.work import Work, require


def release(work: Work, campaign_id: UUID) -> int:
    """Place anew whoever may be served by those who carry this ladder now; how many people.

    Raises  Conflict  still nobody may serve any of them, nobody is held, or it was stopped
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = held(work, campaign_id)
    if campaign.status == "stopped":
        raise Conflict("the campaign was stopped: nobody is told any more")
    # Fixed at launch; by now other providers may carry the same rungs.
    now = work.office.routes.get(campaign.mode, {})
    campaign.routes = {**campaign.routes, **planning.routes_of(campaign.ladder, now)}
    waiting = pages.held_by_place(work.session, campaign.id, RESIDENCY)
    rules = residency.of_mode(work, campaign.mode)
    if not waiting:
        raise Conflict("nobody is held for where they live")
    places = {*waiting} - {*unserved(campaign.routes, rules, waiting)}
    released = _place_again(work, campaign, places) if places else 0
    if not released:  # what was tried is undone: a campaign that is over does not run again for it
        raise Conflict(
            f"no provider that reaches them may serve {', '.join(waiting)} yet:"
            " see TOCSIN_RESIDENCY"
        )
    story = f"{released:,} people held for where they live may be told now"
    tell(work, campaign, "campaign.release", story, people=released)
    return released


def _place_again(work: Work, campaign: Campaign, places: set[str]) -> int:
    """How many people of these places have a rung now."""
    count = ladder.place_again(work, campaign, places)
    after = pages.held_by_place(work.session, campaign.id, RESIDENCY)
    return count - sum(after.get(place, 0) for place in places)

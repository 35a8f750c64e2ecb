"""Personal data of people of a place, only through the providers that its law or contract allows.

Who can be reached through no provider that may serve their place is held, shown by place, and
released once the settings allow one.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from incidents.database import pages
from incidents.database.campaigns import Campaign
from incidents.database.standing import RESIDENCY
from incidents.errors import InvalidInput, Problem
from incidents.rules.lanes import Residency, residency, unserved
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require
from notifiers.envelope import Mode


def of_mode(work: Work, mode: str) -> Residency:
    """The rules that hold; what a drill makes up never leaves this machine."""
    return residency(work.settings.residency) if mode == Mode.LIVE else {}


def check(work: Work, mode: str, incident_id: UUID, routes: Mapping[str, Any]) -> None:
    """Refuse a ladder on which nobody may serve a place that has people."""
    rules = of_mode(work, mode)
    if not rules:
        return
    lost = unserved(routes, rules, pages.places_of(work.session, incident_id))
    if lost:
        raise InvalidInput(
            "nobody on this ladder may be given the data of some of the people",
            *(_unserved(place, routes) for place in lost),
        )


def held(work: Work, campaign_id: UUID) -> dict[str, int]:
    """How many people of each place are held since no provider may serve it."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    return pages.held_by_place(work.session, campaign.id, RESIDENCY)


def _unserved(place: str, routes: Mapping[str, Any]) -> Problem:
    carrying = {channel: [one["provider"] for one in routed] for channel, routed in routes.items()}
    told = "; ".join(f"{channel} by {', '.join(names)}" for channel, names in carrying.items())
    return Problem(
        f"place {place or 'unknown'}",
        f"TOCSIN_RESIDENCY allows none of those that carry this ladder ({told})",
        "allow one of them, let another carry a rung, or withhold these people",
    )

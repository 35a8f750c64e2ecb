"""Whom a campaign did not reach; and once it was stopped, telling exactly those."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from incidents.database import audience
from incidents.database.campaigns import Campaign, campaigns_of
from incidents.database.notices import Notice
from incidents.errors import Conflict, Problem
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require


@dataclass(frozen=True, slots=True)
class Rest:
    """People by whether a campaign has told them: each is in one of the three.

    told      accepted or delivered
    in_doubt  on their way now; or nobody knows whether they were told: never told again
    rest      surely not: never tried, or refused and bounced on whatever they were tried on
    """

    told: int
    in_doubt: int
    rest: int


def count(work: Work, campaign_id: UUID) -> Rest:
    """How many people a campaign has told, may have told, and has not."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    session, incident_id = work.session, campaign.incident_id
    reached_not = audience.not_reached_by(campaign.id)
    told = audience.size(session, incident_id, audience.got(campaign.id))
    maybe = audience.size(session, incident_id, ~reached_not)
    rest = audience.size(session, incident_id, audience.in_audience(campaign), reached_not)
    return Rest(told, maybe - told, rest)


def stopped_campaign(work: Work, notice: Notice) -> Campaign:
    """The campaign of a notice, if it was stopped."""
    campaign = audience.campaign_of(work.session, notice.id)
    if campaign is None or campaign.status != "stopped":
        raise Conflict(
            f"{notice.reference} was not stopped: it may yet tell everybody",
            Problem("notice", "has no stopped campaign", "let its campaign end, or stop it first"),
        )
    return campaign


def left_out(work: Work, stopped: Campaign) -> Sequence[Campaign]:
    """The campaigns whose people a notice to the rest of a stopped one does not go to: it, those
    whose rest it was for, and those that were for its own.

    Raises  Conflict  one of them tells the rest already, and nobody is told twice
    """
    before = {*stopped.rest_of, str(stopped.id)}
    family = [
        one
        for one in campaigns_of(work.session, stopped.incident_id)
        if str(one.id) in before or str(stopped.id) in one.rest_of
    ]
    telling = [one for one in family if one.status != "stopped"]
    if telling:
        notice = work.session.get_one(Notice, telling[0].notice_id)
        raise Conflict(
            f"{notice.reference} tells the rest already, and nobody is told twice",
            Problem("notice", "its rest is being told", "stop that campaign to tell its rest"),
        )
    return family

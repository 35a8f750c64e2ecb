"""What waits for a provider that stays in trouble goes to another one of its channel.

Only what surely never left, and only where its people's data may go. What is unknown stays with
the provider that may have taken it, until there is evidence.
"""

from collections.abc import Collection, Sequence

from incidents.database import pages, rerouting
from incidents.database import providers as rows
from incidents.database.campaigns import Campaign, locked_campaign
from incidents.database.providers import Lane as Pair
from incidents.database.rerouting import Stranded
from incidents.rules.breaker import is_given_up
from incidents.services import campaign_trail, planning
from incidents.work import TOCSIN, Office, Work


def due(work: Work, mode: str) -> Sequence[Stranded]:
    """What waits in the campaigns of a mode for a provider that is given up."""
    given_up = {
        (row.name, row.channel)
        for row in rows.open_breakers(work.session)
        if is_given_up(rows.breaker_of(row))
    }
    return rerouting.stranded(work.session, mode, given_up) if given_up else []


def look_at(office: Office, stranded: Stranded) -> bool:
    """Hand it over to others; whether something was."""
    campaign_id, provider, channel = stranded
    with office.work(TOCSIN) as work:
        broken = {(row.name, row.channel) for row in rows.open_breakers(work.session)}
        # Whoever places its people holds it: the next round will do.
        campaign = locked_campaign(work.session, campaign_id, wait=False)
        if campaign is None:
            return False
        return _to_others(work, campaign, provider, channel, broken) > 0


def _to_others(
    work: Work, campaign: Campaign, provider: str, channel: str, broken: Collection[Pair]
) -> int:
    places = {*pages.places_of(work.session, campaign.incident_id)}
    lanes = planning.lanes_of(work, campaign, places, broken)[channel]
    sound = [lane for lane in lanes if (lane.provider, channel) not in broken]
    moved = 0
    for lane in sorted(sound, key=lambda lane: -lane.weight):
        count = rerouting.reroute(work.session, campaign, provider, channel, lane, work.now)
        if count:
            _tell(work, campaign, channel, provider, lane.provider, count)
        moved += count
    if moved:
        work.ring("campaigns.pump")
    return moved


def _tell(
    work: Work, campaign: Campaign, channel: str, before: str, after: str, count: int
) -> None:
    campaign_trail.record(
        work,
        campaign,
        "sending.reroute",
        campaign_id=campaign.id,
        channel=channel,
        before=before,
        courier=after,
        count=count,
    )

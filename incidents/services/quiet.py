"""Quiet hours of a campaign: kept while it is placed, kept while it runs on, lifted by two people.

Whoever is placed at night waits for the morning; what is still there when it grows late is put
off. Only a deadline of the law that comes first is a reason to lift them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database import pages
from incidents.database import quiet as rows
from incidents.database.campaigns import Campaign, locked_campaign
from incidents.database.duties import people_due_at
from incidents.errors import Conflict, NotPermitted
from incidents.rules.permissions import Permission
from incidents.rules.quiet_hours import Quiet, closes_at, openings, quiet_of, shut_until
from incidents.rules.reasons import must_say_why
from incidents.services.campaign_trail import held, tell
from incidents.work import TOCSIN, Office, Work, require

# So long before it is quiet nothing more is handed over: what is on its way arrives in time.
EARLY = timedelta(minutes=2)


def openings_for(
    campaign: Campaign, places: Iterable[str], now: datetime
) -> Mapping[str, Mapping[str, datetime]]:
    """Channel -> place -> when people there may be told, for those who sleep now."""
    quiet = quiet_of(campaign.quiet)
    if quiet is None or not set(quiet.channels) & set(campaign.ladder):
        return {}
    known = list(places)
    _shut_by(campaign, quiet, known, now)
    return openings(quiet, campaign.ladder, known, now, EARLY)


def keep(work: Work, campaign: Campaign, ordinals: Collection[int]) -> None:
    """These envelopes are ready once more: where it is night, they wait for the morning."""
    quiet = quiet_of(campaign.quiet)
    if quiet is None or not ordinals:
        return
    places = rows.places_in(work.session, campaign.id, ordinals)
    for opens, some in _asleep(quiet, places, work.now).items():
        rows.put_off(work.session, campaign.id, quiet.channels, some, opens, ordinals)


def due(work: Work, mode: str) -> Sequence[UUID]:
    """The campaigns of a mode in which it grows late somewhere."""
    return rows.campaigns_to_shut(work.session, mode, work.now)


def look_at(office: Office, campaign_id: UUID) -> bool:
    """Put off what has not left for places where it grows late."""
    with office.work(TOCSIN) as work:
        campaign = locked_campaign(work.session, campaign_id)
        if campaign is not None:
            _shut(work, campaign)
    return True


def ask_override(work: Work, campaign_id: UUID, reason: str) -> Campaign:
    """Ask that people be told at night, since the law's deadline comes before the morning.

    Raises  Conflict  nothing is put off, or all of it leaves before the deadline
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    must_say_why(reason)
    campaign = held(work, campaign_id)
    due_at = _deadline_first(work, campaign)
    asked = {"asked_by": str(work.actor.id), "asked_at": work.now.isoformat(), "reason": reason}
    campaign.quiet_override = {**asked, "due_at": due_at.isoformat()}
    work.session.flush()
    story = "Telling people at night is asked for; a second person must agree"
    tell(work, campaign, "quiet.ask", story, private={"reason": reason}, due_at=due_at)
    return campaign


def confirm_override(work: Work, campaign_id: UUID) -> Campaign:
    """Agree, as a second person: what waits for the morning leaves now."""
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = held(work, campaign_id)
    asked = campaign.quiet_override
    if not asked or not campaign.quiet:
        raise Conflict("nobody has asked for it, or it is agreed already")
    if work.actor == TOCSIN or asked["asked_by"] == str(work.actor.id):
        raise NotPermitted("a second person must agree")
    due_at = _deadline_first(work, campaign)
    count = rows.let_go(work.session, campaign.id, _channels(campaign), work.now)
    said = {"confirmed_by": str(work.actor.id), "confirmed_at": work.now.isoformat()}
    campaign.quiet_override = {**asked, **said, "quiet": campaign.quiet}
    campaign.quiet, campaign.shuts_at = {}, None
    work.session.flush()
    story = f"People are told at night: the law's deadline is {due_at:%Y-%m-%d %H:%M} UTC"
    asked_by = UUID(asked["asked_by"])
    tell(work, campaign, "quiet.confirm", story, due_at=due_at, asked_by=asked_by, count=count)
    return campaign


def _deadline_first(work: Work, campaign: Campaign) -> datetime:
    """The deadline that comes before the last of what is put off may leave."""
    opens = rows.opens_last(work.session, campaign.id, _channels(campaign), work.now)
    if opens is None:
        raise Conflict("nothing waits for the morning")
    due_at = people_due_at(work.session, campaign.incident_id)
    if due_at is None or due_at >= opens:
        when = f"by {opens:%Y-%m-%d %H:%M} UTC"
        raise Conflict(f"everything leaves {when}, before any deadline of the law: let it wait")
    return due_at


def _channels(campaign: Campaign) -> list[str]:
    return list(campaign.quiet.get("channels", ()))


def _shut(work: Work, campaign: Campaign) -> None:
    quiet = quiet_of(campaign.quiet)
    campaign.shuts_at = None
    if quiet is None:
        return
    places = pages.places_of(work.session, campaign.incident_id)
    for opens, some in _asleep(quiet, places, work.now).items():
        rows.put_off(work.session, campaign.id, quiet.channels, some, opens)
    _shut_by(campaign, quiet, places, work.now)
    work.session.flush()


def _asleep(quiet: Quiet, places: Iterable[str], now: datetime) -> Mapping[datetime, list[str]]:
    """When it opens again -> the places that are shut now."""
    by_opening: dict[datetime, list[str]] = defaultdict(list)
    for place in places:
        if opens := shut_until(quiet, place, now, EARLY):
            by_opening[opens].append(place)
    return by_opening


def _shut_by(campaign: Campaign, quiet: Quiet, places: Iterable[str], now: datetime) -> None:
    """Look again when it grows late for the first of these people, or earlier."""
    ends = [closes_at(quiet, at, shut_until(quiet, at, now, EARLY) or now) for at in places]
    looks = [one - EARLY for one in ends if one is not None]
    if campaign.shuts_at is not None:
        looks.append(campaign.shuts_at)
    campaign.shuts_at = min(looks, default=None)

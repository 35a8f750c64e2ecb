"""The dry run: what a launch would do, counted as the planner would place people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from incidents.database import forecast as rows
from incidents.database import pages, placements
from incidents.database.campaigns import Campaign
from incidents.database.duties import people_due_at
from incidents.database.forecast import Standing
from incidents.database.notices import bodies_of
from incidents.database.packing import Placing
from incidents.rules import forecast, pace
from incidents.rules.forecast import UNITS, Forecast, Leg
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.permissions import Permission
from incidents.services import campaigns, planning
from incidents.services.canary import few_of
from incidents.services.pacing import most_segments
from incidents.work import Work, require


def plan(work: Work, notice_id: UUID, options: LaunchOptions) -> Forecast:
    """What `campaigns.launch` with the same options would do; refused where that would be."""
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = campaigns.prepared(work, notice_id, options)
    placing = planning.placing(work, campaign, pages.kinds_of(work.session, campaign.incident_id))
    placements.make_room(work.session)
    found = rows.standings(work.session, placing)
    legs = [_leg(work, placing, one) for one in found if one.track is not None]
    made = _forecast(
        work, campaign, found, sorted(legs, key=lambda leg: (leg.rung, leg.locale, leg.variant))
    )
    return replace(made, warnings=[*forecast.warnings(made), *_keyless(work, made)])


# Without these the provider refuses everything, and everybody waits.
_KEYS = {
    "sendgrid": ("sendgrid_api_key",),
    "resend": ("resend_api_key",),
    "twilio": ("twilio_account_sid", "twilio_auth_token"),
    "twilio_voice": ("twilio_account_sid", "twilio_auth_token"),
}


def _keyless(work: Work, made: Forecast) -> list[str]:
    """Providers whose key this process has not; a worker may have it."""
    return [
        f"{name} is not set here: {provider} refuses whoever has none, and people would wait"
        for provider in sorted({leg.provider for leg in made.legs})
        for name in _KEYS.get(provider, ())
        if not _told(getattr(work.settings, name))
    ]


def _told(value: Any) -> str:
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _forecast(work: Work, campaign: Campaign, found: list[Standing], legs: list[Leg]) -> Forecast:
    first = few_of(campaign)
    cost, unpriced = forecast.cost_of(legs)
    seconds = forecast.sending_seconds(legs, pace.rates(work.settings.pace))
    return Forecast(
        people=sum(one.people for one in found),
        canary_people=first.people,
        hold_seconds=first.hold_seconds,
        legs=legs,
        unreached=_unreached(found),
        currency=work.settings.currency,
        cost=cost,
        unpriced=unpriced,
        seconds=seconds,
        ends_at=forecast.ends_at(work.now, legs, first.hold_seconds, seconds),
        due_at=people_due_at(work.session, campaign.incident_id),
    )


def _leg(work: Work, placing: Placing, one: Standing) -> Leg:
    assert one.track is not None  # noqa: S101  for the type checker: others are no leg
    track = placing.tracks[one.track]
    units = one.people * _units_each(work, placing, track.channel, one)
    price = forecast.prices(work.settings.prices).get(track.lane.provider)
    return Leg(
        rung=one.rung,
        channel=track.channel,
        provider=track.lane.provider,
        locale=one.reads,
        variant=one.variant,
        people=one.people,
        envelopes=one.envelopes,
        unit=UNITS[track.channel],
        units=units,
        cost=None if price is None else price * units,
        opens_at=track.opens_at if track.opens_at > work.now else None,
    )


def _units_each(work: Work, placing: Placing, channel: str, one: Standing) -> int:
    if channel != "sms":
        return 1
    bodies = bodies_of(work.session, placing.campaign.approval_id)
    return most_segments(bodies[one.reads, one.variant, channel].text)


def _unreached(found: list[Standing]) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    for one in found:
        if one.track is None:
            counts[one.held or ("barred" if one.barred else "no_address")] += one.people
    return dict(counts)

"""The dry run: what a launch would do, counted as the planner would place people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from incidents.database import forecast as rows
from incidents.database import pages, placements
from incidents.database.campaigns import Campaign
from incidents.database.duties import people_due_at
from incidents.database.forecast import Standing
from incidents.database.notices import bodies_of
from incidents.database.ramp import large_hosts
from incidents.database.standing import Placing
from incidents.rules import forecast, pace, ramp
from incidents.rules.forecast import UNITS, Forecast, Leg, RampAhead
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.permissions import Permission
from incidents.rules.ramp import SUDDEN
from incidents.services import campaigns, planning
from incidents.services.canary import few_of
from incidents.services.pacing import most_segments
from incidents.work import Work, require

SANDBOX = "sandbox"
_FREE = {SANDBOX: Decimal(0)}


def plan(work: Work, notice_id: UUID, options: LaunchOptions) -> Forecast:
    """What `campaigns.launch` with the same options would do; refused where that would be."""
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = campaigns.prepared(work, notice_id, options)
    people = pages.added_people(work.session, campaign.incident_id)
    kinds = pages.kinds_of(work.session, campaign.incident_id)
    placing = planning.placing(work, campaign, kinds, most=people)
    placements.make_room(work.session)
    found = rows.standings(work.session, placing)
    legs = [_leg(work, placing, one) for one in found if one.track is not None]
    made = _forecast(work, campaign, found, forecast.together(legs))
    said = [
        *_sandboxed(campaign, made),
        *forecast.warnings(made),
        *_keyless(work, made),
        *_sudden(work, campaign),
    ]
    return replace(made, warnings=said)


def _sandboxed(campaign: Campaign, made: Forecast) -> list[str]:
    """Whether people who really exist would be told by what reaches nobody."""
    lost = sorted({leg.channel for leg in made.legs if leg.provider == SANDBOX})
    if campaign.mode == "drill" or not lost:
        return []
    names = ", ".join(f"TOCSIN_{channel.upper()}_PROVIDER" for channel in lost)
    return [f"{' and '.join(lost)} would go to the sandbox, which reaches nobody: set {names}"]


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


def _sudden(work: Work, campaign: Campaign) -> list[str]:
    """Whether one mail host gets a great deal of mail at once."""
    wanted = ramp.ramp(work.settings.mail_ramp)
    if campaign.mode == "drill" or "email" not in campaign.ladder or campaign.ramp:
        return []
    hosts = large_hosts(work.session, campaign, max(SUDDEN, int(wanted.first) if wanted else 0))
    if not hosts:
        return []
    said = f"{max(hosts.values()):,} people at one mail host are sent e-mail at once"
    if wanted:
        return [f"{said}: the deadline leaves no time for a ramp"]
    return [f"{said}; a host that does not know the sender defers it: set TOCSIN_MAIL_RAMP"]


def _ramp_ahead(campaign: Campaign, legs: list[Leg]) -> RampAhead | None:
    kept = ramp.kept_of(campaign.ramp)
    slow = [leg for leg in legs if leg.ramp_until]
    if kept is None or not slow:
        return None
    return RampAhead(
        people=sum(leg.people for leg in slow),
        first=round(kept.ramp.first),
        period_seconds=kept.ramp.period.total_seconds(),
        ends_at=max(leg.ramp_until for leg in slow if leg.ramp_until),
        is_steep=kept.is_steep,
    )


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
        ramp=_ramp_ahead(campaign, legs),
    )


def _leg(work: Work, placing: Placing, one: Standing) -> Leg:
    assert one.track is not None  # noqa: S101  for the type checker: others are no leg
    track = placing.tracks[one.track]
    units = one.people * _units_each(work, placing, track.channel, one)
    price = {**_FREE, **forecast.prices(work.settings.prices)}.get(track.lane.provider)
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
        opens_at=track.opens_at if track.opens_at > work.now and not track.host else None,
        ramp_until=track.opens_at if track.host else None,
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

"""Hours in which nobody is rung up or buzzed for a notice, by the clock where they live. Pure.

E-mail and letters wait by themselves until they are read, and are never held.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from incidents.errors import InvalidInput, Problem
from incidents.rules.zones import zones_of

CHANNELS = ("sms", "call", "push")
# What telemarketing law calls a decent hour, 8 to 21 local (47 CFR 64.1200(c)(1)); notices of a
# breach are not bound by it, and keep to it.
FROM, TO = time(21), time(8)
_DAYS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Quiet:
    """When people are left in peace.

    begins, ends  local times; a night, so `begins` is usually later than `ends`
    channels      those that are held meanwhile
    zone          for people whose place, or its clock, is not known
    """

    begins: time
    ends: time
    channels: Sequence[str]
    zone: ZoneInfo

    def as_kept(self) -> dict[str, Any]:
        """As a campaign keeps it."""
        return {
            "from": f"{self.begins:%H:%M}",
            "to": f"{self.ends:%H:%M}",
            "channels": list(self.channels),
            "zone": self.zone.key,
        }


def quiet_of(kept: Mapping[str, Any]) -> Quiet | None:
    """The quiet hours that a campaign keeps to; None: it keeps to none."""
    if not kept:
        return None
    return Quiet(
        time.fromisoformat(kept["from"]),
        time.fromisoformat(kept["to"]),
        tuple(kept["channels"]),
        ZoneInfo(kept["zone"]),
    )


def checked(wanted: Mapping[str, Any] | None, zone: str) -> dict[str, Any]:
    """The quiet hours of a campaign as they are kept. Raises InvalidInput.

    wanted  from, to, channels, zone: what is not said is usual; None: all usual; empty: none
    zone    the usual one for people whose clock is not known
    """
    if wanted is not None and not wanted:
        return {}
    said = dict(wanted or {})
    said["zone"] = said.get("zone") or zone
    begins, ends = _clock(said, "from", FROM), _clock(said, "to", TO)
    channels = said.get("channels") or CHANNELS
    if begins == ends:
        raise _bad("from", "is the same as `to`: no hour would be left", "give another hour")
    if said["zone"] not in available_timezones():
        raise _bad("zone", "is no IANA time zone", "write it as Europe/Berlin")
    if not set(channels) <= set(CHANNELS):
        raise _bad("channels", "only these can be held", ", ".join(CHANNELS))
    return Quiet(begins, ends, channels, ZoneInfo(said["zone"])).as_kept()


def opens_at(quiet: Quiet, place: str, now: datetime) -> datetime:
    """The first moment, now or later, at which people of a place may be disturbed.

    Of several zones in a place, all must be awake.
    Returns  aware; `now` itself where it is day
    """
    zones = zones_of(place) or (quiet.zone,)
    found = _first_awake(quiet, zones, now)
    # Zones so far apart that they are never awake together: by the campaign's own clock.
    return found or _first_awake(quiet, (quiet.zone,), now) or now


def closes_at(quiet: Quiet, place: str, now: datetime) -> datetime | None:
    """The next moment at which people of a place are to be left in peace; None: they are now."""
    zones = zones_of(place) or (quiet.zone,)
    if not _is_awake(quiet, zones, now):
        return None
    return min(_turns(quiet.begins, zones, now), default=None)


def shut_until(
    quiet: Quiet, place: str, now: datetime, early: timedelta = timedelta(0)
) -> datetime | None:
    """When a place opens that is not open, or closes so soon; None: it is open for longer."""
    for moment in (now, now + early):
        if (opens := opens_at(quiet, place, moment)) > moment:
            return opens
    return None


def openings(
    quiet: Quiet,
    channels: Iterable[str],
    places: Iterable[str],
    now: datetime,
    early: timedelta = timedelta(0),
) -> dict[str, dict[str, datetime]]:
    """Channel -> place -> when it opens, for what is not open, or closes so soon."""
    found = {place: shut_until(quiet, place, now, early) for place in places}
    shut = {place: opens for place, opens in found.items() if opens is not None}
    return {channel: shut for channel in channels if channel in quiet.channels} if shut else {}


def _first_awake(quiet: Quiet, zones: Sequence[ZoneInfo], now: datetime) -> datetime | None:
    moments = [now, *sorted(_turns(quiet.ends, zones, now))]
    return next((one for one in moments if _is_awake(quiet, zones, one)), None)


def _turns(at: time, zones: Sequence[ZoneInfo], now: datetime) -> Iterable[datetime]:
    """When the clocks of these zones show a time, in the coming days."""
    for zone in zones:
        today = now.astimezone(zone).date()
        for days in range(_DAYS_AHEAD):
            local = datetime.combine(today + timedelta(days=days), at, zone)
            moment = local.astimezone(now.tzinfo)
            if moment > now:
                yield moment


def _is_awake(quiet: Quiet, zones: Sequence[ZoneInfo], moment: datetime) -> bool:
    return not any(_is_quiet(quiet, moment.astimezone(zone).time()) for zone in zones)


def _is_quiet(quiet: Quiet, local: time) -> bool:
    if quiet.begins > quiet.ends:  # over midnight
        return local >= quiet.begins or local < quiet.ends
    return quiet.begins <= local < quiet.ends


def _clock(said: Mapping[str, Any], name: str, usual: time) -> time:
    try:
        return time.fromisoformat(said[name]) if said.get(name) else usual
    except ValueError:
        raise _bad(name, "is no time of day", "write it as 21:00") from None


def _bad(field: str, why: str, mend: str) -> InvalidInput:
    return InvalidInput("these quiet hours cannot be used", Problem(f"quiet.{field}", why, mend))

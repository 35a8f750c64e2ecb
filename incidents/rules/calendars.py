"""Days as places count them: zones, holidays, working weekends, the length of months."""

from __future__ import annotations

import calendar as months
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import holidays


class UnknownCalendar(ValueError):
    """No calendar of holidays for this place, or none for this year of it."""


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """24:00 local of a day, as aware UTC."""
    return datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)


def last_day(end: datetime, zone: ZoneInfo) -> date:
    """The local day that is over at `end`: a day that ends at 24:00 is the day before."""
    return (end - timedelta(seconds=1)).astimezone(zone).date()


def add_months(day: date, count: int) -> date:
    """The same day of the month `count` months later; the month's last day if it has none."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@cache
def add_business_days(day: date, count: int, place: str) -> date:
    """The `count`-th business day after `day`; make-up working weekends count as such.

    Raises  UnknownCalendar  the count reaches a year whose holidays nobody here knows
    """
    while count:
        day += timedelta(days=1)
        count -= is_business_day(day, place)
    return day


@cache
def is_business_day(day: date, place: str) -> bool:
    """Whether people work on this day in this place, make-up working weekends included."""
    first, last = known_years(place)
    if not first <= day.year <= last:
        reach = f"known from {first} to {last} (package holidays {version('holidays')})"
        raise UnknownCalendar(f"the holidays of {place} in {day.year} are not known: {reach}")
    return bool(holidays_of(place).is_working_day(day))


@cache
def known_years(place: str) -> tuple[int, int]:
    """The first and the last year whose days off are known in a place.

    Where weekends are worked to make up for holidays, the government says which ones year by
    year (China: late in the year before): no rule gives them, so what is published is the end.
    """
    found = holidays_of(place)
    special = getattr(found, "special_public_holidays", {})
    exchanged = [year for year, days in special.items() if _has_exchange(days)]
    return found.start_year, max(exchanged, default=found.end_year)


def _has_exchange(days: Any) -> bool:
    """Whether a weekend is worked for a day off: (month, day) off for (month, day) worked."""
    each = days if days and isinstance(days[0], tuple) else (days,)
    return any(len(day) > 3 for day in each)


@cache
def holidays_of(place: str) -> Any:
    """The calendar of a place: 'CN', 'US', 'DE-BY'; years are filled in as they are asked."""
    country, _, part = place.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise UnknownCalendar(f"no calendar of holidays for {place!r}") from None


@cache
def zone_of(name: str) -> ZoneInfo:
    """The zone of an IANA name; looked up once."""
    return ZoneInfo(name)


@cache
def available_zones() -> frozenset[str]:
    """Every IANA zone on this machine or in the tzdata wheel."""
    return frozenset(available_timezones())


def zone_of_place(code: str) -> str | None:
    """The main IANA zone of a country or a part of one; None where it has several, or is unknown.

    A part that is not listed has its country's: FR-75 lies in Europe/Paris.
    """
    return _ZONES.get(code) or _ZONES.get(code.partition("-")[0])


# Where the capital lies; a country of many zones stands here by its parts alone.
# https://data.iana.org/time-zones/tzdb/zone1970.tab
_ZONES = {
    place: zone
    for zone, places in {
        "Europe/Vienna": "AT", "Europe/Brussels": "BE", "Europe/Sofia": "BG",
        "Asia/Nicosia": "CY", "Europe/Prague": "CZ", "Europe/Berlin": "DE",
        "Europe/Copenhagen": "DK", "Europe/Tallinn": "EE", "Europe/Madrid": "ES",
        "Europe/Helsinki": "FI", "Europe/Paris": "FR", "Europe/Athens": "GR",
        "Europe/Zagreb": "HR", "Europe/Budapest": "HU", "Europe/Dublin": "IE",
        "Europe/Rome": "IT", "Europe/Vilnius": "LT", "Europe/Luxembourg": "LU",
        "Europe/Riga": "LV", "Europe/Malta": "MT", "Europe/Amsterdam": "NL",
        "Europe/Warsaw": "PL", "Europe/Lisbon": "PT", "Europe/Bucharest": "RO",
        "Europe/Stockholm": "SE", "Europe/Ljubljana": "SI", "Europe/Bratislava": "SK",
        "Atlantic/Reykjavik": "IS", "Europe/Vaduz": "LI", "Europe/Oslo": "NO",
        "Europe/London": "GB", "Europe/Zurich": "CH", "Europe/Istanbul": "TR",
        "Asia/Shanghai": "CN", "Asia/Hong_Kong": "HK", "Asia/Macau": "MO", "Asia/Taipei": "TW",
        "Asia/Tokyo": "JP", "Asia/Seoul": "KR", "Asia/Singapore": "SG", "Asia/Kolkata": "IN",
        "Asia/Kuala_Lumpur": "MY", "Asia/Manila": "PH", "Asia/Bangkok": "TH",
        "Asia/Ho_Chi_Minh": "VN", "Asia/Jerusalem": "IL", "Asia/Dubai": "AE",
        "Asia/Riyadh": "SA", "Asia/Qatar": "QA", "Pacific/Auckland": "NZ",
        "Africa/Johannesburg": "ZA", "Africa/Nairobi": "KE", "Africa/Lagos": "NG",
        "Africa/Cairo": "EG", "America/Bogota": "CO", "America/Lima": "PE",
        "America/Montevideo": "UY", "America/Argentina/Buenos_Aires": "AR",
        "America/New_York": (
            "US-CT US-DC US-DE US-FL US-GA US-IN US-KY US-MA US-MD US-ME US-MI US-NC US-NH US-NJ"
            " US-NY US-OH US-PA US-RI US-SC US-VA US-VT US-WV"
        ),
        "America/Chicago": (
            "US-AL US-AR US-IA US-IL US-KS US-LA US-MN US-MO US-MS US-ND US-NE US-OK US-SD US-TN"
            " US-TX US-WI"
        ),
        "America/Denver": "US-CO US-ID US-MT US-NM US-UT US-WY", "America/Phoenix": "US-AZ",
        "America/Los_Angeles": "US-CA US-NV US-OR US-WA", "America/Anchorage": "US-AK",
        "Pacific/Honolulu": "US-HI", "America/Puerto_Rico": "US-PR PR",
        "Pacific/Guam": "US-GU GU", "America/St_Thomas": "US-VI VI",
        "America/Toronto": "CA-ON CA-QC", "America/Winnipeg": "CA-MB", "America/Regina": "CA-SK",
        "America/Edmonton": "CA-AB", "America/Vancouver": "CA-BC",
        "America/Halifax": "CA-NS CA-NB CA-PE", "America/St_Johns": "CA-NL",
    }.items()
    for place in places.split()
}  # fmt: skip

"""Which clocks people of a place may go by: IANA zones of countries and of their parts."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from babel.core import get_global

_PARTS = Path(__file__).with_name("place_zones.yaml")


@cache
def zones_of(place: str) -> Sequence[ZoneInfo]:
    """The zones of an ISO 3166 place; none where the place, or its zones, are not known.

    A part that has no entry of its own may lie in any zone of its country.
    """
    country, _, part = place.partition("-")
    names = _parts().get(country, {}).get(part) or _countries().get(country) or []
    return tuple(ZoneInfo(name) for name in names)


@cache
def _countries() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for zone, country in sorted(get_global("zone_territories").items()):
        # 001 is the world, ZZ the sea; the zone of a research station is nobody's at home.
        if country not in {"001", "ZZ"} and not zone.startswith("Antarctica/"):
            found.setdefault(country, []).append(zone)
    return found


@cache
def _parts() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = yaml.safe_load(_PARTS.read_text(encoding="utf-8"))
    return found

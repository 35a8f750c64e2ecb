"""Places by their English names, for whoever reads a law and not a code."""

from __future__ import annotations

from functools import cache

from babel import Locale

_GROUPS = {"EU": "the European Union", "EEA": "the EEA", "ZZ": "a place nobody knows"}
_THE = {"US", "GB", "NL", "PH", "AE"}
_PARTS = {
    "CA-AB": "Alberta", "CA-QC": "Quebec",
    "US-AK": "Alaska", "US-AL": "Alabama", "US-AR": "Arkansas", "US-AZ": "Arizona",
    "US-CA": "California", "US-CO": "Colorado", "US-CT": "Connecticut",
    "US-DC": "the District of Columbia", "US-DE": "Delaware", "US-FL": "Florida",
    "US-GA": "Georgia (US)", "US-GU": "Guam", "US-HI": "Hawaii", "US-IA": "Iowa",
    "US-ID": "Idaho", "US-IL": "Illinois", "US-IN": "Indiana", "US-KS": "Kansas",
    "US-KY": "Kentucky", "US-LA": "Louisiana", "US-MA": "Massachusetts", "US-MD": "Maryland",
    "US-ME": "Maine", "US-MI": "Michigan", "US-MN": "Minnesota", "US-MO": "Missouri",
    "US-MS": "Mississippi", "US-MT": "Montana", "US-NC": "North Carolina",
    "US-ND": "North Dakota", "US-NE": "Nebraska", "US-NH": "New Hampshire",
    "US-NJ": "New Jersey", "US-NM": "New Mexico", "US-NV": "Nevada", "US-NY": "New York",
    "US-OH": "Ohio", "US-OK": "Oklahoma", "US-OR": "Oregon", "US-PA": "Pennsylvania",
    "US-PR": "Puerto Rico", "US-RI": "Rhode Island", "US-SC": "South Carolina",
    "US-SD": "South Dakota", "US-TN": "Tennessee", "US-TX": "Texas", "US-UT": "Utah",
    "US-VA": "Virginia", "US-VI": "the U.S. Virgin Islands", "US-VT": "Vermont",
    "US-WA": "Washington", "US-WI": "Wisconsin", "US-WV": "West Virginia", "US-WY": "Wyoming",
}  # fmt: skip


@cache
def place_name(code: str) -> str:
    """A country, group or part of a country in English; the code where no name is known."""
    if known := _GROUPS.get(code) or _PARTS.get(code):
        return known
    name = Locale("en").territories.get(code, code).replace(" SAR China", "")
    return f"the {name}" if code in _THE else str(name)

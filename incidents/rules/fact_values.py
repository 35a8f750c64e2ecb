"""Reading one value of a fact: each type has a reader that returns it in canonical form."""

from __future__ import annotations

import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from babel import Locale

from incidents.errors import Problem
from playbooks.conditions import UNKNOWN_PLACE

# What a narrative may be told in: the languages of notices, and pt for Brazil's authority.
LOCALES = ("en", "zh-Hans", "de", "fr", "es", "ja", "pt")
MOST_CHARACTERS = 20_000
MOST_ITEMS = 500
MOST_PEOPLE = 10_000_000_000  # more people than live on Earth is a slip of the finger
MOST_MONEY = 1e15
FIRST_YEAR, LAST_YEAR = 1970, 2200  # no incident is older, and every calendar can be counted in
CONTACT = ("name", "email", "phone", "url", "hours")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_NOT_COUNTRIES = {"EU", "EZ", "QO", "UN", "XA", "XB"}  # in CLDR, but nobody lives there
_MISTAKEN = {"UK": "GB", "EL": "GR", "EU": "the member state, such as DE"}


class Refused(Exception):
    """A value that cannot be used: why, how to mend it, and where inside the fact."""

    def __init__(self, why: str, mend: str = "", inside: str = "") -> None:
        super().__init__(why)
        self.why, self.mend, self.inside = why, mend, inside

    def at(self, field: str) -> Problem:
        """The problem, with the fact it was found in."""
        return Problem(f"{field}{self.inside}", self.why, self.mend)


Choices = Mapping[str, str]


def moment(raw: Any, choices: Choices) -> str:
    """A moment in any zone, as ISO 8601 in UTC."""
    return to_utc(raw).isoformat().replace("+00:00", "Z")


def to_utc(raw: Any) -> datetime:
    """An aware UTC datetime from ISO 8601 text or a datetime; refuses one without a zone."""
    example = "write it with a zone, such as 2026-03-01T09:30:00+08:00"
    try:
        value = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
        if not isinstance(value, datetime):
            raise Refused("not a moment", example)
        if value.tzinfo is None:
            raise Refused("this moment has no time zone", example)
        return _of_our_time(value.astimezone(UTC))
    except (ValueError, OverflowError):
        raise Refused(f"{_short(raw)} is not a moment", example) from None


def _of_our_time(value: datetime) -> datetime:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise Refused(f"the year {value.year} cannot be", f"from {FIRST_YEAR} to {LAST_YEAR}")
    return value


def choice(raw: Any, choices: Choices) -> str:
    """One word of a closed list."""
    if isinstance(raw, str) and raw in choices:
        return raw
    near = difflib.get_close_matches(str(raw), choices, n=1)
    # Never the guess alone: near to `password` is `passport`, and meant was `credentials`.
    mend = "".join(f"did you mean {one}? Else " for one in near) + f"one of: {', '.join(choices)}"
    raise Refused(f"{_short(raw)} is not in the list", mend)


def many(raw: Any, choices: Choices) -> list[str]:
    """Several words of a closed list, in the list's order, none twice."""
    words = {choice(item, choices) for item in _list(raw)}
    return [word for word in choices if word in words]


def flag(raw: Any, choices: Choices) -> bool:
    """True or false."""
    if isinstance(raw, bool):
        return raw
    raise Refused(f"{_short(raw)} is neither true nor false", "true, false, or leave it out")


def count(raw: Any, choices: Choices) -> int:
    """A whole number, zero or more."""
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise Refused(f"{_short(raw)} is not a whole number", "a number without quotes or decimals")
    if not 0 <= raw <= MOST_PEOPLE:
        raise Refused(f"{raw} cannot be a count", f"from 0 to {MOST_PEOPLE:,}")
    return raw


def amount(raw: Any, choices: Choices) -> int | float:
    """A number, zero or more."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float)):
        raise Refused(f"{_short(raw)} is not a number", "a number without quotes")
    if not math.isfinite(raw) or not 0 <= raw <= MOST_MONEY:
        raise Refused(f"{raw} cannot be an amount", f"from 0 to {MOST_MONEY:,.0f}")
    return raw


def place(raw: Any, choices: Choices) -> str:
    """An ISO 3166 code of a country (DE) or a part of one (US-CA)."""
    if not isinstance(raw, str):
        raise Refused(f"{_short(raw)} is not a place code", "quote it: 'NO' is Norway")
    if raw not in _countries() and not _is_part(raw):
        raise Refused(f"{_short(raw)} is no place in ISO 3166", _nearest_place(raw))
    return raw


def place_problem(code: str) -> tuple[str, str] | None:
    """Why a code is no place in ISO 3166, and what to do; None if it is one."""
    try:
        place(code, {})
    except Refused as refused:
        return refused.why, refused.mend
    return None


def place_counts(raw: Any, choices: Choices) -> dict[str, int]:
    """People by place; each person in one place only, ZZ where it is not known."""
    result = {}
    for code, number in _mapping(raw, "a map of places to counts, such as {'DE': 1200}").items():
        try:
            where = code if code == UNKNOWN_PLACE else place(code, choices)
            result[where] = count(number, choices)
        except Refused as refused:
            raise Refused(refused.why, refused.mend, f".{_short(code)}") from None
    return dict(sorted(result.items()))


def words(raw: Any, choices: Choices) -> dict[str, str]:
    """The same text in several locales."""
    mend = 'a map of locale to text, such as {"en": "…", "zh-Hans": "…"}'
    result: dict[str, str] = {}
    for locale, text_ in _mapping(raw, mend).items():
        if locale not in LOCALES:
            why = f"{_short(locale)} is not one of our locales"
            raise Refused(why, f"one of: {', '.join(LOCALES)}", f".{_short(locale)}")
        result[locale] = text(text_, inside=f".{locale}")
    return result


def word_list(raw: Any, choices: Choices) -> list[str]:
    """Several short texts."""
    return [text(item, inside=f"[{number}]") for number, item in enumerate(_list(raw))]


def contact(raw: Any, choices: Choices) -> dict[str, str]:
    """Whom to ask; at least one way to reach them."""
    mend = f"a map with any of: {', '.join(CONTACT)}"
    entries = _mapping(raw, mend)
    for key in entries:
        if key not in CONTACT:
            raise Refused(f"a contact has no {_short(key)}", mend, f".{_short(key)}")
    return {key: text(entries[key], inside=f".{key}") for key in CONTACT if key in entries}


def text(raw: Any, inside: str = "") -> str:
    """Plain text that a database and a page can hold."""
    if not isinstance(raw, str):
        raise Refused(f"{_short(raw)} is not text", "text in quotes", inside)
    if len(raw) > MOST_CHARACTERS:
        raise Refused(f"longer than {MOST_CHARACTERS:,} characters", "shorten it", inside)
    if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\r\t" for sign in raw):
        raise Refused("it holds control characters", "remove them", inside)
    if not raw.strip():
        raise Refused("it is empty", "leave the fact out when it is not known", inside)
    return raw.strip()


def _list(raw: Any) -> list[Any]:
    if not isinstance(raw, (list, tuple)):
        raise Refused(f"{_short(raw)} is not a list", 'a list, such as ["a", "b"]')
    if len(raw) > MOST_ITEMS:
        raise Refused(f"more than {MOST_ITEMS} items", "name the most important")
    return list(raw)


def _mapping(raw: Any, mend: str) -> dict[Any, Any]:
    if not isinstance(raw, Mapping) or len(raw) > MOST_ITEMS:
        raise Refused(f"{_short(raw)} is not a map", mend)
    return dict(raw)


def _short(raw: Any) -> str:
    shown = str(raw).encode("utf-8", "replace").decode()
    return shown if len(shown) <= 40 else shown[:40] + "…"


@cache
def _countries() -> frozenset[str]:
    codes = (str(code) for code in Locale("en").territories if len(str(code)) == 2)
    return frozenset(code for code in codes if code not in _NOT_COUNTRIES and code != UNKNOWN_PLACE)


@cache
def _parts(country: str) -> frozenset[str]:
    import holidays  # noqa: PLC0415  3 MB, which whoever only sends never needs

    return frozenset(holidays.list_supported_countries(include_aliases=False).get(country, ()))


def _is_part(code: str) -> bool:
    """US and Canada, whose laws count by state, are checked by name; elsewhere by shape."""
    if not _PLACE.fullmatch(code) or code[:2] not in _countries() or "-" not in code:
        return False
    return code[:2] not in ("US", "CA") or code[3:] in _parts(code[:2])


def _nearest_place(raw: str) -> str:
    if raw.upper() in _MISTAKEN:
        return f"did you mean {_MISTAKEN[raw.upper()]}?"
    if raw.upper() in _countries() or _is_part(raw.upper()):
        return f"did you mean {raw.upper()}?"
    names = {name: code for code, name in Locale("en").territories.items() if code in _countries()}
    near = difflib.get_close_matches(raw, names, n=1, cutoff=0.8)
    hint = f"did you mean {names[near[0]]} ({near[0]})?" if near else ""
    return hint or "a code such as DE or US-CA; ZZ in people_by_place when it is not known"


READERS: Mapping[str, Callable[[Any, Choices], Any]] = {
    "moment": moment,
    "choice": choice,
    "choices": many,
    "flag": flag,
    "count": count,
    "amount": amount,
    "place": place,
    "place_counts": place_counts,
    "words": words,
    "word_list": word_list,
    "contact": contact,
}

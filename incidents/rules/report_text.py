"""What a fact says in a report: one language, the authority's clock. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel import Locale
from babel.numbers import format_decimal

from incidents.rules.facts import FACTS
from incidents.rules.story import label, told
from incidents.rules.vocabulary import TEMPLATES, page_locales, vocabulary

FOLDER = TEMPLATES / "reports"


@cache
def words_of(locale: str) -> Mapping[str, Any]:
    """All words of reports in a locale: labels of codes, around the form, and of its `fields`.

    What notices in this language call things too, reports call the same.
    """
    file = FOLDER / "words" / f"{locale}.yaml"
    ours = yaml.safe_load(file.read_text("utf-8"))
    shared = vocabulary(locale) if locale in page_locales() else {}
    return {**shared, **ours}


labels = words_of


def language_missing(known: Mapping[str, Any], locale: str) -> bool:
    """Whether a narrative among these facts has no words in this language."""
    return any(
        FACTS[name].type == "words" and name != "organisation_name" and not told(value, locale)
        for name, value in known.items()
    )


def shown(known: Mapping[str, Any], locale: str, zone: str, *, named: bool = False) -> str:
    """Facts in words, one per line; "not known yet" when there are none.

    named  each says what it is, where it does not by itself: several facts answer one field
    """
    lines = [fact_text(name, value, locale, zone) for name, value in known.items()]
    if named:
        lines = [_named(name, line, locale) for name, line in zip(known, lines, strict=True)]
    return "\n".join(lines) or str(labels(locale)["not_known"])


def _named(name: str, line: str, locale: str) -> str:
    """A moment or a number does not say by itself which it is."""
    if FACTS[name].type not in ("moment", "count", "amount", "place"):
        return line
    say = labels(locale)
    return f"{say['fields'][name]}{say['colon']}{line}"


def fact_text(name: str, value: Any, locale: str, zone: str) -> str:
    """One fact in words."""
    return _WRITERS[FACTS[name].type](name, value, locale, zone)


def moment_text(value: Any, zone: str) -> str:
    """A moment on the authority's clock, with its offset: 2026-03-05 10:00 (UTC+08:00)."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    local = at.astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M} (UTC{offset[:3]}:{offset[3:]})"


def _moment(_: str, value: Any, __: str, zone: str) -> str:
    return moment_text(value, zone)


def _choice(name: str, value: Any, locale: str, _: str) -> str:
    return label(_codes(name, locale), str(value))


def _choices(name: str, value: Any, locale: str, _: str) -> str:
    between = str(labels(locale)["between"])
    return between.join(label(_codes(name, locale), str(code)) for code in value)


def _codes(name: str, locale: str) -> Mapping[str, str]:
    return labels(locale).get(name) or {}


def _flag(name: str, value: Any, locale: str, _: str) -> str:
    word = "yes" if value else "no"
    return str(labels(locale).get(name, labels(locale))[word])


def _number(name: str, value: Any, locale: str, _: str) -> str:
    number = format_decimal(value, locale=_babel(locale))
    unit = FACTS[name].unit
    return f"{number} {unit}" if FACTS[name].type == "amount" else number


def _place(_: str, value: Any, locale: str, __: str) -> str:
    country = str(_babel(locale).territories.get(str(value)[:2], value))
    return country if len(str(value)) == 2 else f"{country} ({value})"


def _place_counts(name: str, value: Any, locale: str, zone: str) -> str:
    colon = labels(locale)["colon"]
    largest_first = sorted(value.items(), key=lambda entry: (-entry[1], entry[0]))
    return "\n".join(
        f"{_place(name, place, locale, zone)}{colon}{format_decimal(count, locale=_babel(locale))}"
        for place, count in largest_first
    )


def _words(name: str, value: Any, locale: str, _: str) -> str:
    """In the authority's language; else as it was told, and in which language that is."""
    if ours := told(value, locale):
        return ours
    other = "en" if told(value, "en") else next(iter(value))
    if name == "organisation_name":
        return str(value[other])
    return f"{value[other]} [{_babel(other).get_display_name(_babel(locale))}]"


def _word_list(_: str, value: Any, locale: str, __: str) -> str:
    return str(labels(locale)["between"]).join(map(str, value))


def _contact(_: str, value: Any, locale: str, __: str) -> str:
    say = labels(locale)
    named = [str(value["name"])] if value.get("name") else []
    ways = [
        f"{say['contact'][way]}{say['colon']}{value[way]}"
        for way in ("email", "phone", "url", "hours")
        if value.get(way)
    ]
    return "\n".join(named + ways)


@cache
def _babel(locale: str) -> Locale:
    return Locale.parse(locale, sep="-")


_WRITERS: Mapping[str, Callable[[str, Any, str, str], str]] = {
    "moment": _moment,
    "choice": _choice,
    "choices": _choices,
    "flag": _flag,
    "count": _number,
    "amount": _number,
    "place": _place,
    "place_counts": _place_counts,
    "words": _words,
    "word_list": _word_list,
    "contact": _contact,
}

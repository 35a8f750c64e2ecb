"""The story that facts tell in one language: what a notice template may speak of. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date

from incidents.rules.notice_words import covering_locale

NARRATIVES = (
    "cause",
    "possible_effects",
    "measures_taken",
    "measures_planned",
    "advice",
    "help_offered",
)
FLAGS = ("trusted_recipient",)


def tell(facts: Mapping[str, Any], locale: str, say: Mapping[str, Any]) -> dict[str, Any]:
    """All that a template may speak of; None or empty where nothing is known.

    say  the locale's labels and stock sentences: zone, data_categories, protection, effects, steps
    """
    categories = list(facts.get("data_categories") or ())
    return {
        **{name: told(facts.get(name), locale) for name in NARRATIVES},
        **{name: facts.get(name) for name in FLAGS},
        "organisation": organisation_name(facts.get("organisation_name"), locale),
        "occurred_on": _day(facts.get("occurred_at"), locale, say["zone"]),
        "detected_on": _day(facts.get("detected_at") or facts.get("aware_at"), locale, say["zone"]),
        "contained_on": _day(facts.get("contained_at"), locale, say["zone"]),
        "confirmed": bool(facts.get("confirmed_at")),
        "data": say["between"].join(label(say["data_categories"], name) for name in categories),
        "effects": _matching(say["effects"], categories),
        "steps": _matching(say["steps"], categories),
        "breach_kinds": list(facts.get("breach_kinds") or ()),
        "protection": say["protection"].get(facts.get("encryption")),
    }


def without_nature(story: Mapping[str, Any], say: Mapping[str, str]) -> dict[str, str]:
    """Title and first element for people whose law keeps the nature of a breach from them.

    They learn that there was an incident, and which data of theirs it concerns. What other
    elements tell was written by people, and takes a person to judge.
    """
    told = [say["what_happened"], say["data"].format(data=story["data"])]
    return {"title": say["title"], "what_happened": "\n".join(told) if story["data"] else ""}


def told(texts: Any, locale: str) -> str | None:
    """The narrative in this locale, or in a spelling of it (zh-CN for zh-Hans); never another."""
    if not isinstance(texts, Mapping):
        return None
    found = covering_locale(locale, texts, default=locale)
    return str(texts[found]).strip() or None if found else None


def organisation_name(names: Any, locale: str) -> str | None:
    """A name is true in any language: this locale's, else English, else the first."""
    if not isinstance(names, Mapping) or not names:
        return None
    return told(names, locale) or told(names, "en") or str(next(iter(names.values())))


def _day(moment: Any, locale: str, zone: str) -> str | None:
    """The calendar day of a moment where readers of this locale live."""
    if not moment:
        return None
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return day_in(locale)(day_of(at, zone))


def day_of(moment: datetime, zone: str) -> date:
    """The calendar day of a moment by the clocks of a zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def day_in(locale: str) -> Callable[[date], str]:
    """How a locale writes a calendar day in full."""
    parsed = Locale.parse(locale, sep="-")
    return lambda day: str(format_date(day, "long", locale=parsed))


def label(labels: Mapping[str, str], code: str) -> str:
    """The label of a code, or the code itself in readable form: never nothing."""
    return labels.get(code) or code.replace("_", " ")


def _matching(sentences: Sequence[Mapping[str, Any]], categories: Sequence[str]) -> list[str]:
    """The stock sentences that apply to any of these data categories (`any`: to all of them)."""
    present = {*categories, "any"} if categories else set()
    return [entry["say"] for entry in sentences if present.intersection(entry["of"])]

"""Paper: reports and registers as tagged PDF (PDF/UA-1), equal bytes for equal input.

Words travel to typst as a JSON file beside the template, never as markup. Fonts come from
`templates/fonts` alone, so that every machine prints the same sheet, Chinese included.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from incidents.rules.drill_mark import mark
from incidents.rules.report_content import ReportContent, ReportField
from incidents.rules.report_forms import form_named
from incidents.rules.report_gaps import Gap, gaps
from incidents.rules.report_text import labels, moment_text
from incidents.rules.story import day_in
from incidents.rules.vocabulary import TEMPLATES

_log = logging.getLogger(__name__)
_one_at_a_time = Lock()  # a typst compiler may not be entered twice


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes. address: its lines; logo: the bytes of an image; logo_kind: png, jpg, svg …"""

    name: str
    address: tuple[str, ...] = ()
    logo: bytes = b""
    logo_kind: str = ""


def report_pdf(
    content: ReportContent,
    head: Letterhead,
    locale: str = "",
    *,
    missing: Sequence[Gap] | None = None,
    drill: bool = False,
) -> bytes:
    """A report on paper, in one of its locales (default: the authority's own language).

    missing  what it does not tell yet, and when that follows; None: as the content itself says
    """
    shown = locale if locale in content.locales else content.locales[0]
    found = gaps(content, ()) if missing is None else missing
    data = _report(content, head, shown, found) | {
        "drill": f"{mark(shown)} {labels(shown)['drill']}" if drill else ""
    }
    return _with_logo("report", data, head)


def _with_logo(template: str, data: dict[str, Any], head: Letterhead) -> bytes:
    """With the logo; without it when it is no image that can be printed: a report may not wait."""
    if head.logo:
        name = f"logo.{head.logo_kind}"
        try:
            return typeset(template, {**data, "logo": name}, {name: head.logo})
        except RuntimeError as error:
            _log.warning("the organisation's logo cannot be printed: %s", error)
    return typeset(template, {**data, "logo": ""})


def register_pdf(
    title: str,
    head: Letterhead,
    on: date,
    about: Sequence[tuple[str, str]],
    sections: Sequence[Mapping[str, Any]],
) -> bytes:
    """A register on paper, in English: what it is about, then labelled lines for each entry.

    sections  each with `title` and `fields`, a list of `label` and `text`
    """
    data = {
        **sheet(title, head.name, "en", on),
        "address": list(head.address),
        "head": about,
        "sections": sections,
    }
    return _with_logo("register", data, head)


def _report(
    content: ReportContent, head: Letterhead, locale: str, missing: Sequence[Gap]
) -> dict[str, Any]:
    say, source = labels(locale), content.source
    stage = content.stage_name.get(locale, say["stages"][content.stage])
    about = [
        (say["authority"], content.authority[locale]),
        (say["organisation"], head.name),
        (say["stage"], stage),
        (say["drawn_up"], moment_text(content.filled_at, content.zone)),
        (say["source"], source if isinstance(source, str) else source[locale]),
    ]
    return {
        **sheet(content.title[locale], head.name, locale, content.filled_at),
        "say": {name: say[name] for name in _SAID},
        "page": say["page"],
        "address": list(head.address),
        "head": [entry for entry in about if entry[1]],
        "missing": _missing(missing, content, locale),
        "sections": [
            {
                "title": section.title[locale],
                "prose": section.prose,
                "fields": [_field(field, locale) for field in section.fields],
            }
            for section in content.sections
        ],
        "changes": [
            {
                "label": change.label[locale],
                "before": change.before[locale],
                "after": change.after[locale],
            }
            for change in content.changes
        ],
    }


_SAID = ("missing", "missing_why", "changes", "before", "after", "colon", "between")


def _missing(missing: Sequence[Gap], content: ReportContent, locale: str) -> list[Any]:
    """What is still to be told, by when it follows: the nearest day first, what has none last.

    Nothing where the law has its own words for what is not known: they stand in each place.
    """
    if form_named(content.form).unknown:
        return []
    by_day: dict[tuple[str, str], list[str]] = {}
    for gap in sorted(missing, key=lambda gap: _follows(gap) or _NEVER):
        if gap.now or gap.follows:
            by_day.setdefault(_when(gap, content, locale), []).append(gap.label[locale])
    return [[when, names] for (_, when), names in by_day.items()]


_NEVER = datetime.max.replace(tzinfo=UTC)


def _follows(gap: Gap) -> datetime | None:
    return gap.follows.due_at if gap.follows else None


def _when(gap: Gap, content: ReportContent, locale: str) -> tuple[str, str]:
    say, at = labels(locale), _follows(gap)
    if at is None or gap.follows is None:
        return "", str(say["as_soon"])
    day = day_in(locale)(at.astimezone(ZoneInfo(content.zone)).date())
    stage = gap.follows.name.get(locale, say["stages"][gap.follows.stage])
    return day, say["by"].format(day=day, stage=stage)


def _field(field: ReportField, locale: str) -> dict[str, Any]:
    return {"label": field.label[locale], "text": field.text[locale], "known": field.known}


def sheet(title: str, organisation: str, locale: str, on: date) -> dict[str, Any]:
    """What each paper says of itself: its title, whose it is, its language, its day."""
    language, _, script = locale.partition("-")
    return {
        "title": title,
        "organisation": organisation,
        "lang": {"language": language, "script": script.lower() or "latn"},
        "date": {"year": on.year, "month": on.month, "day": on.day},
    }


def to_the_second(moment: str) -> str:
    """ISO 8601 in UTC as papers tell it; the files beside them have it to the microsecond."""
    return f"{moment[:10]} {moment[11:19]} UTC" if moment else ""


def typeset(
    template: str, data: Mapping[str, Any], images: Mapping[str, bytes] | None = None
) -> bytes:
    """A template set with its data; `images` are further files that it uses, by name."""
    files = {
        "main.typ": _source(template),
        "base.typ": _source("base"),
        "data.json": orjson.dumps(data),
        **(images or {}),
    }
    with _one_at_a_time:
        # The timestamp is fixed: the document's own date stands in its data.
        pdf = _compiler().compile(files, format="pdf", pdf_standards=["ua-1"], timestamp=0)
    return bytes(pdf)


@cache
def _source(name: str) -> bytes:
    return (TEMPLATES / "reports" / f"{name}.typ").read_bytes()


@cache
def _compiler() -> Any:
    import typst  # noqa: PLC0415  here, since who prints nothing needs no compiler in memory

    return typst.Compiler(font_paths=[TEMPLATES / "fonts"], ignore_system_fonts=True)

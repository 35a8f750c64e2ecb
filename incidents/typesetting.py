"""Paper: reports and letters as tagged PDF (PDF/UA-1), equal bytes for equal input.

Words travel to typst as a JSON file beside the template, never as markup. Fonts come from
`templates/fonts` alone, so that every machine prints the same sheet, Chinese included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from threading import Lock
from typing import Any

import orjson

from incidents.errors import InvalidInput
from incidents.rendering import element_views
from incidents.rules.notice_words import NoticeWords, unusable
from incidents.rules.report_content import ReportContent, ReportField
from incidents.rules.report_text import labels, moment_text
from incidents.rules.story import day_in
from incidents.rules.vocabulary import TEMPLATES, vocabulary

_one_at_a_time = Lock()  # a typst compiler may not be entered twice


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a letter goes to: the lines of the address window, and the name to greet."""

    address: tuple[str, ...]
    name: str


def report_pdf(content: ReportContent, organisation: str, locale: str = "") -> bytes:
    """A report on paper, in one of its locales (default: the authority's own language)."""
    shown = locale if locale in content.locales else content.locales[0]
    return _typeset("report", _report(content, organisation, shown))


def register_pdf(
    title: str,
    organisation: str,
    on: date,
    head: Sequence[tuple[str, str]],
    sections: Sequence[Mapping[str, Any]],
) -> bytes:
    """A register on paper, in English: the head, then a section with labelled lines for each entry.

    sections  each with `title` and `fields`, a list of `label` and `text`
    """
    data = {**_sheet(title, organisation, "en", on), "head": head, "sections": sections}
    return _typeset("register", data)


def letter_pdf(
    words: NoticeWords, locale: str, reference: str, link: str, recipients: Sequence[Recipient]
) -> bytes:
    """One PDF with a letter for each recipient. Raises InvalidInput for words left unfinished."""
    if problems := unusable(words):
        raise InvalidInput("these words cannot be printed as they stand", *problems)
    if words.issued_on is None:
        raise InvalidInput("a letter needs its date")
    return _typeset("letter", _letter(words, words.issued_on, locale, reference, link, recipients))


def _report(content: ReportContent, organisation: str, locale: str) -> dict[str, Any]:
    say = labels(locale)
    label_of = {field.name: field.label[locale] for field in content.fields()}
    head = [
        (say["authority"], content.authority[locale]),
        (say["organisation"], organisation),
        (say["stage"], content.stage_name.get(locale, say["stages"][content.stage])),
        (say["drawn_up"], moment_text(content.filled_at, content.zone)),
        (say["source"], content.source),
    ]
    return {
        **_sheet(content.title[locale], organisation, locale, content.filled_at),
        "say": {
            name: say[name] for name in ("missing", "missing_why", "changes", "before", "after")
        },
        "between": say["between"],
        "head": [entry for entry in head if entry[1]],
        "missing": [label_of[name] for name in content.missing],
        "sections": [
            {
                "title": section.title[locale],
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


def _field(field: ReportField, locale: str) -> dict[str, Any]:
    return {"label": field.label[locale], "text": field.text[locale], "known": field.known}


def _letter(
    words: NoticeWords,
    issued_on: date,
    locale: str,
    reference: str,
    link: str,
    recipients: Sequence[Recipient],
) -> dict[str, Any]:
    say = vocabulary(locale)
    ways = ("email", "phone", "url", "hours")
    reached = [(way, getattr(words.contact, way)) for way in ways]
    return {
        **_sheet(words.title, words.organisation, locale, issued_on),
        "say": say,
        "reference": reference,
        "link": link,
        "issued_on": day_in(locale)(issued_on),
        "lead": say["lead"].format(organisation=words.organisation),
        "genuine": say["genuine_text"].format(reference=reference),
        "elements": element_views(words, locale),
        "contact": [
            words.contact.name,
            *(f"{say['contact'][way]}{say['colon']}{value}" for way, value in reached if value),
        ],
        "recipients": [
            {"address": person.address, "greeting": say["greeting"].format(name=person.name)}
            for person in recipients
        ],
    }


def _sheet(title: str, organisation: str, locale: str, on: date) -> dict[str, Any]:
    language, _, script = locale.partition("-")
    return {
        "title": title,
        "organisation": organisation,
        "lang": {"language": language, "script": script.lower() or "latn"},
        "date": {"year": on.year, "month": on.month, "day": on.day},
    }


def _typeset(template: str, data: Mapping[str, Any]) -> bytes:
    files = {
        "main.typ": _source(template),
        "base.typ": _source("base"),
        "data.json": orjson.dumps(data),
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

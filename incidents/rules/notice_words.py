"""The typed contract of a notice: four elements, contact, date; and what is missing from one.

A notice tells what happened and what it may mean, what was done and will be done,
what the reader can do, and what help is offered. Pure: no templates, no clock.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from typing import Annotated

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from pydantic import BaseModel, ConfigDict, Field

from incidents.errors import Problem

# In reading order. The first two together are the first of the four elements of the promise.
ELEMENTS = (
    "what_happened",
    "possible_effect",
    "what_we_did",
    "what_you_can_do",
    "what_help_we_offer",
)

ASK = {
    "what_happened": "say what happened, when, and to which kinds of data",
    "possible_effect": "say what this may mean for the reader",
    "what_we_did": "say what was done and what will be done",
    "what_you_can_do": "say what the reader can do to be safer",
    "what_help_we_offer": "say what help the reader gets from you",
}

# What a draft or a careless paste leaves behind: template syntax, tokens, blanks to fill in.
PLACEHOLDER = re.compile(
    r"\{\{|\}\}|\{%|%\}|\{#|#\}|%%|\(\(\s*\w+\s*\)\)|\b(?-i:TODO|TBD|XXX)\b|_{4,}"
    r"|\[(?:insert|your|name|date|organi[sz]ation|company|number|tbc)\b[^\]]*\]"
    r"|lorem ipsum|【(?:待|此处|请填)[^】]*】",
    re.IGNORECASE,
)
WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)

Sentence = Annotated[str, Field(max_length=4000)]
Paragraphs = Annotated[tuple[Sentence, ...], Field(max_length=40)]


class Contact(BaseModel):
    """Where a reader asks: a name, and at least one of email, phone, url."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    name: str = Field("", max_length=200)
    email: str = Field("", max_length=254)
    phone: str = Field("", max_length=60)
    url: str = Field("", max_length=500)
    hours: str = Field("", max_length=200)


class NoticeWords(BaseModel):
    """The words of one notice in one locale. May be incomplete: `gaps` says what is missing."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    title: str = Field("", max_length=200)
    what_happened: Paragraphs = ()
    possible_effect: Paragraphs = ()
    what_we_did: Paragraphs = ()
    what_you_can_do: Paragraphs = ()
    what_help_we_offer: Paragraphs = ()
    contact: Contact = Contact()
    issued_on: date | None = None
    organisation: str = Field("", max_length=200)

    def element(self, name: str) -> tuple[str, ...]:
        """The paragraphs of one of `ELEMENTS`."""
        return tuple(getattr(self, name))


def gaps(words: NoticeWords) -> list[Problem]:
    """Everything that keeps these words from being approved; empty when they are complete."""
    return [*_empty(words), *_contact_gaps(words.contact), *unusable(words)]


def unusable(words: NoticeWords) -> list[Problem]:
    """Placeholders left over and characters that may not be sent, field by field."""
    return [problem for field, text in _texts(words) for problem in _flaws(field, text)]


def _empty(words: NoticeWords) -> Iterator[Problem]:
    for field in ("title", "organisation"):
        if not getattr(words, field).strip():
            yield Problem(field, "is empty", f"give the {field} of the notice")
    for name in ELEMENTS:
        if not any(paragraph.strip() for paragraph in words.element(name)):
            yield Problem(name, "is empty", ASK[name])
    if words.issued_on is None:
        yield Problem("issued_on", "is missing", "give the date of the notice")


def _contact_gaps(contact: Contact) -> Iterator[Problem]:
    if not contact.name:
        yield Problem("contact.name", "is missing", "name the office or person who answers")
    if not (contact.email or contact.phone or contact.url):
        yield Problem("contact", "nobody can be reached", "give an email, a phone number or a url")
    if contact.url and not WEB_ADDRESS.fullmatch(contact.url):
        yield Problem("contact.url", "is not a web address", "give a full https:// address")


def _texts(words: NoticeWords) -> Iterator[tuple[str, str]]:
    yield "title", words.title
    yield "organisation", words.organisation
    for name in ELEMENTS:
        for position, paragraph in enumerate(words.element(name)):
            yield f"{name}.{position}", paragraph
    for name, value in words.contact:
        yield f"contact.{name}", value


def _flaws(field: str, text: str) -> Iterator[Problem]:
    if left := PLACEHOLDER.search(text):
        yield Problem(field, f"a placeholder is left over: {left.group()}", "write the words out")
    single_line = not field.startswith(ELEMENTS)
    if any(is_control(sign) for sign in text if single_line or sign not in "\n\t"):
        yield Problem(field, "contains a line break or control character", "remove it")


def is_control(sign: str) -> bool:
    """Whether a character steers instead of being read: C0/C1 controls, breaks, text direction."""
    return unicodedata.category(sign) in {"Cc", "Zl", "Zp"} or sign in (
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
    )


def covering_locale(person: str, offered: Iterable[str], default: str = "en") -> str | None:
    """The offered locale a person can read, or None when their language is not offered.

    person   BCP 47 or POSIX tag ("zh-CN", "en_GB"); empty or unknown means `default`
    Returns  same language and script by CLDR's likely subtags (zh-TW is not zh-Hans);
             among several, the one of the same region
    """
    wanted = _parts(person) or _parts(default)
    reads = [tag for tag in offered if (parts := _parts(tag)) and parts[:2] == (wanted or ())[:2]]
    same_region = [tag for tag in reads if _parts(tag) == wanted]
    return next(iter(same_region + reads), None)


def locale_read(
    person: str, offered: Collection[str], default: str, choices: Mapping[str, str]
) -> str | None:
    """The offered locale that somebody gets: as was decided for theirs, else one they can read.

    choices  a person's locale -> the one decided on; counts while it is offered
    """
    chosen = choices.get(person)
    return chosen if chosen in offered else covering_locale(person, sorted(offered), default)


@lru_cache(maxsize=1000)  # tags come from outside: not without an end
def _parts(tag: str) -> tuple[str, str, str] | None:
    """Language, script, region of a tag, filled up with the likely ones; None if unknown."""
    try:
        locale = Locale.parse(tag.strip().replace("-", "_").split(".")[0])
    except (ValueError, UnknownLocaleError, TypeError):
        return None
    known = (locale.language, locale.script, locale.territory)
    likely = _likely(*known)
    return (known[0], known[1] or likely[1], known[2] or likely[2])


def _likely(language: str, script: str | None, region: str | None) -> tuple[str, str, str]:
    table = get_global("likely_subtags")
    for parts in ((language, script, region), (language, region), (language, script), (language,)):
        if full := table.get("_".join(part for part in parts if part)):
            pieces = full.split("_")
            return (pieces[0], pieces[1], pieces[-1])
    return (language, "", "")

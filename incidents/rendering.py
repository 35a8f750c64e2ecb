"""Template folder + language + facts -> words, and words -> what each channel carries.

Templates are ours and packaged; what a person types is always data. Personal fields come
out as tokens (`%%<nonce>.name.t%%`), filled by whoever seals the envelope.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale

from incidents.errors import InvalidInput, NotFound, Problem
from incidents.rules.ladder import CHANNELS
from incidents.rules.notice_words import (
    ELEMENTS,
    WEB_ADDRESS,
    Contact,
    NoticeWords,
    covering_locale,
    is_control,
    unusable,
)
from incidents.rules.sms_words import fits_whole
from incidents.rules.story import day_in, day_of, tell, without_nature
from incidents.rules.vocabulary import TEMPLATES, page_locales, vocabulary

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

_ON_ONE_LINE = ("sms", "push", "call")
PERSON_FIELDS = ("name",)


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one channel carries. subject: email and push title; html: email and
    announcement; a letter's is well-formed XHTML, from which its pages are laid out.

    is_short_form  an SMS that leads to the whole text, which would not have fitted
    """

    subject: str | None
    text: str
    html: str | None
    is_short_form: bool = False


def offered_kinds() -> list[str]:
    """The kinds of incident that a notice can be drafted for."""
    return sorted(folder.name for folder in (TEMPLATES / "notices").iterdir() if folder.is_dir())


def offered_locales(kind: str) -> list[str]:
    """The locales that a kind has drafted prose for."""
    if kind not in offered_kinds():
        raise NotFound(f"no notice templates for {kind!r}; there are: {', '.join(offered_kinds())}")
    return sorted(file.parent.name for file in (TEMPLATES / "notices" / kind).glob("*/words.j2"))


def draft(
    kind: str,
    locale: str,
    facts: Mapping[str, Any],
    issued_on: date,
    without: Collection[str] = (),
) -> NoticeWords:
    """Words drafted from facts; what nothing is known of stays empty, so that `gaps` reports it.

    without  what the law of the readers' place forbids to tell them (rules/content.CONTENT)
    """
    template = _words_template(kind, locale)
    story = tell(facts, locale, vocabulary(locale))
    blocks = {name: _block(template, name, story) for name in ("title", *ELEMENTS)}
    if "nature" in without:
        blocks |= without_nature(story, vocabulary(locale)["without_nature"])
    return NoticeWords(
        title=one_line(blocks.pop("title")),
        contact=_contact(facts.get("contact")),
        issued_on=issued_on,
        organisation=one_line(story["organisation"] or ""),
        **{name: _paragraphs(text) for name, text in blocks.items()},
    )


def adding_to(words: NoticeWords, locale: str, first: str) -> NoticeWords:
    """Words of a supplementary notice: they begin with which notice they add to.

    first  the reference of that one
    """
    if not words.what_happened:
        return words
    line = str(vocabulary(locale)["supplement"]).format(reference=first)
    return words.model_copy(update={"what_happened": (line, *words.what_happened)})


def render(
    kind: str, locale: str, channel: str, words: NoticeWords, reference: str, link: str, nonce: str
) -> Rendered:
    """The words of one notice as one channel carries them, with tokens for personal fields.

    reference  the short code of the notice, shown to the reader (N-…)
    link       full readable https address of the public page of this notice
    nonce      letters and digits, fresh per body, so that no text can imitate a token
    Raises     InvalidInput when the words hold a placeholder or a control character
    """
    if locale not in offered_locales(kind):
        raise NotFound(f"no {kind} notice in {locale}; there are: {offered_locales(kind)}")
    if channel not in CHANNELS:
        raise NotFound(f"no layout for the channel {channel!r}; there are: {', '.join(CHANNELS)}")
    _refuse_unusable(words, reference, link, nonce)
    context = _message(locale, words, reference, link)
    if channel == "sms":
        return _sms(context, nonce)
    return Rendered(
        subject=_layout(channel, "subject.txt", context, nonce),
        text=_layout(channel, "body.txt", context, nonce) or "",
        html=_layout(channel, "body.html", context, nonce),
    )


def render_page(name: str, locale: str, context: Mapping[str, Any]) -> str:
    """A public page (announcement, announcements, not_found) or the Atom `feed`, as a document."""
    shown = covering_locale(locale, page_locales()) or "en"
    suffix = "xml" if name == "feed" else "html"
    template = _environment().get_template(f"public/{name}.{suffix}.j2")
    return template.render(
        {"say": vocabulary(shown), "locale": shown, "long_date": day_in(shown), **context}
    )


def element_views(words: NoticeWords, locale: str) -> list[dict[str, Any]]:
    """The elements that have words, in reading order, each with heading and form of list."""
    say = vocabulary(locale)
    return [_element(name, words, say) for name in ELEMENTS if words.element(name)]


def day_there(moment: datetime, locale: str) -> date:
    """The calendar day of a moment where readers of this locale live, as in its story."""
    return day_of(moment, vocabulary(locale)["zone"])


def one_line(text: str) -> str:
    """The text as one line: breaks and tabs become spaces, control characters go."""
    spaced = re.sub(r"\s+", " ", text).strip()
    return "".join(sign for sign in spaced if not is_control(sign))


@cache
def _environment() -> "ImmutableSandboxedEnvironment":
    # Whoever only sends what is frozen renders nothing: 2 MB less.
    from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2", "xml.j2"), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters["one_line"] = one_line
    environment.filters["gsm"] = _plain_punctuation
    environment.filters["dial"] = _dial
    environment.filters["site"] = _site
    environment.filters["spelled"] = _spelled
    environment.filters["language"] = _language_name
    return environment


def _files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(file for file in (TEMPLATES / folder).rglob("*") if file.is_file())


def _words_template(kind: str, locale: str) -> "Template":
    if locale not in offered_locales(kind):
        raise NotFound(f"no {kind} notice in {locale}; there are: {offered_locales(kind)}")
    return _environment().get_template(f"notices/{kind}/{locale}/words.j2")


def _block(template: "Template", name: str, story: dict[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(story)))


def _paragraphs(text: str) -> tuple[str, ...]:
    """One line is one paragraph."""
    return tuple(line for line in map(one_line, text.splitlines()) if line)


def _contact(value: Any) -> Contact:
    known = value if isinstance(value, Mapping) else {}
    return Contact(**{name: one_line(str(known.get(name) or "")) for name in Contact.model_fields})


def _message(locale: str, words: NoticeWords, reference: str, link: str) -> dict[str, Any]:
    say = vocabulary(locale)
    issued_on = day_in(locale)(words.issued_on) if words.issued_on else ""
    return {
        "say": say,
        "locale": locale,
        "words": words,
        "elements": element_views(words, locale),
        "issued_on": issued_on,
        "reference": reference,
        "link": link,
    }


def _element(name: str, words: NoticeWords, say: Mapping[str, Any]) -> dict[str, Any]:
    paragraphs = words.element(name)
    listed = name in ("possible_effect", "what_you_can_do") and len(paragraphs) > 1
    return {"heading": say["headings"][name], "paragraphs": paragraphs, "listed": listed}


def _layout(channel: str, part: str, context: dict[str, Any], nonce: str) -> str | None:
    """One part of a channel's layout, or None when the channel has no such part."""
    if not (TEMPLATES / "layouts" / channel / f"{part}.j2").exists():
        return None
    form = "h" if part.endswith(".html") else "t"
    person = {field: f"%%{nonce}.{field}.{form}%%" for field in PERSON_FIELDS}
    template = _environment().get_template(f"layouts/{channel}/{part}.j2")
    text = str(template.render(context, person=person)).strip()
    return one_line(text) if part == "subject.txt" or channel in _ON_ONE_LINE else text


def _sms(context: dict[str, Any], nonce: str) -> Rendered:
    """The whole text where it is short, else the short form that leads to it."""
    whole = _layout("sms", "whole.txt", context, nonce) or ""
    if fits_whole(whole):
        return Rendered(None, whole, None)
    short = _layout("sms", "body.txt", context, nonce) or ""
    return Rendered(None, short, None, is_short_form=True)


def _refuse_unusable(words: NoticeWords, reference: str, link: str, nonce: str) -> None:
    problems = unusable(words)
    if not WEB_ADDRESS.fullmatch(link):
        problems.append(Problem("link", "is not a web address", "give a full https:// address"))
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", reference):
        problems.append(Problem("reference", "is not a reference code"))
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", nonce):
        problems.append(Problem("nonce", "must be letters and digits"))
    if problems:
        raise InvalidInput("these words cannot be sent as they stand", *problems)


def _plain_punctuation(text: str) -> str:
    """Typographic signs as plain ones: one curly quote would halve what an SMS segment holds."""
    signs = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
    return unicodedata.normalize("NFC", text).translate(signs)


def _dial(phone: str) -> str:
    """The digits of a phone number as a tel: address wants them."""
    return re.sub(r"[^+0-9]", "", phone)


def _site(link: str) -> str:
    """Where a link leads, for the ear: without scheme and last part."""
    return link.partition("://")[2].rpartition("/")[0]


def _spelled(reference: str) -> str:
    """A reference sign by sign, for the ear: N-2026 is `N, 2 0 2 6`."""
    return ", ".join(" ".join(part) for part in reference.split("-"))


def _language_name(locale: str) -> str:
    parsed = Locale.parse(locale, sep="-")
    return (parsed.get_display_name(parsed) or locale).capitalize()

import json
import re
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import product

import pytest

from incidents.errors import InvalidInput, NotFound
from incidents.rendering import (
    CHANNELS,
    draft,
    offered_kinds,
    offered_locales,
    render,
    render_page,
)
from incidents.rules.facts import DATA, PEOPLE
from incidents.rules.notice_words import ELEMENTS, gaps
from incidents.rules.story import NARRATIVES
from incidents.rules.vocabulary import page_locales, unnamed, vocabulary
from notifiers.providers.twilio_words import VOICES
from notifiers.sms_segments import sms_segments

REFERENCE = "N-7K3M-9QPX"
SPELLED = "N, 7 K 3 M, 9 Q P X"
LINK = "https://notices.example.com/n/N-7K3M-9QPX"
EVERY = [(kind, locale) for kind in offered_kinds() for locale in offered_locales(kind)]
SITE = {
    "name": "Example Surveys",
    "url": "https://example.com/",
    "announcements_url": "https://example.com/announcements/",
    "feed_url": "https://example.com/announcements/feed.atom",
}


def rendered(kind, locale, channel, words):
    return render(kind, locale, channel, words, REFERENCE, LINK, "7f3a")


def whole(message) -> str:
    return "\n".join(filter(None, [message.subject, message.text, message.html]))


@pytest.mark.parametrize(("kind", "locale"), EVERY)
@pytest.mark.parametrize("channel", CHANNELS)
def test_full_facts_render_without_a_gap_or_an_unresolved_variable(
    kind, locale, channel, facts, issued_on
):
    words = draft(kind, locale, facts, issued_on)
    assert gaps(words) == []
    text = whole(rendered(kind, locale, channel, words))
    assert not re.search(r"\{\{|\{%|\{\w+\}|None|Undefined", text)
    assert (SPELLED if channel == "call" else REFERENCE) in text


@pytest.mark.parametrize(("kind", "locale"), EVERY)
def test_a_call_is_short_and_says_who_calls_and_where_the_text_is(kind, locale, facts, issued_on):
    text = rendered(kind, locale, "call", draft(kind, locale, facts, issued_on)).text
    assert re.findall(r"%%.*?%%", text) == ["%%7f3a.name.t%%"]
    assert "\n" not in text
    assert len(text) < 900  # about a minute
    for told in ("notices.example.com/n", "+1 212 555 0100"):
        assert told in text
    assert "https" not in text


def test_every_language_of_a_notice_has_a_voice():
    assert {locale for _, locale in EVERY} <= set(VOICES)


@pytest.mark.parametrize(("kind", "locale"), EVERY)
def test_structured_facts_alone_make_truthful_sentences(kind, locale, facts, issued_on):
    for name in NARRATIVES:
        facts.pop(name)
    missing = {problem.field for problem in gaps(draft(kind, locale, facts, issued_on))}
    assert missing == {"what_help_we_offer"}  # help is never invented


@pytest.mark.parametrize(("kind", "locale"), EVERY)
def test_nothing_known_leaves_every_element_empty(kind, locale, issued_on):
    missing = {problem.field for problem in gaps(draft(kind, locale, {}, issued_on))}
    assert missing >= {*ELEMENTS, "contact", "organisation"}


def test_a_narrative_of_another_language_is_not_used(facts, issued_on):
    facts["help_offered"] = {"en": "We pay."}
    words = draft("personal_data_leak", "zh-Hans", facts, issued_on)
    assert words.what_help_we_offer == ()


def test_days_are_told_as_readers_of_the_language_lived_them(facts, issued_on):
    kind = "personal_data_leak"
    assert "March 3, 2026" in draft(kind, "en", facts, issued_on).what_happened[0]
    assert "2026年3月4日" in draft(kind, "zh-Hans", facts, issued_on).what_happened[0]


def test_what_is_not_confirmed_is_told_as_possible(facts, issued_on):
    del facts["confirmed_at"]
    assert (
        "may have been exposed"
        in draft("personal_data_leak", "en", facts, issued_on).what_happened[0]
    )


@pytest.mark.parametrize(("kind", "locale"), EVERY)
def test_personal_fields_are_tokens_of_their_form(kind, locale, facts, issued_on):
    message = rendered(kind, locale, "email", draft(kind, locale, facts, issued_on))
    assert re.findall(r"%%.*?%%", message.text) == ["%%7f3a.name.t%%"]
    assert re.findall(r"%%.*?%%", message.html) == ["%%7f3a.name.h%%"]
    for channel in ("sms", "push", "announcement"):
        assert "%%" not in whole(
            rendered(kind, locale, channel, draft(kind, locale, facts, issued_on))
        )


@pytest.mark.parametrize(("kind", "locale"), EVERY)
def test_sms_is_short_and_carries_reference_and_link(kind, locale, facts, issued_on):
    text = rendered(kind, locale, "sms", draft(kind, locale, facts, issued_on)).text
    assert LINK in text.split()
    assert "\n" not in text
    assert sms_segments(text).count <= (2 if set(text) <= set(map(chr, range(0x250))) else 3)


class Page(HTMLParser):
    """Which elements, in which order, and what loads from outside."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.loads, self.lang = [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.lang = given.get("lang") if tag == "html" else self.lang
        self.loads += [value for name, value in attrs if name in ("src", "srcset", "background")]
        self.loads += (
            [given.get("href")] if tag == "link" and given.get("rel") == "stylesheet" else []
        )


@pytest.mark.parametrize(("kind", "locale"), EVERY)
def test_email_html_has_headings_language_and_nothing_remote(kind, locale, facts, issued_on):
    html = rendered(kind, locale, "email", draft(kind, locale, facts, issued_on)).html
    page = Page(html)
    assert page.lang == locale
    assert page.loads == []
    assert page.tags.count("h1") == 1
    assert page.tags.count("h2") == len(ELEMENTS) + 2
    assert not {"img", "script", "iframe"} & set(page.tags)


def test_typed_words_are_escaped_in_html_and_plain_in_text(facts, issued_on):
    facts["cause"] = {"en": "<script>alert('x')</script> & more"}
    words = draft("personal_data_leak", "en", facts, issued_on)
    for channel in ("email", "announcement"):
        message = rendered("personal_data_leak", "en", channel, words)
        assert "<script>" not in message.html
        assert "&lt;script&gt;" in message.html
        assert "<script>alert('x')</script> & more" in message.text


@pytest.mark.parametrize("hostile", ["{{ 7 * 7 }}", "{% include 'x' %}", "%%7f3a.name.t%%"])
def test_template_syntax_in_typed_words_is_refused_and_never_run(hostile, facts, issued_on):
    facts["cause"] = {"en": f"Because {hostile}."}
    words = draft("personal_data_leak", "en", facts, issued_on)
    assert any(hostile in paragraph for paragraph in words.what_happened)
    with pytest.raises(InvalidInput) as refused:
        rendered("personal_data_leak", "en", "email", words)
    assert refused.value.problems[0].field == "what_happened.1"


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_line_break_reaches_a_subject(channel, facts, issued_on):
    facts["organisation_name"] = {"en": "Example\r\nBcc: victim@example.com"}
    words = draft("ransomware", "en", facts, issued_on)
    subject = rendered("ransomware", "en", channel, words).subject or ""
    assert not re.search(r"[\x00-\x1f\x7f]", subject)
    with pytest.raises(InvalidInput):
        rendered("ransomware", "en", channel, words.model_copy(update={"title": "A\r\nBcc: b"}))


@pytest.mark.parametrize(
    ("reference", "link", "nonce"),
    [("N 1", LINK, "7f"), (REFERENCE, "javascript:alert(1)", "7f"), (REFERENCE, LINK, "7f%%")],
)
def test_what_comes_from_outside_the_words_is_checked_too(reference, link, nonce, facts, issued_on):
    words = draft("ransomware", "en", facts, issued_on)
    with pytest.raises(InvalidInput):
        render("ransomware", "en", "email", words, reference, link, nonce)


def test_an_unknown_kind_locale_or_channel_is_told_with_what_there_is(facts, issued_on):
    words = draft("ransomware", "en", facts, issued_on)
    for kind, locale, channel in [
        ("flood", "en", "email"), ("ransomware", "xx", "email"), ("ransomware", "en", "pigeon"),
    ]:  # fmt: skip
        with pytest.raises(NotFound):
            rendered(kind, locale, channel, words)


def shape(value):
    """Keys of a vocabulary, all the way down; for stock sentences what they apply to."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [entry["of"] for entry in value] if isinstance(value, list) else None


@pytest.mark.parametrize("locale", page_locales())
def test_every_language_says_the_same_things(locale):
    assert shape(vocabulary(locale)) == shape(vocabulary("en"))
    assert vocabulary(locale)["data_categories"].keys() == DATA.keys()
    assert vocabulary(locale)["people_categories"].keys() == PEOPLE.keys()
    spoken = {name for entry in vocabulary(locale)["effects"] for name in entry["of"]}
    assert spoken <= {*DATA, "any"}
    assert unnamed(locale)


@pytest.mark.parametrize(("kind", "locale"), list(product(offered_kinds(), page_locales())))
def test_every_kind_is_offered_in_every_language(kind, locale):
    assert locale in offered_locales(kind)


def announced(facts, issued_on, locale="en"):
    message = rendered(
        "personal_data_leak", locale, "announcement",
        draft("personal_data_leak", locale, facts, issued_on),
    )  # fmt: skip
    at = datetime(2026, 3, 6, 4, tzinfo=UTC)
    return {
        "title": message.subject, "html": message.html, "sha256": "ab" * 32, "locale": locale,
        "published_at": at, "updated_at": at, "url": "https://example.com/announcements/1",
        "languages": [{"locale": tag, "url": f"https://example.com/{tag}"} for tag in ("en", "de")],
    }  # fmt: skip


@pytest.mark.parametrize("locale", page_locales())
def test_public_pages_speak_the_language_they_declare(locale, facts, issued_on):
    announcement = announced(facts, issued_on, locale)
    for name, context in [
        ("announcement", {"announcement": announcement}),
        ("announcements", {"announcements": [announcement]}),
        ("announcements", {"announcements": []}),
        ("not_found", {}),
    ]:
        page = Page(render_page(name, locale, {"site": SITE, **context}))
        assert page.lang == locale
        assert page.loads == []
        assert page.tags.count("h1") == 1


def test_a_page_for_an_unoffered_language_is_in_english():
    assert Page(render_page("not_found", "zh-Hant-TW", {"site": SITE})).lang == "en"
    assert Page(render_page("not_found", "zh-CN", {"site": SITE})).lang == "zh-Hans"


def test_a_title_cannot_break_out_of_a_page_or_the_feed(facts, issued_on):
    announcement = announced(facts, issued_on) | {"title": "</title><script>x</script>"}
    page = render_page("announcement", "en", {"site": SITE, "announcement": announcement})
    assert "<script>" not in page
    feed = render_page(
        "feed", "en",
        {"site": SITE, "announcements": [announcement], "updated_at": announcement["updated_at"]},
    )  # fmt: skip
    root = ElementTree.fromstring(feed)
    entry = root.find("{http://www.w3.org/2005/Atom}entry")
    assert entry.findtext("{http://www.w3.org/2005/Atom}title") == announcement["title"]
    assert entry.findtext("{http://www.w3.org/2005/Atom}content") == announcement["html"]


def test_words_survive_storage_as_json(facts, issued_on):
    words = draft("ransomware", "zh-Hans", facts, issued_on)
    assert type(words)(**json.loads(words.model_dump_json())) == words

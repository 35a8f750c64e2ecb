import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.envelope import Words
from notifiers.errors import Refused
from notifiers.tokens import escaped, personal
from tests.notifiers.makers import NONCE, WORDS, make_person


def test_a_value_is_escaped_in_html_and_plain_in_text() -> None:
    mine = personal(WORDS, NONCE, make_person(fields={"name": "<b>Jo</b> & co"}))
    assert mine.subject == "About your data, <b>Jo</b> & co (N-2026-0042)"
    assert mine.html == "<p>Dear &lt;b&gt;Jo&lt;/b&gt; &amp; co, N-2026-0042</p>"


@given(st.text())
def test_whatever_a_name_holds_it_stays_on_one_line_and_adds_no_markup(name: str) -> None:
    text, markup = escaped(name, "t"), escaped(name, "h")
    assert text.isprintable() or not any(break_ in text for break_ in "\r\n\x85\u2028\u2029")
    assert html.unescape(markup) == html.unescape(html.escape(text))
    assert not set(markup) & set("<>\"'")


def test_a_line_break_in_a_name_cannot_add_a_header() -> None:
    mine = personal(WORDS, NONCE, make_person(fields={"name": "Jo\r\nBcc: all@example.com"}))
    assert "\n" not in mine.subject
    assert "\r" not in mine.subject


def test_a_value_that_looks_like_a_token_stays_text() -> None:
    words = Words("s", "%%7f3a.name.t%% %%7f3a.city.t%%", "h")
    person = make_person(fields={"name": "%%7f3a.city.t%%", "city": "Paris"})
    assert personal(words, NONCE, person).text == "%%7f3a.city.t%% Paris"


def test_tokens_of_another_nonce_are_words() -> None:
    words = Words("s", "%%beef.name.t%%", "h")
    assert personal(words, NONCE, make_person()).text == "%%beef.name.t%%"


def test_a_person_without_the_field_is_refused() -> None:
    with pytest.raises(Refused, match="has no field 'name'"):
        personal(WORDS, NONCE, make_person(fields={}))

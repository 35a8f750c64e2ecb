"""The paper of a notice receipt: each language has every word, and CJK is printed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pytest
import yaml
from pypdf import PdfReader

from incidents.receipt_paper import receipt_pdf
from incidents.rules.vocabulary import TEMPLATES, page_locales
from incidents.services.equation import BUCKETS
from notifiers.envelope import ReceiptKind

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def words(locale):
    return yaml.safe_load((TEMPLATES / "receipts" / f"{locale}.yaml").read_text("utf-8"))


@pytest.mark.parametrize("locale", page_locales())
def test_a_language_has_the_same_words_as_english(locale):
    ours, english = words(locale), words("en")
    assert ours.keys() == english.keys()
    for part in ("channels", "states", "outcomes", "kinds"):
        assert ours[part].keys() == english[part].keys()
    assert len(ours["check"]) == len(english["check"])


def test_every_bucket_has_a_word():
    assert {*BUCKETS, "left"} <= words("en")["states"].keys()


def test_everything_that_a_provider_may_say_has_a_word():
    assert words("en")["kinds"].keys() == {*ReceiptKind, "ended"}


def receipt(locale, text, heard=()):
    call = {"began": "2026-03-02T09:00:00.000000Z", "ended": "", "outcome": "accepted", "ref": "r"}
    leaf = {
        "attempts": [call],
        "bucket": "delivered",
        "campaign": "c",
        "channel": "email",
        "locale": locale,
        "provider": "sendgrid",
        "receipts": list(heard),
        "why": "",
        "words": "ab" * 32,
    }
    person = {"address": "wang@example.com", "fields": {"name": "王小明"}}
    shown = {
        "leaf": json.dumps(leaf),
        "person": json.dumps(person),
        "words": {"subject": "", "text": text, "html": ""},
    }
    return json.dumps({"key": "k", "told": [shown]}).encode()


@pytest.mark.parametrize(("locale", "word"), [("zh-Hans", "已送达"), ("de", "zugestellt")])
def test_it_is_written_in_the_language_of_its_person(locale, word):
    made = receipt(locale, "Dear %%a1.name.t%%, [nothing] #here *is* markup.")
    paper = PdfReader(io.BytesIO(receipt_pdf(made, "Example Surveys", NOW)))
    text = paper.pages[0].extract_text()
    assert word in text
    assert "王小明" in text
    assert "#here *is* markup" in text


def test_words_left_on_a_machine_are_not_told_as_a_change_of_channel():
    left = {"at": "2026-03-02T09:01:00.000000Z", "kind": "left", "code": "", "ref": "r"}
    paper = PdfReader(io.BytesIO(receipt_pdf(receipt("en", "Hello", [left]), "Example", NOW)))
    text = paper.pages[0].extract_text()
    assert "left on an answering machine" in text
    assert "another channel" not in text


def test_the_end_of_a_call_that_was_confirmed_is_not_told_as_silence():
    """The provider says that the call is over, whatever was pressed in it."""
    at = "2026-03-02T09:01:00.000000Z"
    key = {"at": at, "kind": "delivered", "code": "key 1", "ref": "CA1"}
    silent = {"at": at, "kind": "unanswered", "code": "no key", "ref": "CA0"}
    paper = receipt("en", "Hello", [silent, key, silent | {"ref": "CA1"}])
    text = PdfReader(io.BytesIO(receipt_pdf(paper, "Example", NOW))).pages[0].extract_text()
    assert (text.count("not answered"), text.count("call ended")) == (1, 1)


def test_equal_receipts_give_equal_bytes():
    made = receipt("xx", "Hello")
    assert receipt_pdf(made, "Example", NOW) == receipt_pdf(made, "Example", NOW)

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from incidents.errors import InvalidInput
from incidents.rendering import draft
from incidents.rules.report_content import fill
from incidents.rules.report_forms import form_named, forms
from incidents.typesetting import Letterhead, Recipient, letter_pdf, report_pdf

NOW = datetime(2026, 3, 6, 4, tzinfo=UTC)
LINK = "https://notices.example.com/n/N-7K3M-9QPX"


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return "".join(page.extract_text() for page in pages).replace("\n", "")


def report(facts, stage="initial", form="cn_incident_report", **more):
    return fill(form_named(form), facts, stage, now=NOW, **more)


def test_the_chinese_report_prints_its_chinese(facts):
    text = text_of(report_pdf(report(facts), Letterhead("示例调查公司")))
    for words in (
        "国家网络安全事件报告",
        "示例调查公司",
        "事件发现时间",
        "尚不清楚",
        facts["cause"]["zh-Hans"],
    ):
        assert words in text


def test_the_same_report_can_be_read_in_english(facts):
    assert "National cybersecurity incident report" in text_of(
        report_pdf(report(facts), Letterhead("Example Surveys"), "en")
    )


@pytest.mark.parametrize("form", sorted(forms()))
def test_every_form_prints_with_nothing_known_and_with_all(form, facts):
    empty = report({}, form=form)
    full = report(facts, "final", form=form, previous=empty)
    for content in (empty, full):
        assert report_pdf(content, Letterhead("Example Surveys")).startswith(b"%PDF-")
    assert full.changes


def test_equal_input_gives_equal_bytes_and_a_tagged_document(facts):
    first, second = (report_pdf(report(facts), Letterhead("Example Surveys")) for _ in range(2))
    assert first == second
    root = PdfReader(io.BytesIO(first)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("zh")
    assert PdfReader(io.BytesIO(first)).metadata.title == "国家网络安全事件报告"


def test_typed_words_are_printed_and_never_typeset(facts):
    hostile = '#panic("x") $ x #read("data.json") *bold* \\ <label> @ref'
    content = report(facts, answers={"trend": hostile})
    assert hostile.replace(" ", "") in text_of(
        report_pdf(content, Letterhead("Example #1"))
    ).replace(" ", "")


def test_each_recipient_gets_their_letter(facts, issued_on):
    words = draft("personal_data_leak", "de", facts, issued_on)
    people = [
        Recipient(("Anna Beispiel", "Musterweg 1", "10115 Berlin"), "Anna Beispiel"),
        Recipient(("李示例", "Musterweg 2", "10115 Berlin"), "李示例"),
    ]
    text = text_of(letter_pdf(words, "de", "N-7K3M-9QPX", LINK, people))
    assert text.count("Was geschehen ist") == 2
    assert "Guten Tag, Anna Beispiel," in text
    assert "李示例" in text
    assert LINK in text


def test_unfinished_words_are_not_printed(facts, issued_on):
    words = draft("ransomware", "en", facts, issued_on)
    with pytest.raises(InvalidInput):
        letter_pdf(words.model_copy(update={"title": "{{ x }}"}), "en", "N-1", LINK, [])
    with pytest.raises(InvalidInput):
        letter_pdf(words.model_copy(update={"issued_on": None}), "en", "N-1", LINK, [])

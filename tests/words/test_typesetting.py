import io
import json
import time
from datetime import UTC, datetime

import pytest
import typst
from pypdf import PdfReader

from incidents.rules.report_content import fill
from incidents.rules.report_forms import form_named, forms
from incidents.rules.report_gaps import Deadline, gaps
from incidents.rules.vocabulary import TEMPLATES
from incidents.typesetting import Letterhead, report_pdf

NOW = datetime(2026, 3, 6, 4, tzinfo=UTC)


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


def fonts_of(pdf: bytes) -> set[str]:
    pages = PdfReader(io.BytesIO(pdf)).pages
    found = {font for page in pages for font in page["/Resources"]["/Font"].values()}
    for font in found:
        (below,) = font.get_object()["/DescendantFonts"]
        assert {"/FontFile2", "/FontFile3"} & set(below.get_object()["/FontDescriptor"])
    return {font.get_object()["/BaseFont"].partition("+")[2] for font in found}


@pytest.mark.parametrize(
    ("form", "words", "font"),
    [
        ("cn_incident_report", "第 1 页，共 2 页", "NotoSansCJKsc-Regular-Identity-H"),
        ("jp_ppc", "1 / 2 ページ", "NotoSansCJKjp-Regular-Identity-H"),
        ("br_anpd", "Página 1 de 3", "NotoSans-Regular"),
        ("us_state_ag", "Page 1 of 2", "NotoSans-Regular"),
    ],
)
def test_pages_are_counted_in_the_authoritys_language_with_its_font_inside(
    facts, form, words, font
):
    pdf = report_pdf(report(facts, form=form), Letterhead("Example Surveys"))
    assert words in text_of(pdf)
    assert font in fonts_of(pdf)
    assert PdfReader(io.BytesIO(pdf)).trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_german_report_is_german_from_title_to_citation(facts):
    content = report(facts, form="eu_gdpr33", place="DE")
    text = text_of(report_pdf(content, Letterhead("Example Surveys")))
    assert "Verordnung (EU) 2016/679" in text
    for english in ("Regulation", "Stage", "Legal basis", "Controller", "Not known"):
        assert english not in text


def test_a_report_carries_the_letterhead(facts):
    logo = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="9"/></svg>'
    head = Letterhead("Example Surveys", ("12 Example Street", "Example City"), logo, "svg")
    pdf = report_pdf(report(facts, form="uk_ico"), head)
    assert "12 Example Street" in text_of(pdf)
    assert b"/Alt" in pdf  # a picture says what it shows
    assert pdf != report_pdf(report(facts, form="uk_ico"), Letterhead("Example Surveys"))


def test_a_logo_that_is_no_picture_holds_no_report_up(facts):
    spoilt = Letterhead("Example Surveys", (), b"no picture", "png")
    plain = Letterhead("Example Surveys")
    content = report(facts, form="uk_ico")
    assert report_pdf(content, spoilt) == report_pdf(content, plain)


def test_each_page_of_a_drill_says_so(facts):
    pdf = report_pdf(report(facts, form="jp_ppc"), Letterhead("Example"), drill=True)
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert all("[訓練]" in page.extract_text() for page in pages)
    assert "[訓練]" not in text_of(report_pdf(report(facts, form="jp_ppc"), Letterhead("Example")))


def test_a_report_says_when_what_it_does_not_know_will_follow():
    content = report({}, form="uk_ico")
    final = dict.fromkeys(content.locales, "final report")
    later = Deadline(stage="final", name=final, due_at=datetime(2026, 4, 5, 23, 30, tzinfo=UTC))
    text = text_of(report_pdf(content, Letterhead("Example"), missing=gaps(content, (later,))))
    assert "By April 6, 2026, final report" in text  # half past midnight in London
    assert "As soon as it is known" in text_of(report_pdf(content, Letterhead("Example")))


def test_our_own_words_hold_no_sign_that_no_font_of_ours_can_print():
    files = [
        *(TEMPLATES / "locales").glob("*.yaml"),
        *(TEMPLATES / "reports").rglob("*.yaml"),
        *(file for file in (TEMPLATES / "notices").rglob("*.*")),
    ]
    signs = sorted({sign for file in files for sign in file.read_text("utf-8")} - {"\n"})
    letters = "Úřad Žalčius Şırnak Αρχή Προστασίας Комисия"  # names of authorities
    sheet = f"""
        #set document(title: "signs", date: datetime(year: 2026, month: 1, day: 1))
        #set text(font: ("Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP"), fallback: false)
        #{json.dumps("".join(signs) + letters, ensure_ascii=False)}
    """
    compiler = typst.Compiler(font_paths=[TEMPLATES / "fonts"], ignore_system_fonts=True)
    # PDF/A refuses what no font can show.
    assert compiler.compile(sheet.encode(), format="pdf", pdf_standards=["a-2b"])


def test_all_papers_of_one_incident_are_printed_in_a_breath(facts):
    contents = [report(facts, "final", form=form) for form in sorted(forms())]
    report_pdf(contents[0], Letterhead("Example Surveys"))  # the compiler reads the fonts once
    begun = time.perf_counter()
    for content in contents:
        assert report_pdf(content, Letterhead("Example Surveys")).startswith(b"%PDF-")
    assert time.perf_counter() - begun < 0.4 * len(contents)  # some 0.02 s each, on an idle core

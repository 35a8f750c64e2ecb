"""Letters on paper: what fits a window, what is printed, how a batch is handed over and taken."""

import asyncio
import io
import json
import zipfile
from dataclasses import replace
from uuid import UUID

import pytest
from pypdf import PdfReader

from incidents.rules.vocabulary import TEMPLATES
from notifiers.courier import AttemptQuery
from notifiers.envelope import Channel, FindingKind, OutcomeKind, Words
from notifiers.errors import Refused, Unavailable
from notifiers.fake.faults import Dice, Faults
from notifiers.fake.ledger import Ledger, read
from notifiers.fake.print_house import PrintHouse
from notifiers.letters import window
from notifiers.letters.pieces import piece_of, read_piece
from notifiers.letters.press import Press
from notifiers.letters.window import Window, lines_of
from notifiers.providers.print_folder import PrintFolder, Sender
from tests.notifiers.makers import NONCE, make_envelope, make_person

FONTS = TEMPLATES / "fonts"
ATTEMPT = UUID(int=7).hex
ADDRESS = "Ada Example\n1 Sample Street, 10115 Berlin"
PARAGRAPH = "<p>Between 3 and 5 March, survey answers could be read without signing in.</p>\n"
HTML = (
    f"<article>\n<h1>About your data</h1>\n<p>Dear %%{NONCE}.name.h%%,</p>\n{PARAGRAPH}</article>"
)

LIST_AND_ADVICE = """<ul>
<li>Names</li>
<li>E-mail addresses, told at such length that they take more than a single line of a page</li>
</ul>
<h2>What you can do</h2>
<p>Change your password.</p>
</article>"""


@pytest.fixture(scope="module")
def press():
    return Press(TEMPLATES)


@pytest.fixture(scope="module")
def fits():
    return Window(sorted(FONTS.glob("*.[ot]tf")))


@pytest.fixture
def courier(press, fits, tmp_path):
    return PrintFolder(tmp_path / "letters", press, fits, Sender("Example Surveys", "1 Main St"))


def letter(*people, html=HTML, **changes):
    people = people or (make_person(address=ADDRESS),)
    given = {"channel": Channel.LETTER, "attempt": ATTEMPT, "words": Words("About", "text", html)}
    return make_envelope(*people, **(given | changes))


def reader_of(body: bytes) -> PdfReader:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return PdfReader(io.BytesIO(archive.read("letters.pdf")))


def pages_of(body: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in reader_of(body).pages]


def fonts_of(body: bytes) -> set[bytes]:
    fonts = reader_of(body).pages[0]["/Resources"]["/Font"].values()
    below = [font["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts]
    return {descriptor["/FontFile2"].get_data() for descriptor in below}


def manifest_of(body: bytes) -> dict:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return json.loads(archive.read("manifest.json"))


@pytest.mark.parametrize(
    ("address", "lines"),
    [
        (
            "Ada Example\n1 Sample Street, 10115 Berlin",
            ("Ada Example", "1 Sample Street", "10115 Berlin"),
        ),
        ("1 Sample Street, 10115 Berlin", ("1 Sample Street", "10115 Berlin")),
        (
            "Example, Ada\nSample Street 1\n10115 Berlin",
            ("Example, Ada", "Sample Street 1", "10115 Berlin"),
        ),
        ("李示例\n示例路12号，上海", ("李示例", "示例路12号", "上海")),
        ("", ()),
    ],
)
def test_an_address_becomes_the_lines_of_a_window(address, lines):
    assert lines_of(address) == lines


@pytest.mark.parametrize(
    ("lines", "flaw"),
    [
        (("Ada Example", "1 Sample Street", "10115 Berlin"), ""),
        (("李示例", "示例路12号", "上海"), ""),
        (("Ada Example",), window.NO_ADDRESS),
        (("one", "two", "three", "four", "five", "six", "seven"), window.TOO_MANY_LINES),
        (("Ada Example", "W" * 30), window.TOO_WIDE),
        (("Ada Example", "서울시 1"), window.NO_LETTERS),
    ],
)
def test_an_address_that_no_window_shows_is_told(fits, lines, flaw):
    assert fits.flaw(lines) == flaw


def test_a_long_name_is_broken_between_its_words(fits):
    name = "Dr. Maximiliane Freifrau von und zu Hohenstein-Oberndorf, geborene Grafenburg"
    lines = fits.broken((name, "1 Sample Street", "10115 Berlin"))
    assert " ".join(lines[:2]) == name
    assert lines[2:] == ("1 Sample Street", "10115 Berlin")
    assert fits.flaw(lines) == ""


def test_a_word_that_is_too_long_for_a_window_stays_whole(fits):
    assert fits.broken(("W" * 30, "one two")) == ("W" * 30, "one two")


def test_the_number_of_a_letter_can_be_read_back_however_it_is_typed():
    attempt = UUID(int=2**127 + 12345)
    piece = piece_of(attempt, 231)
    assert read_piece(f" {piece.lower()[:9]} {piece.lower()[9:]}") == (attempt, 231)
    assert read_piece("N-2026-0042") is None
    assert read_piece(piece[:25] + "7" + piece[26:]) is None  # spare bits that we never write


def test_the_box_at_the_end_never_stands_on_a_page_alone(courier):
    end = "<h2>Reach us</h2>\n<p>Help desk</p>\n<aside>\n<p>Look it up.</p>\n</aside>\n</article>"
    turned = 0
    for lines in range(14, 24):
        html = HTML.replace("</article>", "<p>A line.</p>\n" * lines + end)
        first, *others = pages_of(courier.body(letter(html=html)))
        if others and "A line." not in others[0]:
            turned += 1
            assert others[0].endswith("Reach us Help desk Look it up.")
            assert "Reach us" not in first
    assert turned


def test_each_person_has_a_letter_of_their_own_with_their_name_and_their_number(courier):
    people = [
        make_person(n, address=f"Person {n}\n{n} Street\n10115 Berlin", fields={"name": name})
        for n, name in enumerate(("Ada <b>Example</b>", "李示例"))
    ]
    body = courier.body(letter(*people))
    first, second = pages_of(body)
    assert "Dear Ada <b>Example</b>," in first
    assert "0 Street" in first
    assert "李示例" in second
    assert piece_of(UUID(hex=ATTEMPT), 2) in second
    assert "Ada" not in second
    assert "Example Surveys · 1 Main St" in second


def test_the_manifest_says_where_each_letter_begins_and_ends(courier):
    long = HTML.replace(PARAGRAPH, PARAGRAPH * 30)
    people = [make_person(n, address=ADDRESS) for n in range(5)]
    body = courier.body(letter(*people, html=long))
    listed = manifest_of(body)["letters"]
    pages = pages_of(body)
    assert len(pages) == manifest_of(body)["page_count"] == 10
    for one in listed:
        assert one["piece"] in pages[one["first_page"] - 1]
        assert one["last_page"] == one["first_page"] + 1
    assert [one["first_page"] for one in listed] == [1, 3, 5, 7, 9]


def test_a_heading_never_stands_alone_at_the_foot_of_a_page(courier):
    second = 0
    for count in range(18, 30):
        html = HTML.replace(PARAGRAPH, PARAGRAPH * count).replace("</article>", LIST_AND_ADVICE)
        (page,) = (page for page in pages_of(courier.body(letter(html=html))) if "What you" in page)
        assert "Change your password." in page
        second += "About your data" not in page
    assert 0 < second < 12  # the fold was crossed


def test_the_same_batch_is_the_same_bytes(courier):
    assert courier.body(letter()) == courier.body(letter())


def test_words_of_a_person_are_printed_and_never_typeset(courier):
    hostile = '*/ \u2028#panic("x") $ x #read("data.json") *bold* \\ <label> @ref & </p>'
    body = courier.body(letter(make_person(address=ADDRESS, fields={"name": hostile})))
    assert "".join(hostile.split()) in "".join(pages_of(body)[0].split())


def test_all_fonts_are_embedded(courier):
    person = make_person(address="李示例\n示例路12号\n上海", fields={"name": "日本 太郎"})
    reader = reader_of(courier.body(letter(person)))
    fonts = [font.get_object() for font in reader.pages[0]["/Resources"]["/Font"].values()]
    assert len(fonts) > 1
    for font in fonts:
        (below,) = font["/DescendantFonts"]
        assert {"/FontFile2", "/FontFile3"} & set(below.get_object()["/FontDescriptor"])


def test_the_words_have_the_same_font_in_each_letter_whoever_it_is_to(courier):
    ada, bo = (
        fonts_of(courier.body(letter(make_person(address=f"{name}\nBerlin"))))
        for name in ("Ada Example", "Bo Quux")
    )
    assert len(ada & bo) == 1
    assert ada != bo


def test_those_whose_address_does_not_fit_are_named(courier):
    good, bad = make_person(1, address=ADDRESS), make_person(2, address="Ada\n" + "W" * 40)
    with pytest.raises(Refused) as refused:
        courier.body(letter(good, bad))
    assert refused.value.refs == (bad.ref,)


def send(courier, envelope):
    return asyncio.run(courier.send(envelope, courier.body(envelope)))


def look(courier):
    return asyncio.run(courier.look_up(AttemptQuery(ATTEMPT, None, (), "N-2026-0042"))).kind


def test_a_batch_is_handed_over_whole_once_and_can_be_found_again(courier, tmp_path):
    assert look(courier) is FindingKind.CANNOT_TELL  # no folder: not mounted, for all we know
    (tmp_path / "letters/outbox").mkdir(parents=True)
    assert look(courier) is FindingKind.ABSENT
    assert send(courier, letter()).kind is OutcomeKind.ACCEPTED
    assert [path.name for path in (tmp_path / "letters/outbox").iterdir()] == [f"{ATTEMPT}.zip"]
    assert look(courier) is FindingKind.FOUND
    house = PrintHouse(tmp_path / "letters", Ledger(tmp_path / "ledger"), Dice(Faults()))
    assert house.collect() == 1
    assert look(courier) is FindingKind.FOUND
    assert send(courier, letter()).kind is OutcomeKind.ACCEPTED  # handed over again: no second one
    assert house.collect() == 0
    assert len(list(read(tmp_path / "ledger"))) == 1


def test_a_folder_that_cannot_be_written_leaves_the_letters_for_later(courier, tmp_path):
    (tmp_path / "letters").write_text("not a folder")
    with pytest.raises(Unavailable):
        send(courier, letter())


def test_nothing_is_handed_over_after_its_time(courier, tmp_path):
    with pytest.raises(Unavailable):
        send(courier, replace(letter(), not_after=0.0))
    assert list((tmp_path / "letters/outbox").iterdir()) == []


def test_a_print_house_leaves_a_batch_that_does_not_fit_its_manifest(courier, tmp_path):
    send(courier, letter())
    path = tmp_path / "letters/outbox" / f"{ATTEMPT}.zip"
    path.rename(path.with_name("another.zip"))
    house = PrintHouse(tmp_path / "letters", Ledger(tmp_path / "ledger"), Dice(Faults()))
    assert house.collect() == 0
    assert path.with_name("another.refused").exists()

"""Lists in other encodings: said, seen by their mark, or refused before people are lost."""

import pytest

from incidents.errors import IncidentsError, InvalidInput
from incidents.rules.encodings import as_utf8

NAMES = {
    "windows-1252": "Jörg Müller – Œuvre",
    "iso-8859-1": "Søren Åse",
    "windows-1251": "Анна Петрова",
    "macintosh": "Zoë Ångström",
    "gb2312": "王小明",
    "shift_jis": "髙橋 はな",
    "utf-16le": "Ελένη",
}
CODECS = {"iso-8859-1": "cp1252", "shift_jis": "cp932"}


def read(data, encoding="", size=3):
    return b"".join(as_utf8((data[at : at + size] for at in range(0, len(data), size)), encoding))


@pytest.mark.parametrize(("encoding", "name"), NAMES.items())
def test_a_list_is_read_in_the_encoding_that_it_is_said_to_be_in(encoding, name):
    text = f"name,email\n{name},a@example.com\n" * 3
    assert read(text.encode(CODECS.get(encoding, encoding)), encoding.upper()).decode() == text


def test_utf16_is_seen_by_its_mark():
    assert read("name\temail\nJörg\tj@example.com\n".encode("utf-16"), size=64).decode() == (
        "name\temail\nJörg\tj@example.com\n"
    )


def test_what_an_encoding_does_not_have_spoils_its_own_line_only():
    lines = read(b"J\xf6rg\nB\x81d\nZo\xeb\n", "windows-1252").split(b"\n")
    assert [lines[0].decode(), lines[2].decode()] == ["Jörg", "Zoë"]
    with pytest.raises(UnicodeDecodeError):
        lines[1].decode()


@pytest.mark.parametrize("encoding", ["cp1252", "cp1250", "gb18030", "cp932", "cp1251"])
@pytest.mark.parametrize("size", [5, 100, 10_000])
def test_a_list_that_is_plainly_not_utf8_is_refused_with_how_to_say_which(encoding, size):
    name = {"cp1251": "Анна", "gb18030": "王小明", "cp932": "高橋はな"}.get(encoding, "Jörg")
    with pytest.raises(InvalidInput) as refused:
        read(f"name,email\nAda,a@example.com\n{name},j@example.com\n".encode(encoding), size=size)
    (problem,) = refused.value.problems
    assert problem.field == "encoding"
    assert problem.why == "lines that are not UTF-8: 1"
    assert "--encoding windows-1252" in problem.mend


def test_it_is_refused_long_before_its_end():
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"J\xf6rg,j@example.com\n" * 10

    with pytest.raises(InvalidInput, match="another encoding"):
        for _ in as_utf8(endless()):
            pass
    assert len(taken) == 10


def test_a_damaged_line_of_a_list_in_utf8_is_no_other_encoding():
    for text in ("Jörg\nZoë\n".encode() + b"B\xffd\n", b"B\xffd\n" + "Jörg\nZoë\n".encode()):
        assert read(text) == text
    assert read(b"Ada\nB\xffd\n", "utf-8") == b"Ada\nB\xffd\n"  # said: such lines are left out


def test_utf8_taken_for_an_encoding_of_one_byte_a_letter_is_refused_before_names_are_spoilt():
    with pytest.raises(InvalidInput) as refused:
        read("name\nJörg Müller\n".encode(), "windows-1252", size=100)
    assert refused.value.problems[0].why == "the list is UTF-8"


def test_an_encoding_that_nobody_knows_is_refused():
    with pytest.raises(IncidentsError) as refused:
        read(b"name", "rot13")
    assert refused.value.problems[0].field == "encoding"

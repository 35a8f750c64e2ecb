import random

import pytest

from incidents.errors import InvalidInput
from incidents.rules.people_csv import BadLine, PeopleCsv

HEADER = "ref,name,email\n"


def pieces(data, size=7):
    return (data[at : at + size] for at in range(0, len(data), size))


def read(text, size=7):
    data = text if isinstance(text, bytes) else text.encode()
    found = list(PeopleCsv(pieces(data, size)).records())
    good = [(item.line, item.values) for item in found if not isinstance(item, BadLine)]
    return good, [(item.line, item.flaw.reason) for item in found if isinstance(item, BadLine)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_write_is_read(delimiter, start, end):
    rows = [["ref", "Name", "E-Mail".replace("-", "")], ["1", "王小明", "a@example.com"]]
    text = start + "".join(delimiter.join(row) + end for row in rows)
    assert read(text) == ([(2, rows[1])], [])


def test_quoted_values_hold_separators_quotes_and_line_breaks():
    good, bad = read(HEADER + '1,"Lee, ""Ada""\nLane 1",a@example.com\n2,Bo,b@example.com\n')
    assert good == [
        (2, ["1", 'Lee, "Ada"\nLane 1', "a@example.com"]),
        (4, ["2", "Bo", "b@example.com"]),
    ]
    assert bad == []


def test_a_quote_that_never_closes_costs_its_own_line_only():
    lines = [f"{n},P{n},p{n}@example.com" for n in range(40)]
    lines[5] = '5,"P5,p5@example.com'
    good, bad = read(HEADER + "\n".join(lines))
    assert bad == [(7, "open_quote")]
    assert len(good) == 39


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1,Ada", "too_few_fields"),
        (b"1,Ada,a@example.com,extra", "too_many_fields"),
        (b"1,J\xf6rg,j@example.com", "not_utf8"),
        (b"1,A\x00da,a@example.com", "nul"),
        (b'1,"Ada" Lee,a@example.com', "broken_quote"),
        (b"1,A\rda,a@example.com", "line_break"),
        (b"1," + b"A" * 70_000 + b",a@example.com", "line_too_long"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_the_others_are_read(line, reason):
    good, bad = read(HEADER.encode() + b"0,X,x@example.com\n" + line + b"\n2,Y,y@example.com\n")
    assert bad == [(3, reason)]
    assert [values[0] for _, values in good] == ["0", "2"]


def test_empty_lines_are_passed_over_and_counted_as_lines():
    good, bad = read(HEADER + "\n1,A,a@example.com\n   \n\n2,B,b@example.com")
    assert ([line for line, _ in good], bad) == ([3, 6], [])


def test_how_the_pieces_are_cut_changes_nothing():
    rng = random.Random(7)
    signs = ['"', ",", "\n", "\r", "a", "é", "\t", "x,y\n", '1,"q",z\n', '1,"q\nr",z\n']
    for _ in range(300):
        body = "".join(rng.choices(signs, k=40))
        whole = read(HEADER + body, size=100_000)
        assert read(HEADER + body, size=rng.randint(1, 30)) == whole


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_quote_somewhere_changes_nothing_of_the_lines_without(end):
    plain = "".join(f" {n},P {n},p{n}@example.com{end}" for n in range(50)) + f"1,2{end}{end}"
    quoted = f'"51",Q,q@example.com{end}'
    (good, bad), (good_too, bad_too) = read(HEADER + plain), read(HEADER + plain + quoted, 100_000)
    assert (good, bad) == (good_too[:-1], bad_too)
    assert good_too[-1] == (54, ["51", "Q", "q@example.com"])


@pytest.mark.parametrize(
    ("header", "field", "says"),
    [
        ("name,emial", "column 2", "did you mean email?"),
        ("name,E-Mail", "column 2", "did you mean email?"),
        ("name,email,country", "column 3", "did you mean place?"),
        ("name,email,", "column 3", "name it"),
        ("name,email,email", "header", "keep one"),
        ("name,email,Order No", "column 3", "lower-case"),
        ("email,phone", "header", "add it"),
        ("name,ref", "header", "at least one of email"),
        ("", "header", "start with column names"),
        ('name,"email', "header", "quote whole names"),
        ("x" * 70_000, "header", "end lines with"),
    ],
)
def test_a_header_that_cannot_be_used_says_how_to_mend_it(header, field, says):
    with pytest.raises(InvalidInput) as refused:
        PeopleCsv([header.encode()])
    assert any(p.field == field and says in p.mend for p in refused.value.problems)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le"])
def test_a_list_in_utf_16_is_refused_with_advice(codec):
    with pytest.raises(InvalidInput, match="UTF-16"):
        PeopleCsv(["name,email\n".encode(codec)])


@pytest.mark.parametrize(
    ("begin", "says"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "Excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (b"name,email\rAda,ada@example.com\r", "CR alone"),
    ],
)
def test_a_file_that_is_no_csv_is_called_what_it_is(begin, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        PeopleCsv([begin])
    assert all(problem.mend for problem in refused.value.problems)


def test_a_list_without_a_header_is_told_so_without_quoting_its_first_person():
    with pytest.raises(InvalidInput) as refused:
        PeopleCsv([b"1,Ada Example,ada@example.com,+12025550101\n"])
    (problem,) = refused.value.problems
    assert "not column names" in problem.why
    assert "ref, name, email" in problem.mend
    assert "ada" not in f"{refused.value} {refused.value.problems}".lower()


def test_own_columns_are_welcome():
    columns = PeopleCsv([b"Name,EMAIL,survey_no\n"]).columns
    assert columns == ["name", "email", "survey_no"]

from datetime import UTC, datetime
from uuid import UUID

import pytest

from incidents.errors import InvalidInput, Problem
from incidents.rules.letter_statuses import read_statuses
from notifiers.envelope import ReceiptKind
from notifiers.letters.pieces import piece_of

PIECE = piece_of(UUID(int=5), 3)


def read(*lines):
    return list(read_statuses(["piece,status,at,reason\n", *lines]))


def test_a_line_tells_which_letter_what_when_and_why():
    (told,) = read(f"{PIECE},Returned,2026-03-09T14:30:00+01:00,moved away\n")
    assert (told.attempt, told.number) == (UUID(int=5), 3)
    assert told.kind is ReceiptKind.UNDELIVERED
    assert told.at == datetime(2026, 3, 9, 13, 30, tzinfo=UTC)
    assert told.reason == "moved away"


def test_a_reason_that_may_be_a_new_address_is_left_out_and_the_letter_came_back():
    (told,) = read(f'{PIECE},returned,,"moved to 5 Sample Street, Berlin"\n')
    assert (told.kind, told.reason) == (ReceiptKind.UNDELIVERED, "")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("between", [",", ";"])
def test_what_a_spreadsheet_saves_is_read(mark, between):
    lines = [between.join(("piece", "status")), between.join((PIECE, "returned"))]
    (told,) = read_statuses([f"{mark}{lines[0]}\r\n", f"{lines[1]}\r\n"])
    assert told.kind is ReceiptKind.UNDELIVERED


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("XYZ,returned,,", "line 2, piece"),
        (f"{PIECE},eaten,,", "line 2, status"),
        (f"{PIECE},returned,yesterday,", "line 2, at"),
        (f"{PIECE},returned,0001-01-01T00:00:00+14:00,", "line 2, at"),
        (f"{PIECE},returned,,{'x' * 61}", "line 2, reason"),
        (f"{PIECE}", "line 2, status"),
        ("x" * 200_000, "line 2"),
    ],
)
def test_a_line_of_no_use_is_named_and_those_after_it_are_read(line, where):
    problem, told = read(line + "\n", "\n", f"{PIECE},posted\n")
    assert isinstance(problem, Problem)
    assert problem.field == where
    assert told.kind is ReceiptKind.SENT
    assert told.at is None


@pytest.mark.parametrize("header", ["name,address", "x" * 200_000, ""])
def test_a_list_without_its_columns_is_refused(header):
    with pytest.raises(InvalidInput) as refused:
        list(read_statuses([f"{header}\n", "x,y\n"]))
    assert [one.field for one in refused.value.problems] == ["column piece", "column status"]

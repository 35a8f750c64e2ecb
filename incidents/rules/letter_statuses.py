"""What a printer, or whoever opens returned mail, tells of letters: a CSV, read line by line. Pure.

Columns: `piece` (the number on the sheet), `status`, and where they are known `at` (ISO 8601)
and `reason`. Lines that cannot be used are named and passed over.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from incidents.errors import InvalidInput, Problem
from incidents.rules.list_moments import moment_in
from notifiers.envelope import ReceiptKind
from notifiers.letters.pieces import read_piece

STATUSES: Mapping[str, ReceiptKind] = {
    "printed": ReceiptKind.PROCESSED,
    "posted": ReceiptKind.SENT,
    "delivered": ReceiptKind.DELIVERED,
    "returned": ReceiptKind.UNDELIVERED,
    "failed": ReceiptKind.FAILED,
}
NEEDED = ("piece", "status")
_REASON = re.compile(r"[\w .,:/()-]{0,60}")


@dataclass(frozen=True, slots=True)
class Told:
    """What one line tells of the `number`-th letter of an attempt."""

    line: int
    attempt: UUID
    number: int
    kind: ReceiptKind
    at: datetime | None
    reason: str


def read_statuses(lines: Iterable[str]) -> Iterator[Told | Problem]:
    """Each line as what it tells, or as why it cannot be used.

    Raises  InvalidInput  the header lacks a column
    """
    rows = _rows(_reader(iter(lines)))
    _, header = next(rows, (1, []))
    columns = _columns(header)
    for line, row in rows:
        if isinstance(row, Problem):
            yield row
        elif any(map(str.strip, row)):
            yield _told(line, dict(zip(columns, map(str.strip, row), strict=False)))


def _reader(lines: Iterator[str]) -> Any:
    """Spreadsheets of half of Europe write semicolons, and all of them a byte order mark."""
    header = next(lines, "").removeprefix("\ufeff")
    semicolons = header.count(";") > header.count(",")
    return csv.reader(chain([header], lines), delimiter=";" if semicolons else ",")


def _columns(header: list[str] | Problem) -> list[str]:
    columns = [] if isinstance(header, Problem) else [name.strip().lower() for name in header]
    problems = [
        Problem(f"column {name}", "is missing", "write it into the header")
        for name in NEEDED
        if name not in columns
    ]
    if problems:
        raise InvalidInput("this is no list of letters", *problems)
    return columns


def _rows(reader: Any) -> Iterator[tuple[int, list[str] | Problem]]:
    """Each row with the number of its line; of one that cannot be read, why. (Then it goes on.)"""
    while True:
        try:
            row = next(reader)
            yield reader.line_num, row
        except StopIteration:
            return
        except csv.Error as error:
            where, why = f"line {reader.line_num}", f"cannot be read: {error}"
            yield reader.line_num, Problem(where, why, "save the list as CSV")


def _told(line: int, given: Mapping[str, str]) -> Told | Problem:
    where = f"line {line}"
    found = read_piece(given.get("piece", ""))
    if found is None:
        return Problem(f"{where}, piece", "is no number of a letter", "copy it from the sheet")
    kind = STATUSES.get(given.get("status", "").lower())
    if kind is None:
        return Problem(f"{where}, status", "is not known", f"one of {', '.join(STATUSES)}")
    try:
        at = moment_in(given.get("at", ""))
    except ValueError:
        return Problem(f"{where}, at", "is no moment", "write it as 2026-03-09T14:30:00+01:00")
    reason = given.get("reason", "")
    if not _REASON.fullmatch(reason):
        return Problem(f"{where}, reason", "is too long or holds odd signs", "a few plain words")
    # Reasons are counted where nobody may be named: what holds a number may be a new address.
    return Told(line, *found, kind, at, "" if any(map(str.isdigit, reason)) else reason)

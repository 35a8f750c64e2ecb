"""A list of people as CSV: read line by line in constant memory, whatever is wrong with it.

A line that cannot be read is named and passed over; those after it are read all the same.
"""

import csv
import difflib
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from typing import NamedTuple

from incidents.errors import InvalidInput, Problem
from incidents.rules.encodings import SAY_IT
from incidents.rules.people import ADDRESSES, COLUMNS, Flaw

LONGEST_LINE_BYTES = 64 * 1024
_MOST_OWN_COLUMNS = 50
_MOST_LINES_OF_A_RECORD = 20
_DELIMITERS = ",;\t"
_OWN_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
# What lists call our columns; not taken silently, since a column may mean something else.
_OFTEN_CALLED: Mapping[str, str] = {
    "id": "ref",
    "customer_id": "ref",
    "full_name": "name",
    "fullname": "name",
    "mail": "email",
    "email_address": "email",
    "tel": "phone",
    "telephone": "phone",
    "mobile": "phone",
    "phone_number": "phone",
    "lang": "locale",
    "language": "locale",
    "country": "place",
    "state": "place",
    "region": "place",
    "address": "postal_address",
    "post_address": "postal_address",
    "token": "push_token",
}


class Record(NamedTuple):
    """One record: the line that it starts on, and its values."""

    line: int
    values: list[str]


class BadLine(NamedTuple):
    """A line that cannot be read as a record."""

    line: int
    flaw: Flaw


class _Unreadable(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PeopleCsv:
    """A CSV that arrives in pieces. The header is read at once; the records as one asks.

    known   the columns that such a list may have; a list of people if not said
    Raises  InvalidInput  for a header that cannot be used, with every problem of it
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        known: Collection[str] = COLUMNS,
        check: Callable[[list[str]], list[str]] | None = None,
    ) -> None:
        self._lines = _Lines(chunks)
        header = _header_text(next(self._lines, (1, b""))[1])
        self._delimiter = _delimiter_of(header, known)
        self.columns = (check or _columns_of)(_names_in(header, self._delimiter))

    def records(self) -> Iterator[Record | BadLine]:
        """Each record, or why a line is none; empty lines are passed over."""
        while block := self._lines.waiting():
            rows = self._whole(block)
            if rows is None:
                yield from self._one_by_one(until=self._lines.number + len(block))
                continue
            numbered = enumerate(rows, self._lines.pass_over())
            if set(map(len, rows)) == {len(self.columns)}:
                yield from starmap(Record, numbered)
            else:
                yield from filter(None, starmap(self._counted, numbered))

    def _whole(self, block: Sequence[bytes]) -> list[list[str]] | None:
        """The rows of many lines at once; None unless each line is surely one record."""
        joined = b"\n".join(block)
        if b"\0" in joined or max(map(len, block)) > LONGEST_LINE_BYTES:
            return None
        try:
            text = joined.decode().replace("\r\n", "\n").removesuffix("\r")
            if '"' not in text and "\r" not in text:  # a third of the time of a CSV reader
                return [line.split(self._delimiter) for line in text.split("\n")]
            rows = list(csv.reader(text.split("\n"), delimiter=self._delimiter, strict=True))
        except (UnicodeDecodeError, csv.Error):
            return None
        return rows if len(rows) == len(block) else None

    def _one_by_one(self, until: int) -> Iterator[Record | BadLine]:
        while self._lines.number < until and (following := next(self._lines, None)):
            line, raw = following
            try:
                item = self._counted(line, self._values(_text(raw)))
            except _Unreadable as unreadable:
                item = BadLine(line, Flaw("", unreadable.reason))
            if item:
                yield item

    def _counted(self, line: int, values: list[str]) -> Record | BadLine | None:
        """A record if it has as many values as the header has names; None for an empty line."""
        width = len(self.columns)
        if len(values) == width:
            return Record(line, values)
        if not "".join(values).strip():
            return None
        fewer = len(values) < width
        return BadLine(line, Flaw("", "too_few_fields" if fewer else "too_many_fields"))

    def _values(self, text: str) -> list[str]:
        try:
            return _parse(text, self._delimiter)
        except _OpenQuote:
            return self._values_across_lines(text)

    def _values_across_lines(self, text: str) -> list[str]:
        """A quoted value may hold line breaks; one that never closes costs its own line only."""
        taken: list[bytes] = []
        for _line, raw in self._lines:
            taken.append(raw)
            try:
                added = _text(raw)
                text = f"{text}\n{added}"
                if '"' in added and len(values := _parse(text, self._delimiter)) == len(
                    self.columns
                ):
                    return values
            except _OpenQuote:
                pass
            except _Unreadable:
                break
            if len(taken) == _MOST_LINES_OF_A_RECORD:
                break
        self._lines.give_back(taken)
        raise _Unreadable("open_quote")


class _OpenQuote(_Unreadable):
    pass


def _parse(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise _OpenQuote("open_quote") from None
        raise _Unreadable("line_break" if "new-line" in str(error) else "broken_quote") from None


def _text(raw: bytes) -> str:
    if len(raw) > LONGEST_LINE_BYTES:
        raise _Unreadable("line_too_long")
    if b"\0" in raw:
        raise _Unreadable("nul")
    try:
        return raw.decode().removesuffix("\r")
    except UnicodeDecodeError:
        raise _Unreadable("not_utf8") from None


class _Lines:
    """Numbered lines of pieces of bytes: one by one, or a block of whole lines at a time.

    number  of the line that was taken last
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._blocks = _blocks(chunks)
        self._block: deque[bytes] = deque()
        self.number = 0

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return self

    def __next__(self) -> tuple[int, bytes]:
        if not self._waits():
            raise StopIteration
        self.number += 1
        return self.number, self._block.popleft()

    def waiting(self) -> list[bytes]:
        """The lines that are here and were not taken; empty at the end."""
        return list(self._block) if self._waits() else []

    def pass_over(self) -> int:
        """Take all that waits; the number of its first line."""
        first = self.number + 1
        self.number += len(self._block)
        self._block.clear()
        return first

    def give_back(self, lines: Sequence[bytes]) -> None:
        self.number -= len(lines)
        self._block.extendleft(reversed(lines))

    def _waits(self) -> bool:
        while not self._block:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._block.extend(block.split(b"\n"))
        return True


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines; of a line that is too long no more is kept than shows that."""
    rest = b""
    for chunk in chunks:
        whole, end, rest = (rest + chunk).rpartition(b"\n")
        if end:
            yield whole
        rest = rest[: LONGEST_LINE_BYTES + 1]
    if rest:
        yield rest


# How files begin that are no CSV, and what they are.
_OTHER_FORMATS: Mapping[bytes, str] = {
    b"PK\x03\x04": "an Excel or another ZIP file",
    b"\xd0\xcf\x11\xe0": "an old Excel file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "compressed by gzip",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def _header_text(raw: bytes) -> str:
    for begin, what in _OTHER_FORMATS.items():
        if raw.startswith(begin):
            raise _bad_header(f"the list is {what}", "save it as CSV in UTF-8")
    if b"\0" in raw:
        raise _bad_header("the list is UTF-16, or no text", SAY_IT)
    try:
        text = _text(raw).removeprefix("\ufeff")
    except _Unreadable as unreadable:
        if unreadable.reason == "line_too_long":
            raise _bad_header(
                "the first line is too long to be a header", "end lines with LF or CR LF"
            ) from None
        raise _bad_header("the header is not UTF-8", SAY_IT) from None
    if not text.strip():
        raise _bad_header("the first line is empty", f"start with column names: {_ALL}")
    return text


def _bad_header(why: str, mend: str) -> InvalidInput:
    return InvalidInput(f"the list cannot be read: {why}", Problem("header", why, mend))


def _delimiter_of(header: str, columns: Collection[str]) -> str:
    """The sign between columns: the one that makes the most known names."""

    def known(delimiter: str) -> tuple[int, int]:
        names = header.split(delimiter)
        return sum(_plain(name) in columns for name in names), len(names)

    return max(_DELIMITERS, key=known)


def _names_in(header: str, delimiter: str) -> list[str]:
    if "\r" in header:
        raise _bad_header("lines end with CR alone", "save the list with LF or CR LF at line ends")
    try:
        return [_plain(name) for name in _parse(header, delimiter)]
    except _Unreadable:
        raise _bad_header("a quote in the header is not closed", "quote whole names") from None


def _plain(name: str) -> str:
    return name.strip().strip('"').strip().lower()


def _columns_of(names: list[str]) -> list[str]:
    if not set(COLUMNS) & set(names) and any(map(_of_a_person, names)):
        raise _bad_header("the first line is a person, not column names", f"begin with: {_ALL}")
    problems = [
        *(problem for number, name in enumerate(names, 1) for problem in _flaws(number, name)),
        *_doubled(names),
        *_missing(names),
    ]
    if len(names) > len(COLUMNS) + _MOST_OWN_COLUMNS:
        problems.append(
            Problem("header", f"has {len(names)} columns", "leave out what no notice says")
        )
    if problems:
        raise InvalidInput("the columns of the list cannot be used", *problems[:20])
    return names


def _of_a_person(text: str) -> bool:
    """Whether it is an address or a number: no column is called so, and no error may quote it."""
    return "@" in text or text.removeprefix("+")[:1].isdigit()


def _flaws(number: int, name: str) -> Iterator[Problem]:
    field = f"column {number}"
    if not name:
        yield Problem(field, "has no name", f"name it, or remove it; known are {_ALL}")
    elif name not in COLUMNS:
        shown, plain = name[:40], re.sub(r"[^a-z0-9]+", "_", name).strip("_")
        near = difflib.get_close_matches(plain, COLUMNS, n=1, cutoff=0.75)
        meant = _OFTEN_CALLED.get(plain) or (near[0] if near else "")
        if meant:
            mend = f"did you mean {meant}? Rename it; a field of your own needs another name"
            yield Problem(field, f"{shown!r} is not a column that we know", mend)
        elif not _OWN_NAME.fullmatch(name):
            mend = "use lower-case letters, digits and _ ; start with a letter"
            yield Problem(field, f"{shown!r} cannot be the name of a field", mend)


def _doubled(names: list[str]) -> Iterator[Problem]:
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        yield Problem("header", f"{name[:40]!r} stands there twice", "keep one of them")


def _missing(names: list[str]) -> Iterator[Problem]:
    if "name" not in names:
        yield Problem(
            "header", "has no column name", "add it: a notice needs to say whom it is for"
        )
    if not set(ADDRESSES) & set(names):
        wanted = ", ".join(ADDRESSES)
        yield Problem("header", "has no column with an address", f"add at least one of {wanted}")


_ALL = ", ".join(COLUMNS)

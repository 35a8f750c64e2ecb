"""A list of opt-outs as CSV: what each line says, and why a line cannot be used. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from incidents.errors import IncidentsError, InvalidInput, Problem
from incidents.rules import suppressions
from incidents.rules.list_moments import moment_in
from incidents.rules.people import REASONS
from incidents.rules.people_csv import BadLine, PeopleCsv

COLUMNS = ("address", "kind", "reason", "until")
_NEEDED = ("address", "reason")


class Line(NamedTuple):
    """One opt-out of a list, and the line on which it stands."""

    line: int
    address: str
    kind: str
    reason: str
    until: datetime | None


class Unfit(NamedTuple):
    """A line that cannot be used: which, which column, and why; never its values."""

    line: int
    column: str
    reason: str


def read(chunks: Iterable[bytes], now: datetime) -> Iterator[Line | Unfit]:
    """Each line of a list that comes in pieces.

    Raises  InvalidInput  for a header that cannot be used
    """
    listed = PeopleCsv(chunks, COLUMNS, _columns)
    return (
        Unfit(item.line, "", REASONS[item.flaw.reason])
        if isinstance(item, BadLine)
        else _line(item.line, listed.columns, item.values, now)
        for item in listed.records()
    )


def _line(line: int, columns: Sequence[str], values: Sequence[str], now: datetime) -> Line | Unfit:
    said = {name: value.strip() for name, value in zip(columns, values, strict=True)}
    try:
        kind, address = suppressions.comparable(said["address"], said.get("kind", ""))
        suppressions.bars(kind, said["reason"])
    except IncidentsError as error:
        (problem,) = error.problems
        return Unfit(line, problem.field, problem.why)
    try:
        until = moment_in(said.get("until", ""))
    except ValueError:
        return Unfit(line, "until", "is no day or moment such as 2027-01-31")
    if until is not None and until <= now:
        return Unfit(line, "until", "has passed")
    return Line(line, address, kind, said["reason"], until)


def _columns(names: list[str]) -> list[str]:
    """The columns; each once, none that means nothing here, none missing that is needed."""
    problems = [
        Problem(f"column {at}", "is not a column of such a list", f"known are {', '.join(COLUMNS)}")
        for at, name in enumerate(names, 1)
        if name not in COLUMNS or name in names[: at - 1]
    ]
    problems += [
        Problem("header", f"has no column {name}", "add it")
        for name in _NEEDED
        if name not in names
    ]
    if problems:
        raise InvalidInput("the columns of the list cannot be used", *problems[:20])
    return names

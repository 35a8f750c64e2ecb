"""The register as cells: one line for each breach in a CSV, or labelled lines on paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from incidents.rules.register import Decision, Row
from incidents.rules.register_words import plain, printable, said

# Cells that begin so are run as formulas by spreadsheets; tabs and returns hide them.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SIGN = "\ufeff"  # tells spreadsheets that the file is UTF-8

Cell = Callable[[Row], str]


# Why nobody was told has a column of its own; what is undecided is said in one line.
_LEFT_OUT = ("not_owed", "no_longer_owed", "waived", "undecided")


def _decided(row: Row) -> str:
    lines = [line(one) for one in row.decisions if one.decision not in _LEFT_OUT]
    open_ = [one for one in row.decisions if one.decision == "undecided"]
    needed = sorted({need for one in open_ for need in one.needs})
    if open_:
        lines.append(f"not decided yet: {len(open_)} duties; need {', '.join(map(plain, needed))}")
    return "\n".join(lines)


def line(one: Decision) -> str:
    """One decision in a line: whom, what was decided, when, by whom, why, by which law."""
    whom = one.authority or plain(one.audience)
    parts = [
        f"{one.title} ({whom}): {plain(one.decision)}",
        f"{said(one.at)}" if one.decision == "notified" else "",
        "late" if one.late else "",
        "; ".join(one.proofs),
        one.why if one.decision != "notified" else "",
        f"by {one.by}" if one.by and one.decision != "notified" else "",
        f"due {said(one.due_at)}{' (our target)' if one.is_target else ''}" if one.due_at else "",
        f"[{one.source}]",
    ]
    return ", ".join(part for part in parts if part)


def _assessed(row: Row) -> str:
    lines = [
        f"{one.method}: {plain(one.level) or 'not decided'}, judged by {one.by} on {said(one.at)}"
        + (f": {one.why}" if one.why else "")
        for one in row.assessments
    ]
    return "\n".join([*([f"ENISA: {plain(row.severity)}"] if row.severity else []), *lines])


def _places(row: Row) -> str:
    counts = sorted(row.people_by_place.items(), key=lambda one: (-one[1], one[0]))
    return "; ".join(f"{place} {count:,}" for place, count in counts)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _number(value: int | None) -> str:
    return "not known" if value is None else f"{value}"


COLUMNS: Mapping[str, Cell] = {
    "incident": lambda row: row.number,
    "mode": lambda row: row.mode,
    "year": lambda row: f"{row.year}",
    "kind": lambda row: plain(row.kind),
    "title": lambda row: row.title,
    "status": lambda row: plain(row.status),
    "opened": lambda row: said(row.opened_at),
    "closed": lambda row: said(row.closed_at),
    "moments": lambda row: "\n".join(
        f"{plain(one.name.removesuffix('_at'))} {said(one.at)} ({one.source})"
        for one in row.moments
    ),
    "what befell the data": lambda row: row.nature,
    "cause": lambda row: row.cause,
    "data": lambda row: row.data_categories,
    "people": lambda row: row.people_categories,
    "people affected": lambda row: _number(row.people_count),
    "by place": _places,
    "records": lambda row: "" if row.record_count is None else f"{row.record_count}",
    "protection": lambda row: row.protection,
    "effects": lambda row: row.effects,
    "measures taken": lambda row: row.measures_taken,
    "measures planned": lambda row: row.measures_planned,
    "severity and risk": _assessed,
    "authority notified": lambda row: _yes(row.authority_notified),
    "people notified": lambda row: _yes(row.people_notified),
    "decisions": _decided,
    "not notified because": lambda row: "\n".join(row.not_notified_because),
    "holds": lambda row: "\n".join(row.holds),
}


def to_csv(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    """Lines as CSV (UTF-8, CRLF) in which no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in cells] for cells in lines)
    return (_SIGN + out.getvalue()).encode()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def register_csv(rows: Iterable[Row]) -> bytes:
    """The register, one line for each breach."""
    return to_csv(list(COLUMNS), ([cell(row) for cell in COLUMNS.values()] for row in rows))


def paper(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The register for the typesetter: each breach with its labelled lines; empty ones left out."""
    return [
        {
            "title": printable(f"{row.number} · {row.title}"),
            "fields": [
                {"label": label, "text": printable(text)}
                for label, cell in list(COLUMNS.items())[1:]
                if label != "title" and (text := cell(row))
            ],
        }
        for row in rows
    ]

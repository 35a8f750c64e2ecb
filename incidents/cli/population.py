"""`tocsin population`: the affected people; a list streamed in, counts out, never a person."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Group, RenderableType
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from incidents.cli.looks import moment, pairs, table
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick
from incidents.cli.screen import err
from incidents.rules.people import REASONS

noun = Noun("population", "The affected people: a list in, counts out.")
verb = noun.command
_PIECE = 256 * 1024
_REASONS_SHOWN = 12
_A_PLACEHOLDER = 50

Encoding = Annotated[
    str, typer.Option(help="Of the list, e.g. windows-1252, gb18030; UTF-8 if empty.")
]


@verb("import")
def import_people(
    api: Api,
    incident: Incident,
    file: Annotated[str, typer.Argument(help="CSV with a header, or -.")],
    encoding: Encoding = "",
) -> None:
    """Stream a CSV of any size in; nobody is added unless the list is whole."""
    path = f"/incidents/{incident_of(api, incident)['id']}/population"
    if file == "-":
        made = api.client.upload(path, _pieces(sys.stdin.buffer), csv_in(encoding))
    else:
        made = upload(api, path, Path(file), encoding)
    api.say(made, imported)


@verb("show")
def show(api: Api, incident: Incident) -> None:
    """How many are affected where, and who can be reached by what."""
    api.say(api.client.get(f"/incidents/{incident_of(api, incident)['id']}/population"), shown)


@verb("imports")
def imports(api: Api, incident: Incident) -> None:
    """The lists that were taken in, oldest first."""
    none = Text("No list was taken in yet.", "dim")
    api.say(_imports(api, incident), lambda rows: Group(*map(imported, rows)) if rows else none)


@verb("rejects")
def rejects(
    api: Api,
    incident: Incident,
    which: Annotated[str, typer.Argument(help="Id of the import; the newest if empty.")] = "",
    to: Annotated[Path | None, typer.Option("--to", help="Write the CSV into this file.")] = None,
) -> None:
    """What could not be used: line, column, reason; none of the values."""
    chosen = pick(_imports(api, incident), which, "import")
    path = f"/population-imports/{chosen['id']}/rejects"
    if to:
        size = api.client.download(path, to)
        api.say({"file": str(to), "bytes": size}, Text(f"{to} ({size:,} bytes)"))
        return
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "rejects.csv"
        api.client.download(path, kept)
        rows = list(csv.DictReader(io.StringIO(kept.read_text(encoding="utf-8"))))
    api.say(rows, rejected)


@verb("withhold")
def withhold(
    api: Api,
    incident: Incident,
    refs: Annotated[list[str], typer.Argument(help="As in the list's `ref` column.")],
    reason: Annotated[str, typer.Option(help="A word such as police_hold; empty lets go.")] = "",
) -> None:
    """Send nothing to some people: a police hold, their safety; exits 1 if one is on no list."""
    path = f"/incidents/{incident_of(api, incident)['id']}/population/withheld"
    made = api.client.post(path, {"refs": refs, "reason": reason})
    then = "nothing is sent to them" if reason else "they are told like everybody"
    api.say(made, lambda one: Text(f"Found {one['people']:,} of {len(set(refs)):,}; {then}."))
    if lost := len(set(refs)) - made["people"]:
        api.remark(f"[bold red]{lost:,} on no list of this incident: nothing changed for them.[/]")
        raise typer.Exit(1)


def _imports(api: Api, incident: str) -> list[dict[str, Any]]:
    path = f"/incidents/{incident_of(api, incident)['id']}/population/imports"
    return list(api.client.pages(path))[::-1]


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def csv_in(encoding: str) -> str:
    """The media type of a CSV; '' says nothing of its encoding."""
    return f"text/csv; charset={encoding}" if encoding else "text/csv"


def upload(api: Api, path: str, file: Path, encoding: str) -> Any:
    """Stream a CSV to the API, with a bar that shows how far it is."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    bar = Progress(*columns, TimeRemainingColumn(), console=err(), disable=api.as_json)
    with file.open("rb") as opened, bar:
        job = bar.add_task(file.name, total=file.stat().st_size)

        def counted() -> Iterator[bytes]:
            for piece in _pieces(opened):
                yield piece
                bar.advance(job, len(piece))

        return api.client.upload(path, counted(), csv_in(encoding))


def imported(row: dict[str, Any]) -> RenderableType:
    """What came of the lines of a list."""
    heading = pairs(
        {
            "status": row["status"] + (f": {row['reason']}" if row["reason"] else ""),
            "started": moment(row["started_at"]),
            "lines read": row["read_count"],
            "people added": row["added_count"],
            "there already": row["duplicate_count"],
            "lines left out": row["rejected_count"],
            "without a value": row["flawed_count"],
        }
    )
    reasons = table("column", "what was wrong", "#lines")
    for name, count in sorted(row["by_reason"].items(), key=lambda one: -one[1])[:_REASONS_SHOWN]:
        column, _, reason = name.rpartition(".")
        reasons.add_row(column or "line", REASONS.get(reason, reason), f"{count:,}")
    return Group(heading, reasons) if reasons.row_count else heading


def shown(coverage: dict[str, Any]) -> RenderableType:
    """Who is affected where, and who can be reached by what."""
    channels = table("channel", "#people", "what that means")
    for name, one in coverage["channels"].items():
        channels.add_row(name, f"{one['people']:,}", Text(one["verdict"], "dim"))
    unreachable = f"{coverage['unreachable']:,}"
    channels.add_row("none", unreachable, Text(coverage["unreachable_verdict"], "dim"))
    return Group(
        pairs(
            {
                "people": coverage["people"],
                "places": _counts(coverage["by_place"]),
                "languages": _counts(coverage["by_locale"]),
                "shared mailboxes": coverage["shared_mailboxes"],
                "shared phones": coverage["shared_phones"],
                "most at one": _at_one(coverage["most_at_one"]),
                "without a value": coverage["flawed"],
            }
        ),
        channels,
    )


def _at_one(people: int) -> str:
    """How many people share the busiest address; so many have none that is theirs."""
    doubt = ": is it theirs, or a placeholder?" if people >= _A_PLACEHOLDER else ""
    return f"{people:,} people{doubt}" if people else ""


def brief(coverage: dict[str, Any]) -> RenderableType:
    """The same in a few lines."""
    reached = {name: one["people"] for name, one in coverage["channels"].items()}
    return pairs(
        {
            "people": coverage["people"],
            "places": _counts(coverage["by_place"]),
            "languages": _counts(coverage["by_locale"]),
            "reached by": _counts(reached | {"nothing": coverage["unreachable"]}),
        }
    )


def _counts(counted: dict[str, int]) -> str:
    return "  ".join(f"{name} {count:,}" for name, count in counted.items())


def rejected(rows: list[dict[str, Any]]) -> RenderableType:
    """Lines that could not be used, in a table."""
    if not rows:
        return Text("Every line could be used.", "green")
    made = table(*rows[0])
    for row in rows:
        made.add_row(*(str(value) for value in row.values()))
    return made

"""`tocsin letter`: what became of letters on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from incidents.cli.looks import pairs, table
from incidents.cli.noun import Api, Noun
from incidents.cli.population import Encoding, csv_in

noun = Noun("letter", "Letters on paper, and those that come back.")
verb = noun.command


@verb("statuses")
def statuses(
    api: Api,
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with piece, status, at, reason.", exists=True, dir_okay=False, readable=True
        ),
    ],
    encoding: Encoding = "",
) -> None:
    """Say what became of letters: whose letter came back goes on to the next rung."""
    made = api.client.upload("/letters/statuses", iter([file.read_bytes()]), csv_in(encoding))
    api.say(made, told)


def told(came: dict[str, Any]) -> RenderableType:
    """What came of the lines."""
    counts = pairs({"new": came["new"], "known": came["known"], "of no use": came["unusable"]})
    if not came["problems"]:
        return counts
    problems = table("where", "what is wrong", "what to do")
    for one in came["problems"]:
        problems.add_row(one["field"], one["why"], one["mend"])
    return Group(counts, problems)

"""`tocsin register`: every breach, notified or not, with the reasons; and HIPAA's annual log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import moment, pairs, table, words
from incidents.cli.noun import Api, Noun, say_json

noun = Noun("register", "Every breach, notified or not, with the reasons.")
verb = noun.command
Csv = Annotated[Path | None, typer.Option("--csv", help="Write it as CSV.")]
Pdf = Annotated[Path | None, typer.Option("--pdf", help="Write it as PDF.")]


@verb("show")
def show(
    api: Api,
    year: Annotated[int | None, typer.Option(help="In which we became aware.")] = None,
    place: Annotated[str, typer.Option(help="Such as DE or US-CA.")] = "",
    notified: Annotated[
        bool | None, typer.Option("--notified/--not-notified", help="Only those.")
    ] = None,
    drills: Annotated[bool, typer.Option("--drills", help="The drills instead.")] = False,
    csv: Csv = None,
    pdf: Pdf = None,
) -> None:
    """The register: shown, or written to files; --json prints all of it."""
    asked = {"year": year, "place": place, "notified": notified, "drills": drills or None}
    query = {name: value for name, value in asked.items() if value not in {None, ""}}
    _give(api, "/register", query, {"csv": csv, "pdf": pdf}, listed)


@verb("hipaa")
def hipaa(
    api: Api,
    year: Annotated[int, typer.Argument(help="Calendar year of discovery.")],
    csv: Csv = None,
    pdf: Pdf = None,
) -> None:
    """HIPAA's annual log: breaches of fewer than 500 people, due 60 days after the year."""
    _give(api, f"/register/hipaa/{year}", {}, {"csv": csv, "pdf": pdf}, logged)


def _give(
    api: Api, path: str, query: dict[str, Any], files: dict[str, Path | None], shown: Any
) -> None:
    wanted = {form: file for form, file in files.items() if file is not None}
    if not wanted:
        api.say(api.client.get(f"{path}.json", **query), shown)
        return
    made = {}
    for form, file in wanted.items():
        made[str(file)] = api.client.download(f"{path}.{form}", file, **query)
    if api.as_json:
        say_json(made)
        return
    api.say(None, *(Text(f"{file} ({size:,} bytes)") for file, size in made.items()))


def listed(found: dict[str, Any]) -> RenderableType:
    """The register in a table, and for each breach why somebody was not told."""
    if not found["items"]:
        return Text("No breach is on record.", "dim")
    made = table("incident", "aware", "#people", "authority", "people told", "title")
    for one in found["items"]:
        aware = {at["name"]: at["at"] for at in one["moments"]}.get("aware_at")
        count = "—" if one["people_count"] is None else f"{one['people_count']:,}"
        told = (_yes(one["authority_notified"]), _yes(one["people_notified"]))
        made.add_row(one["number"], moment(aware), count, *told, Text(one["title"]))
    return Group(made, *(_why_not(one) for one in found["items"]))


def _why_not(one: dict[str, Any]) -> RenderableType:
    lines = [Text(f"  · {why}", "dim") for why in one["not_notified_because"]]
    heading = [Text(f"{one['number']}: not told, because", "bold")] if lines else []
    return Group(*heading, *lines)


def logged(found: dict[str, Any]) -> RenderableType:
    """HIPAA's log in a table."""
    made = table("incident", "discovered", "#people", "people notified", "Secretary")
    for one in found["breaches"]:
        count = "—" if one["people_count"] is None else f"{one['people_count']:,}"
        day, told = one["discovered_on"], Text(one["people_notified"])
        made.add_row(one["number"], day, count, told, words(one["status"]))
    about = {"year": str(found["year"]), "due": moment(found["due_at"]), "source": found["source"]}
    return Group(pairs(about), made)


def _yes(value: bool) -> Text:
    return Text("yes", "green") if value else Text("no", "yellow")

"""`tocsin law`: the laws that facts are judged by, with no server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import bullets, pairs, panel, table
from incidents.cli.noun import say_json
from incidents.cli.screen import out

if TYPE_CHECKING:
    from incidents.rules.catalogue import Law
    from incidents.rules.law_check import Report

law = typer.Typer(help="The laws that facts are judged by.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@law.command("list")
def list_rules(
    place: Annotated[str, typer.Option(help="Only of this place, such as CN or US-CA.")] = "",
    as_json: Json = False,
) -> None:
    """Every rule, with its source."""
    from incidents.rules import catalogue

    rules = [one for one in catalogue.load().rules if place in {"", one.place}]
    if as_json:
        say_json([one.model_dump(mode="json", include=_SHORT) for one in rules])
        return
    made = table("rule", "whom", "what", "clock", "source")
    for one in rules:
        clock = one.clock.text + (" ¹" if one.is_target else "")
        made.add_row(one.id, one.audience, one.title, clock, Text(one.source, "dim"))
    out().print(Group(made, Text("¹ our own target: the law names no number here", "dim")))


_SHORT = {"id", "title", "place", "audience", "stage", "source", "confidence"}


@law.command("show")
def show_law(name: Annotated[str, typer.Argument(help="Such as eu-gdpr-33, or eu.gdpr.")]) -> None:
    """A rule: when it binds, its clock, what meets it, its examples. Or a whole instrument."""
    from incidents.rules import catalogue

    laws = [one for one in catalogue.load().laws if one.content.instrument.id == name]
    out().print(_instrument(laws[0]) if laws else _rule(name))


def _instrument(file: Law) -> RenderableType:
    about = file.content.instrument
    made = table("rule", "whom", "what", "clock", "source")
    for one in file.content.rules:
        clock = one.clock.text + (" ¹" if one.is_target else "")
        made.add_row(one.id, one.audience, one.title, clock, Text(one.source, "dim"))
    public = [f"{one.text} ({one.source})" for one in file.content.substitute]
    told = pairs(
        {
            "place": about.jurisdiction,
            "who is bound": about.bound,
            "source": about.citation,
            "checked": f"{about.verified}; {about.reviewed}",
            "confidence": about.confidence,
            "file": f"{file.path}, sha256 {file.sha256[:12]}",
        }
    )
    return Group(
        panel(f"[bold]{about.id}[/]  {about.title}", told, bullets("Public notice", public)),
        made,
        Text("¹ our own target: the law names no number here", "dim"),
    )


def _rule(rule: str) -> RenderableType:
    from incidents.rules import catalogue
    from incidents.rules.worked_examples import of_law

    found = catalogue.load().rule(rule)
    file = catalogue.load().law_of(rule)
    days = found.effective
    about = pairs(
        {
            "instrument": file.content.instrument.title,
            "who is bound": file.content.instrument.bound,
            "in force": f"from {days.from_}" + (f" until {days.until}" if days.until else ""),
            "tell": found.authority.name if found.authority else found.audience,
            "at": (found.authority.portal if found.authority else None) or "",
            "when": str(found.when),
            "clock": f"{found.clock.text}, from the earliest of {', '.join(found.trigger.facts)}",
            "why so": found.clock_basis or "",
            "met by": ", ".join(found.evidence),
            "must say": ", ".join(found.required_content),
            "source": found.source,
            "checked": file.content.instrument.verified,
            "confidence": found.confidence,
            "file": f"{file.path}, sha256 {file.sha256[:12]}",
        }
    )
    exceptions = [f"{one.when}: {one.text} ({one.source})" for one in found.unless]
    held = [f"{found.hold.when}: {found.hold.text} ({found.hold.source})"] if found.hold else []
    examples = [f"{one.expect.status}: {one.name}" for one in of_law(file).get(rule, ())]
    return panel(
        f"[bold]{found.id}[/]  {found.title}",
        about,
        bullets("Unless", exceptions),
        bullets("May wait while", held),
        bullets("Worked examples", [one.replace("_", " ") for one in examples]),
    )


@law.command("check")
def check_laws(
    folder: Annotated[Path | None, typer.Option(help="Another folder of law files.")] = None,
    as_json: Json = False,
) -> None:
    """Whether every law file holds: its shape, its versions, and every worked example."""
    from incidents.rules.catalogue import LAW
    from incidents.rules.law_check import check

    report = check(datetime.now(UTC).date(), folder or LAW)
    if as_json:
        say_json(report.as_json())
    else:
        out().print(_checked(report))
    if not report.is_clean:
        raise typer.Exit(1)


def _checked(report: Report) -> RenderableType:
    counts = (
        f"{report.instruments} instruments, {report.rules} rules, {report.examples} worked"
        f" examples; {report.low_confidence} rules of low confidence, never a hard clock"
    )
    if not report.findings:
        return Text(f"{counts}: nothing wrong", "green")
    made = table("", "file", "field", "reason")
    for one in report.findings:
        style = "red" if one.severity == "error" else "yellow"
        made.add_row(Text(one.severity, style), one.file, one.field, one.why)
    return Group(made, Text(counts))

"""`tocsin law`: the laws that facts are judged by, with no server."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import pairs, panel, table
from incidents.cli.noun import say_json
from incidents.cli.screen import out

if TYPE_CHECKING:
    from collections.abc import Iterable

    from incidents.rules.catalogue import Law
    from incidents.rules.law_check import Report
    from incidents.rules.law_page import Lines
    from incidents.rules.legal_rule import LegalRule

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
def show_law(
    name: Annotated[str, typer.Argument(help="Such as cn.pipl, us.texas, or a rule: eu-gdpr-33.")],
) -> None:
    """A law as a lawyer reads it: who is bound, what is owed to whom by when, why. Or one rule."""
    from incidents.rules import catalogue

    found = _named(catalogue.load().laws, name)
    if not found:
        rule = catalogue.load().rule(name)
        out().print(_rule(catalogue.load().law_of(rule.id), rule))
    for file in found:
        out().print(_instrument(file))


def _named(laws: Iterable[Law], name: str) -> list[Law]:
    """By its id, or by its file: us.texas is us/texas.yaml, and us/texas.yaml too."""
    path = name.removesuffix(".yaml").replace(".", "/")
    return [
        one
        for one in laws
        if one.content.instrument.id == name or one.path.removesuffix(".yaml") == path
    ]


def _instrument(file: Law) -> RenderableType:
    from incidents.rules.law_page import grade_lines, instrument_lines, public_lines

    about = file.content.instrument
    made = table("rule", "whom", "what", "by when", "source")
    for one in file.content.rules:
        clock = one.clock.text + (" ¹" if one.is_target else "")
        made.add_row(one.id, one.audience, one.title, clock, Text(one.source, "dim"))
    public = {"A public notice may stand in": public_lines(file), "Grades": grade_lines(file)}
    public = {heading: lines for heading, lines in public.items() if lines}
    written = {"File": [f"{file.path}, sha256 {file.sha256[:12]}"]}
    return Group(
        panel(
            f"[bold]{about.id}[/]  {about.title}",
            _headed({**instrument_lines(file), **public, **written}),
        ),
        made,
        Text("¹ our own target: the law names no number here", "dim"),
        *(_rule(file, rule) for rule in file.content.rules),
    )


def _rule(file: Law, rule: LegalRule) -> RenderableType:
    from incidents.rules.law_page import rule_lines
    from incidents.rules.worked_examples import of_law

    lines = rule_lines(rule, of_law(file).get(rule.id, ()))
    law_of = {"Law": [f"{file.content.instrument.title} ({file.content.instrument.id})"]}
    return panel(f"[bold]{rule.id}[/]  {rule.title}", _headed({**law_of, **lines}))


def _headed(lines: Lines) -> RenderableType:
    """Each heading with its lines beside it, in the order in which a lawyer asks."""
    return pairs({heading: Text(_lines(given)) for heading, given in lines.items()})


def _lines(given: list[str]) -> str:
    return given[0] if len(given) == 1 else "\n".join(f"· {line}" for line in given)


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
    sure = ", ".join(f"{name} {count}" for name, count in report.by_confidence.items())
    counts = (
        f"{report.instruments} instruments of {report.places} places, {report.rules} rules,"
        f" {report.examples:,} worked examples; confidence of the rules: {sure}, low never a hard"
        " clock"
    )
    if not report.findings:
        return Text(f"{counts}: nothing wrong", "green")
    made = table("", "file", "field", "reason")
    for one in report.findings:
        style = "red" if one.severity == "error" else "yellow"
        made.add_row(Text(one.severity, style), one.file, one.field, one.why)
    return Group(made, Text(counts))

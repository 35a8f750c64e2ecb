"""`tocsin severity`: how bad it is by each method, factor by factor; and a person's judgement."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import bullets, moment, pairs, panel, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of

noun = Noun("severity", "How bad it is, method by method and factor by factor.")
verb = noun.command
Method = Annotated[str, typer.Argument(help="A name of `severity methods`.")]


@verb("show")
def show(
    api: Api,
    incident: Incident,
    method: Annotated[str, typer.Argument(help="One method; else each that may apply.")] = "",
) -> None:
    """How it stands by each method that may apply: judged or proposed, with what is open."""
    found = incident_of(api, incident)
    names = [method] if method else [one["name"] for one in api.client.get("/severity/methods")]
    standing = [api.client.get(f"/incidents/{found['id']}/severity/{name}") for name in names]
    shown = [one for one in standing if method or one["applies"] is not False]
    api.say(shown, lambda them: Group(*(standing_of(one) for one in them)))


@verb("methods")
def methods(
    api: Api,
    method: Annotated[str, typer.Argument(help="One, with its factors and scales.")] = "",
) -> None:
    """The methods there are; of one, its factors with their scales and sources."""
    found = api.client.get("/severity/methods")
    if method:
        found = [one for one in found if one["name"] == method]
        if not found:
            raise typer.BadParameter(f"there is no method {method!r}")
    api.say(found, _in_full if method else _listed)


@verb("judge")
def judge(
    api: Api,
    incident: Incident,
    method: Method,
    factor: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE: WHY", help="A factor as you see it; repeat it."),
    ] = None,
    level: Annotated[str, typer.Option(help="The level as a whole, whatever they come to.")] = "",
    reason: Annotated[str, typer.Option(help="Why; needed for a level, and to go back.")] = "",
    back: Annotated[
        bool, typer.Option("--back", help="Go back to the proposal from the facts.")
    ] = False,
) -> None:
    """Judge it by a method; that stands from then on, and the duties follow."""
    if back == bool(factor or level):
        raise typer.BadParameter("give --factor or --level, or --back alone")
    body = {
        "factors": dict(_judged(one) for one in factor or []),
        "level": level or None,
        "reason": reason,
    }
    path = f"/incidents/{incident_of(api, incident)['id']}/severity/{method}"
    api.say(api.client.put(path, body), standing_of)


def _judged(text: str) -> tuple[str, dict[str, str]]:
    name, equals, rest = text.partition("=")
    value, colon, why = rest.partition(":")
    if not (equals and colon and why.strip()):
        raise typer.BadParameter(f"{text!r}: write a factor as name=value: why")
    return name.strip(), {"value": value.strip(), "why": why.strip()}


def standing_of(one: dict[str, Any]) -> RenderableType:
    """How it stands by one method, in a box."""
    parts: list[RenderableType] = [pairs(_about(one)), _factors(one)]
    if one["status"] == "judged":
        parts.append(Text("\nThe facts propose now:", "bold"))
        parts.append(_level(one["proposal"], one["proposal"]["level"] or ""))
    parts.append(bullets("", [line for line in one["reasons"] if line.startswith(_SUMS)], "dim"))
    return panel(f"[bold]{one['method']}[/]  {one['title']}", *parts)


_SUMS = ("SE =", "DPC =", "judged as a whole")


def _about(one: dict[str, Any]) -> dict[str, Any]:
    applies = {True: "yes", False: "no", None: "not known: say what the organisation is"}
    judgement = one["judgement"] or {"reason": ""}
    return {
        "level": _level(one, one["level"]),
        "status": words(one["status"]),
        "why": judgement["reason"],
        "judged": moment(one["assessed_at"]) if one["assessed_at"] else "",
        "applies": "" if one["applies"] else applies[one["applies"]],
        "open": ", ".join(one["open_factors"]).replace("_", " "),
        "flags": ", ".join(one["flags"]),
        "records": f"{one['fact']}" if one["fact"] else "",
    }


def _level(one: dict[str, Any], level: str) -> Text:
    if not level:
        low, high = (one[end].replace("_", " ") for end in ("at_least", "at_most"))
        return Text(f"not decided: between {low} and {high}", "magenta")
    shown = words(level)
    if one["score"] is not None:
        shown.append(f" ({one['score']:.2f})", "dim")
    return shown


def _factors(one: dict[str, Any]) -> RenderableType:
    made = table("factor", "value", "why")
    for factor in one["factors"]:
        by_hand = factor["by"] == "person"
        value = words(factor["value"]) if factor["value"] else Text("open", "magenta")
        why = Text(factor["why"], "" if by_hand else "dim")
        if by_hand and factor["proposed"]["value"] not in {None, factor["value"]}:
            why.append(f" (the facts say {factor['proposed']['value']})".replace("_", " "), "dim")
        made.add_row(words(factor["name"]), value, why)
    return made


def _listed(methods: list[dict[str, Any]]) -> RenderableType:
    made = table("method", "levels", "what it is")
    for one in methods:
        levels = " < ".join(one["levels"]).replace("_", " ")
        made.add_row(one["name"], levels, Text(one["title"]))
    return made


def _in_full(methods: list[dict[str, Any]]) -> RenderableType:
    one = methods[0]
    made = table("factor", "value", "#counts", "meaning")
    for factor in one["factors"]:
        made.add_row(Text(factor["name"], "bold"), "", "", Text(factor["question"], "bold"))
        made.add_row("", "", "", Text(factor["source"], "dim"))
        for choice in factor["scale"]:
            counts = f"{choice['points']:g}" if choice["points"] else ""
            made.add_row("", choice["code"], counts, Text(choice["meaning"]))
            for case in choice["examples"]:
                made.add_row("", "", "", Text(f"e.g. {case}", "dim"))
    about: list[RenderableType] = [Text(one["about"]), Text(one["source"], "dim"), made]
    return panel(f"[bold]{one['name']}[/]  {one['title']}", *about)

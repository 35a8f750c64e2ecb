"""`tocsin fact`: what is known, from where; recorded one by one, never overwritten."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli import assess, duty
from incidents.cli.inputs import added_to, json_of, moment_of
from incidents.cli.looks import moment, table
from incidents.cli.noun import Api, Incident, Noun, incident_of

noun = Noun("fact", "What is known, and from where.")
verb = noun.command


@verb("record")
def record(
    api: Api,
    incident: Incident,
    source: Annotated[str, typer.Option(help="Where it is known from.")],
    pairs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=VALUE", help="Lists with commas, maps as name.key=value; other keys stay."
        ),
    ] = None,
    body: Annotated[str, typer.Option(help="JSON file (or -) of facts by name.")] = "",
    learned: Annotated[str, typer.Option(help="When: now, -50m, or ISO 8601.")] = "",
    reason: Annotated[str, typer.Option(help="Why a due time may move later.")] = "",
) -> None:
    """Record facts; the reply says which duties that changes."""
    if not (pairs or body):
        raise typer.BadParameter("give facts as name=value, or --body FILE")
    path = f"/incidents/{incident_of(api, incident)['id']}"
    facts = added_to(_known(api, path), pairs or [])
    if body:
        facts = json_of(body, "--body") | facts
    asked = {"facts": facts, "source": source, "reason": reason}
    if learned:
        asked["learned_at"] = moment_of(learned)
    before = api.client.get(f"{path}/duties")
    reply = api.client.post(f"{path}/facts", asked)
    api.say(reply, lambda made: recorded(made, before))


@verb("list")
def list_facts(
    api: Api,
    incident: Incident,
    name: Annotated[str, typer.Argument(help="Only this one, with its history.")] = "",
    history: Annotated[bool, typer.Option("--history", help="Superseded ones too.")] = False,
) -> None:
    """What is known, with source and time."""
    path = f"/incidents/{incident_of(api, incident)['id']}/facts"
    api.say(api.client.get(path, name=name, history=history), listed)


@verb("next")
def next_facts(api: Api, incident: Incident) -> None:
    """What to find out next: which missing fact could settle most, and what is near a threshold."""
    path = f"/incidents/{incident_of(api, incident)['id']}/next-facts"
    api.say(api.client.get(path), lambda found: Group(*assess.hints(found)))


@verb("suppose")
def suppose(
    api: Api,
    incident: Incident,
    pairs: Annotated[list[str], typer.Argument(metavar="NAME=VALUE", help="NAME= forgets a fact.")],
) -> None:
    """What if: which duties would appear, end or move. Nothing is kept."""
    path = f"/incidents/{incident_of(api, incident)['id']}"
    changes = assess.supposed(_known(api, path), pairs)
    reply = api.client.post(f"{path}/assessments", {"changes": changes})
    api.say(reply, lambda answer: Group(assess.changed(answer["changes"]), *assess.hints(answer)))


@verb("vocabulary")
def vocabulary(api: Api) -> None:
    """Every fact there is, with its type and what it says."""
    api.say(api.client.get("/facts/vocabulary"), _vocabulary)


def _known(api: Api, path: str) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in api.client.get(f"{path}/facts")}


def recorded(reply: dict[str, Any], before: list[dict[str, Any]]) -> RenderableType:
    """What was new in what was recorded, and what that did to the duties."""
    names = ", ".join(one["name"] for one in reply["recorded"]) or "nothing new"
    return Group(
        Text.assemble(("recorded  ", "dim"), names),
        duty.difference(duty.changed(before, reply["duties"])),
    )


def listed(facts: list[dict[str, Any]]) -> RenderableType:
    """Facts in a table; superseded ones are dim."""
    made = table("fact", "value", "source", "learned")
    for one in facts:
        style = "dim" if one["superseded_at"] else ""
        value = Text(_short(one["value"]), style)
        made.add_row(Text(one["name"], style), value, one["source"], moment(one["learned_at"]))
    return made


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 90 else f"{text[:89]}…"


def _vocabulary(schema: dict[str, Any]) -> RenderableType:
    made = table("fact", "values", "what it says")
    for name, one in schema["properties"].items():
        choices = one.get("enum") or one.get("items", {}).get("enum") or []
        values = " ".join(choices) or one.get("format") or one.get("type", "")
        made.add_row(name, Text(str(values), "dim"), one["description"])
    return made

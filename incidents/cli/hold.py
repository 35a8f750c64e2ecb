"""`tocsin hold`: an office asked us to wait; recorded by one person, confirmed by another."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.inputs import moment_of
from incidents.cli.looks import day, left, moment, pairs, panel, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick

noun = Noun("hold", "An office asked us to wait: which, by which paper, for what, until when.")
verb = noun.command
Which = Annotated[str, typer.Argument(help="Reference of the paper, or the hold's id.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays on record.")]


@verb("add")
def add_hold(
    api: Api,
    incident: Incident,
    office: Annotated[str, typer.Option(help="Who asked: an office, no personal name.")],
    reference: Annotated[str, typer.Option(help="Of the paper, or of the note on the call.")],
    covers: Annotated[list[str], typer.Option(help="Law or rule, e.g. us.hipaa; repeatable.")],
    until: Annotated[str, typer.Option(help="When it ends: +30d, or ISO 8601.")],
    since: Annotated[str, typer.Option("--from", help="When it began.")] = "now",
    kind: Annotated[str, typer.Option(help="police or authority.")] = "police",
    paper: Annotated[Path | None, typer.Option(help="The paper's file: its hash is kept.")] = None,
    oral: Annotated[bool, typer.Option("--oral", help="Asked by word of mouth.")] = False,
) -> None:
    """Record a hold; clocks wait once a second person has confirmed it."""
    if not oral and paper is None:
        raise typer.BadParameter("give --paper FILE, or say --oral")
    body = {
        "kind": kind,
        "office": office,
        "reference": reference,
        "oral": oral,
        "sha256": hashlib.sha256(paper.read_bytes()).hexdigest() if paper else "",
        "starts_at": moment_of(since),
        "until": moment_of(until),
        "covers": covers,
    }
    api.say(api.client.post(f"{_path(api, incident)}/holds", body), shown)


@verb("list")
def list_holds(
    api: Api,
    incident: Annotated[str, typer.Argument(help="Number or id; all incidents if empty.")] = "",
    status: Annotated[
        str, typer.Option(help="standing, asked, lifted, expired, all.")
    ] = "standing",
) -> None:
    """Holds, those that end first ahead; of one incident all there are."""
    if incident:
        found = api.client.get(f"{_path(api, incident)}/holds")
    else:
        wanted = "" if status == "all" else status
        found = list(api.client.pages("/holds", status=wanted))
    api.say(found, listed)


@verb("confirm")
def confirm(api: Api, incident: Incident, hold: Which, reason: Why = "") -> None:
    """Agree, as a second person who has seen the paper."""
    api.say(_act(api, incident, hold, "confirm", reason), shown)


@verb("refuse")
def refuse(api: Api, incident: Incident, hold: Which, reason: Why) -> None:
    """Do not accept it; no clock moves."""
    api.say(_act(api, incident, hold, "refuse", reason), shown)


@verb("lift")
def lift(api: Api, incident: Incident, hold: Which, reason: Why) -> None:
    """End it before its time; the clocks run again."""
    api.say(_act(api, incident, hold, "lift", reason), shown)


def _path(api: Api, incident: str) -> str:
    return f"/incidents/{incident_of(api, incident)['id']}"


def _act(api: Api, incident: str, hold: str, action: str, reason: str) -> Any:
    found = pick(api.client.get(f"{_path(api, incident)}/holds"), hold, "hold", "reference")
    return api.client.post(f"/holds/{found['id']}/{action}", {"reason": reason})


def listed(holds: list[dict[str, Any]]) -> RenderableType:
    """Holds in a table."""
    if not holds:
        return Text("Nothing is held.", "dim")
    made = table("status", "until", "left", "office", "covers")
    for one in holds:
        rest = left(one["until"]) if one["status"] in {"asked", "standing"} else Text("—", "dim")
        who = Text.assemble(one["office"], (f"\n{one['reference']}", "dim"))
        made.add_row(words(one["status"]), day(one["until"]), rest, who, ", ".join(one["covers"]))
    return made


def shown(hold: dict[str, Any]) -> RenderableType:
    """One hold."""
    paper = "by word of mouth" if hold["oral"] else f"sha256 {hold['sha256'][:12]}"
    about = pairs(
        {
            "status": words(hold["status"]),
            "reference": f"{hold['reference']}, {paper}",
            "covers": ", ".join(hold["covers"]),
            "from": moment(hold["starts_at"]),
            "until": moment(hold["until"]),
            "ended": moment(hold["ended_at"]) if hold["ended_at"] else "",
            "why": hold["end_reason"] or hold["decision"],
        }
    )
    waits = Text("It waits for a second person: tocsin hold confirm", "dim")
    told = panel(f"[bold]{hold['office']}[/]  {hold['kind']}", about)
    return Group(told, waits) if hold["status"] == "asked" else told

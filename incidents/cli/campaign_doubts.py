"""`tocsin campaign`: who is held for where they live, and what may or may not have left."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from incidents.cli.campaign import Which, path_of
from incidents.cli.looks import pairs, table
from incidents.cli.noun import Api, Incident, Noun

_WITHOUT = {
    "policy": "by policy",
    "decision": "by decision",
    "replaced": "a copy took its place",
}


def add_to(noun: Noun) -> None:
    """Make these verbs of `tocsin campaign`."""
    noun.command("residency")(residency)
    noun.command("release-residency")(release_residency)
    noun.command("unknowns")(unknowns)


def residency(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Who is held since no provider may be given the data of people of their place."""
    api.say(api.client.get(f"{path_of(api, incident, campaign)}/residency"), _by_place)


def release_residency(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Let those go on who were held for where they live, by the settings as they are now."""
    made = api.client.post(f"{path_of(api, incident, campaign)}/residency/release")
    api.say(made, lambda one: Text(f"{one['people']:,} people may be told now"))


def unknowns(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Calls that may or may not have left: how many are open, what settled the others."""
    api.say(api.client.get(f"{path_of(api, incident, campaign)}/unknowns"), _settled)


def _by_place(found: dict[str, Any]) -> RenderableType:
    if not found["places"]:
        return Text("Nobody is held for where they live.", "dim")
    made = table("place", "#people held")
    for place, people in found["places"].items():
        made.add_row(place or "unknown", f"{people:,}")
    return made


def _settled(found: dict[str, Any]) -> RenderableType:
    evidence = {f"settled by {by.replace('_', ' ')}": str(n) for by, n in found["by"].items()}
    without = {f"no evidence, {_WITHOUT[by]}": str(n) for by, n in found["unresolved"].items() if n}
    return pairs({"open": str(found["open"]), **evidence, **without})

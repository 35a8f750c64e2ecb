"""`tocsin campaign`: what waits for somebody's decision, and the two decisions there are."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from incidents.cli.campaign import Which, Why, path_of
from incidents.cli.looks import table
from incidents.cli.noun import Api, Incident, Noun

Which_envelopes = Annotated[
    list[int] | None, typer.Option("--envelope", help="Only this one; may be said several times.")
]


def add_to(noun: Noun) -> None:
    """Make these verbs of `tocsin campaign`."""
    noun.command("held")(held)
    noun.command("resend-held")(resend_held)
    noun.command("give-up-held")(give_up_held)


def held(api: Api, incident: Incident, campaign: Which = "") -> None:
    """What waits for somebody's decision: in doubt, or nobody could make it ready to send."""
    api.say(api.client.get(f"{path_of(api, incident, campaign)}/held"), _listed)


def resend_held(
    api: Api,
    incident: Incident,
    reason: Why,
    campaign: Which = "",
    envelope: Which_envelopes = None,
) -> None:
    """Tell those once more of whom no evidence says whether they were told; open again what
    nobody could open.
    """
    path = f"{path_of(api, incident, campaign)}/held/resend"
    _decide(api, path, reason, envelope, "envelopes go out once more")


def give_up_held(
    api: Api,
    incident: Incident,
    reason: Why,
    campaign: Which = "",
    envelope: Which_envelopes = None,
) -> None:
    """Wait no longer: the people of what is held are tried on their next channel."""
    path = f"{path_of(api, incident, campaign)}/held/give-up"
    _decide(api, path, reason, envelope, "envelopes are given up; their people go on")


def _decide(api: Api, path: str, reason: str, envelopes: list[int] | None, done: str) -> None:
    made = api.client.post(path, {"reason": reason, "envelopes": envelopes or []})
    api.say(made, lambda one: Text(f"{one['envelopes']:,} {done}"))


def _listed(held: list[dict[str, Any]]) -> RenderableType:
    if not held:
        return Text("Nothing is held.", "dim")
    made = table("#envelope", "channel", "provider", "#people", "may have left", "why")
    for one in held:
        doubt = "yes" if one["in_doubt"] else "no"
        row = (str(one["envelope"]), one["channel"], one["provider"], f"{one['people']:,}", doubt)
        made.add_row(*row, Text(one["reason"], "dim"))
    return made

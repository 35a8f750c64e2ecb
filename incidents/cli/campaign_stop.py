"""`tocsin campaign stop`: what it means is said before, in numbers; then what is left to do."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from incidents.cli import campaign_looks as looks
from incidents.cli.campaign import Which, found, path_of
from incidents.cli.noun import Api, Incident, Noun
from incidents.cli.screen import err

_FOR_GOOD = (
    "Stopping is for good: it cannot be resumed, and its notice cannot be launched again.\n"
    "Who was not told learns of it by a public announcement alone, or by a notice to the rest,\n"
    "which somebody has to approve. `tocsin campaign pause` lets nothing leave either, and keeps\n"
    "all of this open. Until you answer, what runs goes on."
)


def add_to(noun: Noun) -> None:
    """Make these verbs of `tocsin campaign`."""
    noun.command("stop")(stop)
    noun.command("rest")(rest)


def stop(
    api: Api,
    incident: Incident,
    campaign: Which = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: for scripts.")] = False,
) -> None:
    """End it for good, having said whom it told and whom not; `pause` keeps all open."""
    one = found(api, incident, campaign)
    path = f"/campaigns/{one['id']}"
    if not yes and one["status"] in {"running", "paused"}:
        _ask(api.client.get(f"{path}/rest"))
    made = api.client.post(f"{path}/stop")
    left = api.client.get(f"{path}/rest")
    notice = api.client.get(f"/notices/{one['notice_id']}")["reference"]
    api.say(made, lambda one: looks.listed([one]), _counted(left), *_to_do(left, incident, notice))


def rest(api: Api, incident: Incident, campaign: Which = "") -> None:
    """How many people it has told, may have told, and has not."""
    left = api.client.get(f"{path_of(api, incident, campaign)}/rest")
    api.say(left, _counted)


def _ask(left: dict[str, Any]) -> None:
    err().print(_counted(left), Text(_FOR_GOOD), sep="\n")
    typer.confirm("Stop it? (In a script: --yes)", abort=True, err=True)


def _counted(left: dict[str, Any]) -> RenderableType:
    known = f"People told: {left['told']:,}. Not told: {left['rest']:,}."
    return Text(f"{known} Not known, or not yet: {left['in_doubt']:,}.")


def _to_do(left: dict[str, Any], incident: str, notice: str) -> list[RenderableType]:
    """What is left to do for those who were not told."""
    if not left["rest"]:
        return []
    return [
        Text("To tell exactly those who were not, in the same words or better ones:", "bold"),
        Text(f"  tocsin notice rest {incident} {notice}   (then edit, approve, launch it)"),
        Text("To tell everybody in public:", "bold"),
        Text(f"  tocsin announcement propose {incident}"),
    ]

"""`tocsin provider`: who carries what, who is in trouble, and how fast they are given work."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import day, table
from incidents.cli.noun import Api, Noun

noun = Noun("provider", "Who carries messages: in trouble or not, how fast, since when.")
verb = noun.command
_BREAKERS = {"closed": "green", "half_open": "yellow", "open": "bold red"}


@verb("list")
def list_providers(api: Api) -> None:
    """Every provider of live incidents: breaker, pace, calls of the last day."""
    api.say(api.client.get("/providers"), _listed)


@verb("reset")
def reset(
    api: Api,
    name: Annotated[str, typer.Argument(help="Such as sendgrid.")],
    channel: Annotated[str, typer.Argument(help="Such as email.")],
) -> None:
    """Give a provider everything again, at its full pace, without waiting for a probe."""
    api.client.post(f"/providers/{name}/{channel}/reset")
    api.say({"name": name, "channel": channel}, Text(f"{name} carries {channel} again."))


def _listed(providers: list[dict[str, Any]]) -> RenderableType:
    if not providers:
        return Text("No provider carries anything.", "dim")
    made = table("channel", "provider", "#weight", "breaker", "pace", "calls of a day")
    for one in providers:
        weight = "—" if one["weight"] is None else str(one["weight"])
        made.add_row(one["channel"], one["name"], weight, _breaker(one), _paces(one), _calls(one))
    errors = [
        Text(f"{one['name']}, {day(one['last_error_at'])}: {one['last_error']}", "dim")
        for one in providers
        if one["last_error"]
    ]
    return Group(made, *errors)


def _breaker(one: dict[str, Any]) -> Text:
    state = Text(one["breaker"].replace("_", " "), _BREAKERS.get(one["breaker"], ""))
    if one["reason"]:
        state.append(f" ({one['reason']}), probe {day(one['probe_at'])}", "dim")
    if one["blocked_until"]:
        state.append(f" asked to wait until {day(one['blocked_until'])}", "dim")
    return state


def _paces(one: dict[str, Any]) -> str:
    return ", ".join(
        f"{pace['per_second'] * pace['factor']:g} of {pace['per_second']:g} {pace['unit']}/s"
        for pace in one["paces"]
    )


def _calls(one: dict[str, Any]) -> str:
    return "  ".join(f"{outcome} {count:,}" for outcome, count in sorted(one["attempts"].items()))

"""`tocsin alarm`: what rings and who heard it; and ringing once, for cron or systemd."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import day, left, moment, pairs, panel, table, words
from incidents.cli.noun import Api, Noun, incident_of, pick
from incidents.cli.screen import out

noun = Noun("alarm", "What rings, whom it woke, and who heard it.")
verb = noun.command
Alarm = Annotated[str, typer.Argument(help="The alarm's id or its beginning; empty: the last.")]


@verb("list")
def list_alarms(
    api: Api,
    incident: Annotated[str, typer.Argument(help="Of this incident; empty: of all.")] = "",
    state: Annotated[str, typer.Option(help="open, acknowledged or over.")] = "",
    mode: Annotated[str, typer.Option(help="live or drill.")] = "",
) -> None:
    """The alarms that rang, newest first."""
    found = incident_of(api, incident)["id"] if incident else None
    asked = {"state": state, "mode": mode, "incident": found}
    given = {name: value for name, value in asked.items() if value}
    api.say(list(api.client.pages("/alarms", **given)), listed)


@verb("show")
def show_alarm(api: Api, alarm: Alarm = "") -> None:
    """One alarm: what it is about, whom it woke, what came of it."""
    api.say(api.client.get(f"/alarms/{_picked(api, alarm)['id']}"), shown)


@verb("acknowledge")
def acknowledge(api: Api, alarm: Alarm = "") -> None:
    """Say that you take care of it: silent until the next rung."""
    path = f"/alarms/{_picked(api, alarm, state='open')['id']}/acknowledge"
    api.say(api.client.post(path), lambda one: listed([one]))


@noun.app.command("ring")
def ring() -> None:
    """Ring once whatever is due, from this machine, straight to the providers.

    Every process of Tocsin does so every few seconds; this is for cron or a systemd timer, so
    that alarms ring even where no other process runs. Ringing side by side rings nothing twice.
    """
    from incidents.housekeeping import mend_alarms
    from incidents.logs import configure_logs
    from incidents.office import open_office
    from incidents.services import alarms
    from incidents.settings import Settings
    from incidents.wiring import pagers_for

    settings = Settings()
    configure_logs(settings.log_format)
    office = open_office(settings)
    mend_alarms(office)
    rang = alarms.ring_due(office, lambda mode: pagers_for(settings, mode))
    office.engine.dispose()
    out().print(f"{rang} {'alarm' if rang == 1 else 'alarms'} rung.")


def _picked(api: Api, alarm: str, **asked: str) -> dict[str, Any]:
    newest_last = list(api.client.pages("/alarms", **asked))[::-1]
    return pick(newest_last, alarm, "alarm")


def listed(alarms: list[dict[str, Any]]) -> RenderableType:
    """Alarms in a table."""
    if not alarms:
        return Text("No alarm.", "dim")
    made = table("incident", "state", "loud", "opened", "#rings", "rings again", "heard", "alarm")
    for one in alarms:
        heard = f"{day(one['heard_at'])} by {one['heard_how']}" if one["heard_at"] else "—"
        again = left(one["next_at"])
        drill = " DRILL" if one["mode"] == "drill" else ""
        marks = (words(one["state"]), "loud" if one["is_loud"] else "soft", day(one["opened_at"]))
        rings = (str(one["ring_count"]), again, heard)
        made.add_row(one["incident_number"] + drill, *marks, *rings, Text(one["id"], "dim"))
    return made


def shown(alarm: dict[str, Any]) -> RenderableType:
    """One alarm in a box, with what it is about and whom it woke."""
    about = pairs(
        {
            "state": words(alarm["state"]),
            "mode": Text("DRILL", "bold magenta") if alarm["mode"] == "drill" else "live",
            "loud": alarm["is_loud"],
            "opened": moment(alarm["opened_at"]),
            "rang last": moment(alarm["rang_at"]),
            "rings again": moment(alarm["next_at"]),
            "acknowledged": moment(alarm["heard_at"]),
            "how": alarm["heard_how"],
        }
    )
    owed = table("what", "left", "note")
    for one in alarm["about"]:
        owed.add_row(*_rung_for(one), Text(one["note"], "dim"))
    woken = table("#ring", "when", "#level", "who", "channel", "outcome", "detail")
    for one in alarm["pages"]:
        who = (str(one["ring"]), day(one["at"]), str(one["level"]), one["name"])
        woken.add_row(*who, one["channel"], words(one["outcome"]), Text(one["detail"], "dim"))
    return Group(panel(f"Alarm of {alarm['incident_number']}", about), owed, woken)


def _rung_for(one: dict[str, Any]) -> tuple[RenderableType, RenderableType]:
    """What rings, and how long it has; what has paused has no clock."""
    if one["kind"] == "campaign":
        return f"telling people has paused itself: {one['title']}", ""
    return one["title"] or "nobody owns the incident", left(one["due_at"])

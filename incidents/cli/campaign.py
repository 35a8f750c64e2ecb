"""`tocsin campaign`: everybody is told; watched, paused, counted."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal

import typer
from rich.live import Live

from incidents.cli import campaign_looks as looks
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick
from incidents.cli.screen import out
from incidents.errors import InvalidInput, Problem
from incidents.rules.ladder import CHANNELS

noun = Noun("campaign", "Everybody is told, up a ladder of channels.")
verb = noun.command
Which = Annotated[str, typer.Argument(help="Id, or its beginning; the newest if empty.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays on record.")]
_BRAKE = {
    "failed": "failed_percent", "complained": "complained_percent", "refused": "refused_first",
    "after": "after_people",
}  # fmt: skip


@verb("launch")
def launch(
    api: Api,
    incident: Incident,
    notice: Annotated[str, typer.Option(help="Reference or id; the newest if empty.")] = "",
    ladder: Annotated[str, typer.Option(help="Channels in order.")] = "email,sms,announcement",
    unknown: Annotated[
        Literal["hold", "resend_marked", "next_channel"],
        typer.Option(help="What to do when no evidence will come of what was sent."),
    ] = "hold",
    canary: Annotated[
        int | None, typer.Option(min=0, help="How many go first; 0: all at once. Else 1 %.")
    ] = None,
    hold: Annotated[
        float | None, typer.Option(min=0, help="Minutes that the others wait after them. Else 10.")
    ] = None,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="They wait for `tocsin campaign continue`.")
    ] = False,
    brake: Annotated[
        str, typer.Option(help="E.g. failed=8,complained=0.5 (percent), refused=50; or none.")
    ] = "",
    waits: Annotated[
        str, typer.Option("--wait", help="Hours of silence, e.g. sms=12,push=48; or none.")
    ] = "",
    quiet: Annotated[
        str, typer.Option(help="When nobody is disturbed, e.g. 22:00-07:30; or none.")
    ] = "21:00-08:00",
    recallable: Annotated[
        bool,
        typer.Option(
            "--recallable", help="E-mail 15 minutes later, so that doubts can be cancelled."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say whom, by what, at what cost, until when.")
    ] = False,
) -> None:
    """Begin to tell every affected person, in exactly the approved words."""
    body = {
        "ladder": [one.strip() for one in ladder.split(",")],
        "unknown_policy": unknown,
        "canary": {"people": canary, "hold_minutes": hold, "by_hand": by_hand},
        "brake": _brake(brake),
        "waits": _waits(waits),
        "quiet": _quiet(quiet),
        "recallable": recallable,
    }
    notices = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/notices")
    path = f"/notices/{pick(notices, notice, 'notice', 'reference')['id']}/campaigns"
    if dry_run:
        api.say(api.client.post(f"{path}/dry-run", body), looks.forecast)
    else:
        api.say(api.client.post(path, body), lambda one: looks.listed([one]))


def _brake(told: str) -> dict[str, float] | None:
    """The thresholds that were told; None: no brake."""
    if told == "none":
        return None
    return {_BRAKE[name]: number for name, number in _numbers("--brake", told, _BRAKE).items()}


def _waits(told: str) -> dict[str, float] | None:
    """Channel to hours; None: the usual ones."""
    if told == "none":
        return {}
    return _numbers("--wait", told, CHANNELS[:-1]) or None


def _numbers(option: str, told: str, names: Collection[str]) -> dict[str, float]:
    """What was told as `name=number,…`."""
    found = {}
    for one in filter(None, told.split(",")):
        name, _, number = (part.strip() for part in one.partition("="))
        if name not in names or not number.replace(".", "", 1).isdecimal():
            mend = f"name=number, with {', '.join(names)}; or none"
            raise InvalidInput(f"{option} is not understood", Problem(option, one, mend))
        found[name] = float(number)
    return found


def _quiet(told: str) -> dict[str, str] | None:
    """From and to; None: nobody is left in peace."""
    if told == "none":
        return None
    begins, dash, ends = told.partition("-")
    if not dash:
        mend = "from-to, e.g. 22:00-07:30, or none"
        raise InvalidInput("these hours are not understood", Problem("--quiet", told, mend))
    return {"from": begins.strip(), "to": ends.strip()}


@verb("list")
def list_campaigns(api: Api, incident: Incident) -> None:
    """The campaigns of an incident."""
    api.say(
        api.client.get(f"/incidents/{incident_of(api, incident)['id']}/campaigns"), looks.listed
    )


@verb("show")
def show(api: Api, incident: Incident, campaign: Which = "") -> None:
    """How far it is, and what became of people rung by rung."""
    api.say(api.client.get(path_of(api, incident, campaign)), looks.shown)


@verb("watch")
def watch(
    api: Api,
    incident: Incident,
    campaign: Which = "",
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between looks.")] = 1.0,
) -> None:
    """Look again and again until it is over or paused; with --json a line a look."""
    path = path_of(api, incident, campaign)
    if api.as_json:
        for found in _looks(api, path, every):
            typer.echo(json.dumps(found))
        return
    with Live(console=out(), auto_refresh=False, transient=True) as screen:
        for found in _looks(api, path, every):
            screen.update(looks.watched(found), refresh=True)
    api.say(api.client.get(path), looks.shown)


def _looks(api: Api, path: str, every: float) -> Iterator[dict[str, Any]]:
    """What is seen each time, the last one when it is over."""
    while True:
        found: dict[str, Any] = api.client.get(f"{path}/progress")
        yield found
        if found["status"] != "running":
            return
        time.sleep(every)


@verb("equation")
def show_equation(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Where everybody is: each person in exactly one bucket; exits 1 if that did not hold."""
    found = api.client.get(f"{path_of(api, incident, campaign)}/equation")
    api.say(found, looks.equation)
    if not found["holds"]:
        raise typer.Exit(1)


@verb("pause")
def pause(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Let nothing more leave; what is on the wire ends."""
    _act(api, incident, campaign, "pause")


@verb("resume")
def resume(api: Api, incident: Incident, campaign: Which = "", reason: Why = "") -> None:
    """Go on where it was paused; where it had paused itself, with a reason."""
    _act(api, incident, campaign, "resume", {"reason": reason})


@verb("continue")
def go_on(api: Api, incident: Incident, campaign: Which = "", reason: Why = "") -> None:
    """Let the others follow those who went first now, before the hold is over."""
    _act(api, incident, campaign, "continue", {"reason": reason})


@verb("end-ramp")
def end_ramp(
    api: Api,
    incident: Incident,
    reason: Why,
    campaign: Which = "",
) -> None:
    """Let all who wait for their mail host be told now, whatever it makes of it."""
    _act(api, incident, campaign, "end-ramp", {"reason": reason})


@verb("override-quiet")
def override_quiet(
    api: Api,
    incident: Incident,
    reason: Why,
    campaign: Which = "",
) -> None:
    """Ask that people be told at night: the law's deadline comes before the morning."""
    _act(api, incident, campaign, "quiet-override", {"reason": reason})


@verb("confirm-override")
def confirm_override(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Agree, as a second person: what waits for the morning leaves now."""
    _act(api, incident, campaign, "quiet-override/confirm")


def _act(
    api: Api, incident: str, campaign: str, action: str, body: dict[str, str] | None = None
) -> None:
    made = api.client.post(f"{path_of(api, incident, campaign)}/{action}", body)
    api.say(made, lambda one: looks.listed([one]))


def path_of(api: Api, incident: str, which: str) -> str:
    """Where a campaign is found over HTTP: by its id or its beginning, else the newest."""
    return f"/campaigns/{found(api, incident, which)['id']}"


def found(api: Api, incident: str, which: str) -> dict[str, Any]:
    """A campaign, by its id or its beginning, else the newest."""
    rows = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/campaigns")
    return pick(rows, which, "campaign")

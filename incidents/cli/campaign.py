"""`tocsin campaign`: everybody is told; watched, paused, counted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from incidents.cli.looks import moment, pairs, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick
from incidents.cli.screen import out
from incidents.errors import InvalidInput, Problem

noun = Noun("campaign", "Everybody is told, up a ladder of channels.")
verb = noun.command
Which = Annotated[str, typer.Argument(help="Id, or its beginning; the newest if empty.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays on record.")]
_BAR = 44
_BRAKE = {
    "failed": "failed_percent", "complained": "complained_percent", "refused": "refused_first",
    "after": "after_people",
}  # fmt: skip
_BUCKETS = {
    "planned": "bright_black", "waiting": "blue", "in_flight": "cyan", "unknown": "magenta",
    "accepted": "green", "delivered": "bold green", "exhausted": "red", "announced": "yellow",
    "suppressed": "bright_black", "withheld": "bright_black",
}  # fmt: skip


@verb("launch")
def launch(
    api: Api,
    incident: Incident,
    notice: Annotated[str, typer.Option(help="Reference or id; the newest if empty.")] = "",
    ladder: Annotated[str, typer.Option(help="Channels in order.")] = "email,sms,announcement",
    unknown: Annotated[
        Literal["hold", "resend_marked"],
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
) -> None:
    """Begin to tell every affected person, in exactly the approved words."""
    notices = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/notices")
    chosen = pick(notices, notice, "notice", "reference")
    body = {
        "ladder": [one.strip() for one in ladder.split(",")],
        "unknown_policy": unknown,
        "canary": {"people": canary, "hold_minutes": hold, "by_hand": by_hand},
        "brake": _brake(brake),
    }
    made = api.client.post(f"/notices/{chosen['id']}/campaigns", body)
    api.say(made, lambda one: listed([one]))


def _brake(told: str) -> dict[str, float] | None:
    """The thresholds that were told; None: no brake."""
    if told == "none":
        return None
    wanted = {}
    for one in filter(None, told.split(",")):
        name, _, value = one.partition("=")
        if name.strip() not in _BRAKE or not value.replace(".", "", 1).isdigit():
            mend = f"{', '.join(_BRAKE)}, each with a number, or none"
            raise InvalidInput("this brake is not understood", Problem("--brake", one, mend))
        wanted[_BRAKE[name.strip()]] = float(value)
    return wanted


@verb("list")
def list_campaigns(api: Api, incident: Incident) -> None:
    """The campaigns of an incident."""
    api.say(api.client.get(f"/incidents/{incident_of(api, incident)['id']}/campaigns"), listed)


@verb("show")
def show(api: Api, incident: Incident, campaign: Which = "") -> None:
    """How far it is, and what became of people rung by rung."""
    api.say(api.client.get(_path(api, incident, campaign)), shown)


@verb("watch")
def watch(
    api: Api,
    incident: Incident,
    campaign: Which = "",
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between looks.")] = 1.0,
) -> None:
    """Look again and again, until everybody has been tried or it stands still."""
    path = _path(api, incident, campaign)
    found = api.client.get(path)
    with Live(shown(found), console=out(), auto_refresh=False, transient=True) as screen:
        while found["status"] == "running":
            time.sleep(every)
            found = api.client.get(path)
            screen.update(shown(found), refresh=True)
    api.say(found, shown)


@verb("equation")
def show_equation(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Where everybody is: each person in exactly one bucket; exits 1 if that did not hold."""
    found = api.client.get(f"{_path(api, incident, campaign)}/equation")
    api.say(found, equation)
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


@verb("stop")
def stop(api: Api, incident: Incident, campaign: Which = "") -> None:
    """End it for good: who has not been sent to will not be."""
    _act(api, incident, campaign, "stop")


@verb("resend-held")
def resend_held(
    api: Api,
    incident: Incident,
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")],
    campaign: Which = "",
) -> None:
    """Tell those once more of whom no evidence says whether they were told."""
    path = f"{_path(api, incident, campaign)}/held/resend"
    made = api.client.post(path, {"reason": reason})
    api.say(made, lambda one: Text(f"{one['envelopes']:,} envelopes go out once more"))


def _act(
    api: Api, incident: str, campaign: str, action: str, body: dict[str, str] | None = None
) -> None:
    made = api.client.post(f"{_path(api, incident, campaign)}/{action}", body)
    api.say(made, lambda one: listed([one]))


def _path(api: Api, incident: str, which: str) -> str:
    rows = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/campaigns")
    return f"/campaigns/{pick(rows, which, 'campaign')['id']}"


def listed(campaigns: list[dict[str, Any]]) -> RenderableType:
    """Campaigns in a table."""
    if not campaigns:
        return Text("No campaign yet.", "dim")
    made = table("campaign", "status", "ladder", "launched", "finished")
    for one in campaigns:
        ladder = " → ".join(one["ladder"])
        times = (moment(one["launched_at"]), moment(one["finished_at"]))
        made.add_row(one["id"], words(one["status"]), ladder, *times)
    return made


def shown(campaign: dict[str, Any]) -> RenderableType:
    """How far a campaign is, and its funnel."""
    progress = campaign["progress"]
    pace, rest = progress["people_per_second"], progress["seconds_left"]
    about = pairs(
        {
            "status": words(campaign["status"]),
            "paused itself": Text(campaign["halt"], "bold red") if campaign["halt"] else "",
            "canary": gate(campaign),
            "ladder": " → ".join(campaign["ladder"]),
            "envelopes": "  ".join(f"{k} {v:,}" for k, v in progress["envelopes"].items()),
            "pace": f"{pace:,.0f} people/s" if pace else "",
            "time left": f"{rest:,.0f} s" if rest and campaign["status"] == "running" else "",
        }
    )
    return Group(about, funnel(campaign["funnel"]))


def gate(campaign: dict[str, Any]) -> str:
    """How it stands with those who go first; empty once everybody is told."""
    first = f"{campaign['canary'].get('people', 0):,} go first"
    if campaign["gate"] != "holding":
        return first if campaign["gate"] == "canary" else ""
    if not campaign["gate_at"]:
        return f"{first}; the others wait for `tocsin campaign continue`"
    rest = (datetime.fromisoformat(campaign["gate_at"]) - datetime.now(UTC)).total_seconds()
    return f"{first}; the others follow in {max(0, rest):,.0f} s"


def funnel(rungs: list[dict[str, Any]]) -> RenderableType:
    """Rung by rung: who stands there, and who was moved on from it and why."""
    made = table("rung", "#came", "stand there", "moved on")
    for rung in rungs:
        stay = {name: count for name, count in rung["buckets"].items() if count}
        left = {name: count for name, count in rung["left"].items() if count}
        came = sum(stay.values()) + sum(left.values())
        made.add_row(rung["channel"], f"{came:,}", _named(stay), _named(left))
    return made


def _named(counts: dict[str, int]) -> Text:
    parts = [
        Text(f"{name.replace('_', ' ')} {count:,}", _BUCKETS.get(name, ""))
        for name, count in counts.items()
    ]
    return Text("  ").join(parts)


def _held_by_place(found: dict[str, Any]) -> RenderableType:
    if not found["places"]:
        return Text("Nobody is held for where they live.", "dim")
    made = table("place", "#people held")
    for place, people in found["places"].items():
        made.add_row(place or "unknown", f"{people:,}")
    return made


def equation(found: dict[str, Any]) -> RenderableType:
    """Everybody, by bucket, as bars that sum to the whole."""
    made = table("bucket", "#people", "")
    for name, count in found["buckets"].items():
        if count:
            length = max(1, round(_BAR * count / max(found["total"], 1)))
            style = _BUCKETS.get(name, "")
            made.add_row(name.replace("_", " "), f"{count:,}", Text("█" * length, style))
    holds = ("holds", "bold green") if found["holds"] else ("DOES NOT HOLD", "bold red")
    total = f": {sum(found['buckets'].values()):,} in buckets, {found['total']:,} affected"
    return Group(made, Text.assemble("The population equation ", holds, total))

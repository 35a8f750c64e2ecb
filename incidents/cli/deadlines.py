"""`tocsin deadlines`: what is due of all incidents, soonest first; and as a calendar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from incidents.cli.looks import day, left, moment, pairs, table, there
from incidents.cli.noun import Api, Noun, incident_of
from incidents.cli.screen import out

noun = Noun("deadlines", "What is due of all incidents, soonest first; and as a calendar.")

_HEADINGS = (
    (timedelta(0), "Overdue", "bold red"),
    (timedelta(hours=6), "Within 6 hours", "bold red"),
    (timedelta(days=1), "Within a day", "bold yellow"),
    (timedelta(days=7), "Within a week", "bold"),
    (timedelta.max, "Later", "bold"),
)
_MOST = 5  # of what is not known yet, of one incident under one heading
_WATCH_SECONDS = 5.0

Row = dict[str, Any]


@noun.alone
def list_deadlines(
    api: Api,
    context: typer.Context,
    incident: Annotated[str, typer.Option(help="Of one incident: its number or id.")] = "",
    place: Annotated[str, typer.Option(help="Of one place, such as CN; US finds US-CA.")] = "",
    audience: Annotated[str, typer.Option(help="people, authority, media, partners …")] = "",
    within: Annotated[float, typer.Option(help="Due within so many hours, or overdue.")] = 0,
    hard: Annotated[
        bool, typer.Option("--hard", help="Only what the law surely owes by a number of its own.")
    ] = False,
    mode: Annotated[str, typer.Option(help="live or drill; both if empty.")] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again and again; Ctrl-C ends.")
    ] = False,
) -> None:
    """What is due, soonest first, with the time that is left."""
    if context.invoked_subcommand:
        return
    query: dict[str, Any] = {"place": place, "audience": audience, "mode": mode, "hard_only": hard}
    if within:
        query["within_hours"] = within
    if incident:
        query["incident"] = incident_of(api, incident)["id"]
    if watch and not api.as_json:
        _watch(api, query)
    else:
        api.say(_rows(api, query), listed)


@noun.command("feed")
def make_feed(
    api: Api,
    drills: Annotated[bool, typer.Option("--drills", help="Put drills in too, marked.")] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="End the address, make no new one.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Only say whether there is one.")] = False,
) -> None:
    """A secret address for your calendar program; the one before it ends."""
    if revoke:
        api.client.delete("/me/calendar-feed")
        api.remark("The address of your calendar opens nothing any more.")
    elif show:
        api.say(api.client.get("/me/calendar-feed"), _feed)
    else:
        made = api.client.post("/me/calendar-feed", {"drills": drills})
        api.say(made, lambda feed: Text(feed["url"], no_wrap=True, overflow="fold"))
        api.remark(
            "[dim]Whoever has this address reads your deadlines: give it to your calendar"
            " program only. It is shown this once.[/]"
        )


def _feed(feed: Row) -> RenderableType:
    return pairs({"made": moment(feed["created_at"]), "drills": feed["drills"]})


def _rows(api: Api, query: dict[str, Any]) -> list[Row]:
    return list(api.client.pages("/deadlines", **query))


def _watch(api: Api, query: dict[str, Any]) -> None:
    with Live(console=out(), screen=out().is_terminal, auto_refresh=False) as screen:
        try:
            while True:
                screen.update(listed(_rows(api, query)), refresh=True)
                time.sleep(_WATCH_SECONDS)
        except KeyboardInterrupt:
            return


def listed(rows: list[Row], now: datetime | None = None) -> RenderableType:
    """Deadlines under headings, from overdue to later; many open questions in one line."""
    if not rows:
        return Text("Nothing is due.", "dim")
    now = now or datetime.now(UTC)
    made = table("left", "due", "incident", "place", "what")
    for column in made.columns[:-1]:
        column.no_wrap = True
    for heading, under in groupby(rows, lambda one: _heading(one, now)):
        title, style = heading
        made.add_row(Text(title, style))
        _add_rows(made, list(under), now)
        made.add_section()
    if any(one["is_target"] and one["kind"] == "duty" for one in rows):
        return Group(made, Text("¹ our own target: the law names no number here", "dim"))
    return made


def _heading(one: Row, now: datetime) -> tuple[str, str]:
    rest = datetime.fromisoformat(one["due_at"]) - now
    return next((title, style) for limit, title, style in _HEADINGS if rest < limit)


def _add_rows(made: Table, rows: list[Row], now: datetime) -> None:
    left_out = list(_left_out(rows))
    hidden = {one["id"] for group in left_out for one in group}
    for one in rows:
        if one["id"] not in hidden:
            due = Text(day(one["due_at"]))
            if local := there(one["due_at"], one["place"]):
                due.append(f"\n{local} there", "dim")
            made.add_row(left(one["due_at"], now), due, _number(one), one["place"], _what(one))
    for group in left_out:
        places = sorted({one["place"] for one in group})
        some = f"{', '.join(places[:8])}{' …' if len(places) > 8 else ''}"
        more = Text(f"and {len(group)} more, not known yet, in {some}", "magenta")
        made.add_row("", "", _number(group[0]), "", more)


def _left_out(rows: list[Row]) -> Iterator[list[Row]]:
    """What is not known yet, of each incident, but for the few that come first."""
    of_incident: dict[str, list[Row]] = {}
    for one in rows:
        if one["kind"] == "duty" and one["standing"] == "unknown":
            of_incident.setdefault(one["incident"], []).append(one)
    yield from (group[_MOST:] for group in of_incident.values() if len(group) > _MOST + 1)


def _number(one: Row) -> Text:
    mark = (" DRILL", "cyan") if one["mode"] == "drill" else ("", "")
    return Text.assemble(one["incident"], mark)


def _what(one: Row) -> Text:
    if one["kind"] == "task":
        owner = one["who"].replace("_", " ")
        return Text.assemble(one["title"], (f"\ntask {one['name']}, for the {owner}", "dim"))
    what = Text.assemble(one["title"], " ¹" if one["is_target"] else "")
    tell = one["who"] or one["audience"].replace("_", " ")
    what.append(f"\n{one['name']}: {tell}", "dim")
    if one["standing"] == "unknown":
        what.append("  not known yet", "magenta")
    return what

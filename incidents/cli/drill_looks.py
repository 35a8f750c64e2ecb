"""How a drill looks in a terminal: its score, and the messages of its outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from incidents.cli.looks import bullets, moment, pairs, panel, span, table

if TYPE_CHECKING:
    from incidents.database.drills import Drill
    from incidents.rules.drill_score import Change, ClockScore, Scorecard
    from incidents.services.drill_outbox import Message

_VERDICTS = {"in_time": "green", "late": "bold red", "missed": "bold red", "running": "cyan"}


def card(drill: Drill, found: Scorecard, changes: list[Change] | None) -> RenderableType:
    """The whole score in a box."""
    took = drill.finished_at - drill.started_at if drill.finished_at else None
    colour = "green" if found.percent == 100 else "yellow" if found.percent >= 80 else "red"
    heading = pairs(
        {
            "drill": str(drill.id),
            "score": Text(f"{found.percent} %", f"bold {colour}"),
            "people": found.people,
            "played": f"{found.hours:g} h in {took.total_seconds():.0f} s" if took else "",
            "everyone": _accounted(found),
            "reached": _reached(found),
            "alarms": _alarms(found),
        }
    )
    return panel(
        f"[bold magenta]DRILL[/] [bold]{drill.scenario}[/]",
        heading,
        _marks(found),
        _clocks(found),
        _elements(found),
        _team(found),
        bullets("Not done", found.refused, "red"),
        _against(changes),
    )


def _accounted(card: Scorecard) -> Text:
    held = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in card.buckets.items() if count
    )
    return Text(f"{held or 'nobody'}", "green" if card.accounted else "bold red")


def _reached(card: Scorecard) -> str:
    return "  ".join(
        f"{one.people / card.people:.1%} in {one.hours:g} h" for one in card.reach if card.people
    )


def _alarms(card: Scorecard) -> str:
    waits = [one.after_minutes for one in card.alarms if one.after_minutes is not None]
    slowest = f", the slowest after {max(waits):,.0f} min" if waits else ""
    return f"{len(card.alarms)} rang; the team acted on {len(waits)}{slowest}"


def _marks(card: Scorecard) -> RenderableType:
    made = table("", "expected", "what came of it")
    for mark in card.marks:
        sign = Text("✓", "green") if mark.passed else Text("✗", "bold red")
        made.add_row(sign, mark.expected, Text(mark.why, "dim"))
    return made


def _clocks(card: Scorecard) -> RenderableType:
    made = table("duty", "to", "kept", "#margin", "alarms", title="Clocks")
    for clock in card.clocks:
        if clock.verdict != "ended":
            kept = Text(clock.verdict.replace("_", " "), _VERDICTS.get(clock.verdict, ""))
            alarms = " ".join(f"{alarm} %" for alarm in clock.alarms)
            made.add_row(clock.rule, clock.audience, kept, _margin(clock), alarms)
    return made


def _margin(clock: ClockScore) -> str:
    return "—" if clock.margin_hours is None else f"{clock.margin_hours:+.1f} h"


def _elements(card: Scorecard) -> RenderableType:
    names = list(next(iter(card.elements.values()), {}))
    made = table("words", *(name.replace("_", " ") for name in names), title="Elements")
    for locale, found in card.elements.items():
        signs = (Text("✓", "green") if found[name] else Text("✗", "bold red") for name in names)
        made.add_row(locale, *signs)
    return made


def _team(card: Scorecard) -> RenderableType:
    made = table("who", "#acts", "from", "for", title="Who took part, by the drill's clock")
    for one in card.participants:
        took = span(one.last_at - one.first_at)
        made.add_row(Text(one.name), str(one.acts), moment(one.first_at), took)
    return made


def _against(changes: list[Change] | None) -> RenderableType:
    if changes is None:
        return Text("The first run of this scenario here.", "dim")
    if not changes:
        return Text("As in the last run.", "dim")
    made = table("what", "last run", "this run", title="Against the last run")
    for one in changes:
        made.add_row(one.what, one.before or "—", one.now or "—")
    return made


def listed(found: list[Message]) -> RenderableType:
    """Messages in a table."""
    made = table("to", "channel", "language", "what became", "subject", "proven")
    for one in found:
        to = Text.assemble(one.name, "\n", (one.address, "dim"))
        proven = Text("✓", "green") if one.is_proven else Text("✗", "bold red")
        shown = Text(one.subject or one.text[:60])
        made.add_row(to, one.channel, one.locale, one.became or "accepted", shown, proven)
    return made


def message(one: Message) -> RenderableType:
    """One message in full."""
    heading = pairs(
        {
            "to": Text(f"{one.name} <{one.address}>"),
            "sent": moment(one.sent_at),
            "became": one.became or "accepted",
            "subject": Text(one.subject),
            "sha256": Text(one.sha256, "green" if one.is_proven else "bold red"),
        }
    )
    title = f"[bold magenta]DRILL[/] {one.channel}, {one.locale}: nobody was written to"
    return panel(title, heading, Text(), Text(one.text))

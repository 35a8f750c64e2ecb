"""How clocks that were held or lengthened look in a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from rich.text import Text

from incidents.cli.looks import day, moment, table, words


def held(duty: dict[str, Any]) -> str:
    """Both times of a duty that an office asked us to wait with."""
    if not duty["unheld_due_at"]:
        return ""
    until = f"until {moment(duty['held_until'])}; " if duty["held_until"] else ""
    return f"{until}without the hold due {moment(duty['unheld_due_at'])}"


def by_the_law(duty: dict[str, Any]) -> str:
    """What the law gives by what is known, where a second person has not agreed to it."""
    standing = duty["unheld_due_at"] or duty["due_at"]
    later = duty["law_due_at"]
    if duty["status"] != "open" or not later or not standing or later <= standing:
        return ""
    return f"{moment(later)}, once two persons agree"


def asked(extension: dict[str, Any]) -> str:
    """One extension in a line: from when to when, why, and what became of it."""
    times = f"{moment(extension['before_due_at'])} → {moment(extension['after_due_at'])}"
    said = f": {extension['decision']}" if extension["decision"] else ""
    return f"{times}, because {extension['reason']}; {extension['status']}{said}"


def extensions_listed(found: list[dict[str, Any]]) -> RenderableType:
    """Due times that would move later, in a table."""
    if not found:
        return Text("Nothing waits for a second person.", "dim")
    made = table("status", "due", "would be due", "what", "because")
    for one in found:
        what = Text.assemble(one["title"], (f"\n{one['rule']}", "dim"))
        times = day(one["before_due_at"]), day(one["after_due_at"])
        made.add_row(words(one["status"]), *times, what, one["reason"])
    return made

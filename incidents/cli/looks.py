"""How things look in a terminal: moments in the reader's zone, time left, tables, panels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

# Where the clocks of a law's place hang: a due time is shown as people there would say it.
_ZONES = {
    "CN": "Asia/Shanghai",
    "EEA": "Europe/Brussels",
    "GB": "Europe/London",
    "SG": "Asia/Singapore",
    "US": "America/New_York",
    "US-CA": "America/Los_Angeles",
}
COLOURS = {
    "open": "yellow", "owed": "yellow", "unknown": "magenta", "recommended": "cyan",
    "met": "green", "done": "green", "approved": "green", "published": "green", "filed": "green",
    "issued": "green", "finished": "green", "delivered": "green", "accepted": "green",
    "no_longer_owed": "bright_black", "waived": "bright_black", "skipped": "bright_black",
    "not_applicable": "bright_black", "waiting": "bright_black", "withdrawn": "bright_black",
    "running": "cyan", "paused": "yellow", "stopped": "red", "in_progress": "cyan",
    "critical": "bold red", "very_high": "bold red", "high": "red", "medium": "yellow",
    "low": "green", "dropped": "red", "bounced": "red", "reported": "yellow", "closed": "green",
}  # fmt: skip


def words(value: str) -> Text:
    """A status in words and in its colour."""
    return Text(value.replace("_", " "), style=COLOURS.get(value, ""))


def moment(text: str | datetime | None, zone: str = "") -> str:
    """A moment as people say it, in the zone of this machine or in the one given."""
    if not text:
        return "—"
    at = datetime.fromisoformat(text) if isinstance(text, str) else text
    there = at.astimezone(ZoneInfo(zone) if zone else None)
    return f"{there:%a %d %b %Y %H:%M %Z}"


def day(text: str | None) -> str:
    """A moment without its year, for tables: `Mon 07 Dec 09:00 CET`."""
    return f"{datetime.fromisoformat(text).astimezone():%a %d %b %H:%M %Z}" if text else "—"


def there(text: str | None, place: str) -> str:
    """A moment by the clocks of a law's place; empty where they say what ours say."""
    zone = _ZONES.get(place)
    if not text or not zone:
        return ""
    at = datetime.fromisoformat(text)
    local, foreign = at.astimezone(), at.astimezone(ZoneInfo(zone))
    same = local.utcoffset() == foreign.utcoffset()
    return "" if same else f"{foreign:%a %d %b %H:%M %Z}"


def left(text: str | None, now: datetime | None = None) -> Text:
    """How long until a due time, or how late it is."""
    if not text:
        return Text("—", "dim")
    rest = datetime.fromisoformat(text) - (now or datetime.now(UTC))
    if rest < timedelta(0):
        return Text(f"{span(-rest)} late", "bold red")
    hurry = "red" if rest < timedelta(hours=6) else "yellow" if rest < timedelta(days=1) else ""
    return Text(f"in {span(rest)}", hurry)


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(length.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60
    if days >= 4:
        return f"{days} days"
    return f"{hours} h {minutes % 60:02} min" if hours else f"{minutes} min"


def table(*columns: str, title: str = "") -> Table:
    """An empty table; a column whose name starts with # holds numbers."""
    made = Table(
        title=title or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        header_style="dim",
        pad_edge=False,
    )
    for name in columns:
        number = name.startswith("#")
        made.add_column(name.removeprefix("#"), justify="right" if number else "left")
    return made


def panel(title: str, *parts: RenderableType) -> Panel:
    """A box with a title."""
    return Panel(Group(*parts), title=title, title_align="left", border_style="dim")


def pairs(values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Table:
    """Names and values, one below the other; what is empty is left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column()
    for name, value in values.items() if isinstance(values, Mapping) else values:
        if value not in {None, ""} if isinstance(value, str | None) else True:
            made.add_row(name, value if isinstance(value, Text) else _plain(value))
    return made


def bullets(heading: str, lines: Sequence[str], style: str = "") -> RenderableType:
    """A heading and its lines; nothing where there are none."""
    shown = [Text(f"  · {line}", style) for line in lines]
    return Group(*([Text(heading, "bold")] if heading and shown else []), *shown)


def problems(found: Sequence[Mapping[str, Any]]) -> RenderableType:
    """What is missing or wrong: where, why, and how to mend it."""
    made = table("where", "why", "mend")
    for one in found:
        made.add_row(Text(one["field"], "bold"), one["why"], Text(one.get("mend", ""), "dim"))
    return made


def _plain(value: Any) -> RenderableType:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(_plain(one)) for one in value)
    if isinstance(value, Table | Group):
        return value
    return Text(str(value))

"""What an alarm says: what is due, how long is left, by which clocks. Nothing of any person.

Only the number of the incident and the titles of duties and tasks are said, never the title of
the incident: an alarm goes out by mail, SMS and chat, where others may read over the shoulder.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from incidents.rules.alarm_times import OWNER_WITHIN
from incidents.rules.drill_mark import mark_line, mark_text

_MOST_LINES = 12
_SHORT = 160
_HALTED = "telling people has paused itself"


class Item(NamedTuple):
    """One thing that rings.

    kind    duty | task | owner | campaign (which has paused itself)
    title   of the duty or task; why a campaign has paused
    due_at  when it is due; of an owner, since when there should be one; of a campaign, now
    note    why it rings softly, such as «a target of ours»; empty for a hard clock
    """

    kind: str
    title: str
    due_at: datetime
    note: str = ""


class AlarmWords(NamedTuple):
    """The words of one alarm; `short` fits one SMS and is said on the telephone."""

    subject: str
    text: str
    short: str


def alarm_words(
    number: str, items: Sequence[Item], now: datetime, *, zone: str = "UTC", drill: bool = False
) -> AlarmWords:
    """What to say of one incident: hard clocks before soft ones, the most urgent first.

    items  at least one
    zone   of those who are woken, an IANA name; UTC is always said too
    """
    ordered = sorted(items, key=lambda one: (one.note != "", one.kind != "campaign", one.due_at))
    first = _first(ordered, now)
    lines = [_line(item, number, now, zone) for item in ordered[:_MOST_LINES]]
    if len(ordered) > _MOST_LINES:
        lines.append(f"- and {len(ordered) - _MOST_LINES} more")
    subject = f"{number}: {first}"
    moment = at_in(ordered[0].due_at, zone)
    short = f"{number}: {first} ({moment})"[:_SHORT]
    text = "\n".join([f"{number}: {_count(ordered)}.", "", *lines])
    if not drill:
        return AlarmWords(subject, text, short)
    return AlarmWords(mark_line("en", subject), mark_text("en", text), mark_line("en", short))


def _first(items: Sequence[Item], now: datetime) -> str:
    """How it stands with the most urgent one, in few words."""
    item = items[0]
    if item.kind == "owner":
        return f"nobody owns it since {span(now - item.due_at + OWNER_WITHIN)}"
    if item.kind == "campaign":
        return _HALTED
    # The first of the hard ones, so the number beside it counts only those.
    alike = [one for one in items if (one.note == "") == (item.note == "")]
    softer = len(items) - len(alike)
    rest = f"; {softer} more by softer clocks" if softer else ""
    return f"{_count(alike)}, the first {left(item.due_at, now)}{rest}"


def _count(items: Sequence[Item]) -> str:
    counted = [
        f"{count} {kind if count == 1 else plural}"
        for kind, plural in (("duty", "duties"), ("task", "tasks"))
        if (count := sum(item.kind == kind for item in items))
    ]
    owed = f"{' and '.join(counted)} to be met" if counted else ""
    kinds = {item.kind for item in items}
    halted, ownerless = _HALTED if "campaign" in kinds else "", "no owner" * ("owner" in kinds)
    return "; ".join(one for one in (halted, owed, ownerless) if one)


def _line(item: Item, number: str, now: datetime, zone: str) -> str:
    if item.kind == "owner":
        return "- Nobody owns this incident: take it with `tocsin incident own`, or name somebody"
    if item.kind == "campaign":
        return (
            f"- Telling people has paused itself: {item.title}. See"
            f" `tocsin campaign show {number}`; then `resume` it with a --reason, or `stop` it"
        )
    note = f" ({item.note})" if item.note else ""
    return f"- {item.title}{note}: {left(item.due_at, now)}, {at_in(item.due_at, zone)}"


def left(due_at: datetime, now: datetime) -> str:
    """How long is left, or how late it is."""
    rest = due_at - now
    return f"OVERDUE by {span(-rest)}" if rest <= timedelta(0) else f"due in {span(rest)}"


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    minutes = int(length.total_seconds()) // 60
    days, hours = minutes // 1440, minutes // 60
    if days >= 2:
        rest = hours % 24
        return f"{days} days {rest} h" if rest else f"{days} days"
    return f"{hours} h {minutes % 60:02} min" if hours else f"{minutes} min"


def at_in(moment: datetime, zone: str) -> str:
    """A moment by the clocks of a zone and in UTC."""
    utc = moment.astimezone(UTC)
    local = moment.astimezone(ZoneInfo(zone))
    if local.utcoffset() == utc.utcoffset():
        return f"{utc:%a %d %b %H:%M} UTC"
    day = "" if local.date() == utc.date() else f"{utc:%a} "
    return f"{local:%a %d %b %H:%M %Z}, {day}{utc:%H:%M} UTC"

"""How campaigns look in a terminal: before a launch, on their way, and where everybody is."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import bullets, moment, pairs, table, words

_BAR, _WIDE = 44, 60
_FRESH_SECONDS = 3.0
_HOUR = 3600
_TOLD = ("delivered", "accepted")
_WHAT_NOW = (
    "see below why they failed; `tocsin campaign resume … --reason …` goes on, and counts only what"
    " goes wrong from then on; `tocsin campaign stop …` ends it, and nobody else is told"
)
_IN_TIME = {
    True: Text("yes", "green"), False: Text("NO", "bold red"), None: Text("not known", "yellow"),
}  # fmt: skip
_BUCKETS = {
    "planned": "bright_black", "waiting": "blue", "in_flight": "cyan", "unknown": "magenta",
    "accepted": "green", "delivered": "bold green", "exhausted": "red", "announced": "yellow",
    "suppressed": "bright_black", "withheld": "bright_black",
}  # fmt: skip


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
            **halted(campaign),
            "canary": gate(campaign),
            "ramp": on_ramp(progress["ramp"]),
            "next": later(campaign),
            "at night": at_night(campaign),
            "ladder": " → ".join(campaign["ladder"]),
            "envelopes": "  ".join(f"{k} {v:,}" for k, v in progress["envelopes"].items()),
            "pace": f"{pace:,.0f} people/s" if pace else "",
            "time left": span(rest) if rest and campaign["status"] == "running" else "",
        }
    )
    return Group(about, *_troubles(progress["troubles"]), funnel(campaign["funnel"]))


def halted(campaign: dict[str, Any]) -> dict[str, Text | str]:
    """Why it has paused itself, and what to do about it; empty rows: it has not."""
    if not campaign["halt"]:
        return {}
    now = _WHAT_NOW if campaign["status"] == "paused" else ""
    return {"paused itself": Text(campaign["halt"], "bold red"), "what now": now}


def watched(campaign: dict[str, Any]) -> RenderableType:
    """One look at a campaign on its way: bar, pace, canary, buckets, what goes wrong."""
    progress = campaign["progress"]
    reached = [progress["buckets"].get(name, 0) for name in _TOLD]
    total, pace, rest = progress["total"], progress["people_per_second"], progress["seconds_left"]
    lines = {
        "": _bar(progress["buckets"], total),
        "told": f"{sum(reached):,} of {total:,} ({sum(reached) / max(total, 1):.1%})",
        "pace": f"{pace:,.0f} people/s" if pace else "nothing moves",
        "time left": span(rest) if rest and campaign["status"] == "running" else "",
        "canary": gate(campaign),
        "ramp": on_ramp(progress["ramp"]),
        "next": later(campaign),
        "at night": at_night(campaign),
        "people": _named({name: n for name, n in progress["buckets"].items() if n}),
        "counted": _age(progress["counted_at"]),
        **halted(campaign),
    }
    title = Text.assemble(("Telling people: ", "bold"), words(campaign["status"]))
    return Group(title, pairs(lines), *_troubles(progress["troubles"]))


def _bar(buckets: dict[str, int], total: int) -> Text:
    """Everybody as one bar, each bucket in its colour; who is nowhere yet is its empty end."""
    made = Text()
    for name in (*_TOLD, *(one for one in _BUCKETS if one not in {*_TOLD, "planned"})):
        made.append("█" * round(_WIDE * buckets.get(name, 0) / max(total, 1)), _BUCKETS[name])
    made.truncate(_WIDE)
    made.append("░" * (_WIDE - len(made)), "bright_black")
    return made


def _age(counted_at: str | None) -> str:
    """When the buckets were counted, unless it was just now."""
    if counted_at is None:
        return "not yet, this is what envelopes say"
    age = (datetime.now(UTC) - datetime.fromisoformat(counted_at)).total_seconds()
    return f"{age:,.0f} s ago" if age > _FRESH_SECONDS else ""


def span(seconds: float) -> str:
    """A length of time as one waits for it: `3 min 20 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    if minutes:
        return f"{minutes} min {rest:02} s" if rest else f"{minutes} min"
    return f"{rest} s"


def _troubles(troubles: list[dict[str, Any]]) -> list[RenderableType]:
    """What could not leave as it should, and why."""
    if not troubles:
        return []
    made = table("trouble", "#people", "provider", "why")
    for one in troubles:
        count = f"{one['people']:,}"
        made.add_row(words(one["state"]), count, one["provider"], Text(one["reason"], "dim"))
    return [made]


def forecast(found: dict[str, Any]) -> RenderableType:
    """What a launch would do: whom, by what, at what cost, until when."""
    made = table("channel", "provider", "language", "#people", "#requests", "#billed", "#cost", "")
    for leg in found["legs"]:
        billed = f"{leg['units']:,} {_many(leg['unit'], leg['units'])}"
        cost = f"{Decimal(leg['cost']):,.2f}" if leg["cost"] is not None else "—"
        sizes = (f"{leg['people']:,}", f"{leg['envelopes']:,}", billed, cost)
        night = f"from {moment(leg['opens_at'])}" if leg["opens_at"] else ""
        slow = f"by and by until {moment(leg['ramp_until'])}" if leg["ramp_until"] else ""
        told = f"{leg['locale']} for {leg['variant']}" if leg["variant"] else leg["locale"]
        made.add_row(leg["channel"], leg["provider"], told, *sizes, Text(night or slow, "dim"))
    pace = span(found["seconds"]) if found["seconds"] is not None else "as fast as it goes"
    hold = (
        "until somebody says so" if found["hold_seconds"] is None else span(found["hold_seconds"])
    )
    first = f"{found['canary_people']:,} go first; the others wait {hold}"
    about = pairs(
        {
            "people": found["people"],
            "sent nothing": _named(found["unreached"]) if found["unreached"] else "",
            "cost": f"{Decimal(found['cost']):,.2f} {found['currency']}" if found["cost"] else "",
            "canary": first if found["canary_people"] else "none: all at once",
            "sending": pace,
            "large mail host": _ramp_ahead(found["ramp"]) if found["ramp"] else "",
            "all tried by": moment(found["ends_at"]) if found["ends_at"] else "not known",
            "duty due": moment(found["due_at"]) if found["due_at"] else "no date",
            "in time": _IN_TIME[found["in_time"]],
        }
    )
    return Group(made, about, bullets("Before you launch", found["warnings"], "yellow"))


def _ramp_ahead(ramp: dict[str, Any]) -> str:
    period = "hour" if ramp["period_seconds"] == _HOUR else "day"
    steep = "; faster than is set, for the deadline" if ramp["is_steep"] else ""
    return (
        f"{ramp['people']:,} people by and by: {ramp['first']:,} of a host in the first {period},"
        f" twice as many in each that follows{steep}"
    )


def on_ramp(ramp: dict[str, Any] | None) -> str:
    """Who waits until their mail host is given more; empty: nobody."""
    if not ramp:
        return ""
    now = datetime.now(UTC)
    soon, last = (
        max(0.0, (datetime.fromisoformat(ramp[name]) - now).total_seconds())
        for name in ("next_at", "ends_at")
    )
    return f"{ramp['people']:,} wait for their mail host; more in {span(soon)}, all in {span(last)}"


def later(campaign: dict[str, Any]) -> str:
    """Who waits for a later moment, where nothing can leave now: for their morning, a new try."""
    progress = campaign["progress"]
    if campaign["status"] != "running" or not progress.get("next_at"):
        return ""
    return f"{progress['people']['ready']:,} wait, nobody before {moment(progress['next_at'])}"


def at_night(campaign: dict[str, Any]) -> str:
    """Whether somebody asked that people be told at night, and nobody has agreed yet."""
    asked = campaign["quiet_override"]
    if not asked or "confirmed_at" in asked:
        return ""
    return "asked for; a second person must agree: `tocsin campaign confirm-override`"


def _many(unit: str, count: int) -> str:
    """A unit as its number asks for it: one push, two pushes."""
    if count == 1:
        return unit
    return f"{unit}es" if unit.endswith("sh") else f"{unit}s"


def gate(campaign: dict[str, Any]) -> str:
    """How it stands with those who go first; empty once everybody is told."""
    first = f"{campaign['canary'].get('people', 0):,} go first"
    if campaign["gate"] != "holding":
        return first if campaign["gate"] == "canary" else ""
    if campaign["status"] == "paused":
        return f"{first}; the others wait"
    if not campaign["gate_at"]:
        return f"{first}; the others wait for `tocsin campaign continue`"
    rest = (datetime.fromisoformat(campaign["gate_at"]) - datetime.now(UTC)).total_seconds()
    return f"{first}; the others follow in {span(max(0, rest))}"


def funnel(rungs: list[dict[str, Any]]) -> RenderableType:
    """Rung by rung: who stands there, and who was moved on from it and why."""
    made = table("rung", "#came", "stand there", "moved on", "why failed or withheld")
    for rung in rungs:
        stay = {name: count for name, count in rung["buckets"].items() if count}
        left = {name: count for name, count in rung["left"].items() if count}
        came = sum(stay.values()) + sum(left.values())
        why = "  ".join(f"{reason} {count:,}" for reason, count in rung["reasons"].items())
        ends = (_named(stay), _named(left), Text(why, "dim"))
        made.add_row(rung["channel"], f"{came:,}", *ends)
    return made


def _named(counts: dict[str, int]) -> Text:
    parts = [
        Text(f"{name.replace('_', ' ')} {count:,}", _BUCKETS.get(name, ""))
        for name, count in counts.items()
    ]
    return Text("  ").join(parts)


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

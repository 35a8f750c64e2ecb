"""`tocsin duty`: what is owed to whom by when and why; waived or taken up again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from incidents.cli.duty_clocks import asked, by_the_law, extensions_listed, held
from incidents.cli.looks import bullets, day, left, moment, pairs, panel, table, there, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick

noun = Noun("duty", "What is owed to whom by when, and why.")
verb = noun.command
Rule = Annotated[str, typer.Argument(help="Rule, such as eu-gdpr-33, or the duty's id.")]
RuleOrAll = Annotated[str, typer.Argument(help="Rule, the extension's id, or all.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays on record.")]


@verb("list")
def list_duties(
    api: Api,
    incident: Annotated[str, typer.Argument(help="Number or id; all incidents if empty.")] = "",
    status: Annotated[str, typer.Option(help="open, met, waived, no_longer_owed, all.")] = "open",
) -> None:
    """Duties, soonest due first; of every incident unless one is named."""
    wanted = "" if status == "all" else status
    if incident:
        duties = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/duties")
        duties = [one for one in duties if wanted in {"", one["status"]}]
    else:
        duties = list(api.client.pages("/duties", status=wanted))
    api.say(duties, listed)


@verb("show")
def show_duty(api: Api, incident: Incident, rule: Rule) -> None:
    """One duty: why, what is missing, what could end it, its evidence and its history."""
    api.say(api.client.get(f"/duties/{_duty(api, incident, rule)['id']}"), shown)


@verb("waive")
def waive(api: Api, incident: Incident, rule: Rule, reason: Why) -> None:
    """Decide that it need not be met; it stays visible for ever."""
    api.say(_decide(api, incident, rule, "waive", reason), shown)


@verb("reopen")
def reopen(api: Api, incident: Incident, rule: Rule, reason: Why) -> None:
    """Take a waiver back."""
    api.say(_decide(api, incident, rule, "reopen", reason), shown)


@verb("extensions")
def list_extensions(
    api: Api,
    incident: Annotated[str, typer.Argument(help="Number or id; all incidents if empty.")] = "",
    status: Annotated[
        str, typer.Option(help="pending, confirmed, refused, moot, all.")
    ] = "pending",
) -> None:
    """Due times that would move later: they wait for a second person."""
    wanted = "" if status == "all" else status
    found = list(api.client.pages("/extensions", status=wanted))
    if incident:
        wanted_id = incident_of(api, incident)["id"]
        found = [one for one in found if one["incident_id"] == wanted_id]
    api.say(found, extensions_listed)


@verb("extend")
def extend(api: Api, incident: Incident, rule: Rule, reason: Why) -> None:
    """Ask for the later time that the law gives, where it was refused or never asked."""
    duty = _duty(api, incident, rule)
    api.client.post(f"/duties/{duty['id']}/extensions", {"reason": reason})
    api.say(api.client.get(f"/duties/{duty['id']}"), shown)


@verb("confirm")
def confirm(api: Api, incident: Incident, rule: RuleOrAll, reason: Why = "") -> None:
    """Agree, as a second person, that its clock moves later."""
    _answer(api, incident, rule, "confirm", reason)


@verb("refuse")
def refuse(api: Api, incident: Incident, rule: RuleOrAll, reason: Why) -> None:
    """Let the earlier time stand."""
    _answer(api, incident, rule, "refuse", reason)


def _answer(api: Api, incident: str, rule: str, action: str, reason: str) -> None:
    wanted = incident_of(api, incident)["id"]
    waiting = [one for one in api.client.pages("/extensions") if one["incident_id"] == wanted]
    chosen = waiting if rule == "all" else [pick(waiting, rule, "pending extension", "rule")]
    answered = [
        one | api.client.post(f"/duties/{one['duty_id']}/extensions/{one['id']}/{action}", body)
        for one in chosen
        if (body := {"reason": reason})
    ]
    api.say(answered, extensions_listed)


def _decide(api: Api, incident: str, rule: str, action: str, reason: str) -> Any:
    path = f"/duties/{_duty(api, incident, rule)['id']}/decisions"
    return api.client.post(path, {"action": action, "reason": reason})


def _duty(api: Api, incident: str, rule: str) -> dict[str, Any]:
    duties = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/duties")
    return pick(duties, rule, "duty", "rule")


def listed(duties: list[dict[str, Any]], now: datetime | None = None) -> RenderableType:
    """Duties in a table: due by this machine's clock, and by the clock of the law's place."""
    if not duties:
        return Text("Nothing.", "dim")
    made = table("standing", "due", "left", "place", "what")
    for column in made.columns[:4]:
        column.no_wrap = True
    for one in duties:
        due = Text(day(one["due_at"]) + (" ¹" if one["is_target"] and one["due_at"] else ""))
        if local := there(one["due_at"], one["place"]):
            due.append(f"\n{local} there", "dim")
        rest = left(one["due_at"], now) if one["status"] == "open" else Text("—", "dim")
        made.add_row(standing(one), due, rest, one["place"], _what(one))
    if any(one["is_target"] and one["due_at"] for one in duties):
        return Group(made, Text("¹ our own target: the law names no number here", "dim"))
    return made


def brief(duties: list[dict[str, Any]], now: datetime | None = None) -> RenderableType:
    """Duties with a line each: due by the clock of the law's place, and what is not known yet.

    What is owed or met stands in full; of what is not known yet, the most urgent; of what is no
    longer owed, a few; the rest in one line each.
    """
    questions = [one for one in duties if _is_open_question(one)]
    ended = [one for one in duties if one["status"] == "no_longer_owed"]
    shown = [one for one in duties if one not in questions[_MOST:] and one not in ended[_MOST:]]
    made = table("standing", "due there", "left", "rule", "what")
    for one in shown:
        due = there(one["due_at"], one["place"]) or day(one["due_at"])
        rest = left(one["due_at"], now) if one["status"] == "open" else Text("—", "dim")
        title = Text(one["title"], no_wrap=True, overflow="ellipsis")
        made.add_row(_needs(one), due, rest, Text(one["rule"], "dim"), title)
    for column in made.columns[:-1]:
        column.no_wrap = True  # the title alone gives way
    return Group(made, *_more(questions[_MOST:]), *_ended(ended[_MOST:]))


_MOST = 8  # of one sort, in a look that is brief
_MOST_RULES = 24  # named in one line


def _is_open_question(duty: dict[str, Any]) -> bool:
    return bool(duty["status"] == "open" and duty["standing"] == "unknown")


def _more(duties: list[dict[str, Any]]) -> Iterator[Text]:
    """Those that are left out: how many, where, and which fact would settle most of them."""
    counts = Counter(name for one in duties for name in one["missing"])
    asked = ", ".join(f"{name} ({count})" for name, count in counts.most_common(3))
    if duties:
        more = f"and {len(duties)} more, not known yet, {_where(duties)}; most need {asked}"
        yield Text(more, "dim")


def _ended(duties: list[dict[str, Any]]) -> Iterator[Text]:
    if duties:
        yield Text(f"and {len(duties)} more, no longer owed, {_where(duties)}", "dim")


def _where(duties: list[dict[str, Any]]) -> str:
    places = sorted({one["place"] for one in duties})
    return f"in {', '.join(places[:_MOST])}{' …' if len(places) > _MOST else ''}"


def _needs(duty: dict[str, Any]) -> Text:
    missing = duty["missing"]
    if duty["status"] != "open" or not missing:
        return standing(duty)
    more = f" +{len(missing) - 1}" if len(missing) > 1 else ""
    return Text(f"needs {missing[0]}{more}", "magenta")


def _what(duty: dict[str, Any]) -> Text:
    what = Text.assemble(duty["title"], (f"\n{duty['rule']}", "dim"))
    if duty["status"] == "open" and duty["standing"] == "unknown":
        what.append(f"  needs {', '.join(duty['missing'])}", "magenta")
    return what


def standing(duty: dict[str, Any]) -> Text:
    """Owed, perhaps owed, met …"""
    if duty["status"] != "open":
        return words(duty["status"])
    if duty["standing"] == "unknown":
        return Text("not known yet", "magenta")
    return words(duty["standing"])


def shown(duty: dict[str, Any]) -> RenderableType:
    """All that a lawyer would ask about a duty."""
    due = Text.assemble(moment(duty["due_at"]), "  ", left(duty["due_at"]))
    if local := there(duty["due_at"], duty["place"]):
        due.append(f"  ({local} there)", "dim")
    about = pairs(
        {
            "standing": standing(duty),
            "why so": duty["status_reason"],
            "tell": duty["authority"] or duty["audience"],
            "where": duty["authority_portal"] or "",
            "due": due if duty["due_at"] else "",
            "held": held(duty),
            "by the law": by_the_law(duty),
            "later reading": moment(duty["latest_arguable"]) if duty["latest_arguable"] else "",
            "by contract": "yes: a clause of ours, not a law" if duty["contractual"] else "",
            "clock": duty["clock"] + (" (our own target)" if duty["is_target"] else ""),
            "source": duty["source"],
            "rule": f"{duty['rule']}, version {duty['rule_version'][:12]}",
        }
    )
    proofs = [
        f"{moment(one['at'])}: {one['kind'].replace('_', ' ')} {_proof(one['facts'])}"
        for one in duty.get("evidence", [])
    ]
    changes = [
        f"{moment(one['at'])}: {one['kind']} {one['reason']}" for one in duty.get("history", [])
    ]
    return panel(
        f"[bold]{duty['title']}[/]",
        about,
        bullets("Why", duty["why"]),
        bullets("Why not", duty["why_not"]),
        bullets("Not known yet", duty["missing"], "magenta"),
        bullets("Would end it", duty["could_end"]),
        bullets("How the time was counted", duty["arithmetic"]),
        bullets("Evidence", proofs, "green"),
        bullets("Asked for", [asked(one) for one in duty.get("extensions", [])], "yellow"),
        bullets("Changes", changes),
    )


def _proof(facts: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def changed(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> list[tuple[str, dict[str, Any]]]:
    """What became of duties: (appeared, decided, ended, met, moved), each with the duty now."""
    old = {one["id"]: one for one in before}
    found = []
    for one in after:
        was = old.get(one["id"])
        if was is None:
            found.append(("appeared", one))
        elif was["status"] != one["status"]:
            found.append((one["status"], one))
        elif was["standing"] != one["standing"]:
            found.append(("decided", one))
        elif was["due_at"] != one["due_at"]:
            found.append(("moved", one))
    return found


_SIGNS = {
    "appeared": ("+", "yellow"),
    "decided": ("!", "yellow"),
    "moved": ("~", "cyan"),
    "met": ("✓", "green"),
    "open": ("↺", "yellow"),
    "no_longer_owed": ("−", "bright_black"),
    "waived": ("−", "bright_black"),
}


def difference(changes: list[tuple[str, dict[str, Any]]]) -> RenderableType:
    """What changed, as a diff: what appeared, was decided, ended, was met; many alike in one."""
    lines = []
    for what, alike in _sorted_out(changes):
        if len(alike) > _MOST:
            lines.append(_changed_many(what, alike))
        else:
            lines.extend(_changed_line(what, one) for one in alike)
    return Group(*(Padding(line, (0, 0, 0, 2)) for line in lines))


def _changed_many(what: str, alike: list[dict[str, Any]]) -> Text:
    sign, style = _SIGNS.get(what, ("·", ""))
    line = Text.assemble((f"{sign} {what.replace('_', ' '):<16}", style))
    line.append(f"{len(alike)} duties {_where(alike)}  ")
    rules = [one["rule"] for one in alike[:_MOST_RULES]]
    return line.append(", ".join(rules) + (" …" if len(alike) > _MOST_RULES else ""), "dim")


def _sorted_out(
    changes: list[tuple[str, dict[str, Any]]],
) -> Iterable[tuple[str, list[dict[str, Any]]]]:
    alike: dict[str, list[dict[str, Any]]] = {}
    for what, one in changes:
        alike.setdefault(what, []).append(one)
    return alike.items()


def _changed_line(what: str, one: dict[str, Any]) -> Text:
    sign, style = _SIGNS.get(what, ("·", ""))
    due = f", due {day(one['due_at'])}" if one["due_at"] and one["status"] == "open" else ""
    why = one["status_reason"] if one["status"] == "no_longer_owed" else ""
    note = f": {why}" if why else due
    told = what.replace("_", " ") if what != "decided" else f"now {one['standing']}"
    line = Text.assemble((f"{sign} {told:<16}", style), one["title"])
    return line.append(f"  {one['rule']}{note}", "dim")

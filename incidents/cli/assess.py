"""`tocsin assess`: whom must we tell what by when, and why? With no server and nothing kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from incidents.cli import duty
from incidents.cli.inputs import added_to, facts_of, json_of, moment_of
from incidents.cli.looks import bullets, day
from incidents.cli.noun import say_json
from incidents.cli.screen import out

_MOST = 3  # facts to find out next, and thresholds, that are shown
_SIGNS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "magenta")}
_KINDS = {
    "appeared": ("+", "green"),
    "ended": ("−", "red"),
    "moved_earlier": ("↑", "yellow"),
    "moved_later": ("↓", "yellow"),
}


def assess(
    facts: Annotated[str, typer.Argument(help="JSON file of facts by name, or -.")] = "",
    fact: Annotated[list[str] | None, typer.Option("--fact", "-f", help="name=value.")] = None,
    at: Annotated[str, typer.Option(help="The moment: now, -50m, or ISO 8601.")] = "now",
    what_if: Annotated[
        list[str] | None,
        typer.Option("--what-if", help="name=value: what would change; name= forgets a fact."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="What is not owed too.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="The tree of reasons.")] = False,
    law: Annotated[Path | None, typer.Option(help="Another folder of law files.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="The JSON Schema of facts and of the answer.")
    ] = False,
) -> None:
    """Whom must we tell what by when, and why? Needs no server and keeps nothing."""
    from incidents.rules import assessment

    if schema:
        say_json(assessment.schema())
        return
    raw = {**(json_of(facts, "FACTS") if facts else {}), **facts_of(fact or [])}
    if not raw:
        raise typer.BadParameter("give a file of facts, -, or --fact name=value")
    answer = _answer(raw, at, what_if, law, explain)
    if as_json:
        say_json(answer)
        return
    out().print(_shown(answer, every, explain))


def _answer(
    raw: dict[str, Any], at: str, what_if: list[str] | None, folder: Path | None, explain: bool
) -> dict[str, Any]:
    from incidents.rules.assessment import assessment, read_changes, read_facts
    from incidents.rules.catalogue import LAW, load_readable

    now = datetime.fromisoformat(moment_of(at))
    known = read_facts(raw, now)
    changed = None if what_if is None else read_changes(known, supposed(raw, what_if), now)
    laws = load_readable(folder or LAW)
    return assessment(known, laws, now, changes=changed, with_trees=explain)


def supposed(raw: dict[str, Any], pairs: Iterable[str]) -> dict[str, Any]:
    """What somebody supposes: `name=value`, and `name=` for a fact that were not known."""
    pairs = list(pairs)
    forgotten = {pair[:-1]: None for pair in pairs if pair.endswith("=")}
    return forgotten | added_to(raw, (pair for pair in pairs if not pair.endswith("=")))


def _shown(answer: dict[str, Any], every: bool, explain: bool) -> RenderableType:
    now = datetime.fromisoformat(answer["at"])
    duties = [one for one in answer["duties"] if every or one["status"] != "not_owed"]
    parts: list[RenderableType] = []
    if "changes" in answer:
        parts.append(changed(answer["changes"]))
    else:
        parts.append(duty.listed([_as_row(one) for one in duties], now))
    if explain:
        parts += [_tree(one) for one in duties]
    return Group(*parts, *hints(answer))


def _as_row(judged: dict[str, Any]) -> dict[str, Any]:
    """As the server would show a duty that it has just found."""
    state = "no_longer_owed" if judged["status"] == "not_owed" else "open"
    return {**judged, "standing": judged["status"], "status": state}


def changed(changes: list[dict[str, Any]]) -> RenderableType:
    """The duties that appear, end or move, as a diff."""
    if not changes:
        return Text("Nothing would change.", "dim")
    return Group(*map(_line, changes))


def _line(change: dict[str, Any]) -> Text:
    sign, style = _KINDS.get(change["kind"], ("~", "cyan"))
    state = change["after"] or change["before"]
    before, after = (_said(change, side) for side in ("before", "after"))
    moved = after if before in {"", after} else f"{before} → {after or 'not owed'}"
    line = Text(f"{sign} {change['kind'].replace('_', ' ')}: {state['title']}", style)
    return line.append(f"  {change['rule']}  {moved}".rstrip(), "dim")


def _said(change: dict[str, Any], side: str) -> str:
    """What changes: the standing, where that is it; else the due time."""
    state = change[side]
    if state is None:
        return ""
    if change["kind"] == "status":
        return "not known yet" if state["status"] == "unknown" else str(state["status"])
    return day(state["due_at"]) if state["due_at"] else ""


def hints(answer: dict[str, Any]) -> Iterator[RenderableType]:
    """What was left out, what to find out next, and the numbers of the law that are near."""
    left_out = [
        f"{one['rule'] or one['file']}: {one['reason']}" for one in answer.get("left_out", ())
    ]
    if left_out:
        yield bullets("Left out, and not known therefore", left_out, "yellow")
    if found := answer["next_facts"][:_MOST]:
        yield bullets("Find out next", [_question(one) for one in found], "magenta")
    if near := answer["near_thresholds"][:_MOST]:
        yield bullets("Near to a number of the law", [one["says"] for one in near])


def _question(found: dict[str, Any]) -> str:
    count = len(found["decides"])
    what = f"{count} {'duty' if count == 1 else 'duties'}, {found['hard']} by a clock of the law"
    soonest = f", the first due {day(found['soonest'])}" if found["soonest"] else ""
    return f"{found['fact']}: {found['asks']} (could settle {what}{soonest})"


def _tree(judged: dict[str, Any]) -> RenderableType:
    """Why, why not, or what is missing, as a tree."""
    tree = judged["tree"]
    root = Tree(Text.assemble((judged["rule"], "bold"), f"  {judged['status'].replace('_', ' ')}"))
    _branch(root, tree["when"])
    for exempt in tree["unless"]:
        _branch(root.add(Text(f"unless {exempt['text']}", "dim")), exempt)
    return root


def _branch(parent: Tree, reason: dict[str, Any]) -> None:
    sign, style = _SIGNS[reason["value"]]
    says = reason.get("says") or reason.get("how", "").replace("_", " ")
    node = parent.add(Text.assemble((f"{sign} ", style), says))
    for part in reason.get("parts", ()):
        _branch(node, part)

"""How `tocsin report missing` looks: what authorities are not told yet, and by when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.looks import bullets, day, left, table

_WHY = {
    "to_be_determined": "to be determined",
    "assumed": "assumed",
    "left_out": "left out",
}


def name(found: dict[str, Any]) -> str:
    """A report as people call it; one that nobody has opened by its rule."""
    return f"{found['series']}#{found['number']}" if found["number"] else f"{found['rule']} (new)"


def of_incident(found: Sequence[dict[str, Any]], every: bool = False) -> RenderableType:
    """The reports still to be filed, and below, once for all of them, what to find out first.

    every  those too that are owed only if a fact turns out so
    """
    shown = [one for one in found if every or one["standing"] == "owed" or one["report_id"]]
    return Group(_reports(shown), first_to_find_out(shown), _hidden(len(found) - len(shown)))


def _hidden(number: int) -> Text:
    if not number:
        return Text("")
    return Text(
        f"{number:,} more may be owed, as facts turn out: `tocsin duty list` says which facts;"
        " --all shows them here.",
        "dim",
    )


def _reports(found: Sequence[dict[str, Any]]) -> RenderableType:
    if not found:
        return Text("Every report that is owed has been filed.", "green")
    made = table("report", "to", "due", "", "#now", "#later", "#translate")
    for one in found:
        now = sum(gap["now"] for gap in one["missing"])
        made.add_row(
            name(one),
            Text(one["authority"]),
            _due(one),
            left(one["due_at"]),
            _count(now, "bold"),
            _count(len(one["missing"]) - now),
            _count(len(one["to_translate"])),
        )
    return made


def first_to_find_out(found: Iterable[dict[str, Any]]) -> RenderableType:
    """Each answer once, however many reports wait for it, soonest needed first."""
    waiting: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for one in found:
        for gap in one["missing"]:
            waiting.setdefault(gap["name"], []).append((name(one), gap))
    if not waiting:
        return Text("")
    made = table("to find out", "by", "", "#reports", "record", title="What is not known yet")
    for _, gaps in sorted(waiting.items(), key=lambda entry: _soonest(entry[1])):
        at = _soonest(gaps)[1] or None
        gap = gaps[0][1]
        made.add_row(_label(gap), day(at), left(at), str(len(gaps)), _record(gap))
    return made


def of_report(found: dict[str, Any]) -> RenderableType:
    """One report: what is not known and by when it is needed, what to translate, to review."""
    made = table("not known yet", "needed by", "", "for the", "record")
    for gap in found["missing"]:
        style = "bold" if gap["now"] else ""
        stage = gap["stage"].replace("_", " ")
        label = Text(_label(gap), style)
        made.add_row(label, _due(gap), left(gap["due_at"]), stage, _record(gap))
    return Group(
        Text.assemble((name(found), "bold"), f"  to {found['authority']}"),
        *([Text(found["hint"], "yellow")] if found["hint"] else []),
        made if found["missing"] else Text("Everything that it asks is known.", "green"),
        bullets(
            f"Not in the language that they read ({found['language']})",
            [_label(one) for one in found["to_translate"]],
        ),
        _reviewed(found["to_review"]),
    )


def _reviewed(found: Sequence[dict[str, Any]]) -> RenderableType:
    if not found:
        return Text("")
    made = table("field", "asks", "stands there", "why", "record", title="To review before filing")
    for one in found:
        value = "—" if one["value"] is None else str(one["value"])
        why = Text(_WHY[one["why"]], "" if one["why"] == "to_be_determined" else "yellow")
        made.add_row(one["field"], one["title"], Text(value), why, _record(one))
    return made


def _soonest(gaps: Sequence[tuple[str, dict[str, Any]]]) -> tuple[bool, str]:
    known = [gap["due_at"] for _, gap in gaps if gap["due_at"]]
    return not known, min(known, default="")


def _due(found: dict[str, Any]) -> Text:
    mark = " (target)" if found["is_target"] and found["due_at"] else ""
    return Text(f"{day(found['due_at'])}{mark}")


def _record(gap: dict[str, Any]) -> Text:
    return Text(", ".join(gap["needs"]) or "by a person", "dim")


def _count(number: int, style: str = "") -> Text:
    return Text(str(number), style) if number else Text("—", "dim")


def _label(gap: dict[str, Any]) -> str:
    label: dict[str, str] = gap["label"]
    return label.get("en") or next(iter(label.values()))

"""What was measured: every value of every round, by subject, name and place; tables of medians."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

Figures = dict[str, dict[str, list[float]]]
"""name -> place -> the value of each round"""


NO_AIMS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Value:
    """One figure of one round. where: the installation or the peer that it was measured on."""

    name: str
    where: str
    value: float


def add(figures: Figures, value: Value) -> None:
    """One more round of a figure."""
    figures.setdefault(value.name, {}).setdefault(value.where, []).append(value.value)


def table(figures: Figures, aims: Mapping[str, str] = NO_AIMS) -> str:
    """Medians as Markdown, a column for each place, and one of what was asked for, if anything."""
    places = list(dict.fromkeys(where for by_place in figures.values() for where in by_place))
    aimed = aims.keys() & figures.keys()
    heads = ["", *places, *(["asked for"] if aimed else [])]
    lines = [_row(heads), "|---|" + "---:|" * (len(heads) - 1)]
    for name, by_place in figures.items():
        cells = [number(median(by_place[where])) if where in by_place else "" for where in places]
        lines.append(_row([name, *cells, *([aims.get(name, "")] if aimed else [])]))
    return "\n".join(lines)


def number(value: float) -> str:
    """A figure as people read it: three digits that count, thousands told apart."""
    digits = 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def keep(path: Path, subject: str, asked: Mapping[str, Any], figures: Figures) -> None:
    """Put a subject's values in the place of those of an earlier run; the others stay."""
    kept = kept_in(path)
    kept[subject] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "asked": dict(asked),
        "values": figures,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")


def kept_in(path: Path) -> dict[str, Any]:
    """What earlier runs kept, by subject."""
    return dict(json.loads(path.read_text())) if path.exists() else {}


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"

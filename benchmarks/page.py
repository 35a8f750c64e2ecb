"""docs/figures.md, from what was kept: no number on it is typed by hand.

python -m benchmarks.page > docs/figures.md
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import kept_in, number, table
from benchmarks.growth_drawing import PANELS
from benchmarks.subjects import SUBJECTS

FOLDER = Path("docs/figures")
# By how a figure's name begins; the last that fits counts.
AIMS = {
    "a worker's peak memory": "114 (120 MB)",
    "peak memory of an import": "152 (160 MB)",
    "e-mails/s": "50,000",
    "e-mails/s, each answer after 100 ms": "40,000",
    "times as fast: Tocsin with PostgreSQL": "100; 30; 4",
    "SMS/s, one worker": "2,500",
    "share of a set pace, %": "98",
    "429 caused": "0",
    "people imported/s": "60,000; SQLite 33,000",
    "SendGrid events/s, 1,000 a post": "40,000",
    "Twilio callbacks/s": "2,000",
    "letters one by one/s": "500",
    "letters in batches of 200/s": "1,500",
    "incidents opened/s": "600",
    "p99, ms": "150",
}
NOT_YET = "*Not measured yet: `make figures`.*"
OPENING = """# Figures

<!-- Drawn by `python -m benchmarks.page`; change that, not this. -->

What Tocsin does on one small machine, and what its peers do beside it. `make bench` measures;
`make figures` measures with a million people and draws this page anew.

Each figure is the median of several rounds; in each round all subjects run in turn. PostgreSQL
keeps fsync on. Providers are faked over real HTTP on the same machine and share its cores, as do
the database and whoever is measured; the fake keeps a ledger, and people count when they are in
it. A small machine that does other things beside shows less: the table *Machine* says how
fast it was.
The column *asked for* holds what the design set out to reach."""


def page(kept: Mapping[str, Any], points: Sequence[Mapping[str, float]]) -> str:
    """The whole page. kept: by subject, as `make bench` keeps it; points: of the growth."""
    told = (part for name in SUBJECTS for part in _subject(name, kept.get(name)))
    return "\n\n".join([OPENING, *told, *_growth(points)]) + "\n"


def _subject(name: str, run: Mapping[str, Any] | None) -> Iterator[str]:
    yield f"## {name.capitalize()}"
    yield (SUBJECTS[name].__doc__ or "").strip()
    if run is None:
        yield NOT_YET
    else:
        yield table(run["values"], aims_of(run["values"]))
        yield _ran(name, run)


def aims_of(names: Iterable[str]) -> dict[str, str]:
    """What was asked for of each figure that something was asked of."""
    return {name: aim for name in names for begins, aim in AIMS.items() if name.startswith(begins)}


def _ran(name: str, run: Mapping[str, Any]) -> str:
    asked, machine = run["asked"], run["machine"]
    sizes = f"--people {asked['people']} --rounds {asked['rounds']}"
    return (
        f"`python -m benchmarks --only {name} {sizes}`, {run['measured_at'][:10]},"
        f" {machine['cores']} cores, Python {machine['python']}"
    )


def _growth(points: Sequence[Mapping[str, float]]) -> Iterator[str]:
    yield "## Growth"
    yield (
        "One list of each size, imported by one process and told by e-mail by one worker, on a"
        " database of its own. Memory should not grow with the number of people."
    )
    if not points:
        yield NOT_YET
        return
    yield "![Seconds and peak memory against the number of people](figures/growth.svg)"
    columns = {name: f"{label}: {p.title}" for p in PANELS for name, label in p.lines.items()}
    lines = [f"| people | {' | '.join(columns.values())} |", "|---:|" + "---:|" * len(columns)]
    for point in points:
        cells = [number(point["people"]), *(number(point[name]) for name in columns)]
        lines.append(f"| {' | '.join(cells)} |")
    yield "\n".join(lines)
    yield "`python -m benchmarks.growth`; every value, CPU too: [growth.json](figures/growth.json)"


def main() -> None:
    """Print the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--figures", type=Path, default=FOLDER / "bench.json")
    parser.add_argument("--growth", type=Path, default=FOLDER / "growth.json")
    asked = parser.parse_args()
    growth = json.loads(asked.growth.read_text())["points"] if asked.growth.exists() else []
    print(page(kept_in(asked.figures), growth), end="")


if __name__ == "__main__":
    main()

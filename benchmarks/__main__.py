"""`make bench`: what this machine does, on SQLite and on PostgreSQL, beside its peers.

Every figure is the median of several rounds; in each round everything runs in turn, so that a
slow minute of the machine slows all of it. Tables go to stdout; every single value is kept, by
subject, so that a run of one subject leaves the figures of the others.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from subprocess import SubprocessError

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.figures import Figures, add, keep, number, table
from benchmarks.subjects import SUBJECTS

KEPT = Path("build/bench.json")


def main() -> None:
    """Run the rounds, print the tables; exits 1 if something could not be measured."""
    asked = _asked()
    # Ended like Ctrl-C: servers stop and temporary folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    found: dict[str, Figures] = {name: {} for name in asked.only}
    well = _rounds(found, asked)
    for name, figures in found.items():
        if figures:
            print(f"\n{name}\n\n{table(figures)}")
    print(f"\nEvery value: {asked.into}", file=sys.stderr)
    sys.exit(not well)


def _rounds(found: dict[str, Figures], asked: argparse.Namespace) -> bool:
    """Whether all went well. What fails leaves the others: all of it may take hours."""
    well, told = True, {name: value for name, value in vars(asked).items() if name != "into"}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    screen = Console(stderr=True)
    with Progress(*columns, TimeElapsedColumn(), console=screen) as progress:
        bar = progress.add_task("", total=asked.rounds * len(found))
        for turn in range(1, asked.rounds + 1):
            for name, figures in found.items():
                progress.update(bar, description=f"round {turn}: {name}")
                try:
                    for value in SUBJECTS[name].measure(asked):
                        add(figures, value)
                        screen.print(f"  {value.where}: {value.name} {number(value.value)}")
                except (RuntimeError, OSError, SubprocessError) as error:
                    well = False
                    screen.print(f"  {name} could not be measured: {error}", markup=False)
                if figures:
                    keep(asked.into, name, told, figures)
                progress.advance(bar)
    return well


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS))
    parser.add_argument("--people", type=int, default=200_000, help="of the large campaigns")
    parser.add_argument("--messages", type=int, default=60_000, help="SMS, each a request")
    parser.add_argument(
        "--peer-people", type=int, default=2_000, help="that plain Celery tells; others more"
    )
    parser.add_argument("--into", type=Path, default=KEPT, help="where every value is kept")
    return parser.parse_args()


if __name__ == "__main__":
    main()

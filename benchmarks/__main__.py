"""`make bench`: what this machine does, on SQLite and on PostgreSQL, beside plain Celery.

Every figure is the median of several rounds; in each round everything runs in turn, so that a
slow minute of the machine slows all of it. `build/bench.json` keeps every single value.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks import measures, peer, receiving
from benchmarks.calibration import hashes_per_second
from benchmarks.scene import Place, postgresql_place, sqlite_place
from tests.servers import postgres_server, valkey_server

Figures = dict[str, list[float]]
RATE = "e-mails/s"
PEER = "plain Celery"
KEPT = Path("build/bench.json")


def main() -> None:
    """Run the rounds, print the table, keep the values."""
    asked = _asked()
    found: dict[str, Figures] = defaultdict(lambda: defaultdict(list))
    for number in range(asked.rounds):
        print(f"round {number + 1} of {asked.rounds}", file=sys.stderr)
        _round(found, asked)
    print(table(found))
    KEPT.parent.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    kept = {"asked": vars(asked), "machine": machine, "values": found}
    KEPT.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    print(f"\nEvery value: {KEPT}", file=sys.stderr)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=200_000, help="of the large campaign")
    parser.add_argument("--peer-people", type=int, default=2_000, help="that plain Celery tells")
    return parser.parse_args()


def _round(found: dict[str, Figures], asked: argparse.Namespace) -> None:
    for place_of in (sqlite_place, postgresql_place):
        with place_of() as place:
            _measure(found[place.name], place, asked.people)
    with postgres_server(durable=True) as postgres, valkey_server() as valkey:
        rate = peer.people_told_per_second(asked.peer_people, postgres.database(), valkey.url)
    found[PEER][RATE].append(rate)
    found["this machine"]["SHA-256/s, one core"].append(hashes_per_second())
    for name, value in measures.law_judged().items():
        found["this machine"][name].append(value)


def _measure(figures: Figures, place: Place, many: int) -> None:
    small = measures.people(place, 10_000)
    large = measures.people(place, many)
    # Rates of the large campaign: the small one mostly measures starting.
    heard = receiving.receipts(place, people=20_000, calls=2_000)
    parts = (
        small | large | heard | measures.incidents_opened(place) | measures.audit_verified(place)
    )
    for name, value in parts.items():
        figures[name].append(value)
    print(
        f"  {place.name}: " + ", ".join(f"{k} {v:,.0f}" for k, v in parts.items()), file=sys.stderr
    )


def table(found: dict[str, Figures]) -> str:
    """A Markdown table of medians; e-mails also as a multiple of the peer's."""
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    lines = ["| | " + " | ".join(found) + " |", "|---|" + "---:|" * len(found)]
    for name in names:
        cells = [_cell(figures.get(name)) for figures in found.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    slow = median(found[PEER][RATE])
    ratios = [f"{median(f[RATE]) / slow:,.0f} ×" if RATE in f else "" for f in found.values()]
    lines.append(f"| {RATE}, beside {PEER} | " + " | ".join(ratios) + " |")
    return "\n".join(lines)


def _cell(values: list[float] | None) -> str:
    return f"{median(values):,.0f}" if values else ""


if __name__ == "__main__":
    main()

"""How time and memory grow with the number of people: a list of each size, imported and told.

    python -m benchmarks.growth            10 thousand, 100 thousand, 1 million people
    python -m benchmarks.growth --all      and 5 million

Writes growth.json into docs/figures, and growth.svg from it.

Each size has a database of its own on PostgreSQL with fsync; one process imports, then one worker
tells everybody by e-mail. CPU is that of the import and of the worker, without the database.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.growth_drawing import drawn
from benchmarks.intake import imported
from benchmarks.scene import postgresql_place
from benchmarks.telling import tell

SIZES = (10_000, 100_000, 1_000_000)
LARGEST = 5_000_000
FOLDER = Path("docs/figures")

Point = dict[str, float]


def main() -> None:
    """Measure the sizes, from the smallest; after each, what there is is written and drawn."""
    asked = _asked()
    # Ended like Ctrl-C: servers stop and temporary folders go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    screen, points = Console(stderr=True), []
    for people in asked.people or (*SIZES, *([LARGEST] if asked.all else [])):
        with screen.status(f"{people:,} people: imported, launched, told"):
            points.append(measured(people))
        screen.print(points[-1])
        _write(asked.into, points)


def measured(people: int) -> Point:
    """One size, from the list to the last person told. Seconds and MiB."""
    with postgresql_place() as place:
        place.fake.set_faults(receipts=False)
        done = imported(place, people)
        told = tell(place, done.incident_id, people, workers=1)
    return {
        "people": people,
        "import_seconds": round(done.seconds, 2),
        "import_cpu_seconds": round(done.cpu_seconds, 2),
        "import_mebibytes": round(done.peak_mebibytes, 1),
        "telling_seconds": round(told.seconds, 2),
        "telling_cpu_seconds": round(told.cpu_seconds, 2),
        "worker_mebibytes": round(told.peak_mebibytes, 1),
    }


def _write(folder: Path, points: list[Point]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "how": " ".join((__doc__ or "").rpartition("\n\n")[2].split()),
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "points": points,
    }
    (folder / "growth.json").write_text(json.dumps(kept, indent=2) + "\n")
    (folder / "growth.svg").write_text(drawn(points))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--all", action="store_true", help=f"also {LARGEST:,} people")
    parser.add_argument("--people", type=int, nargs="+", help="these sizes instead")
    parser.add_argument("--into", type=Path, default=FOLDER, help="folder of what is written")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""People taken in from a CSV: checked, normalised, told apart, encrypted and on record.

The list lies on disk and is streamed into a process of its own, which does nothing else; its
memory is the most that it ever had.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from uuid import UUID

from benchmarks.figures import Value
from benchmarks.importing import Imported
from benchmarks.processes import ROOT
from benchmarks.scene import Place, people_csv, places

SMALL = 10_000


def measure(asked: Namespace) -> Iterator[Value]:
    """Rates of a large list, and memory of a small and a large one."""
    for place in places():
        for count in (SMALL, asked.people):
            done = imported(place, count)
            name = f"peak memory of an import of {count:,}, MiB"
            yield Value(name, place.name, done.peak_mebibytes)
        yield Value("people imported/s", place.name, count / done.seconds)
        yield Value("CPU of the import for 1,000, ms", place.name, done.cpu_seconds * 1e6 / count)


def imported(place: Place, count: int) -> Imported:
    """A new incident with `count` people, imported by a process of its own."""
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.writelines(people_csv(count))
        file.flush()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.importing", file.name],
            cwd=ROOT,
            env={**os.environ, **place.environment},
            stdout=subprocess.PIPE,
            check=True,
        )
    told = json.loads(done.stdout.splitlines()[-1])
    return Imported(**told | {"incident_id": UUID(told["incident_id"])})

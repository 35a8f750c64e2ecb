"""A process that imports one list and loads nothing else, so that its memory is the import's.

    python -m benchmarks.importing people.csv

On the installation that the environment names; what it took, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

from benchmarks.processes import peak_mebibytes
from incidents import interpreter
from incidents.database.base import uuid7
from incidents.office import open_office
from incidents.rules.permissions import Role
from incidents.services.incidents import open_incident
from incidents.services.population_import import import_people
from incidents.settings import Settings
from incidents.work import Actor

PIECE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Imported:
    """What one import took, and whose people they are now."""

    incident_id: UUID
    seconds: float
    cpu_seconds: float
    peak_mebibytes: float


def main(path: Path) -> Imported:
    """Open an incident, and take everybody on the list in."""
    office = open_office(Settings())
    commander = Actor.with_roles(uuid7(), "commander", Role.COMMANDER)
    with office.work(commander) as work:
        incident_id = open_incident(work, title="A leak", kind="personal_data_leak").id
    interpreter.tune()  # as `tocsin serve` does
    began, spent = time.perf_counter(), time.process_time()
    with path.open("rb") as file:
        import_people(office, commander, incident_id, iter(partial(file.read, PIECE_BYTES), b""))
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - spent
    return Imported(incident_id, seconds, cpu_seconds, peak_mebibytes(os.getpid()))


if __name__ == "__main__":
    print(json.dumps(asdict(main(Path(sys.argv[1]))), default=str))

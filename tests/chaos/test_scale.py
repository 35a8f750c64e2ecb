"""Many people, from a list to the provider: exact counts, and memory that does not grow."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.scene import people_csv
from incidents.services import equation
from incidents.services.population_import import import_people
from incidents.work import TOCSIN
from tests import factories
from tests.chaos import scene
from tests.chaos.scene import NIGHTLY, crew, installed
from tests.services.telling import make_notice

PEOPLE = 1_000_000 if NIGHTLY else 50_000
MOST_MEBIBYTES = 512


@pytest.mark.chaos
def test_a_long_list_is_told_to_the_last_one(postgres, valkey, tmp_path):
    url = postgres.database()
    with installed(tmp_path, url, valkey.url, people_per_envelope=1000) as place:
        place.fake.set_faults(receipts=False)
        with place.office.work(TOCSIN) as work:
            incident = factories.make_incident(work)
        imported = import_people(place.office, TOCSIN, incident.id, people_csv(PEOPLE))
        assert (imported.added_count, imported.rejected_count) == (PEOPLE, 0)
        with place.office.work(TOCSIN) as work:
            notice = make_notice(work, incident, ["en"])
        with crew(place) as workers:
            campaign = scene.begin(place, notice.id)
            assert scene.finish(place, campaign, seconds=600)
            peak = max(_peak_mebibytes(pid) for pid in workers.pids)
        with place.office.look(TOCSIN) as work:
            counted = equation.equation(work, campaign)
        told = place.fake.times_told("ref")
        place.fake.set_faults()
    postgres.drop(url)
    sys.stdout.write(f"\nF26 scale: people={PEOPLE} told={len(told)} worker peak={peak:.0f} MiB\n")
    assert counted.holds
    assert counted.buckets["accepted"] == counted.total == PEOPLE
    assert len(told) == sum(told.values()) == PEOPLE
    assert peak <= MOST_MEBIBYTES


def _peak_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024

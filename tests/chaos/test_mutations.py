"""The guards are worth something: with one of them taken out, the runs go red.

Each test copies the code, takes one guard out of the copy, and plays the disaster there that the
guard is for. It must end with somebody told twice.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.scene import ROOT

PARTS = ("incidents", "notifiers", "playbooks", "templates", "tests", "benchmarks")
FILES = ("pyproject.toml", "celeryconfig.py")

# Guard -> the run that it is for; file, what stands there, and what is left without the guard.
SENDING, RECONCILE = "incidents/services/sending.py", "incidents/services/reconcile.py"
DISPATCH, TRANSPORT = "notifiers/dispatch.py", "notifiers/transport.py"
MUTATIONS = {
    "the attempt is committed before the wire": (
        "test_workers_are_killed_all_through_a_campaign",
        [
            (
                SENDING,
                'failpoints.reach("intending")',
                'failpoints.reach("intending"); work.session.rollback()',
            )
        ],
    ),
    "absence counts only after a grace, and twice": (
        "test_workers_are_killed_all_through_a_campaign",
        [
            ("incidents/rules/ladder.py", "ABSENT_READS = 2", "ABSENT_READS = 1"),
            (SENDING, "timedelta(seconds=settings.settle_seconds)", "timedelta(0)"),
            (RECONCILE, "timedelta(seconds=office.settings.settle_seconds)", "timedelta(0)"),
        ],
    ),
    "the time that is left is checked just before the wire": (
        "test_workers_freeze_between_intent_and_wire",
        [
            (DISPATCH, "if envelope.not_after is not None and", "if False and"),
            (TRANSPORT, "if not_after is not None:", "if False:"),
        ],
    ),
}


@pytest.mark.chaos
@pytest.mark.parametrize("guard", MUTATIONS)
def test_without_this_guard_somebody_is_told_twice(guard, tmp_path):
    run, changes = MUTATIONS[guard]
    for part in PARTS:
        skipped = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, tmp_path / part, ignore=skipped)
    for name in FILES:
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name, stands, instead in changes:
        _replace(tmp_path / name, stands, instead)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-m", "chaos", "-k", run, "tests/chaos"],
        cwd=tmp_path,
        env=os.environ | {"TOCSIN_TEST_ROUNDS": "few", "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    told = re.search(r"\btwice=(\d+)", ended.stdout)
    assert told, ended.stdout[-3000:]
    sys.stdout.write(f"\nwithout «{guard}»: twice={told[1]}\n")
    assert int(told[1]) > 0
    assert ended.returncode == 1


def _replace(path: Path, stands: str, instead: str) -> None:
    text = path.read_text()
    assert stands in text, f"{path.name}: {stands!r} does not stand there any more"
    path.write_text(text.replace(stands, instead))

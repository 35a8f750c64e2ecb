"""The disk refuses, is full, or the process dies, at each call in turn of those who write.

What was promised is there, nothing half is taken for a whole, and a restart goes on from it.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from incidents.audit.checkpoints import FileAnchor
from incidents.audit.merkle import root
from incidents.audit.sequencer import sequence_all
from incidents.database.audit_tree import TreeRows, tree_size
from incidents.services import journal
from incidents.work import TOCSIN
from tests.chaos import scene, writers

CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "unlink")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
# Of each writer and kind of call, so many in CI; every one of them nightly.
EACH = scene.volume(nightly=10_000, usual=3, few=1)


@dataclass
class Writers:
    """A nursery of writers, and strace."""

    nursery: subprocess.Popen[str]

    def run(self, name: str, folder: Path, *trace: str) -> int:
        """How a writer ends under strace with these options."""
        pid = int(self._say(f"{name} {folder}"))
        command = ["strace", "-f", "-p", str(pid), "-o", str(folder / "trace"), *trace]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr
            assert "attached" in tracer.stderr.readline()
            os.kill(pid, signal.SIGCONT)
            ended = int(self._say("wait"))
            tracer.stderr.read()
        return ended

    def _say(self, line: str) -> str:
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.nursery.stdin.write(line + "\n")
        self.nursery.stdin.flush()
        return self.nursery.stdout.readline()


@pytest.fixture(scope="module")
def traced() -> Iterator[Writers]:
    if shutil.which("strace") is None:
        assert "TOCSIN_TEST_CI" not in os.environ, (
            "strace is missing: .ci/run installs it where it may"
        )
        pytest.skip("strace is not installed")
    command = [sys.executable, "-m", "tests.chaos.writers"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=scene.ROOT, text=True, **pipes) as nursery:
        yield Writers(nursery)


def _anchor(folder: Path, promised: bool) -> None:
    kept = FileAnchor(folder / "anchor.jsonl")
    newest = kept.newest()
    assert newest is not None
    assert newest.size == 3 if promised else newest.size in {2, 3}
    writers.anchor(folder, 4)  # after the restart
    heads = [one for one in kept.path.read_bytes().split(b"\n") if one]
    assert kept.newest().size == 4
    assert len(heads) >= 2 + promised


def _journal(folder: Path, promised: bool) -> None:
    whole = list((folder / "journal").glob("*.json"))
    assert len(whole) == 1 if promised else len(whole) <= 1
    for path in whole:
        results = [journal._result(row) for row in orjson.loads(path.read_bytes())]
        assert results == [writers.RESULT] * 50


def _printer(folder: Path, promised: bool) -> None:
    there = [path for path in (folder / "outbox").glob("*") if not path.name.startswith(".")]
    assert len(there) == 1 if promised else len(there) <= 1
    for path in there:
        assert path.read_bytes() == writers.BATCH
        path.rename(folder / "taken" / path.name)  # the printer is quick
    writers.print_folder(folder)  # after the restart
    again = list((folder / "outbox").glob("*.zip"))
    assert len(again) == 1 - len(there), "a batch was handed over twice, or never"


def _sqlite(folder: Path, promised: bool) -> None:
    office = writers.office_in(folder)
    written = writers.entries(office)
    assert written == 2 if promised else written in {1, 2}
    writers.sqlite(folder)  # after the restart
    with office.work(TOCSIN) as work:
        assert work.session.scalar(text("PRAGMA integrity_check")) == "ok"
        sequence_all(work.session)
        assert tree_size(work.session) == written + 1  # none was set aside
        assert root(TreeRows(work.session), written + 1)
    office.engine.dispose()


@pytest.fixture
def begun(database_template, tmp_path) -> Callable[[str, int], Path]:
    """A folder where the writer had been at work before."""

    def make(name: str, number: int) -> Path:
        folder = tmp_path / f"{name}-{number}"
        folder.mkdir()
        if name == "anchor":
            writers.anchor(folder, 2)
        if name == "sqlite":
            shutil.copyfile(database_template.removeprefix("sqlite:///"), folder / "tocsin.db")
            writers.sqlite(folder)
        if name == "printer":
            for part in ("outbox", "taken"):
                (folder / part).mkdir()
        return folder

    return make


CHECKS = {"anchor": _anchor, "journal": _journal, "printer": _printer, "sqlite": _sqlite}


@pytest.mark.chaos
@pytest.mark.parametrize("name", CHECKS)
def test_whatever_the_disk_does_nothing_promised_is_lost(traced, begun, name):
    folder = begun(name, 0)
    assert traced.run(name, folder, "-e", f"trace={','.join(CALLS)}") == 0
    calls = _calls(folder / "trace")
    CHECKS[name](folder, True)
    told: Counter[str] = Counter()
    for number, (call, at, fault) in enumerate(_points(calls), start=1):
        folder = begun(name, number)
        inject = ("-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={at}")
        ended = traced.run(name, folder, *inject)
        told[{0: "promised", 1: "refused"}.get(ended, "killed")] += 1
        CHECKS[name](folder, ended == 0)
        shutil.rmtree(folder)
    sys.stdout.write(f"\nF15 {name}: points={told.total()} {dict(told)} calls={dict(calls)}\n")
    assert told["killed"], "nothing was injected"
    assert told["refused"], "nothing was injected"


def _calls(trace: Path) -> Counter[str]:
    """Of each call, the most that one thread made: strace counts them by thread."""
    made = Counter(re.findall(r"^(\d+) +(\w+)\(", trace.read_text(), re.MULTILINE))
    most: Counter[str] = Counter()
    for (_, call), count in made.items():
        most[call] = max(most[call], count)
    return most


def _points(calls: Counter[str]) -> Iterator[tuple[str, int, str]]:
    for call, count in calls.items():
        # The last ones are the writer's own; those before may be Python's imports.
        for at in range(max(1, count - EACH + 1), count + 1):
            for fault in FAULTS:
                yield call, at, fault

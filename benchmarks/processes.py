"""Processes that are measured: started, watched while they work, and surely ended."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).parents[1]
SILENCE_SECONDS = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Stalled(RuntimeError):
    """A process ended, or nothing went on for too long; says what it had said last."""


class Process:
    """One that runs, with what it said."""

    def __init__(self, running: subprocess.Popen[bytes], log: BinaryIO) -> None:
        self._running, self._log = running, log

    def check(self) -> None:
        """Raises Stalled where it has ended."""
        if self._running.poll() is not None:
            raise Stalled(f"ended with {self._running.returncode}:\n{self.said()}")

    def said(self) -> str:
        """The end of what it said."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-2_000:]

    @property
    def peak_mebibytes(self) -> float:
        """The most memory that it ever had resident."""
        return peak_mebibytes(self._running.pid)

    @property
    def is_up(self) -> bool:
        """Whether it catches SIGTERM: a worker does once it is about to look for work."""
        return bool(int(_status(self._running.pid, "SigCgt"), 16) >> (signal.SIGTERM - 1) & 1)

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far, its own and the system's for it."""
        stat = Path(f"/proc/{self._running.pid}/stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS


def peak_mebibytes(pid: int) -> float:
    """The most memory that a running process ever had resident."""
    return int(_status(pid, "VmHWM")) / 1024


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line for line in lines if line.startswith(name)).split()[1]


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """A process for as long as the block lasts; its code is compiled once, as it is where used."""
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryFile() as log:
        started = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **compiled, **environment}
        )
        try:
            yield Process(started, log)
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def wait_until(
    count: Callable[[], int],
    wanted: int,
    workers: Sequence[Process] = (),
    *,
    each_seconds: float = 0.05,
) -> None:
    """Until `count()` has reached `wanted`. Raises Stalled if nothing moves, or a worker ends."""
    before, end = -1, 0.0
    while (now := count()) < wanted:
        if now > before:
            before, end = now, time.monotonic() + SILENCE_SECONDS
        if time.monotonic() > end:
            said = "\n".join(worker.said() for worker in workers)
            raise Stalled(f"{now:,} of {wanted:,}, and no more in {SILENCE_SECONDS} s\n{said}")
        for worker in workers:
            worker.check()
        time.sleep(each_seconds)

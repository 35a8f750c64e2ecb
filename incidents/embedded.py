"""No broker? The same tasks, in a few threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import structlog

from incidents.work import Office

log = structlog.get_logger(__name__)

Task = Callable[[Office, UUID | None], None]
Bell = tuple[str, UUID | None]


class ThreadBell:
    """Runs what is rung in threads of its own; equal bells that still wait run once."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tasks")
        self._waiting: set[Bell] = set()
        self._lock = threading.Lock()
        self._office: Office | None = None
        self._tasks: Mapping[str, Task] = {}

    def listen(self, office: Office, tasks: Mapping[str, Task]) -> None:
        """From now on, ringing `name` runs `tasks[name]`; until then nobody listens."""
        self._office, self._tasks = office, tasks

    def ring(self, name: str, subject_id: UUID | None) -> None:
        """Have the task run soon; returns at once and never fails."""
        bell = (name, subject_id)
        with self._lock:
            if self._office is None or bell in self._waiting:
                return
            self._waiting.add(bell)
        try:
            self._pool.submit(self._run, bell)
        except RuntimeError:  # closing: the next process sweeps
            self._waiting.discard(bell)

    def close(self) -> None:
        """Wait for what runs; what still waits is left to the sweep of the next process."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, bell: Bell) -> None:
        name, subject_id = bell
        # Before it runs, not after: what changes from now on deserves another look.
        with self._lock:
            self._waiting.discard(bell)
        assert self._office is not None  # noqa: S101  for the type checker: ring() asked
        run_task(self._office, self._tasks, name, subject_id)


def run_task(office: Office, tasks: Mapping[str, Task], name: str, subject_id: UUID | None) -> None:
    """Run one task; a failure is a log line, since a sweep will ask again."""
    try:
        tasks[name](office, subject_id)
    except Exception:
        log.exception("a task failed", task=name, subject=str(subject_id or ""))

"""No broker? The same tasks, in a few threads of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

Bell = tuple[str, UUID | None]


class ThreadBell:
    """Runs what is rung in threads of its own; equal bells that still wait run once."""

    def __init__(self, threads: int = 2) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="tasks")
        self._waiting: set[Bell] = set()
        self._lock = threading.Lock()
        self._hear: Callable[[str, UUID | None], None] | None = None

    def listen(self, hear: Callable[[str, UUID | None], None]) -> None:
        """From now on, each bell is handed to `hear`, which never fails; until then to nobody."""
        self._hear = hear

    def ring(self, name: str, subject_id: UUID | None) -> None:
        """Have it heard soon; returns at once and never fails."""
        bell = (name, subject_id)
        with self._lock:
            if self._hear is None or bell in self._waiting:
                return
            self._waiting.add(bell)
        try:
            self._pool.submit(self._run, self._hear, bell)
        except RuntimeError:  # closing: the next process sweeps
            self._waiting.discard(bell)

    def close(self) -> None:
        """Wait for what runs; what still waits is left to the sweep of the next process."""
        self._pool.shutdown(cancel_futures=True)

    def _run(self, hear: Callable[[str, UUID | None], None], bell: Bell) -> None:
        # Before it runs, not after: what changes from now on deserves another look.
        with self._lock:
            self._waiting.discard(bell)
        hear(*bell)

"""Threads that look for what waits, each second; a bell only makes them look sooner."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

log = structlog.get_logger(__name__)

_QUIET_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to look after.

    every_seconds  not more often than this
    """

    look: Callable[[], object]
    every_seconds: float = 0.0


class Sweep:
    """A thread that runs each part in turn, again and again; one that fails stops no other."""

    def __init__(self, name: str, parts: Mapping[str, Part], every_seconds: float) -> None:
        self._parts = parts
        self._every_seconds = every_seconds
        self._next: dict[str, float] = dict.fromkeys(parts, 0.0)
        self._quiet_until: dict[str, float] = dict.fromkeys(parts, 0.0)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def wake(self) -> None:
        """Look now, and not at the next second."""
        self._woken.set()

    def stop(self) -> None:
        """Begin nothing more; parts that take long ask `stopping`. Does not wait: see `join`."""
        self._stopping.set()
        self._woken.set()

    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def join(self, timeout_seconds: float) -> None:
        """Wait until what ran has ended."""
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def once(self) -> None:
        """Look after everything that is due now."""
        for name, part in self._parts.items():
            if not self.stopping() and time.monotonic() >= self._next[name]:
                self._next[name] = time.monotonic() + part.every_seconds
                self._look(name, part)

    def _run(self) -> None:
        while not self.stopping():
            self._woken.clear()
            self.once()
            # By chance a little sooner: those who began together do not all look together for
            # ever, and what comes up is found by the first of them, not by all at once.
            self._woken.wait(self._every_seconds * random.uniform(0.5, 1))  # noqa: S311

    def _look(self, name: str, part: Part) -> None:
        try:
            part.look()
        except Exception:
            # Once a minute is enough: a database that is down would fill the disk with this.
            if time.monotonic() >= self._quiet_until[name]:
                self._quiet_until[name] = time.monotonic() + _QUIET_SECONDS
                log.exception("a part of the sweep failed", part=name)

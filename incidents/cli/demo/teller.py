"""Telling the demo: a heading for each step, what happened below it, a bar that shows how far."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

_INDENT = 7


class Teller:
    """Prints the story; in a terminal a bar at the bottom shows how far it is."""

    def __init__(self, console: Console, steps: int) -> None:
        self.console = console
        self._began = time.monotonic()
        self._steps, self._number = steps, 0
        self._bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._whole = self._bar.add_task("The sample breach", total=steps)

    def __enter__(self) -> Teller:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def seconds(self) -> float:
        """How long the story has taken so far."""
        return time.monotonic() - self._began

    def step(self, title: str) -> None:
        """Begin the next step."""
        self._bar.update(self._whole, completed=self._number)
        self._number += 1
        heading = Text.assemble(
            (f"{self._number:2}/{self._steps}  ", "dim"), (title, "bold cyan"),
            (f"   {self.seconds:.1f} s", "dim"),
        )  # fmt: skip
        self.console.print()
        self.console.print(heading)

    def say(self, *parts: str | RenderableType) -> None:
        """Say what happened."""
        for part in parts:
            self.console.print(Padding(part, (0, 0, 0, _INDENT), expand=False))

    def look(self, how: str) -> None:
        """Say where to look, in one line that can be copied whole."""
        self.console.print(Text(f"       ↳ {how}", "dim"), soft_wrap=True)

    @property
    def width(self) -> int:
        """How wide what is said may be."""
        return self.console.width - _INDENT

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A second bar, for something that does not say how far it is."""
        job = self._bar.add_task(what, total=None)
        try:
            yield
        finally:
            self._bar.remove_task(job)

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator[Count]:
        """A second bar, for something that takes a moment."""
        job = self._bar.add_task(what, total=total)
        try:
            yield Count(self._bar, job)
        finally:
            self._bar.remove_task(job)

    def done(self) -> None:
        """The last step is over."""
        self._bar.update(self._whole, completed=self._steps)


class Count:
    """How far a bar is."""

    def __init__(self, bar: Progress, job: TaskID) -> None:
        self._bar, self._job = bar, job

    def at(self, count: int) -> None:
        """So far."""
        self._bar.update(self._job, completed=count)

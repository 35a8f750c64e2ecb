"""The two screens of the command: answers on standard output, remarks and errors on the other."""

from __future__ import annotations

import os
import sys
from functools import cache

from rich.console import Console
from rich.text import Text

from incidents.errors import IncidentsError

_FILE_WIDTH = 120  # of what goes into a file or another program


@cache
def _console(stream: int) -> Console:
    made = Console(stderr=stream == 2, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = _FILE_WIDTH
    return made


def out() -> Console:
    """Where answers go."""
    return _console(1)


def err() -> Console:
    """Where remarks, progress and errors go."""
    return _console(2)


def is_terminal() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def explain(error: IncidentsError) -> None:
    """Say what went wrong: what, where, and how to mend it."""
    heading = getattr(error, "heading", error.title)
    err().print(Text.assemble((f"{heading}: ", "bold red"), error.detail))
    for problem in error.problems:
        line = Text.assemble("  ", (problem.field, "bold"), f" {problem.why}")
        if problem.mend:
            line.append(f"; {problem.mend}", "dim")
        err().print(line)

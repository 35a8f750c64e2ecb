"""A process that forks workers: one that is killed is replaced in a moment.

Reads what each next worker is to do from its standard input, a line each: nothing, or
failpoints. Answers with the worker's process id. Ends, with all of them, at the end of input.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Iterator

from incidents import failpoints
from incidents.office import open_office
from incidents.processes import work
from incidents.settings import Settings
from incidents.wiring import dispatches_for, routes_for


def main() -> None:
    """Fork until nothing more is asked for."""
    _warm_up()
    children: set[int] = set()
    for line in sys.stdin:
        children -= set(_buried())
        child = os.fork()
        if child == 0:
            _live(line.strip())
        children.add(child)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
    # None of these is buried, so each id is still theirs; after some thousand deaths an id is
    # given to others, such as a backend of PostgreSQL.
    for child in children:
        os.kill(child, signal.SIGKILL)


def _buried() -> Iterator[int]:
    """The dead, whose ids may be given to others from now on."""
    while True:
        try:
            dead, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:  # there are none, not even alive
            return
        if dead == 0:
            return
        yield dead


def _warm_up() -> None:
    """Read the laws and load the couriers once, here, and not in each worker again."""
    settings = Settings()
    office = open_office(settings, routes=routes_for(settings))
    dispatches_for(settings)
    office.engine.dispose()


def _live(asked: str) -> None:
    random.seed()
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(2, 1)  # what a worker says goes where its errors go
    failpoints.arm(asked)
    work(Settings())
    os._exit(0)


if __name__ == "__main__":
    main()

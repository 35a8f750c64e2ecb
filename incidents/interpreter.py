"""How Python is set up for a process that lives long: after it has loaded, before it works."""

import gc
import sys


def tune(*, young: int = 20_000, turn_seconds: float = 0.0005) -> None:
    """Let threads take turns sooner; look for cycles less often, and not among what was loaded.

    A batch of people is thousands of small tuples and holds no cycle: looking for one after
    every 700 of them took a third of an import's time.

    young         how many new objects there may be before they are looked through
    turn_seconds  how long a thread that has its answer from the database waits for one that
                  computes; with Python's own 5 ms an import spent half of its time on waiting
    """
    sys.setswitchinterval(turn_seconds)
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, 20, 100)

"""How Python is set up for a process that lives long: after it has loaded, before it works."""

import gc
import sys

# So long a thread that has its answer from the database waits for one that computes. With
# Python's own 5 ms an import spent half of its time on waiting: 40,000 people a second, not 65,000.
_SWITCH_SECONDS = 0.0005


def tune(young: int = 20_000) -> None:
    """Let threads take turns sooner; look for cycles less often, and not among what was loaded.

    A batch of people is thousands of small tuples and holds no cycle: looking for one after
    every 700 of them took a third of an import's time.

    young  how many new objects there may be before they are looked through
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(young, 20, 100)

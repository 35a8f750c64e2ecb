"""Named places where a test may kill this process, or freeze it: each between two states.

    TOCSIN_FAILPOINTS="intended=kill@0.1 recorded=sleep:6"

With nothing set, reaching one costs a comparison. `@` is the chance of each time; without it
it happens at the first. A process that froze once does not freeze again.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

# In the order in which an envelope comes by.
PLACES = (
    "placing",  # a page of people has places; not committed
    "placed",
    "leasing",  # envelopes are leased; not committed
    "leased",
    "opened",  # people unsealed, bodies made
    "intending",  # attempts are written; not committed
    "intended",  # the next thing is the wire
    "answered",  # providers have answered; nobody knows but this process
    "recording",  # outcomes are written; not committed
    "recorded",
    "folding",  # receipts are folded in; not committed
    "expiring",  # a lost lease has become unknown; not committed
    "looked",  # a look-up has shown something; nobody knows but this process
    "settling",  # what was unknown is settled; not committed
)


@dataclass
class _Armed:
    action: str
    chance: float


_armed: dict[str, _Armed] = {}


def reach(place: str) -> None:
    """Do here what was asked for, if anything was."""
    if _armed and place in _armed and random.random() < _armed[place].chance:  # noqa: S311
        _do(place)


def arm(asked: str) -> None:
    """Do as this says from now on. Raises ValueError for a place or an action that is none."""
    _armed.clear()
    _armed.update(_read(asked))


def _read(asked: str) -> Mapping[str, _Armed]:
    armed = {}
    for one in asked.split():
        place, _, what = one.partition("=")
        action, _, chance = what.partition("@")
        verb, _, seconds = action.partition(":")
        if place not in PLACES or verb not in {"kill", "sleep"}:
            raise ValueError(f"no such failpoint: {one}")
        if verb == "sleep":
            float(seconds)
        armed[place] = _Armed(action, float(chance or 1))
    return armed


def _do(place: str) -> None:
    action = _armed.pop(place).action
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(float(action.partition(":")[2]))


arm(os.environ.get("TOCSIN_FAILPOINTS", ""))

"""What is measured, by name, in the order of the tables: each a file with `measure(asked)`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Protocol

from benchmarks import (
    api,
    calibration,
    intake,
    law,
    letters,
    messages,
    pacing,
    receiving,
    telling,
    trail,
)
from benchmarks.figures import Value


class Subject(Protocol):
    """A file of this folder: its docstring says what is measured, and how."""

    __doc__: str | None

    def measure(self, asked: Namespace) -> Iterator[Value]:
        """The figures of one round."""


SUBJECTS: Mapping[str, Subject] = {
    "telling": telling,
    "messages": messages,
    "pacing": pacing,
    "intake": intake,
    "receiving": receiving,
    "letters": letters,
    "api": api,
    "trail": trail,
    "law": law,
    "machine": calibration,
}

"""Lengths of time as people write them: `PT2H`, `-P3D`, `4 hours`, `30 days`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

_IN_WORDS = re.compile(r"(-?\d+)\s*(minute|hour|day|week)s?")
_ISO = TypeAdapter(timedelta)


def parse_duration(text: str) -> timedelta:
    """A length of time from ISO 8601 (`PT2H`, `-P3D`) or plain words (`4 hours`).

    Months and years are refused: their length depends on when they start.
    """
    words = _IN_WORDS.fullmatch(text.strip().lower())
    if words:
        return timedelta(**{f"{words[2]}s": int(words[1])})
    if "P" not in text or re.search(r"P[^T]*[YM]", text):
        raise ValueError(f"{text!r} is no duration: write it like PT2H, P3D or 4 hours")
    return _ISO.validate_python(text)


def iso_duration(length: timedelta) -> str:
    """A length of time as ISO 8601, to the second."""
    return _ISO.dump_python(length, mode="json")  # type: ignore[no-any-return]


def _read(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


Duration = Annotated[
    timedelta, BeforeValidator(_read), PlainSerializer(iso_duration, when_used="json")
]

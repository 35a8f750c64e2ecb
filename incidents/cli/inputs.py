"""What people type: facts as name=value, moments as they say them, bodies from files or `-`."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer

_FROM_NOW = re.compile(r"([+-])(\d+)\s*(m|min|h|d)", re.IGNORECASE)
_UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


def text_of(source: str) -> str:
    """The text of a file, or of standard input for `-`."""
    return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")


def json_of(source: str, what: str) -> dict[str, Any]:
    """The JSON object in a file, or on standard input for `-`."""
    try:
        found = json.loads(text_of(source))
    except ValueError as error:
        raise typer.BadParameter(f"{source} is not JSON: {error}", param_hint=what) from None
    if not isinstance(found, dict):
        raise typer.BadParameter(f"{source} holds no JSON object", param_hint=what)
    return found


def in_editor(text: str) -> str:
    """What a person makes of a text in the editor of their choice."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.NamedTemporaryFile("w+", suffix=".json", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        subprocess.run([*shlex.split(editor), file.name], check=True)  # noqa: S603  their editor
        return Path(file.name).read_text(encoding="utf-8")


def moment_of(text: str, now: datetime | None = None) -> str:
    """A moment as ISO 8601 with its zone.

    text  `now`, how long ago (`-50m`, `-2h`, `-3d`), in how long (`+8h`), or ISO 8601; without
          a zone it is the time of this machine
    """
    now = now or datetime.now(UTC)
    if text == "now":
        return now.isoformat()
    try:
        if said := _FROM_NOW.fullmatch(text.strip()):
            length = timedelta(**{_UNITS[said[3].lower()]: int(said[2])})
            return (now + length if said[1] == "+" else now - length).isoformat()
        return datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is no moment: write now, -50m, -2h, +30d or 2026-03-01T09:00+01:00"
        ) from None


def facts_of(pairs: Iterable[str]) -> dict[str, Any]:
    """Facts from `name=value`.

    Lists are written with commas, maps with dots: `people_by_place.CN=4000`, `cause.en=…`;
    a value that is JSON is taken as such.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"{pair!r}: write a fact as name=value")
        name, _, key = name.strip().partition(".")
        if key:
            inner = found.setdefault(name, {})
            if not isinstance(inner, dict):
                raise typer.BadParameter(f"{name}: give the whole of it, or its keys, not both")
            inner[key] = _value(name, value, inner=True)
        else:
            found[name] = _value(name, value)
    return found


def added_to(known: Mapping[str, Any], pairs: Iterable[str]) -> dict[str, Any]:
    """Facts from `name=value`; `people_by_place.US-TX=250` leaves the other places as known."""
    pairs = list(pairs)
    given = facts_of(pairs)
    inner = [name for name in given if any(pair.startswith(f"{name}.") for pair in pairs)]
    return given | {name: {**(known.get(name) or {}), **given[name]} for name in inner}


def _value(name: str, text: str, *, inner: bool = False) -> Any:
    from incidents.rules.facts import FACTS

    kind = FACTS[name].type if name in FACTS else ""
    if kind == "moment":
        return moment_of(text)
    if kind in {"choice", "place"} or (inner and kind in {"words", "contact"}):
        return text
    if kind in {"choices", "word_list"} and not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind == "flag" and text in {"yes", "no"}:
        return text == "yes"
    try:
        return json.loads(text)
    except ValueError:
        return text

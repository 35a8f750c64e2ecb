"""The sample breach: what is reported, and what triage learns afterwards; playable on any day."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from playbooks.scenario import resolve

_FOLDER = Path(__file__).parent


def opening_body(now: datetime) -> dict[str, Any]:
    """The body that opens the incident, as the API takes it; moments as ISO 8601 before `now`."""
    body: dict[str, Any] = _read("incident.json")
    return {**body, "facts": _dated(body["facts"], now)}


def learned_later(now: datetime) -> list[dict[str, Any]]:
    """What triage learns, in order: each with its `source` and `facts`."""
    return [{**part, "facts": _dated(part["facts"], now)} for part in _read("later.json")]


def _read(name: str) -> Any:
    return json.loads((_FOLDER / name).read_text(encoding="utf-8"))


def _dated(facts: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in resolve(facts, now).items()
    }

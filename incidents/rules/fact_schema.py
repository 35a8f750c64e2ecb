"""The vocabulary of facts as a JSON Schema, for whoever writes them or draws a form for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from incidents.rules.dpv import terms
from incidents.rules.fact_values import CONTACT
from incidents.rules.facts import FACTS, FactKind, FactType

_JSON: Mapping[FactType, Callable[[FactKind], dict[str, Any]]] = {
    "moment": lambda _: {"type": "string", "format": "date-time"},
    "choice": lambda kind: {"enum": list(kind.choices or ())},
    "choices": lambda kind: {
        "type": "array", "uniqueItems": True, "items": {"enum": list(kind.choices or ())},
    },
    "flag": lambda _: {"type": "boolean"},
    "count": lambda _: {"type": "integer", "minimum": 0},
    "amount": lambda _: {"type": "number", "minimum": 0},
    "place": lambda _: {"type": "string", "pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"},
    "place_counts": lambda _: {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Z]{2}(-[A-Z0-9]{1,3})?$"},
        "additionalProperties": {"type": "integer", "minimum": 0},
    },
    "words": lambda _: {"type": "object", "additionalProperties": {"type": "string"}},
    "word_list": lambda _: {"type": "array", "items": {"type": "string"}},
    "contact": lambda _: {
        "type": "object",
        "properties": {key: {"type": "string"} for key in CONTACT},
        "additionalProperties": False,
    },
}  # fmt: skip


def vocabulary() -> dict[str, Any]:
    """The facts as a JSON Schema: types, closed lists, units, descriptions."""
    properties = {kind.name: _documented(kind) for kind in FACTS.values()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _documented(kind: FactKind) -> dict[str, Any]:
    schema = {**_JSON[kind.type](kind), "description": kind.description}
    if kind.unit:
        schema["x-unit"] = kind.unit
    if kind.choices:
        schema["x-meanings"] = dict(kind.choices)
    if kind.name in (found := terms()):
        schema["x-dpv"] = {word: list(iris) for word, iris in found[kind.name].items()}
    return schema

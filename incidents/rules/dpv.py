"""Our words for data, people and roles in terms of the W3C Data Privacy Vocabulary (DPV 2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

_SPACES = {"dpv": "https://w3id.org/dpv#", "pd": "https://w3id.org/dpv/pd#"}


@cache
def terms() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The IRIs of each word, by fact and word; a word without a term is absent."""
    table = yaml.safe_load((Path(__file__).parent / "dpv.yaml").read_text(encoding="utf-8"))
    return {
        fact: {word: tuple(map(_iri, short)) for word, short in words.items()}
        for fact, words in table.items()
    }


def _iri(short: str) -> str:
    space, _, term = short.partition(":")
    return _SPACES[space] + term

"""How the register says things: codes in the words of the vocabulary, narratives in English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from incidents.rules.facts import FACTS


def narrative(texts: Any) -> str:
    """A narrative in English; where there is none, in the language there is, which it names."""
    if not isinstance(texts, Mapping) or not texts:
        return ""
    if "en" in texts:
        return str(texts["en"]).strip()
    locale, text = next(iter(texts.items()))
    return f"[{locale}] {str(text).strip()}"


def of_list(name: str, facts: Mapping[str, Any]) -> str:
    """A fact that is one code or several of a closed list, as the vocabulary words them."""
    value, meanings = facts.get(name), FACTS[name].choices or {}
    codes = [value] if isinstance(value, str) else list(value or ())
    return "; ".join(meanings.get(code, code) for code in codes)


def printable(text: str) -> str:
    """A text without the scripts that our fonts on paper lack: each such run becomes […]."""
    shown = "".join(char if _has_glyph(char) else "\ufffd" for char in text)
    return _LACKING.sub("[…]", shown)


_LACKING = re.compile("\ufffd(?:[\ufffd ]*\ufffd)?")
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "CJK", "HIRAGANA", "KATAKANA", "FULLWIDTH", "HALFWIDTH")


@cache
def _has_glyph(char: str) -> bool:
    category = unicodedata.category(char)
    if category[0] == "L" or category == "Mn":
        return unicodedata.name(char, "").startswith(
            (*_SCRIPTS, "FEMININE", "MASCULINE", "COMBINING")
        )
    return category not in {"So", "Sk", "Cs", "Co", "Cn", "Cc"} or char in "\n°©®№"


def said(moment: datetime | None) -> str:
    """A moment to the minute, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment else ""


def plain(code: str) -> str:
    """A code as words."""
    return code.replace("_", " ")

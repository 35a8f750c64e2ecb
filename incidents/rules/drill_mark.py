"""How everything that a drill makes says that it is a drill: in each language, on each channel."""

import re
from collections.abc import Mapping

MARKS: Mapping[str, str] = {
    "en": "DRILL",
    "zh-Hans": "演练",
    "de": "ÜBUNG",
    "fr": "EXERCICE",
    "es": "SIMULACRO",
    "ja": "訓練",
    "pt": "SIMULAÇÃO",
}
_OPENING = re.compile(r"<(?:body|article)\b[^>]*>")


def mark(locale: str) -> str:
    """The mark in a language: `[DRILL]`."""
    return f"[{MARKS.get(locale, MARKS['en'])}]"


def mark_line(locale: str, text: str) -> str:
    """A line (a subject, an SMS, a title) that begins with the mark."""
    return f"{mark(locale)} {text}"


def mark_text(locale: str, text: str) -> str:
    """A plain text whose first line is the mark."""
    return f"{mark(locale)}\n\n{text}"


def mark_html(locale: str, html: str) -> str:
    """A page or a part of one in which the mark is the first thing to be read."""
    line = f'<p style="margin:0;padding:8px;text-align:center"><strong>{mark(locale)}</strong></p>'
    opening = _OPENING.search(html)
    at = opening.end() if opening else 0
    return f"{html[:at]}\n{line}{html[at:]}"

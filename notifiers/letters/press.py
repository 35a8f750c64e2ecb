"""Many letters of the same words as one PDF, each with its own address and name.

The words are the frozen XHTML of the notice. They reach typst as data that it reads, never as
markup; so do the people's lines. What is the same for everybody is laid out once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Letter:
    """One person's letter.

    piece    its number, printed at its head and given to the printer
    address  the lines in the window
    values   token in the words -> what stands there for this person
    """

    piece: str
    address: tuple[str, ...]
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF and, for each letter in it, its first and its last page, from 1."""

    pdf: bytes
    pages: tuple[tuple[int, int], ...]


class Press:
    """One typst compiler; it may not be entered twice, so whoever comes second waits.

    templates  the folder of `layouts/letter`, of what that imports, and of `fonts`, the only ones
               that are used; typst reads its files from there, and parses them once
    """

    def __init__(self, templates: Path) -> None:
        self._templates = templates
        self._one_at_a_time = Lock()
        self._compiler: Any = None

    def print(self, head: Mapping[str, Any], words: str, letters: Sequence[Letter]) -> Printed:
        """The letters, one after the other, each beginning on a page of its own.

        head   what `letter.typ` needs besides: title, organisation, sender, lang
        words  well-formed XHTML with tokens
        """
        files = {
            "main.typ": b'#include "layouts/letter/letter.typ"',
            "notice.json": _commented({**head, "words": words}),
            "letters.json": _commented(letters),
        }
        with self._one_at_a_time:
            # No tags: for paper they would treble the file. The time is fixed: equal input
            # gives equal bytes.
            pdf = bytes(self._opened().compile(files, format="pdf", timestamp=0, pdf_tags=False))
        return Printed(pdf, _page_ranges(pdf, len(letters)))

    def _opened(self) -> Any:
        if self._compiler is None:
            # Unless told otherwise it works in one thread: waking more takes a tenth of a letter.
            os.environ.setdefault("RAYON_NUM_THREADS", "1")
            import typst  # noqa: PLC0415  here: who prints nothing needs no compiler in memory

            self._compiler = typst.Compiler(
                root=self._templates,
                font_paths=[self._templates / "fonts"],
                ignore_system_fonts=True,
            )
        return self._compiler


def _commented(told: object) -> bytes:
    # Whatever it is handed, typst parses as its own first; a comment takes it no time.
    return b"//" + orjson.dumps(told)


# Each letter has one bookmark, which names the page that it begins on. The patterns begin with
# letters, which are sought far faster than digits are.
_BEGINS = re.compile(rb" 0 obj\n\[(\d+) 0 R/XYZ")
_PAGES = re.compile(rb"/Type/Pages/Count \d+/Kids\[([^\]]*)\]")


def _page_ranges(pdf: bytes, letters: int) -> tuple[tuple[int, int], ...]:
    found = _PAGES.search(pdf)
    pages = re.findall(rb"(\d+) 0 R", found.group(1)) if found else []
    number = {page: place for place, page in enumerate(pages, start=1)}
    firsts = [number[page] for page in _BEGINS.findall(pdf)]
    if len(firsts) != letters or firsts != sorted(firsts):
        raise ValueError(f"the bookmarks of {letters} letters were not found in their PDF")
    lasts = [*(first - 1 for first in firsts[1:]), len(pages)]
    return tuple(zip(firsts, lasts, strict=True))

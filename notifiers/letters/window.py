"""Whether an address can be read through the window of its envelope: lines, widths, letters.

A letter whose address hangs out of the window comes back, or goes to a neighbour: such an
address is refused before anything is printed, and the person goes on to the next rung.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

# DIN 5008 (form B): six lines for the address, 85 mm wide, of which 5 mm are lost to play.
MOST_LINES = 6
MOST_MILLIMETRES = 80.0
POINTS = 10.5
_MILLIMETRES_PER_POINT = 25.4 / 72

TOO_MANY_LINES = "the address has more lines than the window of an envelope"
TOO_WIDE = "a line of the address is wider than the window of an envelope"
NO_ADDRESS = "there is no postal address"
NO_LETTERS = "the address is in letters that our fonts do not have"


class Window:
    """The window of an envelope, and the fonts that print what stands in it.

    fonts  font files, in the order in which a letter is looked for
    """

    def __init__(self, fonts: Sequence[Path]) -> None:
        self._fonts = fonts

    def flaw(self, lines: Sequence[str]) -> str:
        """Why these lines cannot stand in the window; '' if they can."""
        if len(lines) < 2:
            return NO_ADDRESS
        if len(lines) > MOST_LINES:
            return TOO_MANY_LINES
        widths = [self.millimetres(line) for line in lines]
        if any(width is None for width in widths):
            return NO_LETTERS
        return TOO_WIDE if max(width or 0 for width in widths) > MOST_MILLIMETRES else ""

    def broken(self, lines: Sequence[str]) -> tuple[str, ...]:
        """The same lines, each that is too wide broken between its words: a long name, a firm's."""
        return tuple(row for line in lines for row in self._rows(line))

    def _rows(self, line: str) -> Sequence[str]:
        if not self._is_wide(line):
            return (line,)
        rows = [""]
        for word in line.split():
            longer = f"{rows[-1]} {word}".strip()
            rows[-1:] = [rows[-1], word] if rows[-1] and self._is_wide(longer) else [longer]
        return rows

    def _is_wide(self, line: str) -> bool:
        # No sign is wider than an em: what has few of them need not be measured.
        few = len(line) * POINTS * _MILLIMETRES_PER_POINT <= MOST_MILLIMETRES
        return not few and (self.millimetres(line) or 0) > MOST_MILLIMETRES

    def millimetres(self, line: str) -> float | None:
        """How wide a line is in print; None if a letter of it is in none of the fonts."""
        ems = [self._ems.get(ord(sign)) for sign in line]
        if any(width is None for width in ems):
            return None
        return sum(width or 0 for width in ems) * POINTS * _MILLIMETRES_PER_POINT

    @cached_property
    def _ems(self) -> Mapping[int, float]:
        """Character -> its width, in the size of the font."""
        from fontTools.ttLib import TTFont  # noqa: PLC0415  here: only who prints needs it

        widths: dict[int, float] = {}
        for path in self._fonts:
            with TTFont(path, lazy=True) as font:
                of_glyph, em = font["hmtx"].metrics, font["head"].unitsPerEm
                for sign, glyph in font.getBestCmap().items():
                    widths.setdefault(sign, of_glyph[glyph][0] / em)
        return widths


def lines_of(address: str) -> tuple[str, ...]:
    """The lines of a window: a name, if there is one, and an address on one line or on several."""
    lines = address.splitlines()
    if len(lines) <= 2:  # what follows the name stands on one line, with commas
        lines[-1:] = lines[-1].replace("，", ",").split(",") if lines else []
    spaced = [" ".join(line.split()) for line in lines]
    return tuple(line for line in spaced if line)

"""Time and memory against people as SVG: two small panels, both axes logarithmic.

Plain shapes and text, so that it can be read aloud, searched, and seen on light and dark pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 380, 250
LEFT, RIGHT, TOP, BOTTOM = 52, 96, 34, 40
LINE = 15  # what a line of text takes
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 }
.title { font-weight: 600 }
.grid { stroke: #8884; fill: none }
.a, .b { fill: none; stroke-width: 2 }
.a { stroke: #0b6e99 } .b { stroke: #b3541e }
.a-text { fill: #0b6e99 } .b-text { fill: #b3541e }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .a { stroke: #6cc4ea } .b { stroke: #f0a171 }
  .a-text { fill: #6cc4ea } .b-text { fill: #f0a171 }
}
"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One drawing: its title, and which values it shows under which names."""

    title: str
    lines: Mapping[str, str]


PANELS = (
    Panel("Seconds", {"import_seconds": "import", "telling_seconds": "telling"}),
    Panel("Peak memory, MiB", {"import_mebibytes": "import", "worker_mebibytes": "worker"}),
)


def drawn(points: Sequence[Mapping[str, float]]) -> str:
    """The picture of some sizes, each with its `people` and the values of the panels."""
    panels = "".join(
        f'<g transform="translate({place * WIDTH} 0)">{"".join(_panel(panel, points))}</g>\n'
        for place, panel in enumerate(PANELS)
    )
    size = f"0 0 {WIDTH * len(PANELS)} {HEIGHT}"
    said = f"Time and memory against the number of people; {_described(points)}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img">\n'
        f"<title>{escape(said)}</title>\n<style>{STYLE}</style>\n{panels}</svg>\n"
    )


def decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten that hold some values, at least one decade apart."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return low, max(high, low + 1)


def short(power: int) -> str:
    """A power of ten as it stands at an axis: 10, 1 k, 10 M."""
    for zeros, letter in ((6, " M"), (3, " k")):
        if power >= zeros:
            return f"{10 ** (power - zeros)}{letter}"
    return f"{10.0**power:g}"


def _panel(panel: Panel, points: Sequence[Mapping[str, float]]) -> Iterator[str]:
    across = decades([point["people"] for point in points])
    up = decades([point[name] for point in points for name in panel.lines])
    yield f'<text class="title" x="{LEFT}" y="18">{escape(panel.title)}</text>'
    for power in range(across[0], across[1] + 1):
        x = _x(10.0**power, across)
        yield f'<path class="grid" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text text-anchor="middle" x="{x}" y="{HEIGHT - BOTTOM + 16}">{short(power)}</text>'
    for power in range(up[0], up[1] + 1):
        y = _y(10.0**power, up)
        yield f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
        yield f'<text text-anchor="end" x="{LEFT - 6}" y="{y + 4}">{short(power)}</text>'
    yield f'<text x="{LEFT}" y="{HEIGHT - 6}">people</text>'
    ends = apart(*(_y(points[-1][name], up) for name in panel.lines))
    for colour, (name, label), end in zip("ab", panel.lines.items(), ends, strict=True):
        spots = [(_x(point["people"], across), _y(point[name], up)) for point in points]
        yield from _line(colour, spots)
        told = f"{label} {points[-1][name]:,.0f}"
        x, y = spots[-1][0] + 8, round(end + 4, 1)
        yield f'<text class="{colour}-text" x="{x}" y="{y}">{escape(told)}</text>'


def apart(first: float, second: float) -> tuple[float, float]:
    """Two heights, moved so far that text at one does not cover text at the other."""
    lack = max(0.0, LINE - abs(first - second)) / 2
    return (first - lack, second + lack) if first <= second else (first + lack, second - lack)


def _line(colour: str, spots: Sequence[tuple[float, float]]) -> Iterator[str]:
    path = "L".join(f"{x} {y}" for x, y in spots)
    yield f'<path class="{colour}" d="M{path}"/>'
    for x, y in spots:
        yield f'<circle class="{colour}" cx="{x}" cy="{y}" r="2.5"/>'


def _x(value: float, powers: tuple[int, int]) -> float:
    return round(LEFT + _share(value, powers) * (WIDTH - LEFT - RIGHT), 1)


def _y(value: float, powers: tuple[int, int]) -> float:
    return round(HEIGHT - BOTTOM - _share(value, powers) * (HEIGHT - TOP - BOTTOM), 1)


def _share(value: float, powers: tuple[int, int]) -> float:
    return (log10(value) - powers[0]) / (powers[1] - powers[0])


def _described(points: Sequence[Mapping[str, float]]) -> str:
    last = points[-1]
    return f"at {last['people']:,.0f} people: " + ", ".join(
        f"{panel.title} of {label} {last[name]:,.0f}"
        for panel in PANELS
        for name, label in panel.lines.items()
    )

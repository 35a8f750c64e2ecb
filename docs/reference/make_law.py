"""Writes `docs/law/`: a page for each law, one for each country, and one that lists them.

With a folder as its argument it writes them there; without one it does nothing.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from incidents.rules.catalogue import Catalogue, Law, load
from incidents.rules.law_page import (
    Lines,
    grade_lines,
    instrument_lines,
    public_lines,
    recipient,
    rule_lines,
)
from incidents.rules.legal_rule import LegalRule
from incidents.rules.worked_examples import of_law

COUNTRIES = {
    "ae": "United Arab Emirates", "ar": "Argentina", "au": "Australia", "br": "Brazil",
    "ca": "Canada", "ch": "Switzerland", "cl": "Chile", "cn": "China", "co": "Colombia",
    "ec": "Ecuador", "eg": "Egypt", "eu": "European Union", "hk": "Hong Kong",
    "house": "Our own policy", "id": "Indonesia", "il": "Israel", "in": "India", "jp": "Japan",
    "ke": "Kenya", "kr": "South Korea", "mo": "Macau", "mx": "Mexico", "my": "Malaysia",
    "ng": "Nigeria", "nz": "New Zealand", "pe": "Peru", "ph": "Philippines", "qa": "Qatar",
    "ru": "Russia", "sa": "Saudi Arabia", "sg": "Singapore", "th": "Thailand", "tr": "Türkiye",
    "tw": "Taiwan", "uk": "United Kingdom", "us": "United States", "uy": "Uruguay",
    "vn": "Vietnam", "za": "South Africa",
}  # fmt: skip
_DRAWN = "Drawn from `incidents/rules/law/` by `make docs`."
_NO_ADVICE = (
    "This is no legal advice. Each rule names its source, how it was checked, and how sure we are;"
    " a rule of low confidence is shown as recommended and never sets a hard clock. ¹ marks a due"
    " time that is our own target, where the law names no number or we are unsure of it."
)


def pages(catalogue: Catalogue | None = None) -> Mapping[str, str]:
    """Every page by its path below the folder."""
    catalogue = catalogue or load()
    by_place: dict[str, list[Law]] = {}
    for law in catalogue.laws:
        by_place.setdefault(law.path.partition("/")[0], []).append(law)
    countries = {f"{place}.md": _country(place, laws) for place, laws in by_place.items()}
    laws = {_page_of(law): _law(law) for law in catalogue.laws}
    return {"README.md": _index(by_place), **countries, **laws}


def _page_of(law: Law) -> str:
    return law.path.removesuffix(".yaml") + ".md"


def _index(by_place: Mapping[str, list[Law]]) -> str:
    laws = [law for several in by_place.values() for law in several]
    rules = [rule for law in laws for rule in law.content.rules]
    low = [rule for rule in rules if rule.confidence == "low"]
    examples = sum(len(one) for law in laws for one in of_law(law).values())
    counted = (
        f"{len(laws)} instruments, {len(rules)} rules, {examples} worked examples, which run as"
        f" tests; {len(low)} rules are of low confidence."
    )
    lines = [
        "# The laws that Tocsin knows",
        "",
        f"{_DRAWN} {_NO_ADVICE}",
        "",
        counted,
        "",
        "| place | instruments | rules | of low confidence |",
        "|---|---|---|---|",
    ]
    for place, several in sorted(by_place.items(), key=lambda item: COUNTRIES[item[0]]):
        own = [rule for law in several for rule in law.content.rules]
        unsure = sum(rule.confidence == "low" for rule in own)
        lines.append(
            f"| [{COUNTRIES[place]}]({place}.md) | {len(several)} | {len(own)} | {unsure} |"
        )
    lines += ["", "## Of low confidence", ""]
    lines += [f"- `{rule.id}`: {rule.title} ({rule.source})" for rule in low]
    lines += ["", "## Not in force", ""]
    for law in laws:
        lines += [
            f"- {law.content.instrument.title}: {text}" for text in law.content.instrument.pending
        ]
    return "\n".join(lines) + "\n"


def _country(place: str, laws: list[Law]) -> str:
    """A country at a glance: each law with its duties in a table."""
    parts = [f"# {COUNTRIES[place]}", "", f"{_DRAWN} {_NO_ADVICE}"]
    for law in laws:
        about = law.content.instrument
        parts += ["", f"## [{about.title}]({_page_of(law)})", ""]
        parts += [f"`{about.id}` · binds {about.bound} · confidence {about.confidence}", ""]
        parts += list(_glance(law.content.rules))
    return "\n".join(parts) + "\n"


def _glance(rules: list[LegalRule]) -> Iterator[str]:
    yield "| duty | to whom | by when | in force | source |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        target = " ¹" if rule.is_target else ""
        until = f" to {rule.effective.until}" if rule.effective.until else ""
        cells = (
            rule.title,
            recipient(rule),
            f"{rule.clock.text}{target}",
            f"{rule.effective.from_}{until}",
            rule.source,
        )
        yield f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _law(law: Law) -> str:
    """One law, as a lawyer reads it."""
    place = law.path.partition("/")[0]
    about, examples = law.content.instrument, of_law(law)
    parts = [
        f"# {about.title}",
        "",
        f"`{about.id}` · [{COUNTRIES[place]}](../{place}.md) · {_DRAWN}",
    ]
    parts += ["", _NO_ADVICE, "", *_headed(instrument_lines(law))]
    parts += ["", "## At a glance", "", *_glance(law.content.rules)]
    for rule in law.content.rules:
        parts += ["", f"## {rule.title}", "", f"`{rule.id}`", ""]
        parts += _headed(rule_lines(rule, examples.get(rule.id, ())))
    for heading, lines in (
        ("When a public notice may stand in", public_lines(law)),
        ("Grades", grade_lines(law)),
    ):
        if lines:
            parts += ["", f"## {heading}", "", *(f"- {line}" for line in lines)]
    return "\n".join(parts) + "\n"


def _headed(lines: Lines) -> Iterator[str]:
    """`- **Heading**: line`, or the lines below it where there are more."""
    for heading, given in lines.items():
        if len(given) == 1:
            yield f"- **{heading}**: {given[0]}"
            continue
        yield f"- **{heading}**:"
        yield from (f"  - {line}" for line in given)


def write(folder: Path) -> None:
    """Write every page below a folder; what is there beside them goes."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pages()
    for old in folder.rglob("*.md"):
        if old.relative_to(folder).as_posix() not in drawn:
            old.unlink()
    for name, text in drawn.items():
        page = folder / name
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write(Path(argument))

"""Writes `docs/law/`: a page for each country, and one that lists them; drawn from the law files.

With a folder as its argument it writes them there; without one it does nothing.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from incidents.rules.catalogue import Catalogue, Law, load
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
    """Every page by its file name."""
    catalogue = catalogue or load()
    by_place: dict[str, list[Law]] = {}
    for law in catalogue.laws:
        by_place.setdefault(law.path.partition("/")[0], []).append(law)
    drawn = {f"{place}.md": _country(place, laws) for place, laws in by_place.items()}
    return {"README.md": _index(by_place), **drawn}


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
    return "\n".join(lines) + "\n"


def _country(place: str, laws: list[Law]) -> str:
    parts = [f"# {COUNTRIES[place]}", "", f"{_DRAWN} {_NO_ADVICE}"]
    for law in laws:
        parts += ["", *_instrument(law)]
    return "\n".join(parts) + "\n"


def _instrument(law: Law) -> Iterator[str]:
    about = law.content.instrument
    yield from (f"## {about.title}", "")
    yield f"`{about.id}` · {about.jurisdiction} · {about.citation}"
    yield ""
    yield f"- **Who is bound**: {about.bound}"
    yield f"- **Checked**: {about.verified} ({about.reviewed}); confidence {about.confidence}"
    for rule in law.content.rules:
        yield from ("", *_rule(rule, [one.name for one in of_law(law).get(rule.id, ())]))
    for public in law.content.substitute:
        yield ""
        yield f"**Public notice** `{public.id}`: {public.text} (`{public.when}`; {public.source})"


def _rule(rule: LegalRule, examples: list[str]) -> Iterator[str]:
    days = rule.effective
    whom = rule.authority.name if rule.authority else rule.audience.replace("_", " ")
    portal = f" ({rule.authority.portal})" if rule.authority and rule.authority.portal else ""
    target = " ¹" if rule.is_target else ""
    yield from (f"### {rule.title}", "")
    yield f"`{rule.id}` · {rule.source} · {rule.force}, confidence {rule.confidence}"
    yield ""
    yield f"- **Tell**: {whom}{portal}; {rule.stage}"
    yield f"- **When**: `{' '.join(str(rule.when).split())}`"
    for exempt in rule.unless:
        yield f"- **Unless**: {exempt.text} (`{exempt.when}`; {exempt.source})"
    if rule.hold:
        yield f"- **May wait while**: {rule.hold.text} ({rule.hold.source})"
    yield f"- **Clock**: {rule.clock.text}{target}, from {' or '.join(rule.trigger.facts)}"
    if rule.clock_basis:
        yield f"- **Why this clock**: {rule.clock_basis}"
    until = f" until {days.until}" if days.until else ""
    yield f"- **In force**: from {days.from_}{until}"
    yield f"- **Must say**: {', '.join(rule.required_content) or 'nothing in particular'}"
    yield f"- **Worked examples**: {'; '.join(examples)}"


def write(folder: Path) -> None:
    """Write every page below a folder; what is there beside them goes."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pages()
    for old in folder.glob("*.md"):
        if old.name not in drawn:
            old.unlink()
    for name, text in drawn.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        write(Path(argument))

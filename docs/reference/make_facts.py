"""Prints `facts.md`: every fact, its type, unit and closed list, drawn from `incidents/rules`."""

from collections.abc import Iterator

from incidents.rules.catalogue import load
from incidents.rules.dpv import terms
from incidents.rules.facts import FACTS, FactKind

HEAD = """\
# Facts

What can be known of an incident. Laws, playbooks and doors share these names. What is not known
is left out: unknown is not no. As JSON Schema: `tocsin assess --schema`, or
`GET /api/v1/facts/vocabulary`. Drawn from `incidents/rules/facts.py` by `make docs`.

| type | what it is |
|---|---|
| moment | ISO 8601 with a zone, such as `2026-03-01T09:30:00+08:00`; never in the future |
| choice, choices | one word, or a list of words, of a closed list |
| flag | `true` or `false` |
| count | a whole number, zero or more |
| amount | a number, zero or more |
| place | ISO 3166: `DE`, or a part of a country, `US-CA` |
| place_counts | people by place; each person in one place; `ZZ`: a place that is not known |
| words | a map of locale to plain text |
| word_list | a list of short texts |
| contact | a map with any of `name`, `email`, `phone`, `url`, `hours` |

Facts that cannot all be true are refused together: more people in places than in all, a moment
before the one that it follows, a year that cannot be.

The column of laws counts the rules that ask for the fact. `DPV` stands for the
[W3C Data Privacy Vocabulary](https://w3id.org/dpv), version 2 (`dpv:`), and its
[personal data categories](https://w3id.org/dpv/pd) (`pd:`); a word without a term of its own has
none.

| fact | type | unit | what it says | rules that ask |
|---|---|---|---|---:|"""


def page() -> str:
    """The whole page."""
    asked = _asked()
    rows = (
        f"| `{kind.name}` | {kind.type} | {kind.unit} | {kind.description}"
        f" | {asked.get(kind.name, 0) or ''} |"
        for kind in FACTS.values()
    )
    lists = (line for kind in FACTS.values() if kind.choices for line in _list(kind))
    return "\n".join([HEAD, *rows, *lists]) + "\n"


def _asked() -> dict[str, int]:
    """How many rules ask for each fact: in a condition, or for a clock."""
    counts: dict[str, int] = {}
    for rule in load().rules:
        conditions = [rule.when, *(exempt.when for exempt in rule.unless)]
        conditions += [rule.hold.when] if rule.hold else []
        names = {name for condition in conditions for name in condition.names}
        names.update(rule.trigger.facts, rule.trigger.fallback)
        for name in names:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _list(kind: FactKind) -> Iterator[str]:
    found = terms().get(kind.name)
    yield ""
    yield f"## `{kind.name}`"
    yield ""
    yield "| word | meaning | DPV |" if found else "| word | meaning |"
    yield "|---|---|---|" if found else "|---|---|"
    for word, meaning in (kind.choices or {}).items():
        dpv = ", ".join(map(_link, found.get(word, ()))) if found else ""
        yield f"| `{word}` | {meaning} | {dpv} |" if found else f"| `{word}` | {meaning} |"


def _link(iri: str) -> str:
    space = "pd" if "/pd#" in iri else "dpv"
    return f"[{space}:{iri.partition('#')[2]}]({iri})"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201

"""Worked examples of each rule, owed and not owed: the second document of every law file.

Read only by who asks for them: tests, `tocsin law`, and the pages of the documentation.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from incidents.errors import CatalogueError
from incidents.rules.catalogue import LAW, Catalogue, Law, documents, read_document
from incidents.rules.duties import AssessedDuty, assess
from incidents.rules.facts import check_together, parse_facts
from incidents.rules.legal_rule import Example, Examples

# Where an example says no moment of its own, it is judged by the law of this day.
NOW = datetime(2026, 6, 1, tzinfo=UTC)


@cache
def examples_of(path: str, folder: Path = LAW) -> Mapping[str, tuple[Example, ...]]:
    """The examples in one law file, by the id of their rule.

    Raises  CatalogueError  file, field and reason of the first thing that is wrong
    """
    _, raw = documents((folder / path).read_bytes())
    if not raw.strip():
        return {}
    found = read_document(Examples, raw, path).examples
    return {rule: tuple(examples) for rule, examples in found.items()}


def of_law(law: Law, folder: Path = LAW) -> Mapping[str, tuple[Example, ...]]:
    """The examples of each rule of a law; refuses examples of a rule that it has not."""
    found = examples_of(law.path, folder)
    rules = {rule.id for rule in law.content.rules}
    for rule in found:
        if rule not in rules:
            raise CatalogueError(law.path, f"examples.{rule}", "the file has no such rule")
    return found


def judge(example: Example, rule: str, catalogue: Catalogue) -> AssessedDuty | None:
    """What the law answers to an example; None where the rule is not in force for its facts."""
    facts = parse_facts({name: v for name, v in example.facts.items() if v is not None})
    check_together(facts)
    duties = assess(facts, catalogue, example.now or NOW)
    return next((duty for duty in duties if duty.rule == rule), None)


def differs(example: Example, found: AssessedDuty | None) -> str:
    """What an example expects and does not get; empty where it holds."""
    if found is None:
        return "the rule is not in force for these facts"
    wrong = []
    for name, expected in example.expect.model_dump(exclude_unset=True).items():
        value = getattr(found, name)
        given = list(value) if isinstance(value, tuple) else value
        if given != expected:
            wrong.append(f"{name} is {given}, not {expected}")
    return "; ".join(wrong)

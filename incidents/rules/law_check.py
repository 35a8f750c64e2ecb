"""What is wrong with law files that read well: untrue or missing examples, versions that overlap.

That a rule can be owed at all is proved by an example in which it is: where none is, it may be
unreachable, and that is an error too.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from incidents.errors import CatalogueError, InvalidInput
from incidents.rules.catalogue import LAW, Catalogue, Law, law_files, load, read_file
from incidents.rules.facts import FACTS
from incidents.rules.legal_rule import Example, LegalRule
from incidents.rules.packs import check_contract
from incidents.rules.worked_examples import differs, judge, of_law
from playbooks.condition_tree import Compare, Constant, Count, Operand
from playbooks.spans import Span

_STALE = timedelta(days=92)  # the watch list is gone through every quarter


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: where it stands, and why.

    severity  error: the file must be mended; warning: a person should look
    """

    severity: Literal["error", "warning"]
    file: str
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was checked, and what was found.

    places         countries and groups whose laws were read, our own policy left out
    by_confidence  rules by how sure we are; those of low confidence are never a hard clock
    """

    instruments: int
    rules: int
    examples: int
    places: int
    by_confidence: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Whether there is no error; warnings are for a person."""
        return not any(finding.severity == "error" for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        """As JSON values."""
        return dataclasses.asdict(self) | {"is_clean": self.is_clean}


def check(today: date, folder: Path = LAW) -> Report:
    """Read every law file and say all that is wrong, file by file."""
    unreadable = list(_unreadable(folder))
    if unreadable:
        return Report(0, 0, 0, 0, {}, tuple(unreadable))
    try:
        catalogue = load(folder)
    except CatalogueError as error:
        return Report(0, 0, 0, 0, {}, (_error(error),))
    findings = [found for law in catalogue.laws for found in _law(law, catalogue, folder, today)]
    return Report(
        instruments=len(catalogue.laws),
        rules=len(catalogue.rules),
        examples=sum(_count(law, folder) for law in catalogue.laws),
        places=len({law.path.partition("/")[0] for law in catalogue.laws} - {"house"}),
        by_confidence=_by_confidence(catalogue),
        findings=tuple(findings),
    )


def _by_confidence(catalogue: Catalogue) -> dict[str, int]:
    counted = Counter(rule.confidence for rule in catalogue.rules)
    return {name: counted[name] for name in ("high", "medium", "low")}


def _count(law: Law, folder: Path) -> int:
    try:
        return sum(map(len, of_law(law, folder).values()))
    except CatalogueError:
        return 0


def _unreadable(folder: Path) -> Iterator[Finding]:
    for path in law_files(folder):
        try:
            read_file(path, folder)
        except CatalogueError as error:
            yield _error(error)


def _error(error: CatalogueError) -> Finding:
    return Finding("error", error.file, error.field, error.why)


def _law(law: Law, catalogue: Catalogue, folder: Path, today: date) -> Iterator[Finding]:
    try:
        examples = of_law(law, folder)
    except CatalogueError as error:
        yield _error(error)
        return
    try:
        check_contract(law)
    except CatalogueError as error:
        yield _error(error)
    for rule in law.content.rules:
        yield from _examples(law, rule, examples.get(rule.id, ()), catalogue)
        yield from _thresholds(law, rule, examples.get(rule.id, ()))
        yield from _versions(law, rule)
        yield from _twins(law, rule)
        yield from _constant(law, rule)
    reviewed = law.content.instrument.reviewed
    if reviewed + _STALE < today:
        yield Finding("warning", law.path, "instrument.reviewed", f"last looked at on {reviewed}")


def _examples(
    law: Law, rule: LegalRule, examples: Iterable[Example], catalogue: Catalogue
) -> Iterator[Finding]:
    field = f"examples.{rule.id}"
    given = {example.expect.status for example in examples}
    if not given & {"owed", "recommended"}:
        why = "no example in which it is owed: it may be out of reach"
        yield Finding("error", law.path, field, why)
    if "not_owed" not in given:
        yield Finding("error", law.path, field, "no example in which it is not owed")
    near = catalogue.around(rule.id)
    for example in examples:
        try:
            wrong = differs(example, judge(example, rule.id, near))
        except InvalidInput as error:
            wrong = "; ".join(f"{one.field} {one.why}" for one in error.problems) or error.detail
        if wrong:
            yield Finding("error", law.path, f"{field}[{example.name}]", wrong)


def _thresholds(law: Law, rule: LegalRule, examples: Iterable[Example]) -> Iterator[Finding]:
    """At every number of people or money there is an example, and one just below or above it."""
    wanted = {(one.left, at) for one in rule.when.comparisons for at in _edges(one)}
    given = {(side, _value(side, example)) for side, _ in wanted for example in examples}
    for side, at in sorted(wanted - given, key=lambda pair: (pair[0].label, pair[1])):
        why = f"no example in which {side.label} is {at:,}"
        yield Finding("error", law.path, f"examples.{rule.id}", why)


def _edges(comparison: Compare) -> tuple[int, ...]:
    """The two whole numbers between which a comparison changes its answer; of `> 0` none."""
    side, number = comparison.left, comparison.right
    if not isinstance(number, Constant) or not isinstance(number.value, int) or number.value < 1:
        return ()
    if not isinstance(side, Count) and getattr(side, "name", "") not in _COUNTS:
        return ()
    at = number.value
    return (at, at + 1) if comparison.sign in (">", "<=") else (at - 1, at)


_COUNTS = {name for name, kind in FACTS.items() if kind.type in ("count", "amount")}


def _value(side: Operand, example: Example) -> float | None:
    """What an example says of a count, where it says one number."""
    facts = {name: value for name, value in example.facts.items() if value is not None}
    read = side.read(facts)
    if isinstance(read, Span):  # of a sum of places that may be more, the sum is what is known
        return read.low if read.high in (read.low, None) else None
    return read if isinstance(read, int | float) else None


def _twins(law: Law, rule: LegalRule) -> Iterator[Finding]:
    """Two rules that ask the same of the same at the same time are one too many."""
    for other in law.content.rules:
        if other.id < rule.id and _asks(other) == _asks(rule) and _overlap(rule, other):
            why = f"asks the same as {other.id}, of the same people in the same days"
            yield Finding("error", law.path, f"rules[{rule.id}]", why)


def _asks(rule: LegalRule) -> tuple[object, ...]:
    return (rule.audience, rule.place, rule.stage, str(rule.when), rule.clock, rule.trigger)


def _versions(law: Law, rule: LegalRule) -> Iterator[Finding]:
    """Versions of one rule follow one another; the last day of the last is somebody's question."""
    field = f"rules[{rule.id}].effective"
    days = rule.effective
    if days.until and days.until < days.from_:
        yield Finding("error", law.path, field, "ends before it begins")
    for other in law.content.rules:
        if other.id.startswith(f"{rule.id}-before-") and _overlap(rule, other):
            yield Finding("error", law.path, field, f"overlaps {other.id}")
    if days.until and not any(_follows(rule, other) for other in law.content.rules):
        why = f"expires on {days.until} and nothing follows the next day"
        yield Finding("warning", law.path, field, why)


def _overlap(one: LegalRule, other: LegalRule) -> bool:
    first, second = sorted((one.effective, other.effective), key=lambda days: days.from_)
    return first.until is None or first.until >= second.from_


def _follows(rule: LegalRule, other: LegalRule) -> bool:
    after = (rule.effective.until or date.max - timedelta(days=1)) + timedelta(days=1)
    return other.audience == rule.audience and other.effective.from_ == after


def _constant(law: Law, rule: LegalRule) -> Iterator[Finding]:
    for exempt in rule.unless:
        if str(exempt.when) == str(rule.when):
            why = "its exception is its condition: it is never owed"
            yield Finding("error", law.path, f"rules[{rule.id}].unless", why)
    if not rule.when.names:
        yield Finding("error", law.path, f"rules[{rule.id}].when", "asks for no fact at all")

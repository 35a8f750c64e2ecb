"""What is wrong with a playbook that reads well: the mistakes that show only while it runs."""

from collections.abc import Callable, Collection, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from playbooks.errors import PlaybookError
from playbooks.loader import parse
from playbooks.playbook import ACTIONS, AskFact, Playbook, Role, Shape, Step

Severity = Literal["error", "warning"]
ROLES = frozenset(Role)
# What is wrong with holding a fact against a constant (fact, how, constant); none if nothing.
CheckMention = Callable[[str, str, Any], str | None]


class Finding(Shape):
    """One thing wrong.

    code      unreadable, duplicate-id, missing-target, cycle, unreachable, unknown-fact,
              wrong-value, unknown-action, unknown-role, unasked-fact
    severity  error: it cannot run; warning: it may wait for ever
    step      the id of the step, empty for the whole playbook
    """

    code: str
    severity: Severity
    step: str
    field: str
    why: str


def lint(
    playbook: Playbook,
    *,
    facts: Collection[str] | None = None,
    check_mention: CheckMention | None = None,
    actions: Collection[str] = ACTIONS,
    roles: Collection[str] = ROLES,
) -> list[Finding]:
    """Everything wrong with a playbook; nothing means it can run to its end.

    facts          the vocabulary of facts; none leaves names unchecked
    check_mention  judges each constant that a known fact is held against
    actions        the actions that the service can carry out
    roles          the roles that people can bear
    """
    return list(
        chain(
            _duplicates(playbook),
            _targets(playbook),
            _cycles(playbook),
            _unreachable(playbook),
            _doers(playbook, actions, roles),
            _facts(playbook, facts) if facts is not None else (),
            _values(playbook, facts or (), check_mention) if check_mention else (),
            _unasked(playbook),
        )
    )


def lint_file(path: Path, *, facts: Collection[str] | None = None) -> list[Finding]:
    """The findings of a file; one that cannot be read at all is a finding too."""
    try:
        return lint(parse(path.read_text(encoding="utf-8"), path.name), facts=facts)
    except PlaybookError as error:
        return [_error("unreadable", "", error.field, error.why)]


def _error(code: str, step: str, field: str, why: str) -> Finding:
    return Finding(code=code, severity="error", step=step, field=field, why=why)


def _duplicates(playbook: Playbook) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, step in enumerate(playbook.steps):
        if step.id in seen:
            yield _error("duplicate-id", step.id, f"steps[{number}].id", f"{step.id} stands twice")
        seen.add(step.id)


def _targets(playbook: Playbook) -> Iterator[Finding]:
    known = {step.id for step in playbook.steps}
    for number, step in enumerate(playbook.steps):
        for target in step.after:
            if target not in known:
                why = f"no step has the id {target}"
                yield _error("missing-target", step.id, f"steps[{number}].after", why)


def _cycles(playbook: Playbook) -> Iterator[Finding]:
    try:
        TopologicalSorter({step.id: step.after for step in playbook.steps}).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        # graphlib tells the circle from the target backwards; a reader goes forward
        why = f"these wait for each other: {' → '.join(reversed(circle))}"
        yield _error("cycle", circle[0], "steps", why)


def _unreachable(playbook: Playbook) -> Iterator[Finding]:
    """Steps that never open: their `when` is never true, or they wait for one that never ends."""
    ends = _ending(playbook)
    for number, step in enumerate(playbook.steps):
        if _never(step):
            yield _error(
                "unreachable", step.id, f"steps[{number}].when", "is false whatever the facts"
            )
        elif step.id not in ends:
            why = "waits, directly or not, for a step that can never be through"
            yield _error("unreachable", step.id, f"steps[{number}].after", why)


def _ending(playbook: Playbook) -> set[str]:
    """The steps that can be through some day: those whose every `after` can be."""
    ends: set[str] = set()
    while fresh := {s.id for s in playbook.steps if set(s.after) <= ends} - ends:
        ends |= fresh
    return ends


def _never(step: Step) -> bool:
    """False with nothing known stays false, save for what asks whether a fact is known."""
    condition = step.condition
    if condition is None or any(mention.how == "known" for mention in condition.mentions):
        return False
    return condition.evaluate({}).value is False


def _doers(
    playbook: Playbook, actions: Collection[str], roles: Collection[str]
) -> Iterator[Finding]:
    for number, step in enumerate(playbook.steps):
        if step.do.action not in actions:
            why = f"there is no action {step.do.action}"
            yield _error("unknown-action", step.id, f"steps[{number}].do.action", why)
        if step.owner not in roles:
            why = f"there is no role {step.owner}"
            yield _error("unknown-role", step.id, f"steps[{number}].owner", why)


def _facts(playbook: Playbook, vocabulary: Collection[str]) -> Iterator[Finding]:
    for number, step in enumerate(playbook.steps):
        for field, name in _names(step):
            if name not in vocabulary:
                why = f"there is no fact {name}"
                yield _error("unknown-fact", step.id, f"steps[{number}].{field}", why)


def _values(
    playbook: Playbook, vocabulary: Collection[str], check: CheckMention
) -> Iterator[Finding]:
    for number, step in enumerate(playbook.steps):
        for mention in step.condition.mentions if step.condition else ():
            if mention.fact not in vocabulary:
                continue
            why = check(mention.fact, mention.how, mention.value)
            if why:
                yield _error("wrong-value", step.id, f"steps[{number}].when", why)


def _names(step: Step) -> Iterator[tuple[str, str]]:
    """Every fact that a step speaks of, with the field that does."""
    yield from (("when", name) for name in _needed(step))
    if isinstance(step.do, AskFact):
        yield from (("do.facts", name) for name in step.do.facts)
    if step.due and step.due.moment != "started_at":
        yield "due.from", step.due.moment


def _needed(step: Step) -> list[str]:
    return sorted(step.condition.names) if step.condition else []


def _unasked(playbook: Playbook) -> Iterator[Finding]:
    asked = {
        name for step in playbook.steps if isinstance(step.do, AskFact) for name in step.do.facts
    }
    for number, step in enumerate(playbook.steps):
        for name in _needed(step):
            if name not in asked:
                yield Finding(
                    code="unasked-fact",
                    severity="warning",
                    step=step.id,
                    field=f"steps[{number}].when",
                    why=f"depends on {name}, which no step asks for",
                )

"""Each mistake that a playbook can hold is found, told once, and told where."""

from textwrap import dedent

import pytest

from incidents.rules.facts import FACTS, check_mention
from playbooks.linter import lint, lint_file
from playbooks.loader import LIBRARY, load, parse
from playbooks.playbook import Playbook, for_kind


def playbook(steps: str) -> Playbook:
    head = "id: sample\ntitle: Sample\nversion: 1\nkinds: [other]\nsteps:\n"
    return parse(
        head
        + "".join(f"  - {{phase: detect, {line}}}\n" for line in dedent(steps).split("\n") if line)
    )


CASES = {
    "duplicate-id": """
        id: one, title: Do one, owner: responder
        id: one, title: Do it again, owner: responder
        """,
    "missing-target": "id: one, title: Do one, owner: responder, after: [nowhere]",
    "cycle": """
        id: one, title: Do one, owner: responder, after: [two]
        id: two, title: Do two, owner: responder, after: [one]
        """,
    "unreachable": "id: one, title: Do one, owner: responder, when: malicious and false",
    "unknown-fact": "id: one, title: Do one, owner: responder, when: malicous",
    "wrong-value": "id: one, title: Do one, owner: responder, when: risk == 'hihg'",
    "unasked-fact": "id: one, title: Do one, owner: responder, when: malicious",
}


@pytest.mark.parametrize("code", CASES)
def test_each_mistake_is_found(code: str) -> None:
    findings = lint(playbook(CASES[code]), facts=FACTS, check_mention=check_mention)

    assert code in {finding.code for finding in findings}


def test_what_waits_for_a_cycle_is_unreachable_and_named() -> None:
    findings = lint(
        playbook("""
        id: one, title: Do one, owner: responder, after: [two]
        id: two, title: Do two, owner: responder, after: [one]
        id: three, title: Do three, owner: responder, after: [two]
        id: four, title: Do four, owner: responder
        """)
    )

    assert {f.step for f in findings if f.code == "unreachable"} == {"one", "two", "three"}
    cycle = next(f for f in findings if f.code == "cycle")
    assert "one" in cycle.why
    assert "three" not in cycle.why


def test_an_action_or_a_role_that_the_service_lacks_is_found() -> None:
    book = playbook(
        "id: one, title: Draft it, owner: approver, do: {action: draft_notice, audience: people}"
    )

    findings = lint(book, actions={"manual"}, roles={"responder"})

    assert [(f.code, f.field) for f in findings] == [
        ("unknown-action", "steps[0].do.action"),
        ("unknown-role", "steps[0].owner"),
    ]


def test_a_moment_that_is_no_fact_cannot_start_a_due_time() -> None:
    book = playbook(
        "id: one, title: Do one, owner: responder, due: {from: noticed_at, within: 2 hours}"
    )

    assert [f.field for f in lint(book, facts=FACTS)] == ["steps[0].due.from"]


def test_asking_whether_a_fact_is_known_is_not_unreachable() -> None:
    book = playbook("id: one, title: Do one, owner: responder, when: known('contained_at')")

    assert "unreachable" not in {finding.code for finding in lint(book)}


@pytest.mark.parametrize("name", sorted(load()))
def test_every_playbook_of_the_library_lints_clean(name: str) -> None:
    assert lint(load()[name], facts=FACTS, check_mention=check_mention) == []


@pytest.mark.parametrize("name", sorted(load()))
def test_every_playbook_of_the_library_carries_the_whole_loop(name: str) -> None:
    actions = {step.do.action for step in load()[name].steps}

    assert {"ask_fact", "open_report", "draft_notice", "plan_population", "manual"} <= actions


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "broken.yaml"
    path.write_text("id: [", encoding="utf-8")

    assert [finding.code for finding in lint_file(path)] == ["unreadable"]
    assert lint_file(LIBRARY / "ransomware.yaml", facts=FACTS) == []


def test_the_playbook_named_like_the_kind_is_chosen() -> None:
    assert for_kind(load(), "ransomware") is load()["ransomware"]
    assert for_kind(load(), "lost_device") is load()["personal_data_leak"]
    assert for_kind(load(), "flood") is None

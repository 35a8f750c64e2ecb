"""Clocks that hang on one another: early warning → notification → final report."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.errors import CatalogueError
from incidents.rules.catalogue import load, load_readable
from incidents.rules.chains import BrokenChain, in_order
from incidents.rules.duties import assess
from tests.rules.laws import HEAD, laws, rule

AWARE = datetime(2026, 3, 2, 10, tzinfo=UTC)
NOW = AWARE + timedelta(hours=1)
FINAL = rule(
    "xx-c-final",
    trigger="{facts: [intermediate_reported_at], or_due_of: xx-b-notice}",
    clock="{months: 1}",
)
NOTICE = rule(
    "xx-b-notice",
    trigger="{facts: [authority_notified_at], or_due_of: xx-a-warning}",
    clock="{hours: 48}",
)
WARNING = rule("xx-a-warning", clock="{hours: 24}")


def due(**facts: object) -> dict:
    catalogue = laws(FINAL, NOTICE, WARNING)  # the last of the chain stands first
    known = {"role": "controller", "aware_at": AWARE, **facts}
    return {duty.rule: duty.due_at for duty in assess(known, catalogue, NOW)}


def test_a_chain_is_counted_from_its_first_link_to_its_last() -> None:
    # 24 h: Tue 3rd 10:00; 48 h on: Thu 5th 10:00; a month on: 5 April, 24:00.
    dues = due()
    assert dues["xx-a-warning"] == datetime(2026, 3, 3, 10, tzinfo=UTC)
    assert dues["xx-b-notice"] == datetime(2026, 3, 5, 10, tzinfo=UTC)
    assert dues["xx-c-final"] == datetime(2026, 4, 6, tzinfo=UTC)


def test_a_link_that_is_done_starts_the_rest_from_its_own_moment() -> None:
    dues = due(authority_notified_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert dues["xx-b-notice"] == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert dues["xx-c-final"] == datetime(2026, 4, 5, tzinfo=UTC)


def test_a_circle_is_refused_and_each_of_its_rules_named(tmp_path) -> None:
    circle = rule("xx-a-warning", trigger="{facts: [aware_at], or_due_of: xx-c-final}")
    catalogue = laws(FINAL, NOTICE, circle)
    with pytest.raises(BrokenChain, match="xx-a-warning") as refused:
        in_order({one.id: one for one in catalogue.rules})
    assert all(name in refused.value.why for name in ("xx-b-notice", "xx-c-final"))
    (tmp_path / "bad.yaml").write_text(HEAD + "\n".join((FINAL, NOTICE, circle)))
    (tmp_path / "good.yaml").write_text(HEAD.replace("xx.test", "xx.good") + rule("xx-good-1"))
    with pytest.raises(CatalogueError, match=r"bad\.yaml: xx-.*or_due_of: .*circle"):
        load(tmp_path)
    rest = load_readable(tmp_path)
    assert [one.id for one in rest.rules] == ["xx-good-1"]
    assert [error.file for error in rest.unread] == ["bad.yaml"]

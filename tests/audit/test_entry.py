"""What an entry says, in which bytes, and what it can never say."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.audit.details import Unfit, one_of
from incidents.audit.entry import canonical, commitment, entry_body
from incidents.audit.kinds import KINDS, fit
from incidents.rules.permissions import Role

ID = UUID("01900000-0000-7000-8000-000000000001")
names = st.text(st.characters(codec="ascii"), max_size=8)
documents = st.recursive(
    st.integers(-(2**53) + 1, 2**53 - 1) | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
)
# What must never get in: names, addresses, numbers, sentences, tokens, a secret in any script.
CANARIES = [
    "Alice Example",
    "alice@example.com",
    "+12025550123",
    "12025550123",
    "lost her phone",
    "王小明",
    "toc_live_3Xa",
    "192.0.2.7",
    "",
    " ",
    "a\nb",
    b"bytes",
    1.5,
    {"DE": "Alice"},
    {"alice@example.com": 1},
    ["Alice Example"],
    datetime(2026, 1, 1),  # noqa: DTZ001 - naive on purpose
]


def body(**changes):
    values = {"entry_id": ID, "at": datetime(2026, 3, 2, 9, tzinfo=UTC), "kind": "duty.meet"}
    return entry_body(**values | {"actor_id": ID} | changes)


@settings(deadline=None)
@given(st.dictionaries(names, documents, max_size=5))
def test_our_bytes_are_those_of_rfc_8785(document):
    assert canonical(document) == rfc8785.dumps(document)


@pytest.mark.parametrize("value", [1.5, None, b"x", object(), {"ä": 1}, {1: 2}, [0.1]])
def test_what_is_outside_the_profile_is_refused(value):
    with pytest.raises(Unfit):
        canonical({"value": value})


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_free_text_fits_no_detail_of_any_kind(kind):
    for name in KINDS[kind]:
        for canary in CANARIES:
            with pytest.raises(Unfit) as refused:
                fit(kind, [(name, canary)])
            assert not isinstance(canary, str) or len(canary) < 3 or canary not in str(refused)


def test_a_body_says_when_what_who_and_about_what():
    east = timezone(timedelta(hours=8))
    said = json.loads(
        body(
            at=datetime(2026, 3, 2, 17, 0, 0, 5, tzinfo=east),
            incident_id=ID,
            subject_type="duty",
            subject_id=ID,
            details={"rule": "eu-gdpr-33", "due_at": datetime(2026, 3, 5, tzinfo=UTC)},
        )
    )
    assert said["at"] == "2026-03-02T09:00:00.000005Z"
    assert said["incident"] == said["actor"] == str(ID)
    assert said["subject"] == {"type": "duty", "id": str(ID)}
    assert said["detail"] == {"rule": "eu-gdpr-33", "due_at": "2026-03-05T00:00:00.000000Z"}


def test_a_detail_left_empty_is_left_out():
    assert json.loads(body(details={"rule": None, "stage": "initial"}))["detail"] == {
        "stage": "initial"
    }


def test_an_undeclared_detail_or_kind_is_refused_with_what_there_is():
    with pytest.raises(Unfit, match="duty_meet"):
        body(kind="duty_meet")
    with pytest.raises(Unfit, match="declares no detail 'why'; it has action, after, before"):
        body(kind="incident.transition", details={"why": 1})


def test_true_is_no_number_and_a_number_no_yes():
    for name, value in (("rows", True), ("rows", 2**53), ("rows", "7"), ("by_place", {"DE": True})):
        with pytest.raises(Unfit):
            fit("population.import.finish", [(name, value)])
    with pytest.raises(Unfit):
        fit("user.create", [("active", 1)])


def test_an_enum_stands_for_its_value():
    assert fit("user.create", [("roles", [Role.APPROVER])]) == {"roles": ["approver"]}
    assert one_of(Role)("auditor") == "auditor"


def test_a_commitment_tells_nothing_without_its_salt():
    first, second = commitment(b"a" * 16, "no reason"), commitment(b"b" * 16, "no reason")
    assert first != second
    assert first == commitment(b"a" * 16, "no reason")
    with pytest.raises(ValueError, match="salt"):
        commitment(b"", "no reason")

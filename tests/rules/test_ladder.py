"""What silence means, how long to wait, and which ladders can be climbed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents.errors import InvalidInput
from incidents.rules.ladder import (
    UNKNOWN_POLICIES,
    Verdict,
    checked_ladder,
    people_per_envelope,
    retry_after,
    verdict,
)

ROUTES = {"email": "sendgrid", "sms": "twilio"}


@pytest.mark.parametrize(
    ("finding", "reads", "absent", "can_look", "policy", "expected"),
    [
        ("found", 1, 0, True, "hold", Verdict.ACCEPT),
        ("absent", 1, 1, True, "hold", Verdict.LOOK),
        ("absent", 2, 2, True, "hold", Verdict.AGAIN),
        ("absent", 2, 1, True, "hold", Verdict.LOOK),
        ("cannot_tell", 2, 1, True, "resend_marked", Verdict.LOOK),
        ("cannot_tell", 10, 0, True, "hold", Verdict.HOLD),
        ("cannot_tell", 1, 0, False, "hold", Verdict.HOLD),
        ("cannot_tell", 1, 0, False, "resend_marked", Verdict.RESEND),
        ("cannot_tell", 1, 0, False, "next_channel", Verdict.NEXT),
    ],
)
def test_only_evidence_or_the_declared_policy_settles_an_unknown(
    finding, reads, absent, can_look, policy, expected
):
    known = {"absent": absent, "can_look": can_look, "policy": policy}
    assert verdict(finding, reads, replaces=False, **known) is expected


@pytest.mark.parametrize("policy", UNKNOWN_POLICIES)
def test_a_copy_that_replaces_the_first_one_goes_before_any_policy_but_after_all_evidence(policy):
    known = {"absent": 0, "replaces": True, "policy": policy}
    assert verdict("cannot_tell", 1, can_look=False, **known) is Verdict.REPLACE
    assert verdict("cannot_tell", 1, can_look=True, **known) is Verdict.LOOK
    assert verdict("found", 1, can_look=False, **known) is Verdict.ACCEPT


def test_waits_double_up_to_a_limit_and_are_never_shorter_than_asked():
    assert retry_after(1, None, 0) == timedelta(seconds=1)
    assert retry_after(4, None, 0) == timedelta(seconds=8)
    assert retry_after(500, None, 0) == timedelta(minutes=5)
    assert retry_after(1, 90, 0) == timedelta(seconds=90)
    assert retry_after(1, 90, 1) > timedelta(seconds=90)
    assert retry_after(4, 0, 0) == timedelta(seconds=8)  # «at once» to whoever was just told off


def test_a_ladder_always_ends_with_the_announcement_that_needs_no_address():
    assert checked_ladder(["email", "sms"], ROUTES) == ["email", "sms", "announcement"]
    assert checked_ladder(["announcement", "sms"], ROUTES) == ["sms", "announcement"]


@pytest.mark.parametrize("ladder", [["push"], ["pigeon"], ["sms", "sms"]])
def test_a_rung_that_cannot_be_used_is_refused(ladder):
    with pytest.raises(InvalidInput):
        checked_ladder(ladder, ROUTES)


def test_a_courier_that_takes_one_person_gets_one():
    assert people_per_envelope("sendgrid", 5_000) == 1_000
    assert people_per_envelope("smtp", 1_000) == 1

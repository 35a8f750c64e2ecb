import pytest

from incidents.rules.catalogue import load
from incidents.rules.substitute_notice import Proposal, SubstituteFacts, propose


def proposed(
    population: dict, unreachable: dict | None = None, duties: object = None, **rest: object
) -> Proposal:
    facts = SubstituteFacts(population, unreachable or {}, **rest)
    return propose(facts, load(), duties)


def rules(proposal: Proposal) -> set[str]:
    return {ground.rule for ground in proposal.grounds}


@pytest.mark.parametrize(
    ("population", "unreachable", "rest", "rule", "expected"),
    [
        ({"US-TX": 900}, {"US-TX": 10}, {}, "us-hipaa-164-404-d-2-ii", True),
        ({"US-TX": 900}, {"US-TX": 9}, {}, "us-hipaa-164-404-d-2-ii", False),
        ({"US-TX": 900, "DE": 900}, {"DE": 90}, {}, "us-hipaa-164-404-d-2-ii", False),
        ({"US-CA": 500_001}, {}, {}, "us-ca-1798-82-j-3", True),
        ({"US-CA": 500_000}, {}, {}, "us-ca-1798-82-j-3", False),
        ({"US-CA": 5}, {}, {"notice_cost_usd": 250_001}, "us-ca-1798-82-j-3", True),
        ({"US-CA": 5}, {}, {"notice_cost_usd": 250_000}, "us-ca-1798-82-j-3", False),
        ({"US-CA": 5}, {"US-CA": 1}, {}, "us-ca-1798-82-j-3", True),
        ({"DE": 5}, {}, {"disproportionate_effort": True}, "eu-gdpr-34-3-c", True),
        ({"DE": 5}, {"DE": 4}, {}, "eu-gdpr-34-3-c", False),
        ({"CN": 500}, {"CN": 1}, {}, "cn-gbt-35273-10-2", True),
        ({"CN": 500}, {}, {}, "cn-gbt-35273-10-2", False),
        ({"JP": 100}, {"JP": 5}, {}, "house-share-unreachable", True),
        ({"JP": 100}, {"JP": 4}, {}, "house-share-unreachable", False),
        ({"JP": 1000}, {"JP": 1}, {"hours_left": 12}, "house-deadline-near", True),
        ({"JP": 1000}, {"JP": 1}, {"hours_left": 13}, "house-deadline-near", False),
    ],
)
def test_a_public_notice_is_proposed_at_the_threshold_of_each_law(
    population: dict, unreachable: dict, rest: dict, rule: str, expected: bool
) -> None:
    assert (rule in rules(proposed(population, unreachable, **rest))) is expected


def test_nothing_is_proposed_while_everyone_can_be_told() -> None:
    proposal = proposed({"DE": 500, "CN": 900, "US-CA": 20}, notice_cost_usd=10.0)
    assert not proposal.proposed
    assert proposal.grounds == ()
    assert "disproportionate_effort" in proposal.missing


def test_each_ground_carries_its_reason_and_source_and_the_longest_posting_counts() -> None:
    proposal = proposed({"US-CA": 90}, {"US-CA": 12})
    assert proposal.days == 90
    assert any("45 CFR 164.404(d)(2)(ii)" in reason for reason in proposal.reasons)
    assert all(ground.why and ground.source for ground in proposal.grounds)


def test_only_the_laws_under_which_people_are_told_are_asked() -> None:
    proposal = proposed({"US-CA": 90}, {"US-CA": 12}, duties=["us-ca-1798-82-people"])
    assert rules(proposal) == {"us-ca-1798-82-j-3", "house-share-unreachable"}


def test_our_own_share_can_be_set() -> None:
    facts = SubstituteFacts({"JP": 100}, {"JP": 1})
    assert "house-share-unreachable" in rules(propose(facts, load(), share_at=0.01))

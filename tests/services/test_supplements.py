"""A supplementary notice goes to exactly those who got the first; the equation counts them."""

from __future__ import annotations

import pytest

from incidents.database.campaigns import Delivery
from incidents.database.notices import Notice
from incidents.errors import Conflict
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, equation, population
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import REFUSED, mailbox, make_notice, make_people

PHONE = "+12025550101"


def supplement(one):
    """A second notice that adds to the first, approved."""
    with one.office.work(TOCSIN) as work:
        notice = make_notice(work, one.incident)
        work.session.get_one(Notice, notice.id).supplements = one.notice.id
    return notice.id


def launch(one, notice_id):
    with one.office.work(TOCSIN) as work:
        return campaigns.launch(work, notice_id, LaunchOptions()).id


def count(one, campaign_id):
    with one.office.look(TOCSIN) as work:
        found = equation.equation(work, campaign_id)
    assert found.holds
    return {bucket: people for bucket, people in found.buckets.items() if people}, found.total


def told(one):
    heard, one.email.ledger, one.sms.ledger = one.email.told() + one.sms.told(), [], []
    return heard


def test_exactly_those_who_got_the_first_get_the_second(telling):
    people = [mailbox(1), mailbox(2), mailbox(3, withheld="police_hold"), {}, mailbox(4)]
    one = telling([*people, mailbox(5, phone=PHONE)])
    one.launch()
    one.pump()
    envelope = one.email.ledger[0]
    refs = {person.address: at for at, person in enumerate(envelope.people)}
    bounced = [refs["person4@example.com"], refs["person5@example.com"]]
    one.fold(
        one.receipt(envelope, ReceiptKind.DELIVERED, refs["person1@example.com"]),
        *(one.receipt(envelope, ReceiptKind.BOUNCED, person) for person in bounced),
    )
    one.pump()
    assert told(one)
    second = launch(one, supplement(one))
    assert count(one, second) == ({"waiting": 3}, 3)
    one.pump()
    # person5 is told by the rung that told them: the mailbox that bounced is closed by now.
    one.tend(60)
    assert set(told(one)) >= {"person1@example.com", "person2@example.com"}
    buckets, total = count(one, second)
    assert (sum(buckets.values()), total) == (3, 3)


def test_nobody_gets_a_supplement_to_what_they_never_got(telling):
    one = telling([mailbox(1)])
    notice = supplement(one)
    with pytest.raises(Conflict, match="has not been launched"):
        launch(one, notice)
    one.launch()
    with pytest.raises(Conflict, match="nobody has got"):
        launch(one, notice)


def test_who_was_only_announced_to_is_not_in_it(telling):
    one = telling([mailbox(1), {}])
    one.launch()
    one.pump()
    second = launch(one, supplement(one))
    assert count(one, second) == ({"waiting": 1}, 1)


def test_who_is_withheld_since_then_gets_nothing_and_is_counted(telling):
    one = telling([mailbox(1, ref="1"), mailbox(2, ref="2")])
    one.launch()
    one.pump()
    with one.office.work(TOCSIN) as work:
        assert population.withhold(work, one.incident.id, ["1"], "police_hold") == 1
    assert told(one)
    second = launch(one, supplement(one))
    one.pump()
    assert told(one) == ["person2@example.com"]
    assert count(one, second) == ({"withheld": 1, "accepted": 1}, 2)


def test_who_is_found_later_gets_the_first_notice_and_then_the_second(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.pump()
    one.tend()
    second = launch(one, supplement(one))
    one.pump()
    one.tend()
    assert told(one) == ["person1@example.com"] * 2
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(2)])
    one.tend()
    one.pump()
    assert told(one) == ["person2@example.com"]
    one.tend()
    one.pump()
    assert told(one) == ["person2@example.com"]
    assert count(one, second) == ({"accepted": 2}, 2)


def test_who_turns_out_not_to_have_got_the_first_stays_in_the_sum_of_the_second(telling):
    one = telling([mailbox(1), mailbox(2)])
    one.launch()
    one.pump()
    envelope = one.email.ledger[0]
    second = launch(one, supplement(one))
    one.fold(one.receipt(envelope, ReceiptKind.BOUNCED))
    assert count(one, second)[1] == 2


def test_a_refused_envelope_told_nobody(telling):
    one = telling([mailbox(1), mailbox(2)], people_per_envelope=1)
    one.email.answers = [REFUSED]
    one.launch()
    one.pump()
    second = launch(one, supplement(one))
    assert count(one, second) == ({"waiting": 1}, 1)
    assert {row.channel for row in one.rows(Delivery)} == {"email", "announcement"}

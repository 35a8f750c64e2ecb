"""Whom a stopped campaign did not reach can be told, exactly those; nobody is told twice."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select

from incidents.database import audience
from incidents.database.campaigns import Campaign, Envelope
from incidents.database.notices import Notice
from incidents.database.pages import has_id_on_page
from incidents.database.population import Recipient
from incidents.database.proofs import CampaignProof
from incidents.database.told import told_by_place
from incidents.errors import Conflict
from incidents.office import signing_key
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, decisions, dry_run, population, proofs, rest
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import ACCEPTED, REFUSED, UNKNOWN, mailbox, make_notice, make_people


def stop(one):
    with one.office.work(TOCSIN) as work:
        campaigns.stop(work, one.id)


def stopped_after(telling, count, people):
    """A campaign that was stopped while the last of so many envelopes, of one person, was sent."""
    one = telling(people, people_per_envelope=1, messages_per_lease=1, settle_seconds=60.0)
    one.launch()
    stop_after(one, count)
    one.pump()
    return one


def stop_after(one, count):
    def last(_envelope):
        stop(one)
        return ACCEPTED

    one.email.answers = [*([ACCEPTED] * (count - 1)), last]


def to_rest(one, of=None):
    """An approved notice to the rest of a notice's stopped campaign."""
    with one.office.work(TOCSIN) as work:
        notice = make_notice(work, one.incident)
        work.session.get_one(Notice, notice.id).rest_of = of or one.notice.id
    return notice.id


def launch(one, notice_id):
    with one.office.work(TOCSIN) as work:
        one.id = campaigns.launch(work, notice_id, LaunchOptions()).id
    return one.id


def counted(one):
    """(told, in doubt, rest) of the newest campaign."""
    with one.office.look(TOCSIN) as work:
        found = rest.count(work, one.id)
    return found.told, found.in_doubt, found.rest


def told(one):
    return sorted(one.email.told() + one.sms.told())


def test_exactly_those_whom_it_did_not_reach_are_told(telling):
    people = [mailbox(number) for number in range(5)]
    one = stopped_after(telling, 2, people)
    assert counted(one) == (2, 0, 3)
    first = one.id
    with one.office.look(TOCSIN) as work:
        seen = dry_run.plan(work, to_rest(one), LaunchOptions())
    assert sum(leg.people for leg in seen.legs) == 3
    second = launch(one, to_rest(one))
    assert sum(one.buckets().values()) == 3
    one.pump()
    assert told(one) == [person["email"] for person in people]
    assert one.buckets() == {"accepted": 3}
    with one.office.look(TOCSIN) as work:
        (alone,) = told_by_place(work.session, one.incident.id, [second])
        (both,) = told_by_place(work.session, one.incident.id, [first, second])
    assert (alone.accepted, both.accepted, both.total) == (3, 5, 5), "who proves a duty met"


def test_the_proof_of_the_second_counts_exactly_its_people(telling):
    one = stopped_after(telling, 2, [mailbox(number) for number in range(5)])
    first = one.id
    one.tend()
    launch(one, to_rest(one))
    one.pump()
    one.tend()
    while proofs.make_due(one.office, signing_key(one.office.settings)):
        pass
    proved = {row.campaign_id: row.buckets for row in one.rows(CampaignProof)}
    assert proved == {first: {"accepted": 2, "suppressed": 3}, one.id: {"accepted": 3}}


def test_whom_nobody_knows_to_have_been_told_is_never_told_again(telling):
    one = telling([mailbox(1), mailbox(2)], people_per_envelope=1)
    one.launch()
    one.email.answers = [UNKNOWN]
    one.pump()
    stop(one)
    assert counted(one) == (1, 1, 0)
    with pytest.raises(Conflict, match="everybody was told, or may have been"):
        launch(one, to_rest(one))


def test_who_was_sent_to_again_without_evidence_stays_in_doubt_whatever_comes(telling):
    one = telling([mailbox(1, ref="1"), mailbox(2, ref="2")], settle_seconds=60.0)
    one.leave_in_doubt()
    with one.office.work(TOCSIN) as work:
        decisions.resend_held(work, one.id, "silence is worse")
        population.withhold(work, one.incident.id, ["1"], "police_hold")
    stop(one)
    assert {row.state for row in one.rows(Envelope)} == {"cancelled"}
    assert counted(one) == (0, 2, 0)


def test_what_was_looked_up_and_had_not_left_joins_the_rest_later(telling):
    people = [mailbox(1), mailbox(2), mailbox(3)]
    one = telling(people, people_per_envelope=1, settle_seconds=60.0)
    one.launch()
    one.email.answers = [UNKNOWN, REFUSED]
    one.pump()
    stop(one)
    assert counted(one) == (1, 1, 1)
    launch(one, to_rest(one))
    one.pump()
    assert one.buckets() == {"accepted": 1}
    for _ in range(4):
        one.tend(later=61)
    one.pump()
    assert one.buckets() == {"accepted": 2}
    assert told(one) == [f"person{number}@example.com" for number in (1, 2, 3)]


def test_who_bounces_after_the_stop_joins_the_second(telling):
    one = stopped_after(telling, 1, [mailbox(1), mailbox(2)])
    one.tend()
    (envelope,) = one.email.ledger
    launch(one, to_rest(one))
    one.pump()
    one.fold(one.receipt(envelope, ReceiptKind.BOUNCED))
    assert one.buckets() == {"accepted": 1, "planned": 1}
    one.tend()
    one.pump()
    assert one.buckets() == {"accepted": 2}
    assert len(one.email.ledger) == 3


@pytest.mark.parametrize("kind", [ReceiptKind.COMPLAINED, ReceiptKind.OPTED_OUT])
def test_who_answered_the_message_had_it_and_is_not_told_again(telling, kind):
    one = stopped_after(telling, 1, [mailbox(1), mailbox(2)])
    one.fold(one.receipt(one.email.ledger[0], kind))
    assert counted(one) == (0, 1, 1)


def test_the_rest_of_the_rest_leaves_out_whom_either_told(telling):
    one = stopped_after(telling, 1, [mailbox(number) for number in range(4)])
    second = to_rest(one)
    third, other = to_rest(one, of=second), to_rest(one)
    launch(one, second)
    with pytest.raises(Conflict, match="tells the rest already"):
        launch(one, other)
    with pytest.raises(Conflict, match="was not stopped"):
        launch(one, third)
    stop_after(one, 1)
    one.pump()
    launch(one, other)
    one.pump()
    assert one.buckets() == {"accepted": 2}
    assert told(one) == [f"person{number}@example.com" for number in range(4)]


def test_who_is_found_after_the_stop_is_among_the_rest(telling):
    one = stopped_after(telling, 1, [mailbox(1)])
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(2)])
    assert counted(one) == (1, 0, 1)
    launch(one, to_rest(one))
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(3)])
    one.pump()
    one.tend()
    one.pump()
    assert told(one) == [f"person{number}@example.com" for number in (1, 2, 3)]


def test_only_what_was_stopped_has_a_rest(telling):
    one = telling([mailbox(1)])
    one.launch()
    with pytest.raises(Conflict, match="was not stopped"):
        launch(one, to_rest(one))


def test_the_rest_of_a_supplement_are_some_of_those_who_got_the_first(telling):
    one = telling([mailbox(1), {}, mailbox(2)], people_per_envelope=1)
    one.launch()
    one.pump()
    with one.office.work(TOCSIN) as work:
        supplement = make_notice(work, one.incident)
        work.session.get_one(Notice, supplement.id).supplements = one.notice.id
    launch(one, supplement.id)
    stop(one)
    launch(one, to_rest(one, of=supplement.id))
    one.pump()
    assert one.buckets() == {"accepted": 2}


def test_asked_page_by_page_the_rest_is_the_same(telling):
    one = stopped_after(telling, 4, [mailbox(number) for number in range(9)])
    launch(one, to_rest(one))
    with one.office.look(TOCSIN) as work:
        campaign = work.session.get_one(Campaign, one.id)
        work.session.expunge(campaign)
        everybody = sorted(one.people)
        found = []
        for campaign.placed_to, end in ((None, everybody[2]), (everybody[2], everybody[6])):
            page = partial(has_id_on_page, campaign=campaign, end=end)
            such = audience.in_audience(campaign, page)
            query = select(Recipient.id).where(page(Recipient.id), such)
            found += sorted(work.session.scalars(query))
        campaign.placed_to = None
        query = select(Recipient.id).where(audience.in_audience(campaign))
        assert found == [who for who in sorted(work.session.scalars(query)) if who <= everybody[6]]
    assert found

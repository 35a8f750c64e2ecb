"""Who is packed with whom: by provider, place, window and words; barred and held people too."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from incidents.database import pages, placements
from incidents.database.campaigns import Campaign, Delivery, Envelope, locked_campaign
from incidents.database.notices import standing_approval
from incidents.database.population import Recipient
from incidents.rules.ladder import BARRED
from incidents.rules.tracks import Lane
from incidents.services import ladder, planning
from incidents.work import TOCSIN
from tests.services.telling import NOW, Campaigning, mailbox

PHONE = "+12025550101"
RUNGS = ["email", "sms", "announcement"]
HOME = {"email": [Lane("abroad", max_people=100, never=frozenset({"CN"}))]}


def place(one: Campaigning, rungs=RUNGS, **changes):
    """Place everybody in a campaign of their own, with the placing changed so."""
    with one.office.work(TOCSIN) as work:
        campaign = Campaign(
            incident_id=one.incident.id,
            mode="live",
            notice_id=one.notice.id,
            approval_id=standing_approval(work.session, one.notice.id).id,
            status="running",
            ladder=rungs,
            routes=planning.routes_of(rungs, {"email": "sendgrid", "sms": "twilio"}),
            launched_at=work.now,
            launched_by=work.actor.id,
        )
        work.session.add(campaign)
        work.session.flush()
        one.id = campaign.id
        _place_page(work, campaign, changes)


def _place_page(work, campaign, changes):
    kinds = pages.kinds_on_page(work.session, campaign, None)
    placing = replace(planning.placing(work, campaign, kinds), **changes)
    placements.place_page(work.session, placing, None)
    campaign.population_count = pages.added_people(work.session, campaign.incident_id)


def packed(one: Campaigning):
    """(provider, people) of each envelope."""
    return Counter((row.provider, row.people_count) for row in one.rows(Envelope))


def placed(one: Campaigning):
    return Counter((row.channel, row.outcome, row.reason) for row in one.rows(Delivery))


def test_a_channel_that_is_barred_for_a_person_is_passed_over(telling):
    one = telling([mailbox(n, phone=PHONE) for n in range(3)] + [mailbox(3)])
    _bar(one, one.people[0], BARRED["email"])
    _bar(one, one.people[1], BARRED["sms"])
    _bar(one, one.people[3], BARRED["email"] | BARRED["sms"])
    one.launch()
    assert placed(one) == {
        ("sms", "", ""): 1,
        ("email", "", ""): 2,
        ("announcement", "", ""): 1,
    }


def test_a_channel_barred_on_the_way_up_is_passed_over_too(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        work.session.get_one(Recipient, one.people[0]).barred = BARRED["sms"]
        delivery = work.session.query(Delivery).one()
        delivery.is_current, delivery.outcome = False, "failed"
        work.session.flush()
        ladder.move_on(work, locked_campaign(work.session, one.id), one.people)
    assert placed(one) == {("email", "failed", ""): 1, ("announcement", "", ""): 1}


def _bar(one, person, bits):
    with one.office.work(TOCSIN) as work:
        work.session.get_one(Recipient, person).barred = bits


def test_providers_share_people_by_weight_and_each_has_its_own_envelope_size(telling):
    one = telling([mailbox(n) for n in range(40)])
    lanes = {"email": [Lane("sendgrid", 30, 12), Lane("idle", 0, 50), Lane("smtp", 10, 1)]}
    place(one, lanes=lanes)
    assert packed(one) == {("sendgrid", 12): 2, ("sendgrid", 6): 1, ("smtp", 1): 10}
    assert sorted(row.ordinal for row in one.rows(Envelope)) == list(range(1, 14))


def test_people_who_move_up_one_by_one_are_shared_by_weight_too(telling):
    one = telling([{"phone": PHONE} for _ in range(8)])
    lanes = {"sms": [Lane("twilio"), Lane("other")]}
    place(one, ["announcement"])
    with one.office.work(TOCSIN) as work:
        campaign = locked_campaign(work.session, one.id)
        campaign.ladder = RUNGS
        work.session.query(Delivery).delete()
        for person in one.people:
            kinds = pages.kinds_among(work.session, [person])
            placing = replace(planning.placing(work, campaign, kinds), lanes=lanes)
            placements.move_on(work.session, placing, [person])
    assert packed(one) == {("twilio", 1): 4, ("other", 1): 4}


def test_an_address_never_stands_twice_in_an_envelope_of_any_provider(telling):
    family = [{"email": "family@example.com"} for _ in range(6)]
    one = telling([*family, *(mailbox(n) for n in range(6))])
    place(one, lanes={"email": [Lane("a", 1, 100), Lane("b", 1, 100)]})
    with one.office.look(TOCSIN) as work:
        pairs = work.session.query(Delivery.envelope, Recipient.email_index).join(
            Recipient, Recipient.id == Delivery.recipient_id
        )
        assert max(Counter(tuple(pair) for pair in pairs).values()) == 1
    assert sum(row.people_count for row in one.rows(Envelope)) == 12


def test_who_may_not_be_served_on_a_rung_stands_on_the_next_one(telling):
    one = telling([mailbox(1, place="CN", phone=PHONE), mailbox(2)])
    place(one, lanes=HOME | {"sms": [Lane("at_home")]})
    assert packed(one) == {("abroad", 1): 1, ("at_home", 1): 1}


def test_who_may_be_served_by_nobody_is_held_and_who_has_no_address_is_announced_to(telling):
    one = telling(
        [mailbox(1, place="CN"), {"place": "CN"}, mailbox(2, place="CN", withheld="police")]
    )
    place(one, lanes=HOME)
    assert placed(one) == {
        ("email", "withheld", "residency"): 1,
        ("announcement", "", ""): 1,
        ("email", "withheld", "police"): 1,
    }
    assert one.buckets() == {"withheld": 2, "exhausted": 1}
    assert one.rows(Envelope) == []


def test_who_was_held_for_their_place_is_placed_once_somebody_may_serve_it(telling):
    people = [mailbox(n, place="CN" if n < 3 else "RU") for n in range(5)]
    one = telling([*people, mailbox(9, place="CN", withheld="police")])
    never = Lane("abroad", max_people=100, never=frozenset({"CN", "RU"}))
    place(one, lanes={"email": [never]})
    assert one.buckets() == {"withheld": 6}
    with one.office.work(TOCSIN) as work:
        assert ladder.place_again(work, locked_campaign(work.session, one.id), ["CN"]) == 3
    assert one.buckets() == {"withheld": 3, "waiting": 3}
    assert packed(one) == {("sendgrid", 3): 1}


def test_people_of_different_windows_never_share_an_envelope_and_none_leaves_early(telling):
    one = telling([mailbox(n, place="DE" if n % 2 else "JP") for n in range(4)])
    place(one, opens_at={"email": {"JP": NOW + timedelta(hours=8)}})
    opens = {row.next_at: row.people_count for row in one.rows(Envelope)}
    assert opens == {NOW: 2, NOW + timedelta(hours=8): 2}
    assert one.pump() == 2
    one.later(8 * 3600)
    assert one.pump() == 2


def test_people_who_read_different_words_never_share_an_envelope(telling):
    one = telling([mailbox(n, place="US-CA" if n % 2 else "US-TX") for n in range(4)])
    place(one, variants={"US-CA": "california"})
    words = Counter((row.variant, row.people_count) for row in one.rows(Envelope))
    assert words == {("california", 2): 1, ("", 2): 1}

"""Opt-outs: who is closed to one rung is told on the next one, and nobody falls off."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Delivery, Envelope
from incidents.database.population import Recipient
from incidents.database.suppressions import Suppression
from incidents.errors import Conflict, InvalidInput
from incidents.rules.launch_options import LaunchOptions
from incidents.services import (
    barring,
    campaigns,
    hearsay,
    incidents,
    population,
    suppression_import,
    suppressions,
)
from incidents.services.suppressions import Asked
from incidents.vault.blind_index import blind_index
from incidents.vault.data_keys import data_key
from incidents.work import TOCSIN
from notifiers.envelope import Finding, FindingKind, Outcome, OutcomeKind, ReceiptKind
from tests.factories import make_incident
from tests.services.telling import mailbox, make_notice, make_people

PHONE, OTHER = "+12025550101", "+12025550102"


def suppress(one, address, reason, **more):
    with one.office.work(TOCSIN) as work:
        return suppressions.add(work, Asked(address, reason, **more)).id


def lift(one, suppression_id):
    with one.office.work(TOCSIN) as work:
        suppressions.lift(work, suppression_id)


def barred(one):
    return [row.barred for row in sorted(one.rows(Recipient), key=lambda row: row.id)]


def test_who_waits_on_a_rung_that_is_closed_to_them_is_moved_to_the_next_one(telling):
    one = telling([mailbox(1, phone=PHONE), mailbox(2), mailbox(3, phone=OTHER)])
    one.launch()
    suppress(one, "Person1@example.com", "hard_bounce")
    assert barred(one) == [1, 0, 0]
    assert one.buckets() == {"waiting": 3}
    one.pump()
    assert one.email.told() == ["person2@example.com", "person3@example.com"]
    assert one.sms.told() == [PHONE]
    assert one.buckets() == {"accepted": 3}


def test_who_has_no_other_rung_is_counted_as_exhausted_not_lost(telling):
    one = telling([mailbox(1), mailbox(2)])
    one.launch()
    suppress(one, "person1@example.com", "complaint")
    one.pump()
    assert one.buckets() == {"accepted": 1, "exhausted": 1}


def test_an_envelope_that_everybody_left_is_never_sent(telling):
    one = telling([mailbox(1)])
    one.launch()
    suppress(one, "person1@example.com", "do_not_contact")
    assert [row.state for row in one.rows(Envelope)] == ["cancelled"]
    one.pump()
    assert not one.email.ledger


def test_what_has_left_is_not_recalled(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.launch()
    one.pump()
    suppress(one, "person1@example.com", "do_not_contact")
    assert one.buckets() == {"accepted": 1}
    assert [row.is_current for row in one.rows(Delivery)] == [True]


@pytest.mark.parametrize("kind", [OutcomeKind.RETRY, OutcomeKind.UNKNOWN])
def test_what_is_closed_while_a_call_is_under_way_is_not_sent_to_again(telling, kind):
    one = telling([mailbox(1, phone=PHONE), mailbox(2)], settle_seconds=0.0)

    def closed_meanwhile(_envelope):
        suppress(one, "person1@example.com", "do_not_contact")
        return Outcome(kind, 500, reason="sendgrid 500")

    one.launch(unknown_policy="resend_marked")
    one.email.answers = [closed_meanwhile]
    for _ in range(4):
        one.pump()
        one.tend(later=61)
    assert one.email.told() == ["person2@example.com"]
    assert one.sms.told() == [PHONE]
    assert one.buckets() == {"accepted": 2}


def test_nothing_is_sent_under_a_key_once_an_address_inside_is_closed(telling):
    one = telling([mailbox(1)], settle_seconds=0.0)
    one.email.capabilities = replace(one.email.capabilities, native_key=True, looks_up=False)
    one.launch("email")
    one.email.findings = [Finding(FindingKind.CANNOT_TELL)]
    one.email.answers = [Outcome(OutcomeKind.UNKNOWN, 500)]
    one.pump()
    suppress(one, "person1@example.com", "do_not_contact")
    one.tend(later=61)
    assert not one.email.ledger
    assert one.buckets() == {"unknown": 1}


def test_a_marketing_opt_out_bars_no_notice(telling):
    one = telling([mailbox(1)])
    suppress(one, "person1@example.com", "marketing")
    one.launch()
    one.pump()
    assert one.email.told() == ["person1@example.com"]


def test_do_not_contact_closes_a_number_to_messages_and_calls_and_stop_only_to_messages(telling):
    one = telling([{"phone": PHONE}, {"phone": OTHER}])
    suppress(one, PHONE, "do_not_contact")
    suppress(one, OTHER, "stop")
    assert barred(one) == [2 | 8, 2]


def test_everybody_at_an_address_is_closed_and_of_a_closed_incident_once_it_is_reopened(telling):
    one = telling([mailbox(1), mailbox(1, name="Bo Example"), mailbox(2)])
    with one.office.work(TOCSIN) as work:
        ended = make_incident(work, status="closed", closed_at=work.now)
        make_people(work, ended, [mailbox(1)])
    one.later(60)
    suppress(one, "person1@example.com", "complaint")
    assert barred(one) == [1, 1, 0, 0]
    with one.office.work(TOCSIN) as work:
        incidents.move(work, ended.id, "reopen", reason="More people were found")
    assert barred(one) == [1, 1, 0, 1]


def test_lifting_one_of_two_reasons_leaves_the_other(telling):
    one = telling([{"phone": PHONE}])
    stop = suppress(one, PHONE, "stop")
    never = suppress(one, PHONE, "do_not_contact")
    lift(one, never)
    assert barred(one) == [2]
    lift(one, stop)
    assert barred(one) == [0]


def test_the_same_is_not_added_twice_and_may_be_added_again_after_it_was_lifted(telling):
    one = telling([mailbox(1)])
    first = suppress(one, "person1@example.com", "complaint")
    with pytest.raises(Conflict, match="stands already"):
        suppress(one, "person1@example.com", "complaint")
    lift(one, first)
    with pytest.raises(Conflict, match="lifted already"):
        lift(one, first)
    suppress(one, "person1@example.com", "complaint")


def test_one_with_an_end_is_lifted_when_its_time_is_over(telling):
    one = telling([mailbox(1)])
    suppress(one, "person1@example.com", "do_not_contact", until=one.clock.now() + HOUR)
    one.later(3600)
    with one.office.work(TOCSIN) as work:
        assert suppressions.expire(work) == 1
    one.later(barring.GATHER.total_seconds())
    assert barring.settle_waiting(one.office)
    assert barred(one) == [0]
    with pytest.raises(InvalidInput, match="over"):
        suppress(one, "person1@example.com", "complaint", until=one.clock.now())


HOUR = timedelta(hours=1)


def test_a_list_closes_its_addresses_and_may_be_sent_again(telling):
    one = telling([mailbox(1, phone=PHONE), mailbox(2)])
    listed = b"address,reason\nperson1@example.com,complaint\n+1 202 555 0101,stop\nnobody,stop\n"
    taken = suppression_import.import_list(one.office, TOCSIN, [listed[:20], listed[20:]])
    assert (taken.added_count, taken.known_count, taken.rejected_count) == (2, 0, 1)
    assert [(reject.line, reject.column) for reject in taken.rejects] == [(4, "kind")]
    assert not barring.settle_waiting(one.office)  # more may follow
    one.later(barring.GATHER.total_seconds())
    assert barring.settle_waiting(one.office)
    assert barred(one) == [1 | 2, 0]
    again = suppression_import.import_list(one.office, TOCSIN, [listed])
    assert (again.added_count, again.known_count) == (0, 2)
    assert not barring.settle_waiting(one.office)


def test_people_who_are_imported_later_come_with_what_is_closed_to_them(telling):
    one = telling([mailbox(1)])
    suppress(one, "new@example.com", "hard_bounce")
    suppress(one, "+1 202 555 0101", "stop")
    people = b"name,email,phone\nNew,NEW@example.com,+12025550101\nOld,old@example.com,\n"
    population.import_people(one.office, TOCSIN, one.incident.id, [people])
    assert barred(one) == [0, 1 | 2, 0]


@pytest.mark.parametrize(
    ("kind", "code", "reason"),
    [
        (ReceiptKind.BOUNCED, "5.1.1", "hard_bounce"),
        (ReceiptKind.BOUNCED, "4.2.2", None),
        (ReceiptKind.COMPLAINED, "", "complaint"),
        (ReceiptKind.DROPPED, "", None),
        (ReceiptKind.DROPPED, "Bounced Address", "hard_bounce"),
        (ReceiptKind.DROPPED, "Spam Reporting Address", "complaint"),
        (ReceiptKind.DROPPED, "Spam Content", None),
    ],
)
def test_what_a_provider_says_for_good_holds_for_every_incident(telling, kind, code, reason):
    one = telling([mailbox(1)])
    one.launch()
    one.pump()
    with one.office.work(TOCSIN) as work:
        other = make_incident(work)
        make_people(work, other, [mailbox(1)])
    receipt = one.receipt(one.email.ledger[0], kind)
    one.fold(receipt._replace(code=code))
    one.fold(receipt._replace(code=code))
    assert [row.reason for row in one.rows(Suppression)] == ([reason] if reason else [])
    one.later(barring.GATHER.total_seconds())
    assert barring.settle_waiting(one.office) == bool(reason)
    assert barred(one) == ([1, 1] if reason else [0, 0])


def test_what_is_dropped_for_want_of_a_subscription_moves_on_now_and_closes_nothing(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.launch()
    one.pump()
    dropped = one.receipt(one.email.ledger[0], ReceiptKind.DROPPED)
    one.fold(dropped._replace(code="Unsubscribed Address"))
    one.pump()
    assert one.sms.told() == [PHONE]
    assert [(row.reason, row.bars) for row in one.rows(Suppression)] == [("marketing", 0)]
    assert barred(one) == [0]


def test_a_stop_that_was_taken_back_opens_sms_to_who_comes_later_and_moves_nobody_back(telling):
    one = telling([{"phone": PHONE}])
    with one.office.work(TOCSIN) as work:
        hearsay.stop_came(work, "twilio", PHONE)
    one.later(barring.GATHER.total_seconds())
    assert barring.settle_waiting(one.office)
    one.launch("sms", "announcement")
    assert (barred(one), one.buckets()) == ([2], {"exhausted": 1})
    with one.office.work(TOCSIN) as work:
        hearsay.start_came(work, "twilio", PHONE)
    one.later(barring.GATHER.total_seconds())
    assert barring.settle_waiting(one.office)
    assert (barred(one), one.buckets()) == ([0], {"exhausted": 1})
    with one.office.work(TOCSIN) as work:
        second = make_notice(work, one.incident)
        one.id = campaigns.launch(work, second.id, LaunchOptions(("sms", "announcement"))).id
    one.pump()
    assert one.sms.told() == [PHONE]


def test_an_address_that_is_none_by_now_costs_nobody_what_is_heard(telling):
    one = telling([{"phone": "55501"}, {"phone": OTHER}])
    one.launch("sms", "announcement")
    one.pump()
    one.fold(*(one.receipt(sent, ReceiptKind.OPTED_OUT) for sent in one.sms.ledger))
    assert one.buckets() == {"exhausted": 2}
    assert len(one.rows(Suppression)) == 1


def test_no_address_stands_in_the_open_and_nothing_links_people_across_incidents(telling):
    one = telling([mailbox(1)])
    row_id = suppress(one, "person1@example.com", "do_not_contact")
    with one.office.look(TOCSIN) as work:
        row = work.session.get_one(Suppression, row_id)
        assert suppressions.masks(work, [row]) == {row_id: "p•••@e•••.com"}
        known = blind_index(
            data_key(work.session, work.keyring, one.incident.id), "email", "person1@example.com"
        )
        assert row.address_index != known
        kept = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
        assert b"person1" not in kept
        entries = list(work.session.scalars(select(AuditEntry)))
        assert b"person1" not in b"".join(entry.body for entry in entries)
    assert [entry.kind for entry in entries] == ["suppression.add"]


def test_an_address_is_found_in_whatever_case_it_is_written(telling):
    one = telling([mailbox(1)])
    suppress(one, "Person1@example.com", "complaint")
    with one.office.look(TOCSIN) as work:
        found = suppressions.of_address(work, "PERSON1@EXAMPLE.com")
        assert [row.reason for row in found] == ["complaint"]
        assert not suppressions.of_address(work, "person2@example.com")


def test_who_is_closed_to_a_rung_is_never_placed_on_it(telling):
    one = telling([mailbox(1, phone=PHONE), mailbox(2)])
    suppress(one, "person1@example.com", "complaint")
    suppress(one, "person2@example.com", "do_not_contact")
    one.launch()
    channels = [(row.channel, row.outcome) for row in one.rows(Delivery)]
    assert sorted(channels) == [("announcement", ""), ("sms", "")]
    assert one.buckets() == {"waiting": 1, "exhausted": 1}


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("twilio 21610: the person replied STOP", ["stop"]),
        ("twilio 21211: no such number", []),
    ],
)
def test_what_a_refusal_says_for_good_closes_the_address(telling, reason, kept):
    one = telling([{"phone": PHONE}])
    one.sms.answers = [Outcome(OutcomeKind.REFUSED, 400, reason=reason)]
    one.launch("sms", "announcement")
    one.pump()
    assert [(row.reason, row.source) for row in one.rows(Suppression)] == [
        (reason, "twilio") for reason in kept
    ]
    assert one.buckets() == {"exhausted": 1}

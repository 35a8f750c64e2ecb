"""Two people write about one incident at the same moment: one waits, neither is lost."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

from sqlalchemy import func, select

from incidents.database.campaigns import Campaign, Delivery, locked_campaign
from incidents.database.duties import Duty
from incidents.database.incidents import Fact
from incidents.errors import Conflict, InvalidTransition, StaleEdit
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, duties, facts, incidents, planning, receipts, review
from incidents.work import TOCSIN, Actor
from notifiers.envelope import Finding, FindingKind, ReceiptKind
from tests.services.telling import UNKNOWN, mailbox, make_people

EU = {"role": "controller", "establishment": "DE", "breach_kinds": ["confidentiality"]}


def opened(office) -> UUID:
    with office.work(TOCSIN) as work:
        return incidents.open_incident(work, title="A leak", kind="personal_data_leak", facts=EU).id


def at_once(*deeds) -> list[object]:
    """What each deed gave or raised, all begun together."""

    def outcome(deed) -> object:
        try:
            return deed()
        except (Conflict, InvalidTransition, StaleEdit) as error:
            return error

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(outcome, deeds))


def test_facts_recorded_at_once_are_all_kept_and_judged_once(office):
    incident_id = opened(office)

    def learn(count: int):
        def deed() -> None:
            with office.work(TOCSIN) as work:
                places = {"people_by_place": {"DE": count}, "people_count": count}
                facts.record_all(work, incident_id, places, source=f"log {count}")
                review.review(work, incident_id)

        return deed

    assert at_once(*(learn(count) for count in range(100, 108))) == [None] * 8
    with office.look(TOCSIN) as work:
        current = select(func.count()).where(Fact.name == "people_count")
        assert work.session.scalar(current) == 8
        assert work.session.scalar(current.where(Fact.superseded_at.is_(None))) == 1
        twice = select(Duty.rule).group_by(Duty.rule, Duty.stage, Duty.place)
        assert work.session.scalars(twice.having(func.count() > 1)).all() == []


def test_a_duty_is_waived_once(office, actor):
    incident_id = opened(office)
    with office.look(TOCSIN) as work:
        duty_id = work.session.scalars(select(Duty.id).where(Duty.status == "open")).first()
    officers: list[Actor] = [actor("privacy_officer") for _ in range(4)]

    def waive(officer: Actor):
        def deed() -> str:
            with office.work(officer) as work:
                return duties.waive(work, duty_id, "counsel says so").status

        return deed

    ended = at_once(*(waive(officer) for officer in officers))
    assert ended.count("waived") == 1
    assert sum(isinstance(one, InvalidTransition) for one in ended) == 3
    with office.look(TOCSIN) as work:
        assert len(duties.history(work, duty_id)) == 1
    assert incident_id


def test_of_two_launches_at_once_one_wins(telling):
    one = telling([mailbox(n) for n in range(5)])

    def launch() -> UUID:
        with one.office.work(TOCSIN) as work:
            return campaigns.launch(work, one.notice.id, LaunchOptions(["email"])).id

    outcomes = at_once(*[launch] * 4)
    assert sorted(isinstance(outcome, UUID) for outcome in outcomes) == [False, False, False, True]
    assert [outcome.status for outcome in outcomes if isinstance(outcome, Conflict)] == [409] * 3
    assert len(one.rows(Campaign)) == 1
    assert len(one.rows(Delivery)) == 5


def test_a_receipt_and_a_look_up_of_one_call_do_not_wait_in_a_circle(telling):
    one = telling([mailbox(1, phone="+12025550101")], settle_seconds=60.0)
    one.email.capabilities = replace(one.email.capabilities, looks_up=False)
    one.email.findings = [Finding(FindingKind.CANNOT_TELL)]
    one.launch(unknown_policy="next_channel")
    sent = []
    one.email.answers = [lambda envelope: sent.append(envelope) or UNKNOWN]
    one.pump()
    with ThreadPoolExecutor(1) as pool:
        with one.office.work(TOCSIN) as work:
            locked_campaign(work.session, one.id)
            looking = pool.submit(one.tend, 61)
            time.sleep(0.5)  # it wants the campaign now, and must not hold the envelope
            receipts.fold(work, "sendgrid", [one.receipt(sent[0], ReceiptKind.DELIVERED)])
        looking.result(30)
    assert one.buckets() == {"delivered": 1}


def test_a_sender_waits_for_the_page_that_another_one_is_placing(telling):
    one = telling([mailbox(n) for n in range(2)])
    one.launch("email")
    one.pump()
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(n) for n in range(2, 5)])
        planning.look_again(work, work.session.get_one(Campaign, one.id), "newcomers")
    with ThreadPoolExecutor(1) as pool:
        with one.office.work(TOCSIN) as work:
            locked_campaign(work.session, one.id)  # as whoever places them does
            sending = pool.submit(one.pump)
            time.sleep(0.5)
        assert sending.result(30) == 3, "in the same turn, not at the next second's"

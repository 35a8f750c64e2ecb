"""A few go first; the others follow when nothing went wrong; too much of it and nobody does."""

from __future__ import annotations

import pytest

from incidents.audit.log import private_texts
from incidents.database.alarms import Alarm
from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Campaign
from incidents.database.population import Recipient
from incidents.errors import InvalidInput, InvalidTransition
from incidents.rules.brake import Brake
from incidents.rules.canary import Canary
from incidents.services import campaigns, sending
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.alarming import MemoryPager, make_on_duty, make_rota, ring
from tests.services.telling import REFUSED, mailbox

BRAKE = Brake(after_people=20, refused_first=10)


@pytest.fixture
def telling(telling):
    def make(people=200, **settings):
        return telling([mailbox(n) for n in range(people)], **settings)

    return make


def act(one, deed, *more):
    with one.office.work(TOCSIN) as work:
        return deed(work, one.id, *more)


def campaign(one):
    return one.rows(Campaign)[0]


def test_a_few_go_first_and_the_others_follow_after_the_hold(telling):
    one = telling()
    one.launch(canary=Canary())
    one.pump()
    assert one.buckets() == {"planned": 150, "accepted": 50}
    assert one.tend()
    assert campaign(one).gate == "holding"
    one.tend(599)
    assert one.pump() == 0
    assert one.tend(2)
    assert one.pump() == 150
    one.tend()
    assert one.buckets() == {"accepted": 200}
    assert one.status() == "finished"
    assert sorted(one.email.told()) == sorted(f"person{n}@example.com" for n in range(200))


def test_a_person_lets_them_follow_before_the_hold_is_over(telling):
    one = telling()
    one.launch(canary=Canary(by_hand=True))
    one.pump()
    one.tend()
    one.tend(100_000)
    assert one.pump() == 0
    assert campaign(one).gate_at is None
    act(one, campaigns.go_on, "Looked at the first answers")
    with one.office.look(TOCSIN) as work:
        (entry,) = [row for row in one.rows(AuditEntry) if row.kind == "campaign.continue"]
        assert private_texts(work, entry) == {"reason": "Looked at the first answers"}
    assert one.pump() == 150
    with pytest.raises(InvalidTransition, match="canary is open"):
        act(one, campaigns.go_on)


def test_nobody_follows_in_a_campaign_that_was_paused_or_stopped_meanwhile(telling):
    one = telling()
    one.launch(canary=Canary())
    one.pump()
    one.tend()
    act(one, campaigns.pause)
    one.tend(10_000)
    assert one.pump() == 0
    act(one, campaigns.stop)
    one.tend()
    assert one.buckets() == {"accepted": 50, "suppressed": 150}
    with pytest.raises(InvalidTransition, match="stopped"):
        act(one, campaigns.go_on)


def test_who_goes_first_has_nothing_to_do_with_the_order_of_the_list(telling):
    one = telling()
    with one.office.work(TOCSIN) as work:
        for number, person in enumerate(one.people):
            row = work.session.get(Recipient, person)
            row.person_key = (number * 7919 % 65521).to_bytes(16)
    one.launch(canary=Canary())
    one.pump()
    first = {int(address[6:].split("@")[0]) for address in one.email.told()}
    assert first == set(sorted(range(200), key=lambda n: n * 7919 % 65521)[:50])
    assert max(first) > 150


def test_the_hold_does_not_begin_while_the_first_are_still_being_tried(telling):
    one = telling()
    one.launch(canary=Canary())
    assert not one.tend()
    assert campaign(one).gate == "canary"


def test_too_many_bounces_of_the_first_and_nobody_follows(telling):
    one = telling()
    one.launch(canary=Canary(), brake=BRAKE)
    one.pump()
    one.tend()
    bounce(one, 3)
    one.tend(700)
    assert one.status() == "paused"
    assert campaign(one).halt.startswith("3 of 50 people could not be reached (6.0%")
    assert one.pump() == 0
    assert one.buckets()["planned"] == 150


def test_a_canary_of_few_holds_the_others_back_with_the_usual_brake(telling):
    one = telling()
    one.launch(canary=Canary(), brake=Brake())
    one.pump()
    one.tend()
    bounce(one, 6)
    one.tend(2)
    assert campaign(one).halt.startswith("6 of 50 people could not be reached (12.0%")
    assert one.pump() == 0
    act(one, campaigns.resume, "These mailboxes are known to be old")
    bounce(one, 6, first=6)  # late, of those who were forgiven
    one.tend(700)
    assert one.pump() == 150


def bounce(one, count, kind=ReceiptKind.BOUNCED, first=0):
    (envelope, *_) = one.email.ledger
    one.fold(*(one.receipt(envelope, kind, n) for n in range(first, first + count)))


def test_the_brake_is_looked_at_every_second_while_all_are_told(telling):
    one = telling(people_per_envelope=50, envelopes_per_lease=1)
    one.launch("email", brake=BRAKE)
    send_one(one)
    bounce(one, 11)
    one.tend(0.5)
    assert one.status() == "running"
    one.tend(1)
    assert one.status() == "paused"


def test_it_goes_on_with_a_reason_and_is_not_stopped_by_the_same_failures_again(telling):
    one = telling()
    one.launch(canary=Canary(), brake=BRAKE)
    one.pump()
    one.tend()
    bounce(one, 3)
    one.tend(700)
    with pytest.raises(InvalidInput) as refused:
        act(one, campaigns.resume)
    assert refused.value.problems[0].field == "reason"
    act(one, campaigns.resume, "These mailboxes are known to be old")
    one.tend(10)
    assert one.pump() == 150
    one.tend(10)
    assert one.status() != "paused"
    assert campaign(one).halt == ""


def send_one(one):
    """Let one envelope leave."""
    looks = iter([False, True])
    sending.pump(one.office, one.dispatch, mode="live", stop=lambda: next(looks))


def refused_at_once(telling):
    one = telling(people=30, people_per_envelope=10, envelopes_per_lease=1)
    one.email.answers = [REFUSED] * 3
    one.launch("email", brake=BRAKE)
    one.pump()
    return one


def test_when_all_of_the_first_are_refused_the_others_are_not_even_tried(telling):
    one = refused_at_once(telling)
    assert one.status() == "paused"
    assert "refused by the provider" in campaign(one).halt
    assert one.email.answers == [REFUSED] * 2


def test_it_wakes_those_on_duty_until_somebody_lets_it_go_on(telling):
    one = refused_at_once(telling)
    with one.office.work(TOCSIN) as work:
        make_on_duty(work, "Ada")
        make_rota(work, ["Ada"])
    one.tend(2)
    pager = MemoryPager()
    assert ring(one.office, pager) == 1
    (_, page) = pager.woken[0]
    assert "telling people has paused itself" in page.subject
    assert "all of the first 10 people were refused" in page.text
    assert "`tocsin campaign show INC-" in page.text
    act(one, campaigns.resume, "The key was mended")
    one.later(3600)
    pager.forget()
    ring(one.office, pager)
    assert pager.woken == []
    assert [alarm.state for alarm in one.rows(Alarm)] == ["over"]


def test_it_wakes_nobody_any_more_once_somebody_has_stopped_it(telling):
    one = refused_at_once(telling)
    act(one, campaigns.stop)
    one.later(3600)
    pager = MemoryPager()
    ring(one.office, pager)
    assert pager.woken == []
    assert [alarm.state for alarm in one.rows(Alarm)] == ["over"]


def test_without_a_brake_nothing_stops_it(telling):
    one = telling()
    one.launch("email")
    one.pump()
    bounce(one, 100)
    one.tend(10)
    assert one.status() != "paused"

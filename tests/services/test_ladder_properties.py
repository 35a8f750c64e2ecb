"""Whatever happens in whatever order: each is in one bucket, nobody is told who may not be.

Each step is one thing that a person, a provider or the clock may do to a campaign.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.database.campaigns import Delivery, Envelope
from incidents.services import campaigns, population, suppressions
from incidents.services.suppressions import Asked
from incidents.work import TOCSIN
from notifiers.envelope import Outcome, OutcomeKind, ReceiptKind
from tests.services.telling import REFUSED, UNKNOWN, Campaigning

PEOPLE = 5
WAITS = {"email": 6.0, "sms": 6.0}
LADDER = ("email", "sms", "announcement")

person = st.integers(0, PEOPLE - 1)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("pump")),
        st.tuples(st.just("wait"), st.sampled_from([1, 4, 7])),
        st.tuples(st.just("suppress"), person, st.sampled_from(["email", "phone"])),
        st.tuples(st.just("lift"), st.integers(0, 9)),
        st.tuples(st.just("withhold"), person),
        st.tuples(st.just("let_go"), person),
        st.tuples(st.just("answer"), st.sampled_from(["refused", "unknown", "split"])),
        st.tuples(st.just("receipt"), st.integers(0, 9), person, st.sampled_from(ReceiptKind)),
        st.tuples(st.sampled_from(["pause", "resume"])),
    ),
    max_size=14,
)
ANSWERS = {
    "refused": REFUSED,
    "unknown": UNKNOWN,
    "split": Outcome(OutcomeKind.SPLIT, 400, reason="one of them is bad"),
}


class Story:
    """One campaign, what happened to it, and who may not be written to now."""

    def __init__(self, office, number: int) -> None:
        people = [
            {
                "ref": str(at),
                "email": f"p{number}.{at}@example.com",
                # Two share a number, and one has none.
                "phone": f"+120255501{number % 20:02}" if at < 2 else f"+1212555{100 + at:04}",
            }
            for at in range(PEOPLE)
        ]
        people[-1]["phone"] = None
        self.people = people
        self.one = Campaigning(office, people, settle_seconds=60.0)
        self.standing: list[tuple] = []
        self.withheld: set[str] = set()
        self.told: Counter[str] = Counter()
        self.one.launch(*LADDER, waits=WAITS)

    def run(self, name, *given) -> None:
        getattr(self, name)(*given)
        self.check()

    def pump(self) -> None:
        self.one.pump()

    def wait(self, hours) -> None:
        self.one.tend(hours * 3600.0)

    def suppress(self, at, kind) -> None:
        address = self.people[at][kind]
        if address and address not in self.closed():
            with self.one.office.work(TOCSIN) as work:
                row = suppressions.add(work, Asked(address, "do_not_contact"))
            self.standing.append((row.id, address))

    def lift(self, at) -> None:
        if self.standing:
            row_id, _ = self.standing.pop(at % len(self.standing))
            with self.one.office.work(TOCSIN) as work:
                suppressions.lift(work, row_id)

    def withhold(self, at) -> None:
        self._withhold(at, "police_hold")
        self.withheld.add(str(at))

    def let_go(self, at) -> None:
        self._withhold(at, "")
        self.withheld.discard(str(at))

    def answer(self, kind) -> None:
        self.one.email.answers.append(ANSWERS[kind])

    def receipt(self, at, who, kind) -> None:
        sent = self.one.email.ledger + self.one.sms.ledger
        if sent:
            envelope = sent[at % len(sent)]
            self.one.fold(self.one.receipt(envelope, kind, who % len(envelope.people)))

    def pause(self) -> None:
        self._steer(campaigns.pause, "running")

    def resume(self) -> None:
        self._steer(campaigns.resume, "paused")

    def closed(self) -> set[str]:
        return {address for _, address in self.standing}

    def check(self) -> None:
        buckets = self.one.buckets()  # which asserts that they sum to the population
        assert sum(buckets.values()) == PEOPLE
        rows = [row for row in self.one.rows(Delivery) if row.campaign_id == self.one.id]
        current = Counter(row.recipient_id for row in rows if row.is_current)
        assert set(current.values()) == {1}
        inside = Counter(row.envelope for row in rows if row.envelope is not None)
        for envelope in self.one.rows(Envelope):
            if envelope.campaign_id == self.one.id and envelope.state in {"ready", "leased"}:
                assert envelope.people_count == inside[envelope.ordinal] > 0
        self._check_told()

    def _check_told(self) -> None:
        sent = [p for e in (*self.one.email.ledger, *self.one.sms.ledger) for p in e.people]
        forbidden = self.closed() | {
            self.people[int(ref)][kind] for ref in self.withheld for kind in ("email", "phone")
        }
        shared = {one["phone"] for one in self.people if one["ref"] not in self.withheld}
        told = Counter(one.address for one in sent)
        before, self.told = self.told, told
        for address in told - before:
            assert address not in forbidden or (address in shared and address not in self.closed())

    def _withhold(self, at, reason) -> None:
        with self.one.office.work(TOCSIN) as work:
            population.withhold(work, self.one.incident.id, [str(at)], reason)

    def _steer(self, action, status) -> None:
        if self.one.status() == status:
            with self.one.office.work(TOCSIN) as work:
                action(work, self.one.id)

    def end(self) -> None:
        """Everything is lifted; what can be told is told, and the campaign comes to its end."""
        while self.standing:
            self.lift(0)
        self.resume()
        for _ in range(12):
            self.pump()
            self.wait(7)
            self.check()
        assert not set(self.one.buckets()) & {"planned", "waiting", "in_flight"}
        self.one.dispatch.close()


@pytest.fixture
def number():
    """A new one for each example: addresses are closed in every incident."""
    return iter(range(1_000_000))


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps)
def test_everybody_is_in_one_bucket_and_nobody_is_told_who_may_not_be(office, number, steps):
    story = Story(office, next(number))
    for name, *given_ in steps:
        story.run(name, *given_)
    story.end()

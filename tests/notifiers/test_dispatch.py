from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from notifiers.courier import AttemptQuery, Capabilities, Courier
from notifiers.dispatch import Dispatch, Item
from notifiers.envelope import Envelope, Finding, FindingKind, Mode, Outcome, OutcomeKind
from notifiers.errors import Ambiguous, NoSuchCourier, Refused, Unavailable
from notifiers.fake.server import FakeProviders
from notifiers.providers.sandbox import Sandbox
from tests.notifiers.makers import make_envelope, make_person, sendgrid_at, smtp_at


class Scripted(Sandbox):
    """A courier that can reach people, and does what it is told."""

    capabilities = Capabilities(1000, False, True, True, 0, live=True)

    def __init__(self, what: Exception | None = None, seconds: float = 0) -> None:
        super().__init__(name="scripted")
        self.what, self.seconds = what, seconds
        self.sent: list[str] = []
        self.now = self.most = 0

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        self.sent.append(envelope.id)
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        if self.what:
            raise self.what
        return Outcome(OutcomeKind.ACCEPTED, 202, envelope.id)

    async def look_up(self, query: AttemptQuery) -> Finding:
        raise ValueError("a bug")


def give(courier: Courier, *envelopes: Envelope, concurrency: int = 100) -> list[Outcome]:
    dispatch = Dispatch([courier], concurrency)
    try:
        return dispatch.send_all([(courier.name, one, b"") for one in envelopes])
    finally:
        dispatch.close()


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (Unavailable("later", 3), OutcomeKind.RETRY),
        (Refused("no"), OutcomeKind.REFUSED),
        (Ambiguous("reset"), OutcomeKind.UNKNOWN),
        (ValueError("a bug of ours"), OutcomeKind.UNKNOWN),
    ],
)
def test_whatever_a_courier_raises_becomes_an_outcome(what: Exception, kind: OutcomeKind) -> None:
    outcome = give(Scripted(what), make_envelope())[0]
    assert outcome.kind is kind
    assert "bug of ours" not in outcome.reason


def test_outcomes_come_in_the_order_of_the_envelopes() -> None:
    envelopes = [make_envelope(id=str(place)) for place in range(50)]
    assert [one.provider_ref for one in give(Scripted(), *envelopes)] == [e.id for e in envelopes]


def test_no_more_than_so_many_are_on_the_wire_at_once() -> None:
    courier = Scripted(seconds=0.005)
    give(courier, *[make_envelope() for _ in range(20)], concurrency=4)
    assert courier.most == 4


def test_what_is_too_late_is_not_sent() -> None:
    courier = Scripted()
    late = make_envelope(id="late", not_after=time.monotonic() - 1)
    early = make_envelope(id="early", not_after=time.monotonic() + 60)
    outcomes = give(courier, late, early)
    assert [one.kind for one in outcomes] == [OutcomeKind.RETRY, OutcomeKind.ACCEPTED]
    assert outcomes[0].reason == "out of time before sending"
    assert courier.sent == ["early"]


def test_what_grows_too_late_while_it_waits_its_turn_is_not_sent() -> None:
    courier = Scripted(seconds=0.2)
    first = make_envelope(id="first")
    second = make_envelope(id="second", not_after=time.monotonic() + 0.1)
    outcomes = give(courier, first, second, concurrency=1)
    assert [one.kind for one in outcomes] == [OutcomeKind.ACCEPTED, OutcomeKind.RETRY]
    assert courier.sent == ["first"]


@pytest.mark.parametrize("courier", [Scripted(), smtp_at(1)])
def test_a_drill_is_refused_by_every_courier_that_can_reach_people(courier: Courier) -> None:
    outcome = give(courier, make_envelope(mode=Mode.DRILL))[0]
    assert outcome.kind is OutcomeKind.REFUSED
    assert "drill" in outcome.reason


def test_a_drill_goes_to_the_sandbox() -> None:
    sandbox = Sandbox()
    envelope = make_envelope(mode=Mode.DRILL)
    assert give(sandbox, envelope)[0].kind is OutcomeKind.ACCEPTED


def test_a_courier_that_is_not_there_refuses_its_envelopes_only() -> None:
    dispatch = Dispatch([Sandbox()])
    items = [("nobody", make_envelope(), b""), ("sandbox", make_envelope(), b"")]
    kinds = [one.kind for one in dispatch.send_all(items)]
    dispatch.close()
    assert kinds == [OutcomeKind.REFUSED, OutcomeKind.ACCEPTED]
    with pytest.raises(NoSuchCourier, match="there are sandbox"):
        dispatch.courier("nobody")


def test_a_look_up_that_breaks_cannot_tell() -> None:
    dispatch = Dispatch([Scripted()])
    query = AttemptQuery("a", datetime.now(UTC), make_envelope().people, "N")
    assert dispatch.look_up("scripted", query).kind is FindingKind.CANNOT_TELL
    dispatch.close()


def test_what_waits_for_the_wire_stays_once_it_may_not_go() -> None:
    courier = Scripted(seconds=0.3)
    dispatch = Dispatch([courier], concurrency=1)
    items = [("scripted", make_envelope(id=str(place)), b"") for place in range(3)]
    outcomes = dispatch.send_all(items, may_go=lambda: not courier.sent)
    dispatch.close()
    kinds = [one.kind for one in outcomes]
    assert kinds == [OutcomeKind.ACCEPTED, OutcomeKind.RETRY, OutcomeKind.RETRY]
    assert courier.sent == ["0"]


def test_messages_wait_for_an_answer_that_is_late() -> None:
    asked: list[float] = []

    def may_go() -> bool:
        asked.append(time.monotonic())
        if len(asked) == 1:
            return True
        time.sleep(1)
        return False

    courier = Scripted(seconds=0.1)
    dispatch = Dispatch([courier], concurrency=1)
    messages = [("scripted", make_envelope(id=str(place)), b"") for place in range(9)]
    outcomes = dispatch.send_all(messages, may_go)
    dispatch.close()
    assert courier.sent in (["0"], ["0", "1"], ["0", "1", "2"])
    assert outcomes[-1].kind is OutcomeKind.RETRY


def test_what_cannot_be_asked_is_a_no_and_holds_nobody_else() -> None:
    def broken() -> bool:
        raise LookupError

    courier = Scripted()
    dispatch = Dispatch([courier])
    two = make_envelope(make_person(0), make_person(1))
    for one in (two, make_envelope()):
        with pytest.raises(LookupError):
            dispatch.send_all([("scripted", one, b"")], may_go=broken)
    assert courier.sent == []
    assert dispatch.send_all([("scripted", two, b"")])[0].kind is OutcomeKind.ACCEPTED
    dispatch.close()


def test_each_for_many_people_is_asked_for_right_before_it_leaves() -> None:
    courier = Scripted(seconds=0.1)
    dispatch = Dispatch([courier], shared=6)
    many = [make_envelope(make_person(0), make_person(1), id=str(place)) for place in range(10)]
    outcomes = dispatch.send_all(
        [("scripted", one, b"") for one in many], may_go=lambda: len(courier.sent) < 3
    )
    dispatch.close()
    assert courier.sent == ["0", "1", "2"]
    assert [one.kind for one in outcomes[3:]] == [OutcomeKind.RETRY] * 7


def test_of_those_for_many_people_fewer_are_on_the_wire_at_once() -> None:
    courier = Scripted(seconds=0.05)
    dispatch = Dispatch([courier], concurrency=9, shared=2)
    many = [make_envelope(make_person(0), make_person(1)) for _ in range(6)]
    outcomes = dispatch.send_all([("scripted", one, b"") for one in many])
    assert (len(outcomes), courier.most) == (6, 2)
    outcomes = dispatch.send_all([("scripted", make_envelope(), b"") for _ in range(9)])
    dispatch.close()
    assert (len(outcomes), courier.most) == (9, 9)


def test_nobody_is_asked_whether_they_may_go_once_all_are_on_the_wire() -> None:
    asked: list[float] = []
    dispatch = Dispatch([Scripted(seconds=0.3)], concurrency=2)
    items = [("scripted", make_envelope(), b"") for _ in range(2)]
    dispatch.send_all(items, may_go=lambda: not asked.append(time.monotonic()))
    dispatch.close()
    assert len(asked) == 1  # before the first


def test_stopping_leaves_the_sent_unknown_and_the_waiting_unsent() -> None:
    courier = Scripted(seconds=30)
    dispatch = Dispatch([courier], concurrency=1)
    items = [("scripted", make_envelope(id=str(place)), b"") for place in range(3)]
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(dispatch.send_all, items)
        while not courier.sent:
            time.sleep(0.005)
        dispatch.close()
        kinds = [one.kind for one in future.result(5)]
    assert kinds == [OutcomeKind.UNKNOWN, OutcomeKind.RETRY, OutcomeKind.RETRY]
    assert dispatch.send_all(items[:1])[0].kind is OutcomeKind.RETRY
    assert "couriers" not in {thread.name for thread in threading.enumerate()}


def test_a_forked_worker_sends_on_a_loop_and_connections_of_its_own(fake: FakeProviders) -> None:
    dispatch = Dispatch([sendgrid_at(fake)])
    envelope = make_envelope()
    item = ("sendgrid", envelope, dispatch.courier("sendgrid").body(envelope))
    assert dispatch.send_all([item])[0].kind is OutcomeKind.ACCEPTED
    worker = multiprocessing.get_context("fork").Process(
        target=_send_and_tell, args=(dispatch, item)
    )
    worker.start()
    worker.join(10)
    dispatch.close()
    assert worker.exitcode == 0


def _send_and_tell(dispatch: Dispatch, item: Item) -> None:
    kind = dispatch.send_all([item])[0].kind
    os._exit(0 if kind is OutcomeKind.ACCEPTED else 1)

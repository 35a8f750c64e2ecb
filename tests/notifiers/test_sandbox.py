import asyncio
from datetime import UTC, datetime

import pytest

from notifiers.courier import Courier, RawRequest
from notifiers.envelope import Channel, OutcomeKind, ReceiptKind
from notifiers.errors import BadSignature
from notifiers.providers.sandbox import Sandbox
from tests.notifiers.makers import make_call, make_envelope, make_person, make_sms

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("channel", list(Channel))
def test_it_takes_every_channel_and_can_reach_nobody(channel: Channel) -> None:
    sandbox: Courier = Sandbox()
    envelope = make_envelope(channel=channel)
    outcome = asyncio.run(sandbox.send(envelope, sandbox.body(envelope)))
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert not sandbox.capabilities.live


@pytest.mark.parametrize(
    ("address", "heard"),
    [
        ("jo@person.drill.invalid", [ReceiptKind.DELIVERED]),
        ("jo.bounce@person.drill.invalid", [ReceiptKind.BOUNCED]),
        ("jo@bounce.invalid", [ReceiptKind.DELIVERED]),
        ("complaint1@person.drill.invalid", [ReceiptKind.DELIVERED, ReceiptKind.COMPLAINED]),
        ("silent@person.drill.invalid", []),
        ("+12025550190", [ReceiptKind.UNDELIVERED]),
        ("+12025550111", [ReceiptKind.DELIVERED]),
    ],
)
def test_an_address_steers_what_is_heard(address: str, heard: list[ReceiptKind]) -> None:
    envelope = make_envelope(make_person(address=address))
    receipts = Sandbox().heard(envelope, AT)
    assert [one.kind for one in receipts] == heard
    assert receipts == Sandbox().heard(envelope, AT)


@pytest.mark.parametrize(
    ("ending", "kind", "code"),
    [
        ("0100", ReceiptKind.DELIVERED, ""),
        ("0190", ReceiptKind.UNANSWERED, "no-answer"),
        ("0196", ReceiptKind.LEFT, "machine_end_beep"),
        ("0197", ReceiptKind.UNANSWERED, "busy"),
        ("0198", ReceiptKind.UNANSWERED, "no key"),
    ],
)
def test_a_call_to_a_number_goes_its_own_way(ending: str, kind: ReceiptKind, code: str) -> None:
    (heard,) = Sandbox().heard(make_call(f"+1202555{ending}"), AT)
    assert (heard.kind, heard.code) == (kind, code)


def test_a_person_who_replied_stop_can_still_be_called() -> None:
    stopped = "+12025550192"
    assert not Sandbox().heard(make_sms(stopped), AT)
    assert Sandbox().heard(make_call(stopped), AT)[0].kind is ReceiptKind.DELIVERED


def test_a_number_that_providers_refuse_is_refused() -> None:
    envelope = make_sms("+12025550192")
    sandbox = Sandbox()
    outcome = asyncio.run(sandbox.send(envelope, sandbox.body(envelope)))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REFUSED, "sandbox 21610")


def test_nobody_can_post_it_a_receipt() -> None:
    with pytest.raises(BadSignature):
        Sandbox().parse_receipts(RawRequest("", {}, b""))

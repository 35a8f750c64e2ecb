"""Which channels an opt-out closes, of whom, and which it never does."""

from __future__ import annotations

import pytest

from incidents.errors import InvalidInput
from incidents.rules.ladder import BARRED
from incidents.rules.suppression_csv import Line, Unfit, read
from incidents.rules.suppressions import KINDS, REASONS, all_bits, bars, comparable, heard, refused
from tests.conftest import NOW

EMAIL, SMS, PUSH, CALL, LETTER = (
    BARRED[channel] for channel in ("email", "sms", "push", "call", "letter")
)


@pytest.mark.parametrize(
    ("kind", "reason", "bits"),
    [
        ("phone", "stop", SMS),  # an answer to messages: calls may still be made
        ("push", "push_opt_out", PUSH),
        ("email", "hard_bounce", EMAIL),
        ("push", "hard_bounce", PUSH),
        ("email", "complaint", EMAIL),
        ("phone", "do_not_contact", SMS | CALL),
        ("email", "do_not_contact", EMAIL),
        ("post", "do_not_contact", LETTER),
        *((kind, "marketing", 0) for kind in KINDS),
    ],
)
def test_a_reason_closes_these_channels_of_an_address(kind, reason, bits):
    assert bars(kind, reason) == bits


@pytest.mark.parametrize(("kind", "reason"), [("email", "stop"), ("phone", "complaint")])
def test_a_reason_that_such_an_address_cannot_have_is_refused(kind, reason):
    with pytest.raises(InvalidInput, match="reason"):
        bars(kind, reason)


def test_the_bits_of_one_address_never_touch_those_of_another():
    kinds = list(KINDS)
    assert sum(all_bits(kind) for kind in kinds) == sum(BARRED.values())
    for reason, fits in REASONS.items():
        assert all(bars(kind, reason) & all_bits(kind) == bars(kind, reason) for kind in fits)


@pytest.mark.parametrize(
    ("address", "kind", "same"),
    [
        (" Ada@Example.COM ", "", ("email", "ada@example.com")),
        ("+1 202 555 0101", "", ("phone", "+12025550101")),
        ("0012025550101", "", ("phone", "+12025550101")),
        ("token-of-an-app", "push", ("push", "token-of-an-app")),
        ("1 Main St,  Springfield", "post", ("post", "1 main st springfield")),
    ],
)
def test_an_address_is_compared_in_one_form(address, kind, same):
    assert comparable(address, kind) == same


@pytest.mark.parametrize(
    ("address", "kind"), [("202 555 0101", ""), ("ada@", ""), ("+99 31", "phone"), ("x;", "push")]
)
def test_what_is_no_address_is_refused_without_repeating_it(address, kind):
    with pytest.raises(InvalidInput) as refused:
        comparable(address, kind)
    assert address not in str(refused.value)
    assert all(address not in f"{p.why}{p.mend}" for p in refused.value.problems)


@pytest.mark.parametrize(
    ("receipt", "channel", "code", "reason"),
    [
        ("bounced", "email", "5.1.1", "hard_bounce"),
        ("bounced", "email", "550 5.7.1 refused", "hard_bounce"),
        ("bounced", "email", "4.2.2", ""),  # a full mailbox has room again some day
        ("bounced", "email", "", ""),
        ("bounced", "push", "UNREGISTERED", "hard_bounce"),
        ("complained", "email", "", "complaint"),
        ("opted_out", "sms", "21610", "stop"),
        ("opted_out", "push", "", "push_opt_out"),
        ("opted_out", "email", "", ""),  # an unsubscription from marketing
        ("dropped", "email", "5.1.1", ""),
        ("dropped", "email", "Bounced Address", "hard_bounce"),
        ("dropped", "email", "Invalid", "hard_bounce"),
        ("dropped", "email", "Spam Reporting Address", "complaint"),
        ("dropped", "email", "Unsubscribed Address", "marketing"),
        ("dropped", "email", "Spam Content", ""),  # our words, not their address
        ("dropped", "email", "Invalid SMTPAPI header", ""),
        ("dropped", "email", "Recipient List over Package Quota", ""),
        ("dropped", "sms", "Bounced Address", ""),
        ("undelivered", "sms", "30003", ""),
    ],
)
def test_what_a_receipt_says_for_good_of_an_address(receipt, channel, code, reason):
    assert heard(receipt, channel, code) == reason


def test_a_list_is_read_line_by_line_and_what_is_wrong_is_named_without_its_value():
    listed = (
        b"reason;address;until\n"
        b"stop;+1 202 555 0101;\n"
        b"stop;ada@example.com;\n"
        b"do_not_contact;not an address;\n"
        b"hard_bounce;Bo@Example.com;2026-01-01\n"
        b"complaint;Bo@Example.com;9999-12-31T23:59:59-14:00\n"
        b"complaint;Bo@Example.com;2027-01-01\n"
    )
    lines = list(read([listed], NOW))
    assert [type(one) for one in lines] == [Line, Unfit, Unfit, Unfit, Unfit, Line]
    assert [(one.line, one.column) for one in lines if isinstance(one, Unfit)] == [
        (3, "reason"),
        (4, "kind"),
        (5, "until"),
        (6, "until"),
    ]
    assert lines[5].address == "bo@example.com"
    assert lines[5].until.isoformat() == "2027-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "header", [b"address\n", b"address,reason,name\n", b"address,reason,reason\n"]
)
def test_a_list_with_other_columns_is_refused(header):
    with pytest.raises(InvalidInput, match="columns"):
        list(read([header, b"a,b,c\n"], NOW))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("fcm UNREGISTERED: the app is gone from the device", "hard_bounce"),
        ("fcm INVALID_ARGUMENT: message.token", ""),  # it may be our words
        ("web push 410: gone", "hard_bounce"),
        ("web push 413: too large", ""),
        ("twilio 21610: the person replied STOP", "stop"),
        ("", ""),
    ],
)
def test_what_a_refusal_says_for_good_of_an_address(said, reason):
    assert refused(said) == reason

import itertools

from notifiers.envelope import ReceiptKind, mask


def highest(kinds: tuple[ReceiptKind, ...]) -> ReceiptKind:
    return max(kinds, key=lambda kind: kind.rank)


def test_receipts_in_any_order_end_the_same() -> None:
    story = (ReceiptKind.PROCESSED, ReceiptKind.DEFERRED, ReceiptKind.DELIVERED)
    assert {highest(order) for order in itertools.permutations(story)} == {ReceiptKind.DELIVERED}


def test_a_bounce_after_delivery_stands() -> None:
    assert highest((ReceiptKind.BOUNCED, ReceiptKind.DELIVERED)) is ReceiptKind.BOUNCED


def test_only_what_ends_a_channel_moves_a_person_on() -> None:
    staying = {kind for kind in ReceiptKind if not kind.permanent}
    assert staying == {
        ReceiptKind.PROCESSED,
        ReceiptKind.SENT,
        ReceiptKind.DEFERRED,
        ReceiptKind.UNANSWERED,
        ReceiptKind.LEFT,
        ReceiptKind.DELIVERED,
    }


def test_a_stop_proves_no_acceptance_and_a_bounce_does() -> None:
    assert not ReceiptKind.OPTED_OUT.proves_acceptance
    assert ReceiptKind.BOUNCED.proves_acceptance


def test_addresses_and_numbers_are_masked() -> None:
    masked = mask("550 5.1.1 <jo@example.com> unknown, call +1 202 555 0123")
    assert masked == "550 5.1.1 <***> unknown, call ***"


def test_what_no_database_keeps_and_no_log_shows_is_taken_out():
    assert mask("550 5.7.1 no\x00 thanks\r\n\x1b[31m") == "550 5.7.1 no  thanks   [31m"

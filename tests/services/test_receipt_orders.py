"""However receipts come in, shuffled, doubled, in pieces or together: the end is the same."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.database.campaigns import Delivery
from notifiers.envelope import ReceiptKind
from tests.services.telling import mailbox

PEOPLE = [mailbox(1, phone="+12025550101"), mailbox(2), mailbox(3)]
SAID = st.tuples(st.sampled_from(range(len(PEOPLE))), st.sampled_from(list(ReceiptKind)))


@pytest.fixture
def campaign_of(telling):
    """Makes campaigns that were told, one after the other."""

    def make():
        one = telling(PEOPLE, settle_seconds=60.0)
        one.launch()
        one.pump()
        return one

    return make


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.lists(SAID, min_size=1, max_size=8, unique=True))
def test_any_order_and_any_copies_of_the_same_receipts_come_to_the_same(campaign_of, data, said):
    in_order = _end(campaign_of(), [[one] for one in said])
    copies = data.draw(st.lists(st.sampled_from(said), max_size=4))
    shuffled = data.draw(st.permutations([*said, *copies]))
    cut = data.draw(st.integers(0, len(shuffled)))
    assert _end(campaign_of(), [shuffled[:cut], shuffled[cut:]]) == in_order


def _end(one, posts):
    """Where each person stands after these posts, told of in the order of the list."""
    (envelope,) = one.email.ledger
    for post in posts:
        one.fold(*(one.receipt(envelope, kind, person) for person, kind in post))
    place = {person.ref.partition(".")[0]: at for at, person in enumerate(envelope.people)}
    rows = [row for row in one.rows(Delivery) if row.campaign_id == one.id]
    return sorted(
        (place[row.recipient_id.hex], row.rung, row.channel, row.outcome, row.rank, row.is_current)
        for row in rows
    )

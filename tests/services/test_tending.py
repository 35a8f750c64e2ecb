"""Looking after campaigns: what goes wrong in one way of it stops no other."""

import pytest

from incidents.database.campaigns import Campaign
from incidents.work import TOCSIN
from tests.services.telling import mailbox


def test_a_look_that_fails_stops_no_other_and_is_told_of(telling):
    one = telling([mailbox(1)])
    one.launch("email")
    one.pump()
    with one.office.work(TOCSIN) as work:
        work.session.query(Campaign).update({"brake": {"of no version": 1}})
    one.later(61)
    with pytest.raises(ExceptionGroup, match="campaigns"):
        one.tend()
    assert one.status() == "finished"

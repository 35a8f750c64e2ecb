"""A population that has just come in is counted at once, whatever the database thinks of it."""

from sqlalchemy import text

from incidents.database import statistics, told
from incidents.database.engine import is_sqlite
from incidents.work import TOCSIN
from tests.services.telling import mailbox

PEOPLE = 1_500


def test_people_are_counted_by_place_before_the_database_knows_of_them(telling):
    one = telling([mailbox(n) for n in range(PEOPLE)])
    one.launch()
    with one.office.look(TOCSIN) as work:
        if not is_sqlite(one.office.engine):  # by nested loops it would take an hour
            work.session.execute(text("SET LOCAL statement_timeout = '5s'"))
        (found,) = told.told_by_place(work.session, one.incident.id, [one.id])
    assert found.total == PEOPLE
    assert one.buckets() == {"waiting": PEOPLE}


def test_tables_that_have_grown_are_sized_up(telling):
    one = telling([mailbox(n) for n in range(PEOPLE)])
    with one.office.work(TOCSIN) as work:
        before = set(statistics.grown(work.session))
        statistics.refresh(work.session, before)
    with one.office.look(TOCSIN) as work:
        assert before <= set(statistics.GROWING)
        assert not is_sqlite(one.office.engine) or not before

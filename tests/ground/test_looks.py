"""Work that only reads: it writes nothing, and what the database has prepared for it stays so."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from incidents.database.engine import is_sqlite
from incidents.database.incidents import Incident
from incidents.vault.data_keys import ORGANISATION, data_key
from incidents.work import TOCSIN
from tests.factories import make_incident

PREPARED = text("SELECT count(*) FROM pg_prepared_statements")
LOOKS = 8  # psycopg prepares what it is asked for the sixth time


def test_what_is_changed_in_passing_stays_as_it_was(office):
    with office.work(TOCSIN) as work:
        incident = make_incident(work)
        before = incident.title
    with office.look(TOCSIN) as work:
        work.session.get_one(Incident, incident.id).title = "Another"
    with office.look(TOCSIN) as work:
        assert work.session.get_one(Incident, incident.id).title == before


def test_postgresql_refuses_what_would_write(office):
    if is_sqlite(office.engine):
        return  # there a look is never committed
    with office.look(TOCSIN) as work, pytest.raises(DBAPIError, match="read-only"):
        work.session.execute(text("DELETE FROM incident"))


def test_postgresql_keeps_what_it_prepared_from_one_look_to_the_next(office):
    if is_sqlite(office.engine):
        return
    for _ in range(LOOKS):
        with office.look(TOCSIN) as work:
            work.session.query(Incident).all()
    with office.look(TOCSIN) as work:
        assert work.session.scalar(PREPARED)


def test_a_key_that_was_never_made_is_made_by_no_look(office):
    keyring = office.keyring
    with office.look(TOCSIN) as work:
        passing = data_key(work.session, keyring, ORGANISATION, "for a test")
    with office.work(TOCSIN) as work:
        kept = data_key(work.session, keyring, ORGANISATION, "for a test")
    with office.look(TOCSIN) as work:
        found = data_key(work.session, keyring, ORGANISATION, "for a test")
    assert passing.id != kept.id == found.id


def test_who_asks_again_on_one_connection_hears_what_has_become_true(office):
    with office.work(TOCSIN) as work:
        incident = make_incident(work)
    title = select(Incident.title).where(Incident.id == incident.id)
    with office.ask() as connection:
        before = connection.scalar(title)
        with office.work(TOCSIN) as work:
            work.session.get_one(Incident, incident.id).title = "Another"
        assert before != connection.scalar(title) == "Another"

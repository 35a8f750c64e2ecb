"""The database refuses to change the trail, whoever asks without dropping its triggers."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from incidents.audit.retention import prune
from incidents.clock import SystemClock
from incidents.errors import InvalidInput
from tests.factories import TOCSIN


@pytest.fixture
def clock():
    return SystemClock()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET body = body",
        "UPDATE audit_leaf SET seq = seq + 100",
        "UPDATE audit_node SET hash = hash",
        "UPDATE audit_checkpoint SET note = 'x'",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_leaf",
        "DELETE FROM audit_node",
        "DELETE FROM audit_checkpoint",
    ],
)
def test_changing_and_deleting_are_refused(trail, statement):
    trail.grow(260)
    with (
        trail.office.engine.connect() as connection,
        pytest.raises(DBAPIError, match="append-only"),
    ):
        connection.execute(text(statement))


def test_putting_a_row_in_anothers_place_is_refused(trail):
    trail.grow(1)
    with trail.office.engine.connect() as connection:
        instead = (
            "INSERT OR REPLACE INTO audit_leaf SELECT * FROM audit_leaf"
            if connection.dialect.name == "sqlite"
            else "INSERT INTO audit_leaf SELECT * FROM audit_leaf "
            "ON CONFLICT (seq) DO UPDATE SET leaf = EXCLUDED.leaf"
        )
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(instead))


def test_on_postgresql_neither_truncate_nor_replica_mode_slips_past(trail):
    trail.grow(1)
    with trail.office.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            return
        connection.execute(text("SET session_replication_role = replica"))
        with pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text("TRUNCATE audit_leaf"))


def test_young_entries_cannot_be_pruned(office):
    with office.work(TOCSIN) as work, pytest.raises(InvalidInput, match="six months"):
        prune(work, work.now - timedelta(days=179))


def test_pruned_bodies_go_and_every_proof_still_holds(trail):
    trail.office.clock.now = lambda: datetime.now(UTC) - timedelta(days=400)
    trail.grow(300)
    del trail.office.clock.now
    trail.grow(4)
    with trail.office.work(TOCSIN) as work:
        assert prune(work, work.now - timedelta(days=200)) == 300
    trail.sign()
    result = trail.verify()
    assert (result.ok, result.entries_checked) == (True, 305), result.reason
    part = trail.verify(start=300)
    assert (part.ok, part.entries_checked) == (True, 5)

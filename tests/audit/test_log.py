"""Writing entries: with the change or not at all, and never holding what must be erasable."""

import pytest
from sqlalchemy import func, select

from incidents.audit.details import Unfit
from incidents.audit.entry import commitment
from incidents.audit.log import private_texts, record
from incidents.database.audit_entries import (
    AuditEntry,
    AuditPending,
    AuditPrivate,
    entries_of,
    erase_private,
    private_of,
)
from incidents.vault.data_keys import destroy
from incidents.vault.errors import KeyDestroyed
from tests.factories import TOCSIN, uuid7

REASON = "the caller said her name was Alice Example"


def rows(office, table):
    with office.look(TOCSIN) as work:
        return work.session.scalar(select(func.count()).select_from(table))


def waive(work, incident_id, **changes):
    return record(
        work, "duty.waive", incident_id=incident_id, private={"reason": REASON}, **changes
    )


def test_an_entry_stands_only_if_the_change_does(office):
    def change_that_fails():
        with office.work(TOCSIN) as work:
            record(work, "user.create", active=True)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_that_fails()
    assert rows(office, AuditEntry) == rows(office, AuditPending) == 0
    with office.work(TOCSIN) as work:
        record(work, "user.create", active=True)
    assert rows(office, AuditEntry) == rows(office, AuditPending) == 1


def test_a_detail_that_does_not_fit_writes_nothing(office):
    with office.work(TOCSIN) as work, pytest.raises(Unfit):
        record(work, "user.create", changed=[REASON])
    assert rows(office, AuditEntry) == 0


def test_private_text_is_only_committed_to_and_can_be_read_back(office):
    with office.work(TOCSIN) as work:
        entry = waive(work, uuid7(), rule="eu-gdpr-33")
        (kept,) = private_of(work.session, entry.entry_id)
        assert private_texts(work, entry) == {"reason": REASON}
    assert b"Alice" not in entry.body + kept.ciphertext
    assert commitment(kept.salt, REASON).hex().encode() in entry.body


def test_erased_private_text_is_gone_and_the_trail_still_verifies(office, trail):
    incident_id = uuid7()
    with office.work(TOCSIN) as work:
        entry = waive(work, incident_id)
        erase_private(work.session, incident_id)
        assert private_texts(work, entry) == {}
    trail.sign()
    assert rows(office, AuditPrivate) == 0
    assert trail.verify().ok


def test_private_text_dies_with_the_incidents_key(office):
    incident_id = uuid7()
    with office.work(TOCSIN) as work:
        entry = waive(work, incident_id)
        destroy(work.session, work.keyring, incident_id, work.now)
    with office.look(TOCSIN) as work, pytest.raises(KeyDestroyed):
        private_texts(work, entry)


def test_entries_are_paged_in_the_order_written(office, trail):
    incident_id = uuid7()
    written = [entry.entry_id for entry in trail.write(5, incident_id=incident_id)]
    trail.write(3)
    with office.look(TOCSIN) as work:
        first = entries_of(work.session, incident_id=incident_id, limit=3)
        rest = entries_of(work.session, incident_id=incident_id, after=first[-1].entry_id)
    assert [entry.entry_id for entry in [*first, *rest]] == written

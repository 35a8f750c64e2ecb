"""Each entry gets one place, whatever the order in which transactions commit."""

import logging
from threading import Event, Thread
from uuid import UUID

from sqlalchemy import select

from incidents.audit.merkle import leaf_hash, root, root_of
from incidents.audit.sequencer import sequence, sequence_all
from incidents.database.audit_entries import AuditEntry, AuditLeaf, AuditPending, quarantined
from incidents.database.audit_tree import TreeRows, pending_count, tree_size
from tests.factories import TOCSIN


def test_places_are_contiguous_and_the_kept_tree_is_the_tree_of_the_leaves(office, trail):
    for count in (1, 254, 300, 2):
        trail.write(count)
        with office.work(TOCSIN) as work:
            assert sequence_all(work.session) == count
    with office.look(TOCSIN) as work:
        rows = work.session.execute(
            select(AuditLeaf.seq, AuditLeaf.leaf).order_by(AuditLeaf.seq)
        ).all()
        assert [row.seq for row in rows] == list(range(557))
        leaves = [row.leaf for row in rows]
        for size in (1, 255, 256, 557):
            assert root(TreeRows(work.session), size) == root_of(leaves[:size])


def test_a_transaction_that_commits_late_is_not_passed_over(office, trail):
    early = trail.write(2)
    with office.work(TOCSIN) as work:
        assert sequence_all(work.session) == 2
    older = UUID(int=early[0].entry_id.int - 1)  # given out before, committed after
    with office.work(TOCSIN) as work:
        values = {name: getattr(early[0], name) for name in ("at", "kind", "actor_id")}
        late = AuditEntry(entry_id=older, body=b"{}", leaf=leaf_hash(b"{}"), **values)
        work.session.add_all([late, AuditPending(entry_id=older)])
    with office.work(TOCSIN) as work:
        assert sequence_all(work.session) == 1
        assert tree_size(work.session) == 3
        assert pending_count(work.session) == 0


def test_many_writers_and_two_sequencers_leave_no_gap_and_no_double(office, trail):
    writing = [Thread(target=lambda: [trail.write(1) for _ in range(20)]) for _ in range(4)]
    ended = Event()

    def keep_sequencing():
        while not ended.wait(0.005):
            with office.work(TOCSIN) as work:
                sequence(work.session)

    sequencing = [Thread(target=keep_sequencing) for _ in range(2)]
    for thread in [*writing, *sequencing]:
        thread.start()
    for thread in writing:
        thread.join()
    ended.set()
    for thread in sequencing:
        thread.join()
    trail.sign()
    assert trail.verify().entries_checked == 80
    with office.look(TOCSIN) as work:
        assert pending_count(work.session) == 0


def test_a_batch_takes_no_more_than_asked(office, trail):
    trail.write(7)
    with office.work(TOCSIN) as work:
        assert [sequence(work.session, limit=3) for _ in range(4)] == [3, 3, 1, 0]


def test_an_entry_changed_before_its_place_is_set_aside_and_shouted_about(office, trail, caplog):
    changed, deleted, sound = trail.write(3)
    trail.spoil(
        "UPDATE audit_entry SET body = :body WHERE kind = 'incident.open' AND leaf = :changed",
        "DELETE FROM audit_entry WHERE leaf = :deleted",
        body=b"{}",
        changed=changed.leaf,
        deleted=deleted.leaf,
    )
    with caplog.at_level(logging.CRITICAL), office.work(TOCSIN) as work:
        assert sequence_all(work.session) == 1
    assert [str(changed.entry_id) in caplog.text, str(deleted.entry_id) in caplog.text] == [1, 1]
    with office.look(TOCSIN) as work:
        assert quarantined(work.session) == sorted([changed.entry_id, deleted.entry_id])
        assert work.session.scalars(select(AuditLeaf.entry_id)).all() == [sound.entry_id]
    trail.sign()
    assert str(min(changed.entry_id, deleted.entry_id)) in trail.verify().reason

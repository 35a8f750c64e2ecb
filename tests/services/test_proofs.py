"""Proofs of campaigns: one leaf per person and rung, a signed root, made when a campaign ends."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from incidents.audit.entry import canonical
from incidents.audit.merkle import inclusion_proof, leaf_hash, root_of, verify_inclusion
from incidents.audit.note import proof_origin, public_key_of, verified
from incidents.database import proofs as rows
from incidents.database.announcements import Announcement
from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Attempt, Campaign, Delivery
from incidents.database.notices import NoticeApproval
from incidents.database.population import Recipient
from incidents.database.proofs import CampaignProof, ProofTile, TileRows
from incidents.office import signing_key
from incidents.services import announcements, campaigns, proofs
from incidents.services.proof_leaves import Leaves
from incidents.vault.data_keys import destroy
from incidents.vault.errors import KeyDestroyed
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import REFUSED, UNKNOWN, Campaigning, mailbox

PHONE = "+12025550101"
PEOPLE = [
    mailbox(1, name="Ada Example"),
    mailbox(2, phone=PHONE, locale="zh-CN"),
    {"phone": PHONE, "name": "Ben"},
    {},
    mailbox(3, withheld="police_hold"),
]


@pytest.fixture
def telling(telling):
    def make(people=PEOPLE, **settings):
        return telling(people, **settings)

    return make


def ended(one: Campaigning) -> Campaigning:
    one.launch()
    one.pump()
    one.tend()
    return one


def make_due(one: Campaigning) -> int:
    return proofs.make_due(one.office, signing_key(one.office.settings))


def leaves_of(one: Campaigning) -> list[dict]:
    return [json.loads(leaf.body) for leaf in all_leaves(one)]


def all_leaves(one: Campaigning) -> list:
    with one.office.look(TOCSIN) as work:
        made = Leaves(work, work.session.get_one(Campaign, one.id))
        return [leaf for page in made.all() for leaf in page]


def test_a_campaign_that_ends_is_proved_once(telling):
    one = ended(telling())
    assert make_due(one) == 1
    assert make_due(one) == 0
    (proof,) = one.rows(CampaignProof)
    assert (proof.number, proof.size) == (1, len(PEOPLE))
    assert proof.buckets == one.buckets() == {"accepted": 3, "exhausted": 1, "withheld": 1}


def test_two_processes_make_one_proof(telling):
    one = ended(telling())
    signer = signing_key(one.office.settings)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: proofs.make_due(one.office, signer), range(4)))
    assert sum(made) == 1
    assert len(one.rows(CampaignProof)) == 1


def test_the_root_is_signed_for_this_campaign_and_stands_in_the_trail(telling):
    one = ended(telling())
    make_due(one)
    (proof,) = one.rows(CampaignProof)
    signer = signing_key(one.office.settings)
    origin = proof_origin(signer.name, one.id, 1)
    head = verified(proof.note, public_key_of(signer), origin)
    assert (head.size, head.root) == (proof.size, proof.root)
    assert head.root == root_of([leaf_hash(leaf.body) for leaf in all_leaves(one)])
    (entry,) = [row for row in one.rows(AuditEntry) if row.kind == "campaign.prove"]
    assert entry.entry_id == proof.entry_id
    detail = json.loads(entry.body)["detail"]
    assert (detail["root"], detail["size"]) == (head.root.hex(), head.size)


def test_a_leaf_says_what_was_sent_by_whom_and_what_came_of_it(telling):
    one = ended(telling(PEOPLE[:1]))
    envelope = one.email.ledger[0]
    one.fold(one.receipt(envelope, ReceiptKind.DELIVERED))
    (leaf,) = leaves_of(one)
    (attempt,) = one.rows(Attempt)
    assert leaf["bucket"] == "delivered"
    assert (leaf["channel"], leaf["provider"], leaf["locale"]) == ("email", "sendgrid", "en")
    (call,) = leaf["attempts"]
    assert (call["id"], call["sha256"]) == (str(attempt.id), attempt.sha256)
    assert (call["outcome"], call["status"], call["ref"]) == ("accepted", 202, "ref")
    assert [said["kind"] for said in leaf["receipts"]] == ["delivered"]


def test_leaves_are_written_as_the_trail_writes_and_name_nobody(telling):
    for leaf in all_leaves(ended(telling())):
        assert leaf.body == canonical(json.loads(leaf.body))
        for private in (b"Ada", b"Ben", b"example.com", b"+1202", leaf.recipient_id.hex.encode()):
            assert private not in leaf.body


def test_whoever_was_moved_on_has_a_leaf_on_each_rung_and_counts_once(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.email.answers = [REFUSED]
    ended(one)
    one.pump()
    first, second = leaves_of(one)
    assert (first["bucket"], first["outcome"], first["channel"]) == ("left", "failed", "email")
    assert (second["bucket"], second["channel"]) == ("accepted", "sms")
    assert first["person"] == second["person"]
    assert first["fields"] != second["fields"]


def test_people_are_called_otherwise_in_every_campaign(telling):
    names = []
    for _ in range(2):
        one = ended(telling(PEOPLE[:1]))
        names.append(leaves_of(one)[0]["person"])
    assert len(set(names)) == 2


def test_late_receipts_make_a_new_version_after_a_while(telling):
    one = ended(telling(PEOPLE[:1], proof_renewal_minutes=10))
    make_due(one)
    one.fold(one.receipt(one.email.ledger[0], ReceiptKind.DELIVERED))
    assert make_due(one) == 0
    one.later(600)
    assert make_due(one) == 1
    first, second = one.rows(CampaignProof)
    assert first.root != second.root
    assert second.buckets == {"delivered": 1}
    assert {tile.number for tile in one.rows(ProofTile)} == {2}


def test_a_receipt_that_is_known_already_changes_no_proof(telling):
    one = ended(telling(PEOPLE[:1], proof_renewal_minutes=0))
    receipt = one.receipt(one.email.ledger[0], ReceiptKind.DELIVERED)
    one.fold(receipt)
    make_due(one)
    one.fold(receipt)
    assert make_due(one) == 0


def test_a_campaign_that_waits_for_a_decision_is_proved_when_asked_for(telling):
    one = telling([mailbox(1)])
    one.email.answers = [UNKNOWN]
    ended(one)
    assert make_due(one) == 0
    with one.office.work(TOCSIN) as work:
        proofs.ask(work, one.id)
    assert make_due(one) == 1
    assert one.rows(CampaignProof)[0].buckets == {"unknown": 1}


def test_people_who_never_got_a_place_are_in_the_proof_of_a_stopped_campaign(telling):
    one = telling([mailbox(n) for n in range(5)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        gone = work.session.query(Delivery).order_by(Delivery.recipient_id).first()
        work.session.delete(gone)
    with one.office.work(TOCSIN) as work:
        campaigns.stop(work, one.id)
    one.tend()
    assert make_due(one) == 1
    assert one.rows(CampaignProof)[0].buckets == {"suppressed": 5}
    assert Counter(leaf["rung"] for leaf in leaves_of(one)) == {0: 4, -1: 1}


def test_a_version_that_died_on_its_way_is_made_again(telling):
    one = ended(telling(PEOPLE[:1]))
    with one.office.work(TOCSIN) as work:
        rows.take(work.session, one.id)
        begun = CampaignProof(campaign_id=one.id, number=1, begun_at=work.now)
        work.session.add(begun)
        rows.add_tiles(work.session, begun, [(0, 0, b"x" * 32)])
    assert make_due(one) == 0
    one.later(proofs.GIVEN_UP / timedelta(seconds=1))
    assert make_due(one) == 1
    (proof,) = one.rows(CampaignProof)
    assert proof.made_at is not None
    assert [tile.hashes for tile in one.rows(ProofTile)] == [leaf_hash(all_leaves(one)[0].body)]


def test_a_place_in_the_tree_can_be_shown_when_rows_and_keys_are_gone(telling):
    one = ended(telling([mailbox(n) for n in range(700)]))
    make_due(one)
    chosen = leaf_hash(all_leaves(one)[600].body)
    with one.office.work(TOCSIN) as work:
        destroy(work.session, work.keyring, one.incident.id, work.now)
        work.session.query(Delivery).delete()
        work.session.query(Recipient).delete()
    with one.office.look(TOCSIN) as work:
        proof = rows.newest(work.session, one.id)
        index = rows.index_of(work.session, proof, chosen)
        way = inclusion_proof(TileRows(work.session, one.id, 1), index, proof.size)
        assert index == 600
        assert verify_inclusion(chosen, index, proof.size, way, proof.root)
        assert rows.index_of(work.session, proof, b"?" * 32) is None


def test_an_announcement_tells_those_whom_no_channel_reached_and_the_proof_says_so(telling):
    one = ended(telling([mailbox(1), {}]))
    make_due(one)
    with one.office.work(TOCSIN) as work:
        (approval,) = work.session.query(NoticeApproval)
        row = Announcement(
            incident_id=one.incident.id,
            mode="live",
            notice_id=one.notice.id,
            approval_id=approval.id,
            slug="a-leak",
            status="approved",
            sha256=approval.sha256,
            reasons=[],
            proposed_at=work.now,
            proposed_by=TOCSIN.id,
        )
        work.session.add(row)
        work.session.flush()
        announcements.publish(work, row.id)
    assert make_due(one) == 1
    before, after = one.rows(CampaignProof)
    assert before.buckets == {"accepted": 1, "exhausted": 1}
    assert after.buckets == one.buckets() == {"accepted": 1, "announced": 1}


def test_without_its_keys_a_campaign_gets_no_new_version(telling):
    one = ended(telling(PEOPLE[:1]))
    make_due(one)
    with one.office.work(TOCSIN) as work:
        proofs.ask(work, one.id)
        destroy(work.session, work.keyring, one.incident.id, work.now)
    assert make_due(one) == 0
    with one.office.work(TOCSIN) as work, pytest.raises(KeyDestroyed):
        proofs.ask(work, one.id)
    assert len(one.rows(CampaignProof)) == 1

"""What proves to one person that they were told, and goes on proving it when all else is gone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from incidents.audit.note import public_key_of
from incidents.audit.receipt_verifier import describe, verify_receipt, written
from incidents.audit.verifier import main
from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Delivery, ProviderReceipt
from incidents.database.population import Recipient
from incidents.errors import Conflict, InvalidInput, NotFound, NotPermitted
from incidents.office import signing_key
from incidents.services import notice_receipts, proofs
from incidents.vault.data_keys import destroy
from incidents.vault.errors import KeyDestroyed
from incidents.vault.signing import SigningKey
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import REFUSED, Campaigning, mailbox

PHONE = "+12025550101"
PEOPLE = [
    mailbox(1, name="Ada Example", ref="17"),
    mailbox(2, phone=PHONE, name="王小明", locale="zh-CN", ref="18"),
    {"phone": PHONE, "name": "Ben", "ref": "19"},
    {"ref": "20"},
    mailbox(3, withheld="police_hold", ref="21"),
    {"email": "family@example.com", "ref": "22"},
    {"email": "family@example.com", "ref": "23"},
    {"email": "zoe@xn--mnchen-3ya.example.com", "ref": "24"},
]


@pytest.fixture
def one(telling):
    made = telling(PEOPLE, proof_renewal_minutes=0)
    made.launch()
    made.pump()
    made.tend()
    proofs.make_due(made.office, signing_key(made.office.settings))
    return made


def receipt(one: Campaigning, **whose: str) -> bytes:
    with one.office.work(TOCSIN) as work:
        signer = signing_key(one.office.settings)
        return written(notice_receipts.receipt(work, signer, one.id, **whose))


def key_of(one: Campaigning) -> str:
    return str(public_key_of(signing_key(one.office.settings)))


def test_a_receipt_shows_one_person_what_they_were_sent_and_verifies_alone(one):
    result = verify_receipt(receipt(one, ref="18"), key=key_of(one))
    assert result.ok, result.reason
    (leaf,) = result.told
    assert leaf["own"] == {"address": "person2@example.com", "fields": {"name": "王小明"}}
    assert leaf["sent"]["text"].startswith("[zh-Hans] Dear ")
    assert leaf["attempts"][0]["outcome"] == "accepted"
    assert leaf["bucket"] == "accepted"
    assert "Sound" in describe(result)


def test_a_receipt_shows_nobody_else(one):
    content = receipt(one, ref="17").decode()
    for other in ("王小明", "Ben", "person2@", "person3@", "family@", PHONE):
        assert other not in content


def test_the_same_call_stands_in_the_trail_since_it_was_answered(one):
    document = json.loads(receipt(one, ref="19"))
    (told,) = document["told"]
    (call,) = told["recorded"]
    kinds = {e["seq"]: json.loads(e["body"])["kind"] for e in document["trail"]["entries"]}
    assert kinds[call["entry"]] == "sending.record"
    assert kinds[document["trail"]["proved"]] == "campaign.prove"


def test_a_person_is_named_by_address_too_where_it_is_theirs_alone(one):
    by_address = json.loads(receipt(one, email=" Person1@example.com "))
    assert by_address["told"] == json.loads(receipt(one, ref="17"))["told"]
    in_letters = json.loads(receipt(one, email="Zoe@München.example.com"))
    assert in_letters["told"] == json.loads(receipt(one, ref="24"))["told"]
    with pytest.raises(Conflict, match="several people"):
        receipt(one, email="family@example.com")
    with pytest.raises(NotFound):
        receipt(one, email="nobody@example.com")
    with pytest.raises(NotFound):
        receipt(one, email="not an address")
    with pytest.raises(InvalidInput):
        receipt(one)


def test_whoever_was_not_sent_anything_gets_a_receipt_that_says_why(one):
    for ref, bucket, why in (("20", "exhausted", ""), ("21", "withheld", "police_hold")):
        result = verify_receipt(receipt(one, ref=ref), key=key_of(one))
        assert result.ok, result.reason
        assert (result.told[0]["bucket"], result.told[0]["why"]) == (bucket, why)


def test_a_look_at_a_receipt_is_on_record_and_needs_the_permission(one, actor):
    receipt(one, ref="17")
    looks = [row for row in one.rows(AuditEntry) if row.kind == "person.reveal"]
    assert json.loads(looks[0].body)["detail"]["purpose"] == "notice_receipt"
    assert b"17" not in json.dumps(json.loads(looks[0].body)["detail"]).encode()
    signer = signing_key(one.office.settings)
    with one.office.work(actor("auditor")) as work, pytest.raises(NotPermitted):
        notice_receipts.receipt(work, signer, one.id, ref="17")


def test_a_receipt_tells_of_each_rung(telling):
    one = telling([mailbox(1, phone=PHONE, ref="1")])
    one.launch()
    one.email.answers = [REFUSED]
    one.pump()
    one.tend()
    proofs.make_due(one.office, signing_key(one.office.settings))
    result = verify_receipt(receipt(one, ref="1"), key=key_of(one))
    assert [(leaf["channel"], leaf["bucket"]) for leaf in result.told] == [
        ("email", "left"),
        ("sms", "accepted"),
    ]
    one.dispatch.close()


def test_what_was_heard_since_the_proof_asks_for_a_new_one(one):
    envelope = next(e for e in one.email.ledger if "person1" in e.people[0].address)
    one.fold(
        *(one.receipt(envelope, ReceiptKind.DELIVERED, n) for n in range(len(envelope.people)))
    )
    with pytest.raises(Conflict, match="proof 1"):
        receipt(one, ref="17")
    proofs.make_due(one.office, signing_key(one.office.settings))
    result = verify_receipt(receipt(one, ref="17"), key=key_of(one))
    assert result.told[0]["receipts"][0]["kind"] == "delivered"


def test_a_receipt_still_verifies_when_everything_was_erased(one, tmp_path, capsys):
    path = tmp_path / "receipt.json"
    path.write_bytes(receipt(one, ref="17"))
    key = key_of(one)
    with one.office.work(TOCSIN) as work:
        destroy(work.session, work.keyring, one.incident.id, work.now)
        for table in (ProviderReceipt, Delivery, Recipient):
            work.session.execute(delete(table))
    with pytest.raises(KeyDestroyed):
        receipt(one, ref="18")
    assert main([str(path), "--key", key]) == 0
    assert "Sound" in capsys.readouterr().out


def test_a_receipt_signed_by_another_hand_is_refused(one, tmp_path):
    other = SigningKey.load_or_create(tmp_path / "other", "tocsin/other")
    assert not verify_receipt(receipt(one, ref="17"), key=str(public_key_of(other))).ok


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"%PDF-1.7\n\x80", "attached to it"), (b"ref,name\n", "not JSON"), (b"[]", "cannot be read")],
)
def test_what_is_no_receipt_is_said_to_be_none(content, why):
    found = verify_receipt(content)
    assert (found.ok, why in found.reason) == (False, True), found.reason


def test_two_receipts_cannot_be_mixed(one):
    ada, ben = (json.loads(receipt(one, ref=ref)) for ref in ("17", "19"))
    for part in ada["told"][0]:
        if ada["told"][0][part] == ben["told"][0][part]:
            continue
        told = {**ada["told"][0], part: ben["told"][0][part]}
        assert not verify_receipt(written({**ada, "told": [told]}), key=key_of(one)).ok, part
    both = {**ada, "told": ada["told"] + ben["told"]}
    both["trail"]["entries"] = sorted(
        {e["seq"]: e for e in ada["trail"]["entries"] + ben["trail"]["entries"]}.values(),
        key=lambda entry: entry["seq"],
    )
    assert not verify_receipt(written(both), key=key_of(one)).ok


def test_not_one_byte_of_a_receipt_can_be_changed(one):
    content, key = receipt(one, ref="18"), key_of(one)

    @settings(max_examples=300, deadline=None)
    @given(at=st.integers(0, len(content) - 1), more=st.integers(1, 255))
    def changed(at: int, more: int) -> None:
        new = bytes([content[at] + more & 255])
        result = verify_receipt(content[:at] + new + content[at + 1 :], key=key)
        assert not result.ok
        assert result.reason

    changed()

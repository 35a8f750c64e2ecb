"""Proofs and notice receipts over HTTP, and with the command line."""

from __future__ import annotations

import io
import zipfile

import pytest
from pypdf import PdfReader

from incidents.audit.receipt_verifier import verify_receipt
from incidents.office import signing_key
from incidents.services import proofs
from tests.services.telling import mailbox


@pytest.fixture
def told(telling):
    one = telling([mailbox(n, ref=str(n)) for n in range(3)])
    one.launch()
    one.pump()
    one.tend()
    return one


def make_due(told):
    return proofs.make_due(told.office, signing_key(told.office.settings))


def test_a_proof_is_listed_when_it_is_made(told, client, as_role):
    path = f"/api/v1/campaigns/{told.id}/proofs"
    assert client.get(path, headers=as_role("auditor")).json() == []
    make_due(told)
    (proof,) = client.get(path, headers=as_role("auditor")).json()
    assert (proof["number"], proof["size"]) == (1, 3)
    assert proof["buckets"] == {"accepted": 3}
    assert len(proof["root"]) == 64
    assert str(told.id) in proof["note"]


def test_a_new_version_is_made_when_asked_for(told, client, as_role):
    make_due(told)
    path = f"/api/v1/campaigns/{told.id}/proofs"
    answer = client.post(path, headers=as_role("auditor"))
    assert answer.status_code == 202
    assert answer.json()["proof_due_at"]
    assert make_due(told) == 1
    assert len(client.get(path, headers=as_role("auditor")).json()) == 2


def test_a_receipt_is_asked_for_in_the_body_and_verifies_as_it_came(told, client, as_role):
    make_due(told)
    path = f"/api/v1/campaigns/{told.id}/receipts"
    officer = as_role("privacy_officer")
    answer = client.post(path, json={"ref": "1"}, headers=officer)
    result = verify_receipt(answer.content)
    assert result.ok, result.reason
    assert result.told[0]["own"]["address"] == "person1@example.com"
    assert client.post(path, json={"ref": "9"}, headers=officer).status_code == 404
    assert client.post(path, json={}, headers=officer).status_code == 422
    assert client.post(path, json={"ref": "1"}, headers=as_role("auditor")).status_code == 403


def test_there_is_no_receipt_before_there_is_a_proof(told, client, as_role):
    path = f"/api/v1/campaigns/{told.id}/receipts"
    answer = client.post(path, json={"ref": "1"}, headers=as_role("privacy_officer"))
    assert answer.status_code == 404
    assert "no proof yet" in answer.text


def test_evidence_comes_as_a_zip(told, client, as_role):
    path = f"/api/v1/campaigns/{told.id}/evidence"
    assert client.get(path, headers=as_role("auditor")).status_code == 404
    make_due(told)
    answer = client.get(path, headers=as_role("auditor"))
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert {"README.txt", "manifest.txt", "leaves.bin"} <= set(packed.namelist())
        assert packed.read("summary.pdf").startswith(b"%PDF")
        assert len(packed.read("leaves.bin")) == 3 * 32


def test_a_receipt_comes_on_paper_that_carries_its_proof(told, client, as_role):
    make_due(told)
    path = f"/api/v1/campaigns/{told.id}/receipts"
    wanted = {**as_role("privacy_officer"), "Accept": "application/pdf"}
    answer = client.post(path, json={"ref": "1"}, headers=wanted)
    assert answer.headers["content-type"] == "application/pdf"
    paper = PdfReader(io.BytesIO(answer.content))
    text = " ".join("".join(page.extract_text() for page in paper.pages).split())
    assert len(paper.pages) == 1
    assert "person1@example.com" in text
    assert "taken by the carrier" in text
    assert "Dear Ada Example, your answers were readable" in text
    (proof,) = paper.attachments["notice-receipt.json"]
    assert verify_receipt(proof).ok

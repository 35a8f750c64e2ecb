"""Signed heads, and the copy outside the database that tells on whoever owns it."""

import json
from base64 import b64encode

import pytest

from incidents.audit import merkle, note
from incidents.audit.checkpoints import FileAnchor, check_anchor
from incidents.audit.errors import TrailRewound, TrailTampered
from incidents.audit.note import BadNote, Head, PublicKey, public_key_of, read, signed, verified
from incidents.vault.signing import SigningKey
from tests.factories import TOCSIN

HEAD = Head("trail.example.org", 3, b"\x07" * 32)


@pytest.fixture
def signer():
    return SigningKey("trail.example.org", b"\x01" * 32)


def test_a_note_reads_as_c2sp_says(signer):
    text = signed(HEAD, signer)
    root = b64encode(HEAD.root).decode()
    assert text.startswith(f"trail.example.org\n3\n{root}\n\n— trail.example.org ")
    assert text.endswith("\n")
    assert verified(text, PublicKey.parse(str(public_key_of(signer)))) == HEAD


def test_the_example_of_the_c2sp_page_verifies():
    key = PublicKey.parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    text = "This is an example message.\n"
    line = (
        "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
        "mFXmRKuwHjG1Yu72IneyaQM=\n"
    )
    assert note.verified_text(f"{text}\n{line}", key) == text
    with pytest.raises(BadNote, match="does not hold"):
        note.verified_text(f"{text.upper()}\n{line}", key)


def test_a_note_with_anything_changed_is_refused(signer):
    text, key = signed(HEAD, signer), public_key_of(signer)
    stranger = SigningKey("trail.example.org", b"\x02" * 32)
    for bad in (
        text.replace("\n3\n", "\n4\n"),
        text.replace("trail.example.org\n3", "other.example.org\n3"),
        text.replace("\n3\n", "\n03\n"),
        signed(HEAD, stranger),
        text.partition("\n\n")[0] + "\n\n",
        "",
    ):
        with pytest.raises(BadNote):
            verified(bad, key)


def test_a_damaged_public_key_is_refused(signer):
    key = str(public_key_of(signer))
    for bad in ("", "a+b", key.replace("trail", "trial"), key[:-4], key[:-8] + "AAAAAAA="):
        with pytest.raises(BadNote):
            PublicKey.parse(bad)


def test_an_unchanged_trail_is_not_signed_again(trail):
    assert trail.sign() is None
    trail.write(2)
    head = trail.sign()
    assert (head.size, read(head.note).root) == (2, head.root)
    assert trail.sign() is None


def test_a_trail_that_contradicts_its_last_head_is_not_signed(trail):
    trail.grow(5)
    trail.spoil("UPDATE audit_leaf SET leaf = :leaf WHERE seq = 1", leaf=merkle.leaf_hash(b"x"))
    trail.write(1)
    with pytest.raises(TrailTampered, match="first 5"):
        trail.sign()


def test_the_anchor_keeps_what_was_signed_and_survives_a_cut_line(trail, tmp_path):
    anchor = FileAnchor(tmp_path / "anchor" / "heads.jsonl")
    assert anchor.newest() is None
    for count in (2, 3):
        trail.write(count)
        anchor.keep(trail.sign())
    with anchor.path.open("a") as file:
        file.write('{"at": "2026-')
    assert anchor.newest().size == 5
    assert len(anchor.path.read_text().splitlines()) == 3
    assert json.loads(anchor.path.read_text().splitlines()[0])["note"].count("\n") == 5
    assert anchor.path.stat().st_mode & 0o777 == 0o600


def test_a_line_cut_short_does_not_swallow_the_next_head(trail, tmp_path):
    anchor = FileAnchor(tmp_path / "heads.jsonl")
    trail.write(2)
    anchor.keep(trail.sign())
    whole = anchor.path.read_bytes()
    anchor.path.write_bytes(whole + whole[: whole.index("—".encode()) + 1])  # in mid-sign
    trail.write(3)
    anchor.keep(trail.sign())
    assert anchor.newest().size == 5


def test_a_restored_older_database_is_told_by_the_anchor(trail, tmp_path):
    anchor = FileAnchor(tmp_path / "heads.jsonl")
    trail.grow(5)
    trail.write(3)
    anchor.keep(trail.sign())
    with trail.office.look(TOCSIN) as work:
        check_anchor(work.session, anchor)
    trail.spoil(
        "DELETE FROM audit_leaf WHERE seq >= 5", "DELETE FROM audit_checkpoint WHERE size > 5"
    )
    with (
        trail.office.look(TOCSIN) as work,
        pytest.raises(TrailRewound, match="has 5 entries, its anchor says 8"),
    ):
        check_anchor(work.session, anchor)


def test_a_rewritten_trail_is_told_by_the_anchor_even_when_signed_again(trail, tmp_path):
    anchor = FileAnchor(tmp_path / "heads.jsonl")
    trail.write(4)
    anchor.keep(trail.sign())
    trail.spoil(
        "UPDATE audit_leaf SET leaf = :leaf WHERE seq = 2",
        "DELETE FROM audit_checkpoint",
        leaf=merkle.leaf_hash(b"x"),
    )
    trail.sign()
    with trail.office.look(TOCSIN) as work, pytest.raises(TrailTampered, match="first 4"):
        check_anchor(work.session, anchor)

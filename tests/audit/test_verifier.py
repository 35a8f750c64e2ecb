"""Whatever is done to the trail, in the database or in the file, the verifier names it."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from incidents.audit.bundle import export
from incidents.audit.note import public_key_of
from incidents.audit.verifier import main, verify_bundle
from incidents.errors import Conflict
from incidents.vault.signing import SigningKey
from tests.factories import TOCSIN, uuid7

AT = "(SELECT entry_id FROM audit_leaf WHERE seq = {})"
SLIP_IN = (
    "INSERT INTO audit_entry (entry_id, at, kind, actor_id, subject_type, body, leaf) "
    "SELECT :new_id, at, kind, actor_id, subject_type, :body, :leaf FROM audit_entry "
    f"WHERE entry_id = {AT.format(0)}"
)
COPY_BODY = (
    "UPDATE audit_entry SET body = (SELECT body FROM audit_entry WHERE entry_id = {}) "
    "WHERE entry_id = {}"
)
# What somebody with SQL does to a trail of 312 entries, signed at 5, 305 and 312
# -> the first entry that the verifier names, and its reason.
SPOILED = {
    "a body changed": (
        [f"UPDATE audit_entry SET body = :body WHERE entry_id = {AT.format(40)}"],
        (40, "body does not give its leaf"),
    ),
    "a body changed with its own leaf": (
        [f"UPDATE audit_entry SET body = :body, leaf = :leaf WHERE entry_id = {AT.format(40)}"],
        (40, "body does not give its leaf"),
    ),
    "a body changed with all its leaves": (
        [
            f"UPDATE audit_entry SET body = :body, leaf = :leaf WHERE entry_id = {AT.format(40)}",
            "UPDATE audit_leaf SET leaf = :leaf WHERE seq = 40",
        ],
        (5, "among entries 5 to 255"),
    ),
    "the same, and the tile taken away": (
        [
            f"UPDATE audit_entry SET body = :body, leaf = :leaf WHERE entry_id = {AT.format(40)}",
            "UPDATE audit_leaf SET leaf = :leaf WHERE seq = 40",
            "DELETE FROM audit_node",
        ],
        (5, "entries 5 to 304 do not lead to the head signed at 305"),
    ),
    "the last leaf changed": (
        [
            f"UPDATE audit_entry SET body = :body, leaf = :leaf WHERE entry_id = {AT.format(311)}",
            "UPDATE audit_leaf SET leaf = :leaf WHERE seq = 311",
        ],
        (305, "entries 305 to 311"),
    ),
    "an entry deleted": (
        [f"DELETE FROM audit_entry WHERE entry_id = {AT.format(100)}"],
        (100, "no pruning is on record"),
    ),
    "an entry deleted with its leaf": (
        [
            f"DELETE FROM audit_entry WHERE entry_id = {AT.format(100)}",
            "DELETE FROM audit_leaf WHERE seq = 100",
        ],
        (100, "entry 100 is missing"),
    ),
    "an entry deleted and the gap closed": (
        [
            f"DELETE FROM audit_entry WHERE entry_id = {AT.format(100)}",
            "DELETE FROM audit_leaf WHERE seq = 100",
            "UPDATE audit_leaf SET seq = -seq WHERE seq > 100",
            "UPDATE audit_leaf SET seq = -seq - 1 WHERE seq < 0",
        ],
        (5, "among entries 5 to 255"),
    ),
    "an entry slipped in between": (
        [
            "UPDATE audit_leaf SET seq = -seq WHERE seq >= 50",
            "UPDATE audit_leaf SET seq = 1 - seq WHERE seq < 0",
            "INSERT INTO audit_leaf (seq, entry_id, leaf) VALUES (50, :new_id, :leaf)",
            SLIP_IN,
        ],
        (5, "among entries 5 to 255"),
    ),
    "an entry slipped in without a place": (
        [
            SLIP_IN,
        ],
        (None, "slipped in by hand"),
    ),
    "a body put in place of another": (
        [
            COPY_BODY.format(AT.format(21), AT.format(20)),
            COPY_BODY.format(AT.format(20), AT.format(21)),
        ],
        (20, "body does not give its leaf"),
    ),
    "two places swapped": (
        [
            "UPDATE audit_leaf SET seq = -1 WHERE seq = 20",
            "UPDATE audit_leaf SET seq = 20 WHERE seq = 21",
            "UPDATE audit_leaf SET seq = 21 WHERE seq = -1",
        ],
        (5, "among entries 5 to 255"),
    ),
    "the newest cut off": (
        ["DELETE FROM audit_leaf WHERE seq >= 310"],
        (310, "entry 310 is missing"),
    ),
    "a kept tile changed": (["UPDATE audit_node SET hash = :leaf"], (5, "among entries")),
    "a signed head changed": (
        ["UPDATE audit_checkpoint SET note = replace(note, '305', '304') WHERE size = 305"],
        (None, "signature"),
    ),
    "who did it changed in the column": (
        [f"UPDATE audit_entry SET actor_id = :new_id WHERE entry_id = {AT.format(7)}"],
        (7, "column for actor"),
    ),
    "moved to another incident in the column": (
        [f"UPDATE audit_entry SET incident_id = :new_id WHERE entry_id = {AT.format(7)}"],
        (7, "column for incident"),
    ),
}


@pytest.fixture
def signed_trail(trail):
    trail.grow(5, 300, 7)
    return trail


def test_an_untouched_trail_is_sound(signed_trail):
    result = signed_trail.verify()
    assert (result.ok, result.size, result.entries_checked) == (True, 312, 312), result.reason
    assert result.key_trusted


def test_entries_not_signed_yet_are_left_for_the_next_export(signed_trail):
    signed_trail.write(2)
    assert signed_trail.verify().size == 312
    signed_trail.sign()
    assert signed_trail.verify().size == 314


@pytest.mark.parametrize("what", SPOILED)
def test_spoiling_the_database_is_found_and_named(signed_trail, what):
    statements, (first_bad, reason) = SPOILED[what]
    new_id = uuid7()
    if signed_trail.office.engine.dialect.name == "sqlite":
        new_id = new_id.hex
    signed_trail.spoil(*statements, new_id=new_id, **signed_trail.forged())
    result = signed_trail.verify()
    assert not result.ok
    assert (result.first_bad, reason in result.reason) == (first_bad, True), result.reason


def test_cutting_off_the_newest_with_their_head_is_told_by_memory_alone(signed_trail, tmp_path):
    state = tmp_path / "state.json"
    assert signed_trail.verify(remember=state).ok
    signed_trail.spoil(
        "DELETE FROM audit_checkpoint WHERE size > 305", "DELETE FROM audit_leaf WHERE seq >= 305"
    )
    assert "slipped in" in signed_trail.verify().reason  # their entries are left without a place
    signed_trail.spoil(
        "DELETE FROM audit_entry WHERE entry_id NOT IN (SELECT entry_id FROM audit_leaf)"
    )
    assert signed_trail.verify().ok  # a shorter past is sound: nothing in it is false
    result = signed_trail.verify(remember=state)
    assert (result.ok, result.first_bad) == (False, 305)
    assert "newest are gone" in result.reason


def rewrite(trail):
    """History changed by the holder of database and signing key, and signed again."""
    at = AT.format(3)
    trail.spoil(
        f"UPDATE audit_entry SET body = :body, leaf = :leaf WHERE entry_id = {at}",
        "UPDATE audit_leaf SET leaf = :leaf WHERE seq = 3",
        "DELETE FROM audit_checkpoint",
        "DELETE FROM audit_node",
        **trail.forged(),
    )
    trail.sign()


def test_history_rewritten_and_signed_again_is_told_by_memory(trail, tmp_path):
    state = tmp_path / "state.json"
    trail.grow(5, 100)
    assert trail.verify(remember=state).ok
    trail.grow(20)
    assert trail.verify(remember=state).ok
    assert json.loads(state.read_text())["size"] == 125
    rewrite(trail)
    result = trail.verify(remember=state)
    assert (result.ok, result.first_bad) == (False, 0)
    assert "rewritten" in result.reason
    assert json.loads(state.read_text())["size"] == 125


def test_an_incident_is_shown_with_proofs_and_nothing_of_the_rest(trail):
    incident_id = uuid7()
    trail.write(4)
    trail.write(3, incident_id=incident_id)
    trail.grow(600)
    trail.write(2, incident_id=incident_id)
    trail.grow(10)
    bundle = trail.export(incident_id=incident_id)
    result = verify_bundle(bundle.path, key=trail.key)
    assert (result.ok, result.entries_checked, result.size) == (True, 5, 619), result.reason
    assert bundle.path.read_bytes().count(b'"incident.open"') == 5


def test_a_range_is_gapless(signed_trail):
    bundle = signed_trail.export(start=250, stop=260)
    assert verify_bundle(bundle.path, key=signed_trail.key).entries_checked == 10
    lines = bundle.path.read_bytes().splitlines(keepends=True)
    for gap in (range(2, 3), range(5, 6), range(11, 12)):
        bundle.path.write_bytes(b"".join(lines[: gap.start] + lines[gap.stop :]))
        result = verify_bundle(bundle.path, key=signed_trail.key)
        assert (result.ok, result.first_bad) == (False, 248 + gap.start), result.reason


def test_a_selection_proves_that_the_trail_grew_from_what_was_seen(trail, tmp_path):
    state = tmp_path / "state.json"
    trail.grow(70)
    assert trail.verify(remember=state).ok
    trail.grow(60)
    assert "no proof" in trail.verify(remember=state, start=3, stop=9).reason
    assert trail.verify(remember=state, start=3, stop=9, since=70).ok
    rewrite(trail)
    trail.grow(1)
    result = trail.verify(remember=state, start=3, stop=9, since=130)
    assert "rewritten" in result.reason


@pytest.mark.parametrize("part", [{}, {"start": 200, "stop": 300}])
def test_any_byte_of_an_entry_changed_in_the_file_is_found(signed_trail, part):
    path = signed_trail.export(**part).path
    lines = path.read_bytes().splitlines(keepends=True)
    entries = [number for number, line in enumerate(lines) if line.startswith(b'{"seq"')]
    chance = random.Random(7)
    for _ in range(120):
        number = chance.choice(entries)
        line = bytearray(lines[number])
        at = chance.randrange(len(line))
        line[at] ^= 1 << chance.randrange(8)
        spoiled = path.with_name("spoiled.jsonl")
        spoiled.write_bytes(b"".join([*lines[:number], line, *lines[number + 1 :]]))
        result = verify_bundle(spoiled, key=signed_trail.key)
        assert not result.ok, (number, at)
        seq = json.loads(lines[number])["seq"]
        assert result.first_bad in (seq, seq + 1, None), (result, seq)


def test_lines_taken_out_doubled_or_swapped_are_named(signed_trail):
    path = signed_trail.export().path
    lines = path.read_bytes().splitlines(keepends=True)
    first = next(number for number, line in enumerate(lines) if line.startswith(b'{"seq":0,'))

    def spoiled(*changed):
        path.write_bytes(b"".join(changed))
        return verify_bundle(path, key=signed_trail.key)

    cut = first + 9
    assert spoiled(*lines[:cut], *lines[cut + 1 :]).first_bad == 9
    assert spoiled(*lines[: cut + 1], *lines[cut:]).first_bad == 10
    assert spoiled(*lines[:cut], lines[cut + 1], lines[cut], *lines[cut + 2 :]).first_bad == 9
    assert spoiled(*lines[:cut]).first_bad == 9
    assert not spoiled(*lines[:-1]).ok
    assert not spoiled(*lines, lines[-1]).ok
    assert not spoiled(lines[0]).ok
    assert not spoiled(b"\x00\xff not a bundle").ok
    assert not spoiled(b"").ok
    assert spoiled(*lines).ok


def test_a_bundle_signed_by_a_stranger_is_believed_only_without_a_key(signed_trail):
    stranger = SigningKey("trail.example.org", b"\x05" * 32)
    signed_trail.spoil("DELETE FROM audit_checkpoint")
    published, signed_trail.signer = signed_trail.key, stranger
    signed_trail.sign()
    path = signed_trail.export().path
    alone = verify_bundle(path)
    assert (alone.ok, alone.key_trusted) == (True, False)
    assert alone.key == str(public_key_of(stranger))
    assert "not signed by" in verify_bundle(path, key=published).reason


def test_nothing_signed_yet_is_nothing_to_export(trail, tmp_path):
    with trail.office.look(TOCSIN) as work, pytest.raises(Conflict, match="signed head"):
        export(work.session, tmp_path / "bundle", public_key_of(trail.signer))


def test_the_command_runs_without_server_or_database_code(signed_trail):
    path = signed_trail.export().path
    alone = (
        "import sys; from incidents.audit.verifier import main; code = main(sys.argv[1:]); "
        "ours = {name for name in sys.modules if name.partition('.')[0] == 'incidents'}; "
        "assert not {'sqlalchemy', 'pydantic', 'incidents.errors'} & set(sys.modules); "
        "assert all(n.startswith(('incidents.audit',)) for n in ours - {'incidents'}); "
        "sys.exit(code)"
    )
    arguments = [str(path), "--key", signed_trail.key]
    done = subprocess.run(
        [sys.executable, "-c", alone, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (
        0,
        "Sound: 312 entries of a signed trail of 312.\n",
    ), done.stderr


def test_the_command_names_the_first_bad_entry_and_fails(signed_trail, capsys):
    path = signed_trail.export().path
    path.write_bytes(path.read_bytes().replace(b"ransomware", b"lost_device", 1))
    assert main([str(path)]) == 1
    assert capsys.readouterr().out.startswith("NOT SOUND at entry 0: its body does not give")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.jsonl"], "there is no file or folder nothing.jsonl"),
        ([".", "--key", "tocsin"], "--key: "),
    ],
)
def test_the_command_calls_nothing_unsound_that_it_could_not_look_at(arguments, says, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert says in told.err


def test_the_paper_of_a_receipt_leads_to_what_can_be_checked(tmp_path, capsys):
    path = tmp_path / "receipt.pdf"
    path.write_bytes(b"%PDF-1.7\n%")
    assert main([str(path)]) == 1
    assert "notice-receipt.json, attached to it" in capsys.readouterr().out

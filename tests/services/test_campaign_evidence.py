"""A campaign's evidence: it proves itself offline, names nobody, and tells on whoever edits it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from pypdf import PdfReader

from incidents.audit import log as audit
from incidents.audit.note import public_key_of, signed_text
from incidents.audit.verifier import main, verify_evidence_at
from incidents.database.notices import NoticeApproval
from incidents.errors import Conflict, NotFound, NotPermitted
from incidents.office import signing_key
from incidents.services import campaign_evidence, evidence_paper, proofs
from incidents.services.equation import BUCKETS
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import REFUSED, Campaigning, mailbox

PHONE = "+12025550101"
PEOPLE = [
    *(mailbox(n, name=f"Ada {n}", phone=PHONE if n < 3 else None) for n in range(300)),
    {"name": "Nobody Reaches"},
    mailbox(301, withheld="police_hold", place="FR"),
]


@pytest.fixture
def one(telling):
    made = telling(PEOPLE, people_per_envelope=100)
    with made.office.work(TOCSIN) as work:
        (approval,) = work.session.query(NoticeApproval)
        audit.record(
            work,
            "notice.approve",
            incident_id=made.incident.id,
            subject_type="notice",
            subject_id=made.notice.id,
            content=approval.sha256,
        )
    made.launch()
    made.email.answers = [REFUSED]
    made.pump()
    made.pump()
    made.tend()
    return made


def prove(one: Campaigning) -> None:
    proofs.make_due(one.office, signing_key(one.office.settings))


def export(one: Campaigning, path: Path) -> None:
    with one.office.work(TOCSIN) as work:
        campaign_evidence.export_to(work, signing_key(one.office.settings), one.id, path)


def key_of(one: Campaigning) -> str:
    return str(public_key_of(signing_key(one.office.settings)))


@pytest.fixture
def folder(one, tmp_path):
    """The evidence, unpacked."""
    prove(one)
    export(one, tmp_path / "evidence.zip")
    with zipfile.ZipFile(tmp_path / "evidence.zip") as packed:
        packed.extractall(tmp_path / "evidence")
    return tmp_path / "evidence"


def test_evidence_verifies_as_folder_and_as_zip(one, folder, capsys):
    result = verify_evidence_at(folder, key=key_of(one))
    assert result.findings == []
    assert (result.people, result.campaign) == (len(PEOPLE), str(one.id))
    assert main([str(folder.parent / "evidence.zip"), "--key", key_of(one)]) == 0
    assert "Sound" in capsys.readouterr().out


def test_what_is_no_evidence_is_said_to_be_none(folder):
    zipped = folder.parent / "evidence.zip"
    cut = folder.parent / "cut.zip"
    cut.write_bytes(zipped.read_bytes()[:-100])
    for file in (cut, folder / "README.txt"):
        ((name, why),) = verify_evidence_at(file).findings
        assert (name, "no whole zip" in why) == (file.name, True)


def test_evidence_verifies_with_nothing_but_what_is_in_it(one, folder):
    command = [sys.executable, "-IS", "-c", _ALONE, "..", "--key", key_of(one)]
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        command,
        cwd=folder / "verifier",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Sound" in done.stdout


# As `python -m incidents.audit.verifier` in that folder, with neither this project nor any package
# in reach: -S leaves out what was installed.
_ALONE = """
import sys
assert not any("site-packages" in folder for folder in sys.path)
sys.path.insert(0, ".")
sys.dont_write_bytecode = True
from incidents.audit import verifier
assert verifier.__file__.startswith("./") or "evidence/verifier" in verifier.__file__
sys.exit(verifier.main(sys.argv[1:]))
"""


def test_evidence_names_nobody(one, folder):
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for private in (b"Ada ", b"@example.com", b"+1202555", b"Nobody Reaches"):
                assert private not in content, path
            for person in one.people:
                assert str(person).encode() not in content, path
                assert person.hex.encode() not in content, path


def test_evidence_counts_everybody_rung_by_rung(folder):
    found = json.loads((folder / "campaign.json").read_bytes())
    assert sum(found["equation"]["buckets"].values()) == found["equation"]["total"] == len(PEOPLE)
    assert found["equation"]["buckets"]["withheld"] == 1
    assert found["funnel"][0]["left"]["failed"] > 0
    assert {one["place"] for one in found["places"]} == {"DE", "FR"}
    assert "campaign.launch" in {one["what"] for one in found["timeline"]}


def test_the_summary_says_in_plain_words_what_became_of_people_and_why(folder):
    text = " ".join(
        " ".join(page.extract_text().split()) for page in PdfReader(folder / "summary.pdf").pages
    )
    found = json.loads((folder / "campaign.json").read_bytes())
    for name, count in found["equation"]["buckets"].items():
        assert (evidence_paper._MEANS[name] in text) == bool(count)
    assert "Why: " in text
    assert evidence_paper._MEANS.keys() == set(BUCKETS)


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_whatever_is_changed_is_found_and_named(one, folder):
    key = key_of(one)
    for path in files_of(folder):
        before = path.read_bytes()
        for at in {0, len(before) // 2, len(before) - 1} if before else ():
            path.write_bytes(before[:at] + bytes([before[at] ^ 1]) + before[at + 1 :])
            findings = verify_evidence_at(folder, key=key).findings
            assert path.relative_to(folder).as_posix() in {name for name, _ in findings}, (path, at)
        path.write_bytes(before)
    assert verify_evidence_at(folder, key=key).ok


def test_whatever_is_taken_away_or_slipped_in_is_named(one, folder):
    for path in files_of(folder):
        before = path.read_bytes()
        path.unlink()
        findings = verify_evidence_at(folder, key=key_of(one)).findings
        assert path.relative_to(folder).as_posix() in {name for name, _ in findings}, path
        path.write_bytes(before)
    (folder / "words" / "more.json").write_text("{}")
    findings = verify_evidence_at(folder, key=key_of(one)).findings
    assert ("words/more.json", "does not belong to it") in findings


def test_only_the_file_that_is_broken_or_gone_is_named(one, folder):
    proof = folder / "proof.json"
    before = proof.read_bytes()
    proof.write_bytes(b"x" + before[1:])
    for key in (None, key_of(one)):
        assert {name for name, _ in verify_evidence_at(folder, key=key).findings} == {proof.name}
    proof.unlink()
    for key in (None, key_of(one)):
        findings = verify_evidence_at(folder, key=key).findings
        assert list(findings) == [(proof.name, "is missing")]


def test_what_a_computer_leaves_in_an_opened_folder_is_not_held_against_it(one, folder):
    for name in (".DS_Store", "words/Thumbs.db", "__MACOSX/._summary.pdf"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"\0")
    assert verify_evidence_at(folder, key=key_of(one)).ok


def resign(one: Campaigning, folder: Path) -> None:
    """What only the holder of the key can do: a manifest that fits whatever lies there."""
    names = {p.relative_to(folder).as_posix(): p for p in files_of(folder)}
    names.pop("manifest.txt")
    origin = (folder / "manifest.txt").read_text().splitlines()[0]
    lines = [f"{sha256(p.read_bytes()).hexdigest()}  {name}" for name, p in sorted(names.items())]
    note = signed_text("\n".join((origin, *lines, "")), signing_key(one.office.settings))
    (folder / "manifest.txt").write_text(note)


def edit(path: Path, change) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("campaign.json", lambda d: d["equation"]["buckets"].update(withheld=0, accepted=9)),
        ("campaign.json", lambda d: d["approval"].update(sha256="0" * 64)),
        ("words/en.sms.json", lambda d: d.update(text="You owe us nothing.")),
        ("proof.json", lambda d: d["buckets"].update(withheld=0)),
    ],
)
def test_not_even_the_holder_of_the_key_can_tell_another_story(one, folder, name, change):
    edit(folder / name, change)
    resign(one, folder)
    assert not verify_evidence_at(folder, key=key_of(one)).ok


def test_leaves_that_were_swapped_do_not_give_the_root(one, folder):
    leaves = (folder / "leaves.bin").read_bytes()
    (folder / "leaves.bin").write_bytes(leaves[32:64] + leaves[:32] + leaves[64:])
    resign(one, folder)
    findings = verify_evidence_at(folder, key=key_of(one)).findings
    assert findings == [("leaves.bin", "its leaves do not give the signed root")]


def test_evidence_is_not_given_out_when_something_was_heard_since_the_proof(one, tmp_path):
    with pytest.raises(NotFound):
        export(one, tmp_path / "early.zip")
    prove(one)
    one.fold(one.receipt(one.email.ledger[0], ReceiptKind.DELIVERED))
    with pytest.raises(Conflict, match="made anew"):
        export(one, tmp_path / "late.zip")


def test_evidence_needs_its_permission(one, tmp_path, actor):
    signer = signing_key(one.office.settings)
    with one.office.work(actor("approver")) as work, pytest.raises(NotPermitted):
        campaign_evidence.export_to(work, signer, one.id, tmp_path / "no.zip")

"""Checks an exported trail alone: no database, no server, nothing of ours but this folder.

    python -m incidents.audit.verifier FILE [--key PUBLIC_KEY] [--remember state.json]

FILE may also be a person's notice receipt (`receipt_verifier`), or the folder or zip of a
campaign's evidence (`evidence_verifier`).

Hashes each body again, checks that no number is missing, rebuilds the tree, compares it
with every signed head, and names the first entry that is wrong.
A key given with `--key` is believed; without it the bundle's own key is used, which proves
only that one hand made it all. `--remember` keeps the last head seen and demands that the
next bundle grew from it: so even the holder of the signing key cannot rewrite the past.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from incidents.audit.bundle_parts import Bad, Lines, Remembered, Selection, Whole
from incidents.audit.evidence_verifier import EvidenceVerification, unreadable, verify_evidence
from incidents.audit.evidence_verifier import describe as describe_evidence
from incidents.audit.note import BadNote, Head, PublicKey, signer_ids, verified
from incidents.audit.note import read as read_note
from incidents.audit.receipt_verifier import describe as describe_receipt
from incidents.audit.receipt_verifier import verify_receipt

FORMAT = "tocsin audit 1"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found.

    first_bad        seq of the first bad entry, where one can be told
    entries_checked  entries found sound, up to the end or to the first bad one
    key_trusted      the key came from the reader (`--key`, `--remember`), not from the bundle
    """

    ok: bool
    size: int
    first_bad: int | None
    reason: str
    entries_checked: int
    key: str
    key_trusted: bool


def verify_bundle(
    path: Path, *, key: str | None = None, remember: Path | None = None
) -> Verification:
    """Verify an exported file; never raises for what the file holds.

    key       the public key (`name+hash+base64`) as published elsewhere
    remember  a file with the last head seen; checked first, and moved on when all is well
    """
    remembered = Remembered.load(remember)
    check = _Check(path, key or (remembered.key if remembered else None), remembered)
    result = check.run()
    if result.ok and remember is not None:
        Remembered(result.key, check.head.size, check.head.root).keep(remember)
    return result


class _Check:
    """One pass over one bundle."""

    def __init__(self, path: Path, trusted: str | None, remembered: Remembered | None) -> None:
        self.head = Head("", 0, b"")
        self._path = path
        self._trusted = trusted
        self._remembered = remembered
        self._key = trusted or ""
        self._part: Whole | Selection | None = None

    def run(self) -> Verification:
        with self._path.open("rb") as file:
            lines = Lines(file)
            try:
                self._read(lines)
            except Bad as bad:
                return self._verdict(bad.reason, bad.seq)
            except (BadNote, ValueError, KeyError, TypeError, AttributeError) as error:
                return self._verdict(f"line {lines.number} cannot be read: {error}", None)
        return self._verdict("", None)

    def _verdict(self, reason: str, seq: int | None) -> Verification:
        checked = self._part.checked if self._part else 0
        trusted = self._trusted is not None
        return Verification(
            not reason, self.head.size, seq, reason, checked, self._key, key_trusted=trusted
        )

    def _read(self, lines: Lines) -> None:
        header = json.loads(lines.take())
        if header["bundle"] != FORMAT:
            raise Bad("not an audit bundle of a version we know")
        self._key = self._trusted or str(header["key"])
        heads = _heads(lines, PublicKey.parse(self._key))
        self.head = heads[-1]
        if self.head.size != header["size"]:
            raise Bad(f"the signed head has {self.head.size} entries, not {header['size']}")
        self._part = self._choose(header, heads)
        self._part.read(lines)
        _ending(lines, self._part.checked)

    def _choose(self, header: dict[str, Any], heads: Sequence[Head]) -> Whole | Selection:
        seen = self._remembered
        if seen and seen.size > self.head.size:
            raise Bad(
                f"the trail had {seen.size} entries when last seen: the newest are gone",
                self.head.size,
            )
        if header["whole"]:
            return Whole(heads, seen)
        gapless = header["incident"] is None
        return Selection(self.head, seen, header["start"], header["stop"], gapless=gapless)


def _heads(lines: Lines, key: PublicKey) -> list[Head]:
    """The heads signed by `key`, smallest first; the newest in the file must be one."""
    heads: list[Head] = []
    size, ours = 0, False
    while lines.line.startswith(b'{"checkpoint":'):
        note = json.loads(lines.take())["checkpoint"]
        before, size = size, read_note(note).size
        if size <= before:
            raise Bad("the signed heads are out of order")
        ours = (key.name, key.id) in signer_ids(note)
        if ours:  # what an older key signed is covered by what the newer one signed after it
            heads.append(verified(note, key))
    if not ours:
        raise Bad(f"the newest head is not signed by {key.name} with key {key.id}")
    return heads


def _ending(lines: Lines, checked: int) -> None:
    """What looked wrong at export, then the count, then nothing."""
    if lines.line.startswith(b'{"finding":'):
        finding = json.loads(lines.line)
        raise Bad(f"found at export: {finding['finding']}", finding["seq"])
    if not lines.line:
        raise Bad("the file ends early")
    if json.loads(lines.take())["end"] != checked or lines.line:
        raise Bad("the file does not end where it says")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: 0 when all is well, 1 when not, with the first bad entry named."""
    parser = argparse.ArgumentParser(prog="tocsin audit verify", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", help="the public key, as published: name+hash+base64")
    parser.add_argument("--remember", type=Path, help="file that keeps the last head seen")
    given = parser.parse_args(arguments)
    if not given.bundle.exists():
        parser.error(f"there is no file or folder {given.bundle}")
    try:
        given.key and PublicKey.parse(given.key)
    except BadNote as error:
        parser.error(f"--key: {error}")
    if given.bundle.is_dir() or zipfile.is_zipfile(given.bundle):
        evidence = verify_evidence_at(given.bundle, key=given.key)
        sys.stdout.write(describe_evidence(evidence) + "\n")
        return 0 if evidence.ok else 1
    if is_receipt(given.bundle):
        receipt = verify_receipt(given.bundle.read_bytes(), key=given.key)
        sys.stdout.write(describe_receipt(receipt) + "\n")
        return 0 if receipt.ok else 1
    result = verify_bundle(given.bundle, key=given.key, remember=given.remember)
    sys.stdout.write(describe(result) + "\n")
    return 0 if result.ok else 1


def verify_evidence_at(path: Path, *, key: str | None = None) -> EvidenceVerification:
    """Verify a campaign's evidence, unpacked in a folder or as the zip that it came in."""
    if path.is_dir():
        return verify_evidence(path, _wrong_with_trail, key=key)
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as packed:
                packed.extractall(folder)
        except zipfile.BadZipFile as error:
            return unreadable(path.name, f"no whole zip of evidence: {error}", key=key)
        return verify_evidence(Path(folder), _wrong_with_trail, key=key)


def _wrong_with_trail(path: Path, key: str) -> str:
    result = verify_bundle(path, key=key)
    where = "" if result.first_bad is None else f"entry {result.first_bad}: "
    return f"{where}{result.reason}" if result.reason else ""


def is_receipt(path: Path) -> bool:
    """Whether a file is one JSON document, as receipts are, or the paper with one; a trail is
    a line for each entry."""
    with path.open("rb") as file:
        return file.read(4).startswith((b"{\n", b"%PDF"))


def describe(result: Verification) -> str:
    """The result in words."""
    if not result.ok:
        where = "" if result.first_bad is None else f" at entry {result.first_bad}"
        return f"NOT SOUND{where}: {result.reason}"
    key = (
        ""
        if result.key_trusted
        else (
            f"\nThe key came from the file itself; compare it with the published one: {result.key}"
        )
    )
    return f"Sound: {result.entries_checked} entries of a signed trail of {result.size}.{key}"


if __name__ == "__main__":
    sys.exit(main())

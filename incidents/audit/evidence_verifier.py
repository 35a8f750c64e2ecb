"""Checks a campaign's evidence alone: a folder whose every file is named in a signed manifest.

Besides the manifest: that the leaves give the signed root and the trail has that root on record,
that the words are those that were approved, launched and sent, that everybody is in exactly one
bucket, and that each entry of the trail leads to its signed head.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from incidents.audit.merkle import Frontier
from incidents.audit.note import BadNote, PublicKey, exact, exact_text, origin_of, read
from incidents.audit.receipt_verifier import words_hash

FORMAT = "tocsin campaign evidence 1"
MANIFEST = "manifest.txt"
# What a computer leaves behind when somebody opens a folder there.
_LITTER = {"__pycache__", "__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"}
_HASH_BYTES = 32
_BLOCK = _HASH_BYTES * 8192

# (file, what is wrong with it)
Finding = tuple[str, str]
Trail = Callable[[Path, str], str]


@dataclass(frozen=True, slots=True)
class EvidenceVerification:
    """What was found: nothing at all, when the evidence is sound."""

    findings: Sequence[Finding]
    campaign: str
    people: int
    files: int
    key: str
    key_trusted: bool

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return not self.findings


def evidence_origin(name: str, campaign_id: object) -> str:
    """The first line of a manifest: whose it is, and of which campaign."""
    return f"{name}/campaigns/{campaign_id}/evidence"


def verify_evidence(folder: Path, trail: Trail, *, key: str | None = None) -> EvidenceVerification:
    """Verify an unpacked folder; never raises for what it holds.

    trail  what is wrong with an exported trail under a key: '' if nothing is
    key    the public key (`name+hash+base64`) as published elsewhere
    """
    check = _Check(folder, trail, key)
    # One file that cannot be read may keep several looks from theirs.
    findings = list(dict.fromkeys(check.findings()))
    return EvidenceVerification(
        findings, check.campaign, check.people, check.files, check.key, key is not None
    )


def unreadable(name: str, why: str, *, key: str | None = None) -> EvidenceVerification:
    """What is found where there is no folder to look into."""
    return EvidenceVerification([(name, why)], "", 0, 0, key or "", key is not None)


class _Unreadable(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Check:
    """One pass over one folder; each part is looked at, whatever the others hold."""

    def __init__(self, folder: Path, trail: Trail, key: str | None) -> None:
        self.campaign, self.people, self.files = "", 0, 0
        self._folder, self._trail = folder, trail
        self.key = key or ""
        self._trusted = key is not None

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong."""
        parts: Sequence[tuple[str, Callable[[], Iterator[Finding]]]] = (
            (MANIFEST, self._manifest),
            ("words", self._words),
            ("campaign.json", self._equation),
            ("proof.json", self._proof),
            ("trail.jsonl", self._entries),
        )
        for name, look in parts:
            try:
                yield from look()
            except FileNotFoundError as error:
                yield Path(error.filename).name, "is missing"
            except _Unreadable as error:
                yield error.name, "cannot be read: it is no JSON"
            except (BadNote, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                yield name, f"cannot be read: {error}"

    def _manifest(self) -> Iterator[Finding]:
        if not self._trusted:
            self.key = str(self._json("proof.json")["key"])
        note = (self._folder / MANIFEST).read_bytes().decode()
        key = PublicKey.parse(self.key)
        origin, *lines = exact_text(note, key).splitlines()
        self.campaign = str(self._json("campaign.json")["campaign"]["id"])
        if origin != evidence_origin(key.name, self.campaign):
            yield MANIFEST, "it is of another campaign"
        listed = {line[66:]: line[:64] for line in lines}
        self.files = len(listed)
        there = {
            path.relative_to(self._folder).as_posix()
            for path in self._folder.rglob("*")
            if path.is_file() and not _LITTER.intersection(path.parts)
        } - {MANIFEST}
        for name in sorted(listed.keys() | there):
            if name not in there:
                yield name, "is missing"
            elif name not in listed:
                yield name, "does not belong to it"
            elif _file_hash(self._folder / name) != listed[name]:
                yield name, "was changed"

    def _words(self) -> Iterator[Finding]:
        """What was sent is what was approved: each text, and their hash as a whole."""
        approval = self._json("campaign.json")["approval"]
        bound = json.dumps(approval["binds"], sort_keys=True).encode()
        if sha256(bound).hexdigest() != approval["sha256"]:
            yield "campaign.json", "its approval does not bind what it says"
        bodies = {body[-1] for body in approval["binds"]["bodies"]}
        missing = set(bodies)
        for path in sorted((self._folder / "words").glob("*.json")):
            found = words_hash(json.loads(path.read_bytes()))
            if found not in bodies:
                yield f"words/{path.name}", "was not approved"
            missing.discard(found)
        for body in sorted(missing):
            yield "words", f"approved words are missing: {body}"

    def _equation(self) -> Iterator[Finding]:
        found = self._json("campaign.json")
        buckets, self.people = found["equation"]["buckets"], found["equation"]["total"]
        if sum(buckets.values()) != self.people:
            yield "campaign.json", "the buckets do not sum to everybody"
        proved = self._json("proof.json")["buckets"]
        if {name: count for name, count in buckets.items() if count} != proved:
            yield "campaign.json", "its equation is not the one that was proved"
        standing = sum(sum(rung["buckets"].values()) for rung in found["funnel"])
        if standing > self.people or sum(one["total"] for one in found["places"]) > self.people:
            yield "campaign.json", "its funnel or its places count more than everybody"

    def _proof(self) -> Iterator[Finding]:
        proof, key = self._json("proof.json"), PublicKey.parse(self.key)
        if proof["key"] != self.key:
            yield "proof.json", "it names another key than the one it is checked with"
        campaign, number = origin_of(proof["note"], key)
        head = exact(proof["note"], key, proof["note"].partition("\n")[0])
        if (campaign, number) != (self.campaign, proof["number"]):
            yield "proof.json", "its note is of another proof"
        tree = Frontier()
        for leaf in _leaves(self._folder / "leaves.bin"):
            tree.append(leaf)
        if (tree.size, tree.root()) != (head.size, head.root):
            yield "leaves.bin", "its leaves do not give the signed root"

    def _entries(self) -> Iterator[Finding]:
        """The trail is sound, and tells the same of approval, launch and proof."""
        path = self._folder / "trail.jsonl"
        if wrong := self._trail(path, self.key):
            yield path.name, wrong
        approval = self._json("campaign.json")["approval"]
        proof = self._json("proof.json")
        head = read(proof["note"])
        wanted = {
            "notice.approve": {"content": approval["sha256"]},
            "campaign.launch": {"content": approval["sha256"]},
            "campaign.prove": {
                "number": proof["number"],
                "size": head.size,
                "root": head.root.hex(),
                "buckets": proof["buckets"],
            },
        }
        told = list(_bodies(path))
        for kind, detail in wanted.items():
            if not any(_tells(body, kind, detail) for body in told):
                yield path.name, f"no entry {kind} says what this evidence says"

    def _json(self, name: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self._folder / name).read_bytes())
        except ValueError:
            raise _Unreadable(name) from None
        return found


def _tells(body: Mapping[str, Any], kind: str, detail: Mapping[str, Any]) -> bool:
    return body["kind"] == kind and detail == {name: body["detail"].get(name) for name in detail}


def _bodies(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if line.startswith(b'{"seq":'):
                yield json.loads(line)["body"]


def _leaves(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            for at in range(0, len(block), _HASH_BYTES):
                yield block[at : at + _HASH_BYTES]


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def describe(result: EvidenceVerification) -> str:
    """The result in words."""
    if not result.ok:
        return "\n".join(f"NOT SOUND: {name}: {why}" for name, why in result.findings)
    lines = [
        f"Sound: {result.files} files about campaign {result.campaign}, {result.people:,} people.",
        "Signed; words as approved; everybody in one bucket; root proved and on record.",
    ]
    if not result.key_trusted:
        lines.append(
            f"The key came from the folder itself; compare it with the published one: {result.key}"
        )
    return "\n".join(lines)

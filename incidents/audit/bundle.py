"""Taking the trail out of the house: one file of JSON lines that verifies on its own.

The first line says what it is; then signed heads, then one line per entry that carries the
exact bytes that were hashed, then what looked wrong at export, then the count.
The whole trail comes with its tile hashes, to tell where something is wrong; a selection
(one incident, or a range) comes with a proof per entry and shows nothing of the rest.
`verifier.py` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from incidents.audit.details import moment
from incidents.audit.merkle import TILE, TILE_BITS, consistency_proof, inclusion_proof
from incidents.audit.note import PublicKey
from incidents.database.audit_entries import (
    AuditCheckpoint,
    PlacedEntry,
    checkpoint_notes,
    last_checkpoint,
    placed_entries,
    quarantined,
    strays,
)
from incidents.database.audit_tree import TreeRows, tile_hashes
from incidents.errors import Conflict

FORMAT = "tocsin audit 1"
_NOTES = 1_000  # a head every ten seconds adds up: so many, spread evenly, are enough to narrow


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into a bundle."""

    path: Path
    size: int
    entries: int
    findings: int


def export(
    session: Session,
    path: Path,
    key: PublicKey,
    *,
    incident_id: UUID | None = None,
    subjects: Collection[UUID] = (),
    start: int = 0,
    stop: int | None = None,
    since: int | None = None,
) -> Exported:
    """Write the trail up to its last signed head, or a part of it, to a file.

    key          who signs the heads, so that the file can be read alone
    incident_id  only the entries of this incident
    subjects     of these only those that are about one of these rows of it
    start, stop  only the entries of this range
    since        also prove that the tree grew from this earlier size (for `--remember`)
    Raises       Conflict when nothing was signed yet: run the sequencer and sign first
    """
    head = last_checkpoint(session)
    if head is None:
        raise Conflict("no signed head of the audit trail yet: nothing to export")
    stop = head.size if stop is None else min(stop, head.size)
    whole = incident_id is None and start == 0 and stop == head.size
    if whole:
        lines = _whole(session, head)
    else:
        rows = placed_entries(
            session, stop, start=start, incident_id=incident_id, subjects=subjects
        )
        lines = _selection(session, head, rows, since)
    header = {
        "bundle": FORMAT,
        "key": str(key),
        "size": head.size,
        "whole": whole,
        "start": start,
        "stop": stop,
        "incident": None if incident_id is None else str(incident_id),
    }
    return _write(path, header, lines, head.size)


def _write(
    path: Path, header: dict[str, Any], lines: Iterable[tuple[str, bytes]], size: int
) -> Exported:
    count = {"entry": 0, "finding": 0}
    with path.open("wb") as file:
        file.write(_json(header))
        for what, line in lines:
            file.write(line)
            if what in count:
                count[what] += 1
        file.write(_json({"end": count["entry"]}))
    return Exported(path, size, count["entry"], count["finding"])


def _whole(session: Session, head: AuditCheckpoint) -> Iterator[tuple[str, bytes]]:
    notes = checkpoint_notes(session, head.size)
    for note in [*notes[: -1 : len(notes) // _NOTES + 1], notes[-1]]:
        yield "note", _json({"checkpoint": note})
    tiles = tile_hashes(session, TILE_BITS, head.size >> TILE_BITS)
    findings: list[dict[str, Any]] = []
    for row in placed_entries(session, head.size):
        yield (
            "entry",
            b'{"seq":%d,"leaf":"%s","body":%s}\n'
            % (
                row.seq,
                row.leaf.hex().encode(),
                row.body or b"null",
            ),
        )
        findings += _contradictions(row)
        index, rest = divmod(row.seq + 1, TILE)
        if rest == 0 and index - 1 in tiles:
            yield "tile", _json({"tile": index - 1, "hash": tiles[index - 1].hex()})
    for finding in [*findings, *_loose(session)]:
        yield "finding", _json(finding)


def _selection(
    session: Session, head: AuditCheckpoint, rows: Iterable[PlacedEntry], since: int | None
) -> Iterator[tuple[str, bytes]]:
    tree = TreeRows(session, remember=True)
    yield "note", _json({"checkpoint": head.note})
    if since:
        proof = consistency_proof(tree, since, head.size)
        yield "since", _json({"since": since, "proof": [part.hex() for part in proof]})
    after: int | None = None
    findings: list[dict[str, Any]] = []
    for row in rows:
        proof = inclusion_proof(tree, row.seq, head.size)
        shown = {"seq": row.seq, "after": after, "leaf": row.leaf.hex()}
        shown["proof"] = [part.hex() for part in proof]
        yield "entry", _json(shown)[:-2] + b',"body":%s}\n' % (row.body or b"null")
        findings += _contradictions(row)
        after = row.seq
    for finding in findings:
        yield "finding", _json(finding)


def _contradictions(row: PlacedEntry) -> Iterator[dict[str, Any]]:
    """The columns that we search by must say what the hashed body says."""
    if row.body is None:
        return
    for name, value in (
        ("id", str(row.entry_id)),
        ("at", moment(row.at)),
        ("kind", row.kind),
        ("actor", str(row.actor_id)),
        ("incident", row.incident_id and str(row.incident_id)),
    ):
        said = (
            f'"{name}":"{value}"'.encode() in row.body if value else b'"incident":' not in row.body
        )
        if not said:
            yield {"finding": f"its column for {name} contradicts its body", "seq": row.seq}


def _loose(session: Session) -> Iterator[dict[str, Any]]:
    for entry_id in quarantined(session):
        why = "was changed or deleted before it had its place"
        yield {"finding": f"entry {entry_id} {why}", "seq": None}
    for entry_id in strays(session):
        why = "has neither a place nor waits for one: slipped in by hand"
        yield {"finding": f"entry {entry_id} {why}", "seq": None}


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"

"""Signed heads of the tree, and the copy of them that is kept outside the database.

A head in the database alone can be rewritten with it. Kept elsewhere, it says of any later
state whether it grew from this one.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from incidents.audit import note
from incidents.audit.details import moment
from incidents.audit.errors import TrailRewound, TrailTampered
from incidents.audit.merkle import root
from incidents.audit.note import Head, Signer, public_key_of, signed
from incidents.database.audit_entries import AuditCheckpoint, last_checkpoint
from incidents.database.audit_tree import TreeRows, take_sequencer_lock, tree_size
from incidents.disk import flush_folder


def checkpoint(session: Session, signer: Signer, now: datetime) -> AuditCheckpoint | None:
    """Sign the tree as it stands, in the caller's transaction; None when it has not grown.

    Anchor the result after the commit, never before: what was rolled back never was.
    Raises  TrailTampered rather than sign a tree that contradicts the last signed head
    """
    if not take_sequencer_lock(session):
        return None
    size, last = tree_size(session), last_checkpoint(session)
    if last is not None:
        _check_against(session, size, Head(signer.name, last.size, last.root), "the last head")
        if last.size == size:
            return None
    if size == 0:
        return None
    head = Head(signer.name, size, root(TreeRows(session), size))
    kept = AuditCheckpoint(
        size=size,
        root=head.root,
        note=signed(head, signer),
        key_id=public_key_of(signer).id,
        at=now,
    )
    session.add(kept)
    return kept


class FileAnchor:
    """Heads kept in an append-only file, best on another disk: one JSON line each."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def keep(self, kept: AuditCheckpoint) -> None:
        """Append a committed head; on disk before this returns."""
        line = json.dumps({"at": moment(kept.at), "note": kept.note}, ensure_ascii=False) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(_line_end(descriptor) + line.encode())
            file.flush()
            os.fsync(descriptor)
        if is_new:
            flush_folder(self.path.parent)

    def newest(self) -> Head | None:
        """The largest head kept; a line cut short by a crash is passed over."""
        if not self.path.exists():
            return None
        heads = []
        for line in self.path.read_bytes().split(b"\n"):
            try:
                heads.append(note.read(json.loads(line)["note"]))
            except (ValueError, KeyError):
                continue
        return max(heads, key=lambda head: head.size, default=None)


def _line_end(descriptor: int) -> bytes:
    # A line cut short by a crash must not swallow the one that follows it.
    size = os.fstat(descriptor).st_size
    return b"" if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n" else b"\n"


def check_anchor(session: Session, anchor: FileAnchor) -> None:
    """At start and after each restore: does the trail still contain what was anchored?

    Raises  TrailRewound when it is shorter: an older backup, which would send again what
            was sent; TrailTampered when it is another trail
    """
    if head := anchor.newest():
        _check_against(session, tree_size(session), head, "its anchor")


def _check_against(session: Session, size: int, head: Head, what: str) -> None:
    if size < head.size:
        raise TrailRewound(f"the audit trail has {size} entries, {what} says {head.size}")
    try:
        same = root(TreeRows(session), head.size) == head.root
    except LookupError as missing:
        raise TrailTampered(str(missing)) from None
    if not same:
        raise TrailTampered(f"the first {head.size} audit entries are not those that {what} signed")

"""A trail to look at: entries written, placed and signed, in a database of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from incidents.audit.bundle import Exported, export
from incidents.audit.checkpoints import checkpoint
from incidents.audit.log import record
from incidents.audit.merkle import leaf_hash
from incidents.audit.note import public_key_of
from incidents.audit.sequencer import sequence_all
from incidents.audit.verifier import Verification, verify_bundle
from incidents.database.audit_entries import AuditEntry
from incidents.vault.signing import SigningKey
from incidents.work import Office
from tests.factories import TOCSIN, uuid7

TABLES = ("audit_entry", "audit_leaf", "audit_node", "audit_checkpoint", "audit_private")


class Trail:
    """One deployment's trail, and ways to write, sign, export and spoil it."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self.folder = folder
        self.signer = SigningKey.load_or_create(folder, "trail.example.org")
        self.key = str(public_key_of(self.signer))

    def write(self, count: int, **changes) -> list[AuditEntry]:
        details = {"mode": "live", "kind": "ransomware"}
        with self.office.work(TOCSIN) as work:
            return [
                record(work, "incident.open", subject_id=uuid7(), **changes, **details)
                for _ in range(count)
            ]

    def sign(self):
        with self.office.work(TOCSIN) as work:
            sequence_all(work.session)
            return checkpoint(work.session, self.signer, work.now)

    def grow(self, *counts: int) -> None:
        """Write and sign, once for each count."""
        for count in counts:
            self.write(count)
            self.sign()

    def export(self, **part) -> Exported:
        with self.office.work(TOCSIN) as work:
            path = self.folder / f"{uuid7()}.jsonl"
            return export(work.session, path, public_key_of(self.signer), **part)

    def verify(self, remember: Path | None = None, **part) -> Verification:
        return verify_bundle(self.export(**part).path, key=self.key, remember=remember)

    def spoil(self, *statements: str, **values) -> None:
        """What somebody who owns the database can do: off with the triggers, then any SQL."""
        with self.office.engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                for (name,) in connection.execute(text(triggers)).all():
                    connection.execute(text(f"DROP TRIGGER {name}"))
            else:
                for table in TABLES:
                    connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            for statement in statements:
                names = {name for name in values if f":{name}" in statement}
                connection.execute(text(statement), {name: values[name] for name in names})

    def forged(self) -> dict[str, bytes]:
        """A body that never was, and its leaf."""
        body = b'{"at":"2026-01-01T00:00:00.000000Z","kind":"incident.open","v":1}'
        return {"body": body, "leaf": leaf_hash(body)}


@pytest.fixture
def trail(office, tmp_path):
    """An empty trail."""
    return Trail(office, tmp_path / "trail")

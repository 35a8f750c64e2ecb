"""The audit trail: entries written, 1,000 a transaction; then exported, and verified offline."""

from __future__ import annotations

import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from benchmarks.figures import Value
from benchmarks.scene import Place, open_incident, places
from incidents.audit import log as audit
from incidents.audit.bundle import export
from incidents.audit.checkpoints import checkpoint
from incidents.audit.note import public_key_of
from incidents.audit.sequencer import sequence_all
from incidents.audit.verifier import verify_bundle
from incidents.office import signing_key
from incidents.work import TOCSIN, Office

ENTRIES = 50_000


def measure(asked: Namespace) -> Iterator[Value]:
    """How many a second are written and verified."""
    for place in places():
        with place.office() as office, tempfile.TemporaryDirectory() as folder:
            incident_id = open_incident(office)
            began = time.perf_counter()
            _write(office, incident_id)
            written = time.perf_counter() - began
            yield Value("audit entries written/s", place.name, ENTRIES / written)
            yield _verified(place, office, Path(folder) / "trail")


def _verified(place: Place, office: Office, path: Path) -> Value:
    signer = signing_key(place.settings)
    with office.work(TOCSIN) as work:
        sequence_all(work.session)
        checkpoint(work.session, signer, work.now)
        work.session.flush()
        export(work.session, path, public_key_of(signer))
    began = time.perf_counter()
    result = verify_bundle(path)
    seconds = time.perf_counter() - began
    if not result.ok:
        raise RuntimeError(result.reason)
    return Value("audit entries verified/s", place.name, result.entries_checked / seconds)


def _write(office: Office, incident_id: UUID) -> None:
    for _ in range(ENTRIES // 1_000):
        with office.work(TOCSIN) as work:
            for _ in range(1_000):
                audit.record(
                    work, "incident.open", incident_id=incident_id, mode="live", kind="other"
                )

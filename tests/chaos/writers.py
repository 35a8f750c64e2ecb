"""Those who write to the disk, each in a child of its own that waits to be traced.

A line on stdin, `WRITER FOLDER`, forks one; its pid is answered, then `wait` gives how it ended:
0, it was promised; 1, it was refused; negative, the signal that killed it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select

from incidents.audit.checkpoints import FileAnchor
from incidents.audit.log import record
from incidents.audit.note import Head, signed
from incidents.database.audit_entries import AuditCheckpoint, AuditEntry
from incidents.database.engine import open_engine
from incidents.database.outcomes import Result
from incidents.logs import configure_logs
from incidents.services import journal
from incidents.settings import Settings
from incidents.vault.signing import SigningKey
from incidents.work import TOCSIN, Office
from notifiers.envelope import Channel
from notifiers.providers.print_folder import PrintFolder, Sender
from tests.notifiers.makers import make_envelope

SIGNER = SigningKey("trail.example.org", b"\x01" * 32)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BATCH = bytes(range(256)) * 400
ENVELOPE = make_envelope(channel=Channel.LETTER, attempt=UUID(int=7).hex)
RESULT = Result(UUID(int=1), UUID(int=2), 3, 1, "accepted", NOW)


def anchor(folder: Path, size: int = 3) -> None:
    """Keep a signed head outside the database."""
    head = Head("trail.example.org", size, bytes([size]) * 32)
    FileAnchor(folder / "anchor.jsonl").keep(
        AuditCheckpoint(size=size, root=head.root, note=signed(head, SIGNER), key_id="", at=NOW)
    )


def keep(folder: Path) -> None:
    """Write down what providers answered while the database is away."""
    journal.keep(office_in(folder), [RESULT] * 50)


def print_folder(folder: Path) -> None:
    """Hand a batch of letters to the printer."""
    courier = PrintFolder(folder, cast(Any, None), cast(Any, None), Sender("Example"))
    asyncio.run(courier.send(ENVELOPE, BATCH))


def sqlite(folder: Path) -> None:
    """Append an entry to the audit trail on SQLite."""
    office = office_in(folder)
    with office.work(TOCSIN) as work:
        record(work, "incident.open", subject_id=UUID(int=9), mode="live", kind="ransomware")


def office_in(folder: Path) -> Office:
    """An office whose files are in a folder."""
    engine = open_engine(f"sqlite:///{folder / 'tocsin.db'}")
    return Office(Settings(data_folder=folder), engine, cast(Any, None))


def entries(office: Office) -> int:
    """How many entries have been written."""
    with office.look(TOCSIN) as work:
        return len(work.session.scalars(select(AuditEntry.entry_id)).all())


WRITERS: dict[str, Callable[[Path], None]] = {
    "anchor": anchor,
    "journal": keep,
    "printer": print_folder,
    "sqlite": sqlite,
}


def _child(name: str, folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)  # until it is traced
    try:
        WRITERS[name](folder)
    except BaseException:  # noqa: BLE001  refused, whatever it is
        os._exit(1)
    os._exit(0)


def main() -> None:
    """Fork a writer for each line until there are no more."""
    configure_logs("json")  # to stderr
    for line in sys.stdin:
        name, folder = line.split()
        pid = os.fork()
        if pid == 0:
            _child(name, Path(folder))
        os.waitpid(pid, os.WUNTRACED)  # it stands
        _say(pid)
        sys.stdin.readline()  # wait
        _, status = os.waitpid(pid, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

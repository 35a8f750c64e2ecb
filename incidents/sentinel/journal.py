"""What rang while the database was gone: kept on disk, so that a restart does not ring again and
the database is told afterwards. Ids and outcomes only: no contact, no words."""

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from incidents.settings import Settings


@dataclass(frozen=True, slots=True)
class Rang:
    """One person was paged for what was due in one incident.

    alarms    the ids of all alarms in the copy that this page stood for
    outcomes  channel -> what became of the page there
    """

    at: datetime
    incident: str
    mode: str
    user_id: str
    level: int
    alarms: tuple[str, ...]
    outcomes: dict[str, str]
    id: str = field(default_factory=lambda: str(uuid4()))


class Journal:
    """A file of one line for each page. Several sentinels with one data folder share it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, settings: Settings) -> "Journal":
        """The journal of a data folder."""
        return cls(settings.data_folder / "sentinel" / "journal.jsonl")

    def write(self, rang: Rang) -> None:
        """Add a line; it is on disk before this returns."""
        with self._locked() as file:
            size = os.fstat(file).st_size
            cut = size > 0 and os.pread(file, 1, size - 1) != b"\n"  # somebody died in mid-line
            os.pwrite(file, (b"\n" if cut else b"") + _line(rang), size)
            os.fsync(file)

    def read(self) -> list[Rang]:
        """Every line, oldest first. One that was cut short by a crash never was: it rings again."""
        if not self.path.exists():
            return []
        return list(_lines(self.path.read_text(encoding="utf-8")))

    def forget(self, told: Collection[str]) -> None:
        """Take out the lines that the database knows of."""
        if not told:
            return
        with self._locked() as file:
            text = os.pread(file, os.fstat(file).st_size, 0).decode()
            left = b"".join(_line(one) for one in _lines(text) if one.id not in told)
            os.pwrite(file, left, 0)
            os.ftruncate(file, len(left))
            os.fsync(file)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)  # the kernel lets go of it for whoever dies
            yield file
        finally:
            os.close(file)


def _line(rang: Rang) -> bytes:
    return json.dumps(asdict(rang), default=datetime.isoformat).encode() + b"\n"


def _lines(text: str) -> Iterator[Rang]:
    for line in text.splitlines():
        try:
            told = json.loads(line)
            told["at"] = datetime.fromisoformat(told["at"])
            told["alarms"] = tuple(told["alarms"])
            yield Rang(**told)
        except (ValueError, KeyError, TypeError):
            continue

"""What providers answered while the database was away: kept on disk, told when it is back.

One file holds the results of one round: written whole, flushed to the disk, then given its
name. Telling it twice changes nothing, since results count only under their epoch.
"""

import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import structlog

from incidents.database.base import uuid7
from incidents.database.engine import AWAY
from incidents.database.outcomes import Result
from incidents.disk import flush_folder
from incidents.services import recording
from incidents.work import TOCSIN, Office

log = structlog.get_logger(__name__)


def keep(office: Office, results: list[Result]) -> None:
    """Write results down until the database can be told."""
    folder = _folder(office)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = uuid7().hex
    unfinished = folder / f"{name}.part"
    with unfinished.open("wb") as file:
        file.write(orjson.dumps([asdict(result) for result in results]))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(folder / f"{name}.json")
    flush_folder(folder)
    log.warning("outcomes wait on disk for the database", attempts=len(results))


def replay(office: Office) -> int:
    """Tell the database what was kept; how many results."""
    told = 0
    for path in sorted(_folder(office).glob("*.json")):
        told += _tell(office, path)
    return told


def _tell(office: Office, path: Path) -> int:
    try:
        results = [_result(row) for row in orjson.loads(path.read_bytes())]
        with office.work(TOCSIN) as work:
            recording.apply(work, results)
    except FileNotFoundError:  # another thread was faster
        return 0
    except AWAY:
        raise  # still away
    except Exception as error:  # noqa: BLE001  must not keep everybody from being told
        log.error("kept outcomes cannot be told", file=path.name, error=type(error).__name__)
        path.replace(path.with_suffix(".unreadable"))
        return 0
    path.unlink(missing_ok=True)
    return len(results)


def _folder(office: Office) -> Path:
    return office.settings.data_folder / "journal"


def _result(row: dict[str, Any]) -> Result:
    typed = {
        "attempt_id": UUID(row["attempt_id"]),
        "campaign_id": UUID(row["campaign_id"]),
        "next_at": datetime.fromisoformat(row["next_at"]),
        "bad_refs": tuple(row["bad_refs"]),
    }
    return Result(**row | typed)

"""The affected people of an incident: taken in, looked over, held back."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from uuid import UUID

from sqlalchemy import Select

from incidents.audit import log as audit
from incidents.database import imports, new_people
from incidents.database import population as rows
from incidents.database.base import uuid7
from incidents.database.imports import PopulationImport
from incidents.database.incidents import Incident
from incidents.database.new_people import NewInvented
from incidents.errors import InvalidInput, NotPermitted, Problem
from incidents.rules.addresses import FORMULA
from incidents.rules.people import COLUMNS, Person, PersonReader
from incidents.rules.people_csv import Record
from incidents.rules.permissions import Permission
from incidents.services import ladder
from incidents.services.lookup import get_incident, get_of_incident
from incidents.services.population_batches import Indexes, Tally, address_indexer, read_batch
from incidents.services.population_import import (
    BATCH,
    complete,
    count_in,
    end_as_failed,
    import_people,
)
from incidents.vault.blind_index import indexer
from incidents.vault.data_keys import data_key
from incidents.work import Work, require

__all__ = [
    "fail_stale",
    "get_import",
    "import_people",
    "imports_of",
    "rejections",
    "store_synthetic",
    "withhold",
]

# Longer than an upload may be silent: only a dead process is.
SILENT = timedelta(seconds=180)


def store_synthetic(
    work: Work, incident: Incident, people: Iterable[Mapping[str, str]]
) -> PopulationImport:
    """Give a drill its invented people: rows with the columns of a list (`rules.people.COLUMNS`).

    They take the same checks as a real list. The database refuses an address that is not
    reserved for fiction.
    """
    require(work.actor, Permission.RUN_DRILL)
    if incident.mode != "drill":
        raise NotPermitted("only a drill has invented people")
    row = PopulationImport(
        id=uuid7(),
        incident_id=incident.id,
        status="running",
        started_at=work.now,
        started_by=work.actor.id,
        heartbeat_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    for name, value in _add_invented(work, row, people).counts().items():
        setattr(row, name, value)
    complete(work, row)
    return row


def imports_of(work: Work, incident_id: UUID) -> Select[PopulationImport]:
    """A query for the imports of an incident."""
    require(work.actor, Permission.READ_POPULATION)
    get_incident(work, incident_id)
    return imports.imports_of(incident_id)


def get_import(work: Work, import_id: UUID) -> PopulationImport:
    """One import."""
    require(work.actor, Permission.READ_POPULATION)
    return get_of_incident(work, PopulationImport, import_id, "import")


def rejections(work: Work, import_id: UUID) -> Iterator[str]:
    """The CSV of what was wrong on a list: line, column, reason, and what it cost; no values."""
    row = get_import(work, import_id)
    yield _csv_line("line", "column", "reason", "left_out")
    listed = imports.rejections_of(work.session, row.id)
    for item in listed:
        left_out = "line" if item.whole_line else "field"
        yield _csv_line(item.line, item.column, item.reason, left_out)
    unlisted = sum(row.by_reason.values()) - len(listed)
    if unlisted > 0:
        yield _csv_line("", "", f"and {unlisted:,} more that are counted but not listed", "")


def withhold(work: Work, incident_id: UUID, refs: Sequence[str], reason: str) -> int:
    """Send nothing to the people with these refs (a police hold, their safety); '' lets go again.

    It outranks everything: who waits to be written to is taken out, on every rung of every
    campaign. What has left cannot be called back.

    reason   a word, such as police_hold
    Returns  how many people were found
    """
    require(work.actor, Permission.IMPORT_POPULATION)
    get_incident(work, incident_id)
    if len(reason) > 40 or (reason and not reason.replace("_", "").isalnum()):
        raise InvalidInput(
            "the reason cannot be used", Problem("reason", "is not a word", "e.g. police_hold")
        )
    index = indexer(data_key(work.session, work.keyring, incident_id), "person")
    keys = [index(f"ref\0{ref.strip()}") for ref in refs]
    # Campaigns first: nobody is placed or moved on meanwhile.
    campaigns = ladder.hold_campaigns(work, incident_id)
    found = rows.withhold(work.session, incident_id, keys, reason)
    for campaign in campaigns:
        ladder.withhold(work, campaign, found)
    audit.record(work, "population.withhold", incident_id=incident_id, people=len(found))
    return len(found)


def fail_stale(work: Work) -> int:
    """Take back the imports of processes that died; how many it were."""
    require(work.actor, Permission.WORK_UNSEEN)
    silent = imports.silent_imports(work.session, work.now - SILENT)
    for row in silent:
        while rows.remove_people(work.session, row.id, BATCH):
            pass
        end_as_failed(work, row, "the process that imported it died; send the list again", "died")
    return len(silent)


def _add_invented(work: Work, row: PopulationImport, people: Iterable[Mapping[str, str]]) -> Tally:
    columns = list(COLUMNS)
    lines = (
        Record(line, [str(person.get(column, "")) for column in columns])
        for line, person in zip(count(2), people, strict=False)
    )
    key = data_key(work.session, work.keyring, row.incident_id)
    make_rows = partial(_drill_rows, address_indexer(key))
    reader, total = PersonReader(columns), Tally()
    while True:
        batch = read_batch(lines, BATCH, reader, key, make_rows)
        if not batch.tally.read_count:
            return total
        there = new_people.keys_there(work.session, row.incident_id, list(batch.rows))
        new_people.add_drill(work.session, row.incident_id, row.id, batch.fresh(there))
        count_in(work, row.id, total, batch.tally)


def _drill_rows(
    indexes: Callable[[Person], Indexes], people: Mapping[bytes, Person]
) -> list[NewInvented]:
    return [
        NewInvented(
            uuid7(),
            person_key,
            person.locale,
            person.place,
            *indexes(person),
            person.name or None,
            person.email or None,
            person.phone or None,
            person.push_token or None,
        )
        for person_key, person in people.items()
    ]


def _csv_line(*cells: object) -> str:
    """One line of CSV; no cell of it can be taken for a formula."""
    line = io.StringIO()
    safe = (f"'{cell}" if str(cell).startswith(FORMULA) else cell for cell in cells)
    csv.writer(line, lineterminator="\r\n").writerow(safe)
    return line.getvalue()

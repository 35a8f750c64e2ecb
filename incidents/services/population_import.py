"""Taking a list of people in: streamed, checked line by line, sealed, each person once.

The list may be of any size: what is in memory is one batch of it. Each batch is a
transaction of its own, so that others who write get their turn; people count from the
moment when the import is complete, and are taken back when it breaks off.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

from incidents.audit import log as audit
from incidents.database import imports, new_people, statistics
from incidents.database import population as rows
from incidents.database.base import uuid7
from incidents.database.imports import PopulationImport
from incidents.database.incidents import Incident
from incidents.database.new_people import AlreadyThere, NewPerson
from incidents.errors import BadRequest, Conflict, IncidentsError, InvalidInput, NotPermitted
from incidents.rules.people import PersonReader
from incidents.rules.people_csv import PeopleCsv
from incidents.rules.permissions import Permission
from incidents.services import barring, facts, timeline
from incidents.services.lookup import get_incident
from incidents.services.population_batches import (
    MOST_LISTED,
    Batch,
    Tally,
    read_batch,
    sealer,
)
from incidents.vault.data_keys import data_key
from incidents.vault.keys import DataKey
from incidents.work import Actor, Office, Work, require
from playbooks.conditions import UNKNOWN_PLACE

BATCH = 8_000
_BEAT_SECONDS = 10.0


def import_people(
    office: Office, actor: Actor, incident_id: UUID, chunks: Iterable[bytes]
) -> PopulationImport:
    """Import the affected people of a live incident from a CSV that arrives in pieces.

    Opens its own works: one to begin, one for each batch, one to finish. Nobody is added
    unless all are: what breaks off is taken back, and kept as a failed import with its reason.
    Raises  InvalidInput  the header cannot be used, or nobody is on the list
            NotPermitted  the incident is a drill: its people are invented
            Conflict      another import of this incident runs
    """
    with office.look(actor) as work:
        _refuse_unless_open_for_people(work, incident_id)
    upload = _Upload(office, actor, chunks)
    people = PeopleCsv(upload.pieces())
    import_id, key = _begin(office, actor, incident_id)
    upload.import_id = import_id
    try:
        tally = _store_all(people, key, upload, _Store(office, actor, import_id, key))
        barring.bring_to(office, incident_id)
        return _finish(office, actor, incident_id, import_id, tally)
    except BaseException as error:
        _take_back(office, actor, import_id, error)
        raise


def complete(work: Work, row: PopulationImport) -> None:
    """Let the people of an import count: in the trail, the story and the facts."""
    row.status, row.finished_at = "done", work.now
    work.session.flush()
    statistics.refresh(work.session, ("recipient",))
    by_place = rows.people_by_place(work.session, row.incident_id)
    if nowhere := by_place.pop("", 0):
        by_place[UNKNOWN_PLACE] = nowhere
    audit.record(
        work,
        "population.import.finish",
        incident_id=row.incident_id,
        subject_type="population_import",
        subject_id=row.id,
        rows=row.read_count,
        accepted=row.added_count,
        rejected=row.rejected_count,
        duplicates=row.duplicate_count,
        by_place=by_place,
        by_reason=row.by_reason,
    )
    text = (
        f"Imported {row.added_count:,} people from {row.read_count:,} lines;"
        f" there already: {row.duplicate_count:,}, without something that could not be used:"
        f" {row.flawed_count:,}, lines that could not be used: {row.rejected_count:,}"
    )
    timeline.note(work, row.incident_id, "population", text)
    if by_place:
        _tell_facts(work, row.incident_id, by_place)
    work.ring("incidents.review", row.incident_id)


def end_as_failed(work: Work, row: PopulationImport, reason: str, why: str) -> None:
    """Close an import whose people were taken back."""
    row.status, row.reason, row.finished_at = "failed", reason[:300], work.now
    row.added_count = 0
    audit.record(
        work,
        "population.import.fail",
        incident_id=row.incident_id,
        subject_type="population_import",
        subject_id=row.id,
        rows=row.read_count,
        why=why,
    )
    text = f"An import of people failed, and nobody was added: {row.reason}"
    timeline.note(work, row.incident_id, "population", text)


def count_in(work: Work, import_id: UUID, total: Tally, batch: Tally) -> None:
    """Add a batch to the total, and list what was wrong in it, up to the most that is listed."""
    room = max(0, MOST_LISTED - total.by_reason.total())
    named = [{"id": uuid7(), "import_id": import_id} | entry for entry in batch.to_list[:room]]
    imports.add_rejections(work.session, named)
    total.add(batch)


def _refuse_unless_open_for_people(work: Work, incident_id: UUID) -> None:
    require(work.actor, Permission.IMPORT_POPULATION)
    if get_incident(work, incident_id).mode == "drill":
        raise NotPermitted(
            "the people of a drill are invented by its scenario: no list can be imported into it"
        )
    if imports.running_import(work.session, incident_id):
        raise Conflict("a list is being imported into this incident; wait until it is done")


class _Upload:
    """The pieces of a list as they come: shows that the import lives while they trickle in."""

    def __init__(self, office: Office, actor: Actor, chunks: Iterable[bytes]) -> None:
        self._office, self._actor, self._chunks = office, actor, chunks
        self.import_id: UUID | None = None
        self.heard()

    def heard(self) -> None:
        """A batch has just shown that the import lives."""
        self._heard_at = time.monotonic()

    def pieces(self) -> Iterator[bytes]:
        """The pieces; BadRequest when there is an end before the end."""
        try:
            for chunk in self._chunks:
                if self.import_id and time.monotonic() - self._heard_at > _BEAT_SECONDS:
                    self.heard()
                    with self._office.work(self._actor) as work:
                        _beat(work, self.import_id, {})
                yield chunk
        except IncidentsError:
            raise
        except Exception as error:
            raise BadRequest("the upload broke off before its end; send it again") from error


def _beat(work: Work, import_id: UUID, counts: Mapping[str, object]) -> None:
    if not imports.beat(work.session, import_id, work.now, counts):
        raise Conflict("the import was silent for too long and was ended; send the list again")


def _begin(office: Office, actor: Actor, incident_id: UUID) -> tuple[UUID, DataKey]:
    with office.work(actor) as work:
        _refuse_unless_open_for_people(work, incident_id)
        key = data_key(work.session, work.keyring, incident_id)
        row = PopulationImport(
            incident_id=incident_id,
            status="running",
            started_at=work.now,
            started_by=actor.id,
            heartbeat_at=work.now,
        )
        work.session.add(row)
        work.session.flush()
        audit.record(
            work,
            "population.import.start",
            incident_id=incident_id,
            subject_type="population_import",
            subject_id=row.id,
        )
        return row.id, key


class _Store:
    """Puts the batches of an import into the database, and counts what came of them.

    While nobody turned out to be there already, nobody is looked up beforehand: the unique
    index says it. A list that names people twice is looked up from the first of them on.
    """

    def __init__(self, office: Office, actor: Actor, import_id: UUID, key: DataKey) -> None:
        self._office, self._actor, self._import_id, self._key = office, actor, import_id, key
        with office.look(actor) as work:
            self._only_strangers = new_people.is_empty(work.session, key.incident_id)
        self.total = Tally()

    def put(self, batch: Batch[NewPerson]) -> None:
        """One batch, in a transaction of its own."""
        try:
            self._write(batch)
        except AlreadyThere:
            self._only_strangers = False
            self._write(batch)

    def _write(self, batch: Batch[NewPerson]) -> None:
        with self._office.work(self._actor) as work:
            # Refuses if the key was destroyed meanwhile.
            data_key(work.session, work.keyring, self._key.incident_id)
            self._add(work, batch)
            count_in(work, self._import_id, self.total, batch.tally)
            _beat(work, self._import_id, self.total.counts())

    def _add(self, work: Work, batch: Batch[NewPerson]) -> None:
        to = (work.session, self._key.incident_id, self._import_id)
        if self._only_strangers:
            new_people.add_strangers(*to, batch.fresh(set()))
        else:
            there = new_people.keys_there(work.session, self._key.incident_id, list(batch.rows))
            new_people.add_live(*to, batch.fresh(there))


def _store_all(people: PeopleCsv, key: DataKey, upload: _Upload, store: _Store) -> Tally:
    """Read and seal a batch while the one before it is being written."""
    lines, reader, seal = people.records(), PersonReader(people.columns), sealer(key)
    with ThreadPoolExecutor(1) as writer:
        written = None
        while True:
            batch = read_batch(lines, BATCH, reader, key, seal)
            if written:
                written.result()
                upload.heard()
            if not batch.tally.read_count:
                break
            written = writer.submit(store.put, batch)
    if not store.total.read_count:
        raise InvalidInput("the list has a header and no people")
    return store.total


def _finish(
    office: Office, actor: Actor, incident_id: UUID, import_id: UUID, tally: Tally
) -> PopulationImport:
    with office.work(actor) as work:
        # Locked: whoever edits the incident now waits, and does not undo an hour's work.
        work.session.get(Incident, incident_id, with_for_update=True)
        _beat(work, import_id, tally.counts())
        row = work.session.get_one(PopulationImport, import_id)
        barring.catch_up(work, incident_id, row.started_at)
        complete(work, row)
        return row


def _take_back(office: Office, actor: Actor, import_id: UUID, error: BaseException) -> None:
    reason, why = _words_for(error)
    removed = BATCH
    while removed == BATCH:  # in steps: others who write get their turn
        with office.work(actor) as work:
            removed = rows.remove_people(work.session, import_id, BATCH)
            row = work.session.get_one(PopulationImport, import_id)
            if removed < BATCH and row.status == "running":
                end_as_failed(work, row, reason, why)


def _words_for(error: BaseException) -> tuple[str, str]:
    if isinstance(error, BadRequest):
        return error.detail, "upload_broke_off"
    if isinstance(error, IncidentsError):
        return error.detail, "refused"
    return f"something went wrong ({type(error).__name__})", "error"


def _tell_facts(work: Work, incident_id: UUID, counted: Mapping[str, int]) -> None:
    """Say in the facts how many people are affected and where; never fewer than they say.

    A list may be a part of the whole. Lowering a number can end a duty: that is for a person.
    """
    known = facts.known(work, incident_id)
    said: Mapping[str, int] = known.get("people_by_place") or {}
    by_place = {
        place: max(said.get(place, 0), counted.get(place, 0)) for place in {*said, *counted}
    }
    everybody = max(known.get("people_count") or 0, sum(by_place.values()))
    importer = work.actor  # whoever may import may say what was counted
    work.actor = replace(importer, permissions=importer.permissions | {Permission.RECORD_FACT})
    try:
        facts.record_all(
            work,
            incident_id,
            {"people_by_place": by_place, "people_count": everybody},
            source="the list of affected people",
            reason="counted on the list of affected people",
        )
    finally:
        work.actor = importer

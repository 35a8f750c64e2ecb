"""What other laws would do to open incidents, shown before they are taken into use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from incidents.database import law_packs as rows
from incidents.database.incidents import Incident
from incidents.rules.catalogue import Catalogue
from incidents.rules.duties import Change, assess, compare
from incidents.rules.permissions import Permission
from incidents.services import facts, law_packs
from incidents.services.law_packs import Offered, Taken
from incidents.work import Work, require, require_no_drill_token


@dataclass(frozen=True, slots=True)
class OfIncident:
    """What becomes of the duties of one incident.

    changes   duties that appear, end, move, start, stop, or are judged otherwise
    repinned  how many would be the same by another text of their law
    """

    incident_id: UUID
    number: str
    mode: str
    changes: Sequence[Change]
    repinned: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Other laws held against those in use.

    sha256   of the others; `apply` asks for it
    files    path -> added | changed | removed
    """

    in_use: Taken | None
    sha256: str
    files: Mapping[str, str]
    incidents: Sequence[OfIncident]

    @property
    def is_same(self) -> bool:
        """Whether there is nothing to take into use."""
        return self.in_use is not None and self.in_use.sha256 == self.sha256


def compared(work: Work, offered: Offered | None = None) -> Comparison:
    """Hold what is on disk, or what is offered, against the laws in use; nothing is changed.

    Raises  InvalidInput  file, field and reason of the first thing that is wrong with it
    """
    require(work.actor, Permission.READ_INCIDENT)
    require_no_drill_token(work.actor)
    found = law_packs.candidate(work, offered)
    before, after = law_packs.in_use(work), law_packs.judged_by(found)
    return Comparison(
        in_use=law_packs.taken(work),
        sha256=after.sha256,
        files=_files(before, after),
        incidents=[
            _of_incident(work, incident, before, after)
            for incident in rows.open_incidents(work.session)
        ],
    )


def _files(before: Catalogue, after: Catalogue) -> dict[str, str]:
    old = {one.path: one.sha256 for one in before.laws}
    new = {one.path: one.sha256 for one in after.laws}
    changed = {path for path in old.keys() & new.keys() if old[path] != new[path]}
    return {
        path: "changed" if path in changed else "added" if path in new else "removed"
        for path in sorted((old.keys() ^ new.keys()) | changed)
    }


def _of_incident(work: Work, incident: Incident, before: Catalogue, after: Catalogue) -> OfIncident:
    known = facts.known_and_done(work, incident.id)
    old, new = assess(known, before, work.now), assess(known, after, work.now)
    changes = compare(old, new)
    return OfIncident(
        incident_id=incident.id,
        number=incident.number,
        mode=incident.mode,
        changes=[one for one in changes if one.kind != "law"],
        repinned=sum(one.kind == "law" for one in changes),
    )

"""Law packs over HTTP: what is in use, what was, and what other laws would do to open incidents."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from incidents.api.door import LookWork, OpenWork, Shape, View, needs, router_for
from incidents.api.shapes import Reason
from incidents.database.law_packs import LawPack
from incidents.rules.duties import AssessedDuty, Change
from incidents.rules.permissions import Permission
from incidents.services import law_changes, law_packs

router = router_for("catalogue")

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Path = Annotated[str, Field(max_length=200, pattern=r"^[a-z0-9_]+(/[a-z0-9_-]+)*\.yaml$")]


class PackView(View):
    """One set of laws that is in use, or was."""

    number: int
    sha256: str
    taken_at: datetime
    taken_by: UUID
    reason: str


class PackWithFiles(PackView):
    """A pack and its files: path -> hash of the law in it."""

    files: dict[str, str]


class LawTextView(View):
    """The text of one law as it was when it was in use."""

    sha256: str
    paths: list[str]
    text: str


class OfferLaws(Shape):
    """Laws in place of those on the server's disk; leave both out for those.

    laws   path -> SHA-256 of its first document, of every file
    texts  first documents of those that no pack has had yet
    """

    # A text is what its hash says, to the last line break.
    model_config = ConfigDict(str_strip_whitespace=False)

    laws: Annotated[dict[Path, Sha256], Field(max_length=2000)] = {}
    texts: Annotated[list[str], Field(max_length=2000)] = []

    def offered(self) -> law_packs.Offered | None:
        """As the services take it."""
        return law_packs.Offered(self.laws, self.texts) if self.laws else None


class ApplyLaws(OfferLaws):
    """The hash that the comparison gave, and why these laws are taken into use."""

    sha256: Sha256
    reason: Reason


class DutyThen(View):
    """How a duty is judged by one of two packs."""

    status: str
    due_at: datetime | None
    rule_version: str


class ChangeByLaw(View):
    """What becomes of one duty: appeared, ended, moved_earlier, moved_later, started, stopped …"""

    rule: str
    kind: str
    title: str
    place: str
    before: DutyThen | None
    after: DutyThen | None
    why: list[str]


class OfIncident(View):
    """What becomes of the duties of one open incident.

    repinned  how many stay as they are, by another text of their law
    """

    incident_id: UUID
    number: str
    mode: str
    changes: list[ChangeByLaw]
    repinned: int


class ComparisonView(View):
    """Other laws held against those in use; nothing is changed by it.

    sha256  what `POST /law/packs` asks for
    files   path -> added, changed or removed
    """

    in_use: int | None
    in_use_sha256: str | None
    sha256: str
    is_same: bool
    files: dict[str, str]
    incidents: list[OfIncident]

    @classmethod
    def of(cls, found: law_changes.Comparison) -> "ComparisonView":
        """The view of a comparison."""
        return cls(
            in_use=found.in_use.number if found.in_use else None,
            in_use_sha256=found.in_use.sha256 if found.in_use else None,
            sha256=found.sha256,
            is_same=found.is_same,
            files=dict(found.files),
            incidents=[_of_incident(one) for one in found.incidents],
        )


def _of_incident(found: law_changes.OfIncident) -> OfIncident:
    return OfIncident(
        incident_id=found.incident_id,
        number=found.number,
        mode=found.mode,
        changes=[_change(one) for one in found.changes],
        repinned=found.repinned,
    )


def _change(change: Change) -> ChangeByLaw:
    duty = change.after or change.before
    return ChangeByLaw(
        rule=change.rule,
        kind=change.kind,
        title=duty.title if duty else "",
        place=duty.place if duty else "",
        before=_then(change.before),
        after=_then(change.after),
        why=list(change.why),
    )


def _then(duty: AssessedDuty | None) -> DutyThen | None:
    return DutyThen.model_validate(duty) if duty else None


@router.get("/law/packs", **needs(Permission.READ_INCIDENT))
def list_packs(work: LookWork) -> list[PackView]:
    """Every pack that was ever in use; the first of them is now."""
    return [PackView.model_validate(pack) for pack in law_packs.everything(work)]


@router.get("/law/packs/{number}", **needs(Permission.READ_INCIDENT))
def read_pack(number: int, work: LookWork) -> PackWithFiles:
    """One pack with its files."""
    pack, files = law_packs.read(work, number)
    return _with_files(pack, files)


def _with_files(pack: LawPack, files: Any) -> PackWithFiles:
    return PackWithFiles(**PackView.model_validate(pack).model_dump(), files=dict(files))


@router.get("/law/texts/{sha256}", **needs(Permission.READ_INCIDENT))
def read_text(sha256: str, work: LookWork) -> LawTextView:
    """The law that a duty is pinned to (its `rule_version`), or a hash that begins so."""
    return LawTextView(**asdict(law_packs.text(work, sha256)))


@router.post("/law/comparisons", **needs(Permission.READ_INCIDENT))
def compare_laws(body: OfferLaws, work: LookWork) -> ComparisonView:
    """What other laws would do to every open incident, before they are taken into use."""
    return ComparisonView.of(law_changes.compared(work, body.offered()))


@router.post("/law/packs", status_code=201, **needs(Permission.APPLY_LAW))
def apply_laws(body: ApplyLaws, work: OpenWork) -> PackView:
    """Take laws into use that were compared before; open incidents are looked at again.

    A due time that they would move later waits for a second person.
    """
    pack = law_packs.apply(work, body.sha256, body.reason, body.offered())
    return PackView.model_validate(pack)

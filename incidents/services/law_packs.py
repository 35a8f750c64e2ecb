"""The laws in use: a pack of rows, that every process judges by until another is taken into use.

Each piece of work reads which pack that is, so all processes change at the same moment. What
stands on disk (this release's laws, and contracts of our own) is first compared, then applied.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

import structlog
from sqlalchemy.exc import IntegrityError

from incidents.audit import log as audit
from incidents.database import law_packs as rows
from incidents.database.base import uuid7
from incidents.database.law_packs import LawPack, LawPackFile, LawText
from incidents.errors import CatalogueError, Conflict, InvalidInput, NotFound, Problem
from incidents.rules import catalogue as law
from incidents.rules import packs
from incidents.rules.catalogue import Catalogue
from incidents.rules.packs import CONTRACTS, Pack
from incidents.rules.permissions import Permission
from incidents.rules.reasons import must_say_why
from incidents.settings import Settings
from incidents.work import TOCSIN, Office, Work, require, require_no_drill_token

log = structlog.get_logger(__name__)

_KEPT = 2  # catalogues in memory: the one in use, and the one before or after it
_CATALOGUES: dict[str, Catalogue] = {}
_READING = Lock()


def in_use(work: Work) -> Catalogue:
    """The laws that this piece of work judges by, the same from its beginning to its end."""
    found: Catalogue | None = work.session.info.get("law in use")
    if found is None:
        pack = _newest(work)
        found = _catalogue(work, pack) if pack else law.load()
        work.session.info["law in use"] = found
    return found


def _newest(work: Work) -> LawPack | None:
    """The pack in use; looked up once in a piece of work."""
    info = work.session.info
    if "law pack" not in info:
        info["law pack"] = rows.newest_pack(work.session)
    pack: LawPack | None = info["law pack"]
    return pack


def _catalogue(work: Work, pack: LawPack) -> Catalogue:
    with _READING:
        found = _CATALOGUES.pop(pack.sha256, None) or packs.catalogue_of(_texts(work, pack.id))
        _CATALOGUES[pack.sha256] = found
        for oldest in list(_CATALOGUES)[:-_KEPT]:
            del _CATALOGUES[oldest]
    return found


def _texts(work: Work, pack_id: UUID) -> Pack:
    files = rows.files_of(work.session, pack_id)
    texts = rows.texts_of(work.session, set(files.values()))
    return {path: zlib.decompress(texts[sha256]) for path, sha256 in files.items()}


@dataclass(frozen=True, slots=True)
class Taken:
    """Which pack is in use, who took it into use, and why."""

    number: int
    sha256: str
    by: UUID
    reason: str


def taken(work: Work) -> Taken | None:
    """The pack in use; None where none was ever taken into use."""
    pack = _newest(work)
    return Taken(pack.number, pack.sha256, pack.taken_by, pack.reason) if pack else None


def on_disk(settings: Settings) -> Pack:
    """What this release holds, and the contracts in their folder."""
    return {
        **packs.read_folder(law.LAW),
        **packs.read_contracts(settings.contracts_folder),
    }


def begin(office: Office) -> None:
    """Take what is on disk into use where nothing ever was: the first start of all."""
    with office.look(TOCSIN) as work:
        if taken(work) is not None:
            return
    try:
        with office.work(TOCSIN) as work:
            found = on_disk(office.settings)
            packs.catalogue_of(found)
            _take(work, found, "the first start")
    except IntegrityError:
        log.info("another process took the laws into use first")


def waiting(office: Office) -> str | None:
    """The hash of what is on disk, where it is not what is in use."""
    with office.look(TOCSIN) as work:
        pack = taken(work)
    found = packs.hash_of(on_disk(office.settings))
    return found if pack is None or pack.sha256 != found else None


def state(office: Office) -> tuple[Taken | None, Catalogue, str | None]:
    """Which pack is in use, its laws, and the hash of others on disk that wait."""
    with office.look(TOCSIN) as work:
        pack, laws = taken(work), in_use(work)
    return pack, laws, waiting(office)


def warn_of_waiting(office: Office) -> None:
    """Say in the log that other laws than those in use are on disk."""
    found = waiting(office)
    if found is not None:
        log.warning(
            "other laws are on disk than those in use: incidents are judged by those in use"
            " until somebody runs `tocsin law compare`, then `tocsin law apply`",
            on_disk=found[:12],
        )


def everything(work: Work) -> Sequence[LawPack]:
    """Every pack that was ever in use, the newest first."""
    require(work.actor, Permission.READ_INCIDENT)
    return rows.all_packs(work.session)


def read(work: Work, number: int) -> tuple[LawPack, Mapping[str, str]]:
    """One pack, and its files: path -> hash."""
    require(work.actor, Permission.READ_INCIDENT)
    pack = rows.pack_numbered(work.session, number)
    if pack is None:
        raise NotFound("there is no such law pack")
    return pack, rows.files_of(work.session, pack.id)


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one law as it was, and under which paths packs had it."""

    sha256: str
    paths: Sequence[str]
    text: str


def text(work: Work, sha256: str) -> Text:
    """The law that a duty is pinned to: by its hash, or the beginning of it."""
    require(work.actor, Permission.READ_INCIDENT)
    found = rows.hashes_like(work.session, sha256)
    if len(found) != 1:
        raise NotFound("no law, or more than one, has a hash that begins so")
    raw = zlib.decompress(rows.texts_of(work.session, found)[found[0]])
    return Text(found[0], rows.paths_of(work.session, found[0]), raw.decode())


@dataclass(frozen=True, slots=True)
class Offered:
    """Laws that somebody sends in place of those on disk; contracts are not among them.

    laws   path -> hash, all of them
    texts  of those that no pack has had yet
    """

    laws: Mapping[str, str]
    texts: Sequence[str]


def candidate(work: Work, offered: Offered | None) -> Pack:
    """What would be taken into use: what is on disk, or what is offered, with our contracts."""
    if offered is None:
        return on_disk(work.settings)
    wrong = [path for path in offered.laws if path.startswith(CONTRACTS)]
    if wrong or not offered.laws:
        why = "names contracts: those are read from their folder" if wrong else "is empty"
        raise InvalidInput("these laws cannot be used", Problem("laws", why))
    sent = {packs.sha256_of(raw): raw for raw in (one.encode() for one in offered.texts)}
    missing = set(offered.laws.values()) - sent.keys()
    kept = rows.texts_of(work.session, missing)
    if unknown := sorted(missing - kept.keys()):
        raise InvalidInput(
            f"the texts of {len(unknown)} laws are missing",
            *(Problem("texts", f"{one} is not among them, nor in a pack") for one in unknown[:10]),
        )
    known = sent | {sha256: zlib.decompress(raw) for sha256, raw in kept.items()}
    laws = {path: known[sha256] for path, sha256 in offered.laws.items()}
    return laws | dict(packs.read_contracts(work.settings.contracts_folder))


def judged_by(found: Pack) -> Catalogue:
    """The laws of a pack that somebody wants to use.

    Raises  InvalidInput  file, field and reason of the first thing that is wrong
    """
    try:
        return packs.catalogue_of(found)
    except CatalogueError as error:
        where = f"{error.file}: {error.field}"
        raise InvalidInput("these laws cannot be read", Problem(where, error.why)) from None


def apply(work: Work, sha256: str, reason: str, offered: Offered | None = None) -> LawPack:
    """Take laws into use that were compared before; open incidents are looked at again.

    sha256  the hash that the comparison gave: what is applied is what was looked at
    Raises  Conflict  other laws have that hash now, or these are in use already
    """
    require(work.actor, Permission.APPLY_LAW)
    require_no_drill_token(work.actor)
    found = candidate(work, offered)
    judged_by(found)
    if packs.hash_of(found) != sha256:
        raise Conflict("these are not the laws that were compared: compare them again")
    before = taken(work)
    if before is not None and before.sha256 == sha256:
        raise Conflict(f"these laws are in use already, as pack {before.number}")
    must_say_why(reason)
    try:
        pack = _take(work, found, reason)
    except IntegrityError:
        raise Conflict("somebody else has just taken other laws into use") from None
    rows.look_again_at_all(work.session)  # the sweep of every process finds them within a second
    return pack


def _take(work: Work, found: Pack, reason: str) -> LawPack:
    before = rows.newest_pack(work.session)
    pack = LawPack(
        id=uuid7(),
        number=before.number + 1 if before else 1,
        sha256=packs.hash_of(found),
        taken_at=work.now,
        taken_by=work.actor.id,
        reason=reason,
    )
    work.session.add(pack)
    work.session.flush()
    _keep_texts(work, found)
    work.session.add_all(
        LawPackFile(pack_id=pack.id, path=path, sha256=packs.sha256_of(raw))
        for path, raw in found.items()
    )
    work.session.flush()
    for name in ("law in use", "law pack"):
        work.session.info.pop(name, None)
    audit.record(
        work,
        "law.apply",
        subject_type="law_pack",
        subject_id=pack.id,
        private={"reason": reason},
        number=pack.number,
        content=pack.sha256,
        files=len(found),
        contracts=sum(path.startswith(CONTRACTS) for path in found),
    )
    return pack


def _keep_texts(work: Work, found: Pack) -> None:
    texts = {packs.sha256_of(raw): raw for raw in found.values()}
    kept = rows.texts_of(work.session, texts.keys())
    work.session.add_all(
        LawText(sha256=sha256, compressed=zlib.compress(raw, 9))
        for sha256, raw in texts.items()
        if sha256 not in kept
    )
    work.session.flush()

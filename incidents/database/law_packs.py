"""What is kept of the laws in use: each pack that ever was, and the text of every law in them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from incidents.database.base import Base, uuid7
from incidents.database.incidents import Incident
from incidents.rules.lifecycle import ENDED


class LawPack(Base):
    """One set of laws that was taken into use. The one with the highest number is in use.

    sha256  of all its files together
    """

    __tablename__ = "law_pack"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    # Two that would be taken into use at once cannot both be the next.
    number: Mapped[int] = mapped_column(unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    taken_at: Mapped[datetime]
    taken_by: Mapped[UUID]
    reason: Mapped[str] = mapped_column(String(1000))


class LawText(Base):
    """The first document of a law file, compressed; duties are pinned to its hash."""

    __tablename__ = "law_text"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    compressed: Mapped[bytes] = mapped_column(LargeBinary)


class LawPackFile(Base):
    """One file of a pack."""

    __tablename__ = "law_pack_file"

    pack_id: Mapped[UUID] = mapped_column(ForeignKey("law_pack.id"), primary_key=True)
    path: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("law_text.sha256"), index=True)


def newest_pack(session: Session) -> LawPack | None:
    """The pack in use, if one was ever taken into use."""
    return session.scalar(select(LawPack).order_by(LawPack.number.desc()).limit(1))


def all_packs(session: Session) -> Sequence[LawPack]:
    """Every pack, the newest first."""
    return session.scalars(select(LawPack).order_by(LawPack.number.desc())).all()


def pack_numbered(session: Session, number: int) -> LawPack | None:
    """The pack of this number, if there is one."""
    return session.scalar(select(LawPack).where(LawPack.number == number))


def files_of(session: Session, pack_id: UUID) -> dict[str, str]:
    """The files of a pack: path -> hash."""
    query = select(LawPackFile.path, LawPackFile.sha256).where(LawPackFile.pack_id == pack_id)
    return dict(session.execute(query.order_by(LawPackFile.path)).all())


def texts_of(session: Session, hashes: Collection[str]) -> dict[str, bytes]:
    """The texts of laws by their hash, compressed as they are kept; those there are."""
    query = select(LawText.sha256, LawText.compressed).where(LawText.sha256.in_(hashes))
    return dict(session.execute(query).all())


def hashes_like(session: Session, start: str) -> Sequence[str]:
    """The hashes of texts that begin so; two at the most."""
    query = select(LawText.sha256).where(LawText.sha256.startswith(start, autoescape=True))
    return session.scalars(query.order_by(LawText.sha256).limit(2)).all()


def paths_of(session: Session, sha256: str) -> Sequence[str]:
    """Under which paths packs had a text."""
    query = select(LawPackFile.path).where(LawPackFile.sha256 == sha256).distinct()
    return session.scalars(query.order_by(LawPackFile.path)).all()


def open_incidents(session: Session) -> Sequence[Incident]:
    """Every incident that is not over, oldest first."""
    query = select(Incident).where(Incident.status.not_in(ENDED))
    return session.scalars(query.order_by(Incident.number)).all()


def look_again_at_all(session: Session) -> None:
    """Let every incident that is not over be looked at again.

    Their versions move on: a look that is under way by the old laws cannot end after this.
    """
    changed = {"review_due": True, "version": Incident.version + 1}
    session.execute(update(Incident).where(Incident.status.not_in(ENDED)).values(changed))

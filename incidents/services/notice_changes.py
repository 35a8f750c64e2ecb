"""What every change of a notice does: look, write words, void the approval, tell the trail."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm.attributes import flag_modified

from incidents.audit import log as audit
from incidents.database import notices as rows
from incidents.database.notices import Notice, NoticeVersion
from incidents.rules.lifecycle import NOTICE
from incidents.rules.notice_words import NoticeWords
from incidents.rules.place_words import Slot
from incidents.services import timeline
from incidents.services.edits import check_version
from incidents.services.lookup import get_of_incident
from incidents.work import Work


def editable(work: Work, notice_id: UUID, version: int) -> Notice:
    """A notice that can be edited, of the version that was read."""
    notice = get_of_incident(work, Notice, notice_id, "notice")
    check_version(notice.version, version)
    NOTICE.after(notice.status, "edit")
    return notice


def write(
    work: Work,
    notice: Notice,
    slot: Slot,
    words: NoticeWords,
    *,
    number: int,
    by_hand: bool = False,
) -> None:
    """Keep a text as the newest of its language and variant."""
    locale, variant = slot
    version = NoticeVersion(
        notice_id=notice.id,
        locale=locale,
        variant=variant,
        number=number,
        words=words.model_dump(mode="json"),
        author_id=work.actor.id,
        by_hand=by_hand,
        written_at=work.now,
    )
    work.session.add(version)


def changed(work: Work, notice: Notice) -> Notice:
    """Take the actor for an editor; an approval given before is void."""
    voided = rows.void_approvals(work.session, notice.id, work.now)
    notice.status = NOTICE.after(notice.status, "edit")
    notice.edited_at = work.now
    notice.editors = sorted({*notice.editors, str(work.actor.id)})
    flag_modified(notice, "edited_at")  # at the same moment too: the version always moves on
    tell(work, "notice.edit", notice, voided_approval=voided)
    if voided:
        timeline.note(
            work,
            notice.incident_id,
            "notice",
            f"Notice {notice.reference} changed: its approval is void",
        )
    work.session.flush()
    return notice


def tell(
    work: Work,
    kind: str,
    notice: Notice,
    *,
    private: Mapping[str, str] | None = None,
    **detail: Any,
) -> None:
    """Record in the trail what happened to a notice."""
    audit.record(
        work,
        kind,
        incident_id=notice.incident_id,
        subject_type="notice",
        subject_id=notice.id,
        private=private,
        **detail,
    )

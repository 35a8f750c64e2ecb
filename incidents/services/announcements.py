"""Public announcements: a rule proposes with its reasons, a person approves, the page stands.

An announcement shows the approved words of a notice, language by language; it stands in for
telling those whom no channel reaches.
"""

import dataclasses
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from incidents.audit import log as audit
from incidents.database import announcements as rows
from incidents.database import told
from incidents.database.announcements import Announcement
from incidents.database.duties import Duty, duties_of
from incidents.database.incidents import Incident
from incidents.database.notices import (
    Notice,
    NoticeApproval,
    NoticeBody,
    bodies_of,
    notice_by_reference,
    notices_of,
    standing_approval,
)
from incidents.errors import Conflict, InvalidInput, NotFound, NotPermitted, Problem
from incidents.rules import substitute_notice
from incidents.rules.catalogue import Catalogue
from incidents.rules.lifecycle import ANNOUNCEMENT
from incidents.rules.permissions import Permission
from incidents.rules.place_words import PLAIN
from incidents.rules.substitute_notice import Ground, Proposal, SubstituteFacts
from incidents.services import facts, freezing, law_packs, proofs, timeline
from incidents.services.lookup import get_incident, get_of_incident
from incidents.work import Work, require


def proposal(work: Work, incident_id: UUID) -> Proposal:
    """Whether a public announcement is called for, on which grounds, with which sources."""
    require(work.actor, Permission.READ_INCIDENT)
    return _proposal(work, get_incident(work, incident_id))


def _proposal(work: Work, incident: Incident) -> Proposal:
    known = facts.known(work, incident.id)
    owed = [
        duty
        for duty in duties_of(work.session, incident.id)
        if duty.status in {"open", "met"} and duty.standing in {"owed", "unknown"}
    ]
    due = [d.due_at for d in owed if d.audience == "people" and d.status == "open" and d.due_at]
    counts = _counts(work, incident, known, (min(due) - work.now) if due else None)
    catalogue = law_packs.in_use(work)
    found = substitute_notice.propose(counts, catalogue, {duty.rule for duty in owed})
    return dataclasses.replace(found, media=_media(owed, catalogue))


def _counts(
    work: Work, incident: Incident, known: Mapping[str, Any], left: timedelta | None
) -> SubstituteFacts:
    """The list of people decides; until there is one, what is known of them as facts."""
    listed = told.population_by_place(work.session, incident.id)
    reached = told.unreachable_by_place(work.session, incident.id) if listed else None
    flags = known.get("organisation_flags")
    return SubstituteFacts(
        population_by_place=listed or known.get("people_by_place") or {},
        unreachable_by_place=reached,
        unreachable_count=known.get("uncontactable_count"),
        notice_cost_usd=known.get("notice_cost_usd"),
        hours_left=left.total_seconds() / 3600 if left is not None else None,
        disproportionate_effort="disproportionate_effort" in flags if flags is not None else None,
        establishment=known.get("establishment"),
    )


def _media(owed: Iterable[Duty], catalogue: Catalogue) -> tuple[Ground, ...]:
    """Duties of their own to tell the media, soonest first."""
    rows = [duty for duty in owed if duty.audience == "media" and duty.status == "open"]
    return tuple(
        Ground(
            rule=duty.rule,
            law=catalogue.law_of(duty.rule).content.instrument.title,
            place=duty.place,
            why=tuple(duty.details.get("why", ())),
            text=duty.title,
            means=("media",),
            days=None,
            toll_free="toll_free" in duty.details.get("required_content", ()),
            source=duty.details.get("source", ""),
            confidence=duty.details.get("confidence", ""),
            missing=tuple(duty.details.get("missing", ())),
            due_at=duty.due_at,
        )
        for duty in sorted(rows, key=lambda duty: (duty.due_at is None, duty.due_at, duty.rule))
    )


def propose(work: Work, incident_id: UUID, notice_id: UUID, reason: str = "") -> Announcement:
    """Propose to publish an approved notice, on the rule's grounds or for a reason of one's own."""
    require(work.actor, Permission.EDIT_ANNOUNCEMENT)
    incident = get_incident(work, incident_id)
    notice = get_of_incident(work, Notice, notice_id, "notice")
    if notice.incident_id != incident.id:
        raise NotFound("there is no such notice")
    grounds = _proposal(work, incident)
    if not grounds.proposed and not reason.strip():
        raise InvalidInput(
            "no law's threshold is reached: say why an announcement is called for",
            Problem("reason", "is empty", "say in a sentence why telling each is impractical"),
        )
    return _propose(work, incident, notice, grounds, reason)


def propose_if_due(work: Work, incident: Incident) -> Announcement | None:
    """Propose by itself where the rule says so and approved words are there; once."""
    for notice in notices_of(work.session, incident.id):
        standing = rows.announcement_of_notice(work.session, notice.id)
        if standing is not None:
            return standing
        if notice.status in {"approved", "issued"}:
            grounds = _proposal(work, incident)
            return _propose(work, incident, notice, grounds, "") if grounds.proposed else None
    return None


def _propose(
    work: Work, incident: Incident, notice: Notice, grounds: Proposal, reason: str
) -> Announcement:
    approval = standing_approval(work.session, notice.id)
    if approval is None:
        raise Conflict("the notice is not approved yet; its words must be approved first")
    if rows.announcement_of_notice(work.session, notice.id):
        raise Conflict("there is an announcement of this notice already")
    row = Announcement(
        incident_id=incident.id,
        mode=incident.mode,
        notice_id=notice.id,
        approval_id=approval.id,
        slug=f"{notice.reference.lower()}-{secrets.token_hex(3)}",
        status=ANNOUNCEMENT.start,
        reasons=[
            *([{"reason": reason, "by": str(work.actor.id)}] if reason else []),
            *(_plain(ground) for ground in grounds.grounds if ground.stands_for == "public"),
        ],
        sha256=_hash(work, approval),
        proposed_at=work.now,
        proposed_by=work.actor.id,
    )
    work.session.add(row)
    work.session.flush()
    _tell(work, "propose", row)
    return row


def _plain(ground: Any) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(ground), default=str))
    return plain


def _hash(work: Work, approval: NoticeApproval) -> str:
    pages = [[page.locale, page.sha256] for page in pages_of(work, approval.id)]
    return hashlib.sha256(json.dumps(pages).encode()).hexdigest()


def pages_of(work: Work, approval_id: UUID, variant: str = PLAIN) -> list[NoticeBody]:
    """The public pages of approved words, by language; `variant`: as people of a place got them."""
    bodies = sorted(bodies_of(work.session, approval_id).items())
    return [body for (_, *words), body in bodies if words == [variant, "announcement"]]


def of_incident(work: Work, incident_id: UUID) -> Sequence[Announcement]:
    """The announcements of an incident."""
    require(work.actor, Permission.READ_INCIDENT)
    get_incident(work, incident_id)
    return rows.announcements_of(work.session, incident_id)


def read(work: Work, announcement_id: UUID) -> Announcement:
    """One announcement."""
    require(work.actor, Permission.READ_INCIDENT)
    return get_of_incident(work, Announcement, announcement_id, "announcement")


def approve(work: Work, announcement_id: UUID) -> Announcement:
    """Approve that it is published; whoever proposed it may not."""
    require(work.actor, Permission.APPROVE_ANNOUNCEMENT)
    row = get_of_incident(work, Announcement, announcement_id, "announcement")
    after = ANNOUNCEMENT.after(row.status, "approve")
    if row.proposed_by == work.actor.id:
        raise NotPermitted("you proposed it yourself; ask another approver")
    _refuse_changed_words(work, row)
    row.status, row.approved_at, row.approved_by = after, work.now, work.actor.id
    return _tell(work, "approve", row)


def publish(work: Work, announcement_id: UUID) -> Announcement:
    """Put it on its public page and into the feed; a drill's stays inside."""
    require(work.actor, Permission.EDIT_ANNOUNCEMENT)
    row = get_of_incident(work, Announcement, announcement_id, "announcement")
    after = ANNOUNCEMENT.after(row.status, "publish")
    _refuse_changed_words(work, row)
    row.status, row.published_at = after, work.now
    proofs.renew_incident(work, row.incident_id)
    return _tell(work, "publish", row)


def withdraw(work: Work, announcement_id: UUID, reason: str) -> Announcement:
    """Take it back: duties that rested on it are open again."""
    require(work.actor, Permission.EDIT_ANNOUNCEMENT)
    row = get_of_incident(work, Announcement, announcement_id, "announcement")
    row.status = ANNOUNCEMENT.after(row.status, "withdraw")
    row.withdrawn_at, row.withdrawn_reason = work.now, reason
    proofs.renew_incident(work, row.incident_id)
    return _tell(work, "withdraw", row)


def _refuse_changed_words(work: Work, row: Announcement) -> None:
    notice = work.session.get(Notice, row.notice_id)
    approval = standing_approval(work.session, row.notice_id)
    if notice is None or approval is None or approval.id != row.approval_id:
        raise Conflict("the words changed since it was proposed; withdraw it and propose anew")
    if not freezing.still_holds(work, notice, approval):
        raise Conflict("what is kept is not what was approved; withdraw it and approve anew")


def _tell(work: Work, action: str, row: Announcement) -> Announcement:
    audit.record(
        work,
        f"announcement.{action}",
        incident_id=row.incident_id,
        subject_type="announcement",
        subject_id=row.id,
        notice_id=row.notice_id,
        content=row.sha256,
    )
    timeline.note(work, row.incident_id, "announcement", f"Announcement {row.slug}: {row.status}")
    get_incident(work, row.incident_id).review_due = True
    work.ring("incidents.review", row.incident_id)
    work.session.flush()
    return row


def public_list(work: Work) -> list[tuple[Announcement, list[NoticeBody]]]:
    """What anybody may see: the live announcements that stand, each with its pages."""
    return [(row, pages_of(work, row.approval_id)) for row in rows.published(work.session)]


def public_page(work: Work, slug: str) -> tuple[Announcement, list[NoticeBody]]:
    """The announcement at a public address, with its pages."""
    row = rows.published_by_slug(work.session, slug)
    if row is None:
        raise NotFound("there is no such announcement")
    return row, pages_of(work, row.approval_id)


def public_notice(
    work: Work, reference: str, variant: str = PLAIN
) -> tuple[Notice, NoticeApproval, list[NoticeBody]]:
    """Is this notice real? The words that went out under a reference, for anybody to compare.

    variant  the place that the reader's own copy names; plain words where it has none of its own
    """
    notice = notice_by_reference(work.session, reference)
    approval = _went_out(work, notice) if notice else None
    if notice is None or approval is None:
        raise NotFound("no notice went out under this reference")
    pages = pages_of(work, approval.id, variant) or pages_of(work, approval.id)
    return notice, approval, pages


def _went_out(work: Work, notice: Notice) -> NoticeApproval | None:
    """The words that were sent, or that stand on a public page."""
    if notice.status == "issued":
        return standing_approval(work.session, notice.id)
    page = rows.announcement_of_notice(work.session, notice.id)
    if page is None or page.status != "published":
        return None
    return work.session.get(NoticeApproval, page.approval_id)

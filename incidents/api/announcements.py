"""Public announcements over HTTP: the rule's proposal, approval, publication."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, OpenWork, Shape, View, needs, router_for
from incidents.database.announcements import Announcement
from incidents.rules.permissions import Permission
from incidents.services import announcements, review

router = router_for("announcements")

Reason = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]


class Propose(Shape):
    """Which notice is published, and why, where the rule's own grounds do not suffice."""

    notice_id: UUID
    reason: Reason = ""


class Withdraw(Shape):
    """Why it is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class GroundView(View):
    """One rule that lets another notice stand in, with its law, its numbers and its source.

    stands_for   public: an announcement; single: another way to each person
    missing      what must be known to decide; empty once the threshold is reached
    due_at       for a duty of its own, such as telling the media
    """

    rule: str
    law: str
    place: str
    why: list[str]
    text: str
    means: list[str]
    days: int | None
    toll_free: bool
    source: str
    confidence: str
    stands_for: Literal["public", "single"]
    missing: list[str]
    due_at: datetime | None


class ProposalView(View):
    """Whether the rule proposes an announcement, and on which grounds.

    undecided   thresholds that a missing fact could still reach
    media       duties to tell the media, which no announcement replaces
    """

    proposed: bool
    grounds: list[GroundView]
    undecided: list[GroundView]
    media: list[GroundView]
    reasons: list[str]
    days: int | None
    missing: list[str]


class AnnouncementView(View):
    """An announcement as it stands; `url` is its public page once it is published."""

    id: UUID
    incident_id: UUID
    notice_id: UUID
    mode: str
    slug: str
    status: str
    reasons: list[Any]
    sha256: str
    proposed_at: datetime
    approved_at: datetime | None
    approved_by: UUID | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    url: str = ""


def _view(work: OpenWork, row: Announcement) -> AnnouncementView:
    view = AnnouncementView.model_validate(row)
    if row.status == "published" and row.mode == "live":
        view.url = f"{work.settings.public_url.rstrip('/')}/announcements/{row.slug}"
    return view


@router.get("/incidents/{incident_id}/announcement-proposal", **needs(Permission.READ_INCIDENT))
def read_proposal(incident_id: UUID, work: LookWork) -> ProposalView:
    """Is telling each person impractical? What the laws' thresholds and ours say."""
    return ProposalView.model_validate(announcements.proposal(work, incident_id))


@router.post(
    "/incidents/{incident_id}/announcements",
    status_code=201,
    **needs(Permission.EDIT_ANNOUNCEMENT),
)
def propose(incident_id: UUID, body: Propose, work: OpenWork) -> AnnouncementView:
    """Propose to publish an approved notice."""
    row = announcements.propose(work, incident_id, body.notice_id, body.reason)
    return _view(work, row)


@router.get("/incidents/{incident_id}/announcements", **needs(Permission.READ_INCIDENT))
def list_announcements(incident_id: UUID, work: LookWork) -> list[AnnouncementView]:
    """The announcements of an incident."""
    return [_view(work, row) for row in announcements.of_incident(work, incident_id)]


@router.get("/announcements/{announcement_id}", **needs(Permission.READ_INCIDENT))
def read_announcement(announcement_id: UUID, work: LookWork) -> AnnouncementView:
    """One announcement."""
    return _view(work, announcements.read(work, announcement_id))


@router.post("/announcements/{announcement_id}/approval", **needs(Permission.APPROVE_ANNOUNCEMENT))
def approve(announcement_id: UUID, work: OpenWork) -> AnnouncementView:
    """Approve that it is published; whoever proposed it may not."""
    return _view(work, announcements.approve(work, announcement_id))


@router.post("/announcements/{announcement_id}/publication", **needs(Permission.EDIT_ANNOUNCEMENT))
def publish(announcement_id: UUID, work: OpenWork) -> AnnouncementView:
    """Put it on its public page and into the feed."""
    row = announcements.publish(work, announcement_id)
    review.review(work, row.incident_id, reason="an announcement was published")
    return _view(work, row)


@router.post("/announcements/{announcement_id}/withdrawal", **needs(Permission.EDIT_ANNOUNCEMENT))
def withdraw(announcement_id: UUID, body: Withdraw, work: OpenWork) -> AnnouncementView:
    """Take it back; duties that rested on it are open again."""
    row = announcements.withdraw(work, announcement_id, body.reason)
    review.review(work, row.incident_id, reason=body.reason)
    return _view(work, row)

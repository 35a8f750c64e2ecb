"""Campaigns over HTTP: launch, watch, count, pause, resume, stop."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.door import LookWork, OpenWork, needs, router_for
from incidents.api.shapes import Shape, View
from incidents.rules.permissions import Permission
from incidents.services import campaigns, reconcile
from incidents.services import equation as counting

router = router_for("campaigns")

Channel = Literal["email", "sms", "push", "letter", "announcement"]


class Launch(Shape):
    """How people are told.

    ladder          channels in the order in which each person is tried on them
    unknown_policy  what to do when no evidence will come of what was sent
    """

    ladder: list[Channel] = Field(
        default=["email", "sms", "announcement"], min_length=1, max_length=6
    )
    unknown_policy: Literal["hold", "resend_marked"] = "hold"


class ResendHeld(Shape):
    """Why those whose message may have arrived are told once more."""

    reason: Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class CampaignView(View):
    """A campaign as it stands."""

    id: UUID
    incident_id: UUID
    notice_id: UUID
    mode: str
    status: str
    ladder: list[str]
    unknown_policy: str
    launched_at: datetime
    launched_by: UUID
    finished_at: datetime | None


class RungView(View):
    """One rung: who stands on it now, and who was moved on from it, by what became of them."""

    rung: int
    channel: str
    buckets: dict[str, int]
    left: dict[str, int]


class ProgressView(View):
    """Envelopes and their people by state; the pace of the last seconds; time left at it."""

    envelopes: dict[str, int]
    people: dict[str, int]
    people_per_second: float
    seconds_left: float | None


class CampaignProgress(CampaignView):
    """A campaign, how far it is, and its funnel."""

    progress: ProgressView
    funnel: list[RungView]


class EquationView(View):
    """People by bucket. Everybody is in exactly one: the buckets sum to the total."""

    buckets: dict[str, int]
    total: int
    holds: bool


class Resent(View):
    """How many envelopes go out once more."""

    envelopes: int


@router.post("/notices/{notice_id}/campaigns", status_code=201, **needs(Permission.RUN_CAMPAIGN))
def launch(notice_id: UUID, body: Launch, work: OpenWork) -> CampaignView:
    """Begin to tell every affected person, in exactly the approved words."""
    campaign = campaigns.launch(work, notice_id, body.ladder, body.unknown_policy)
    return CampaignView.model_validate(campaign)


@router.get("/incidents/{incident_id}/campaigns", **needs(Permission.READ_CAMPAIGN))
def list_campaigns(incident_id: UUID, work: LookWork) -> list[CampaignView]:
    """The campaigns of an incident."""
    return [CampaignView.model_validate(row) for row in campaigns.of_incident(work, incident_id)]


@router.get("/campaigns/{campaign_id}", **needs(Permission.READ_CAMPAIGN))
def read_campaign(campaign_id: UUID, work: LookWork) -> CampaignProgress:
    """One campaign: how far it is, at what pace, and what became of people rung by rung."""
    campaign = CampaignView.model_validate(campaigns.read(work, campaign_id))
    return CampaignProgress(
        **campaign.model_dump(),
        progress=ProgressView.model_validate(counting.progress(work, campaign_id)),
        funnel=[RungView.model_validate(rung) for rung in counting.funnel(work, campaign_id)],
    )


@router.get("/campaigns/{campaign_id}/equation", **needs(Permission.READ_CAMPAIGN))
def read_equation(campaign_id: UUID, work: LookWork) -> EquationView:
    """Where everybody is."""
    return EquationView.model_validate(counting.equation(work, campaign_id))


@router.post("/campaigns/{campaign_id}/pause", **needs(Permission.RUN_CAMPAIGN))
def pause(campaign_id: UUID, work: OpenWork) -> CampaignView:
    """Let nothing more leave; what is on the wire ends."""
    return CampaignView.model_validate(campaigns.pause(work, campaign_id))


@router.post("/campaigns/{campaign_id}/resume", **needs(Permission.RUN_CAMPAIGN))
def resume(campaign_id: UUID, work: OpenWork) -> CampaignView:
    """Go on where it was paused."""
    return CampaignView.model_validate(campaigns.resume(work, campaign_id))


@router.post("/campaigns/{campaign_id}/stop", **needs(Permission.RUN_CAMPAIGN))
def stop(campaign_id: UUID, work: OpenWork) -> CampaignView:
    """End it for good: who has not been sent to will not be."""
    return CampaignView.model_validate(campaigns.stop(work, campaign_id))


@router.post("/campaigns/{campaign_id}/held/resend", **needs(Permission.RUN_CAMPAIGN))
def resend_held(campaign_id: UUID, body: ResendHeld, work: OpenWork) -> Resent:
    """Decide to tell those once more of whom no evidence says whether they were told."""
    return Resent(envelopes=reconcile.resend_held(work, campaign_id, body.reason))

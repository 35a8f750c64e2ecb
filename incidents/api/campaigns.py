"""Campaigns over HTTP: launch, watch, count, let follow, pause, resume, stop."""

from uuid import UUID

from incidents.api.campaign_shapes import (
    Because,
    CampaignNow,
    CampaignProgress,
    CampaignView,
    Decided,
    DecideHeld,
    EndRamp,
    EquationView,
    ForecastView,
    HeldView,
    Launch,
    LiftQuiet,
    ProgressView,
    RestView,
    RungView,
)
from incidents.api.door import LookWork, OpenWork, needs, router_for
from incidents.rules.permissions import Permission
from incidents.services import campaigns, decisions, quiet, ramp, rest
from incidents.services import dry_run as planned
from incidents.services import equation as counting

router = router_for("campaigns")


@router.post("/notices/{notice_id}/campaigns", status_code=201, **needs(Permission.RUN_CAMPAIGN))
def launch(notice_id: UUID, body: Launch, work: OpenWork) -> CampaignView:
    """Begin to tell every affected person, in exactly the approved words."""
    campaign = campaigns.launch(work, notice_id, body.options())
    return CampaignView.model_validate(campaign)


@router.post("/notices/{notice_id}/campaigns/dry-run", **needs(Permission.RUN_CAMPAIGN))
def dry_run(notice_id: UUID, body: Launch, work: LookWork) -> ForecastView:
    """What the same launch would do: whom, by what, at what cost, until when. Writes nothing."""
    return ForecastView.model_validate(planned.plan(work, notice_id, body.options()))


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


@router.get("/campaigns/{campaign_id}/progress", **needs(Permission.READ_CAMPAIGN))
def read_progress(campaign_id: UUID, work: LookWork) -> CampaignNow:
    """How far a campaign is, without its funnel: cheap enough to be asked each second."""
    campaign = CampaignView.model_validate(campaigns.read(work, campaign_id))
    return CampaignNow(
        **campaign.model_dump(),
        progress=ProgressView.model_validate(counting.progress(work, campaign_id)),
    )


@router.get("/campaigns/{campaign_id}/equation", **needs(Permission.READ_CAMPAIGN))
def read_equation(campaign_id: UUID, work: LookWork) -> EquationView:
    """Where everybody is."""
    return EquationView.model_validate(counting.equation(work, campaign_id))


@router.get("/campaigns/{campaign_id}/rest", **needs(Permission.READ_CAMPAIGN))
def read_rest(campaign_id: UUID, work: LookWork) -> RestView:
    """How many people it has told, may have told, and has not: what stopping it would mean."""
    return RestView.model_validate(rest.count(work, campaign_id))


@router.post("/campaigns/{campaign_id}/pause", **needs(Permission.RUN_CAMPAIGN))
def pause(campaign_id: UUID, work: OpenWork) -> CampaignView:
    """Let nothing more leave; what is on the wire ends."""
    return CampaignView.model_validate(campaigns.pause(work, campaign_id))


@router.post("/campaigns/{campaign_id}/resume", **needs(Permission.RUN_CAMPAIGN))
def resume(campaign_id: UUID, work: OpenWork, body: Because | None = None) -> CampaignView:
    """Go on where it was paused; where it had paused itself, with a reason."""
    reason = body.reason if body else ""
    return CampaignView.model_validate(campaigns.resume(work, campaign_id, reason))


@router.post("/campaigns/{campaign_id}/continue", **needs(Permission.RUN_CAMPAIGN))
def go_on(campaign_id: UUID, work: OpenWork, body: Because | None = None) -> CampaignView:
    """Let the others follow those who went first now, before the hold is over."""
    reason = body.reason if body else ""
    return CampaignView.model_validate(campaigns.go_on(work, campaign_id, reason))


@router.post("/campaigns/{campaign_id}/end-ramp", **needs(Permission.RUN_CAMPAIGN))
def end_ramp(campaign_id: UUID, body: EndRamp, work: OpenWork) -> CampaignView:
    """Let all who wait for their mail host be told now."""
    return CampaignView.model_validate(ramp.end(work, campaign_id, body.reason))


@router.post("/campaigns/{campaign_id}/stop", **needs(Permission.RUN_CAMPAIGN))
def stop(campaign_id: UUID, work: OpenWork) -> CampaignView:
    """End it for good: who has not been sent to will not be, and it cannot be resumed.

    Its notice cannot be launched again, since some have it already. Whom it has not reached only
    a public announcement tells, or a notice to the rest: `POST /notices/{notice_id}/rest`.
    `GET /campaigns/{campaign_id}/rest` says beforehand how many those are; `pause` keeps all open.
    """
    return CampaignView.model_validate(campaigns.stop(work, campaign_id))


@router.get("/campaigns/{campaign_id}/held", **needs(Permission.READ_CAMPAIGN))
def list_held(campaign_id: UUID, work: LookWork) -> list[HeldView]:
    """What waits for somebody's decision, the first thousand envelopes of it, and why."""
    return [HeldView.model_validate(row) for row in decisions.held(work, campaign_id)]


@router.post("/campaigns/{campaign_id}/held/resend", **needs(Permission.RUN_CAMPAIGN))
def resend_held(campaign_id: UUID, body: DecideHeld, work: OpenWork) -> Decided:
    """Decide to tell those once more of whom no evidence says whether they were told.

    What nobody could open is tried again.
    """
    count = decisions.resend_held(work, campaign_id, body.reason, body.envelopes)
    return Decided(envelopes=count)


@router.post("/campaigns/{campaign_id}/held/give-up", **needs(Permission.RUN_CAMPAIGN))
def give_up_held(campaign_id: UUID, body: DecideHeld, work: OpenWork) -> Decided:
    """Decide to wait no longer: the people are tried on their next channel.

    Who may have been told stays in doubt in the proof; whose envelope nobody could open has
    failed on this rung.
    """
    count = decisions.give_up_held(work, campaign_id, body.reason, body.envelopes)
    return Decided(envelopes=count)


@router.post("/campaigns/{campaign_id}/quiet-override", **needs(Permission.RUN_CAMPAIGN))
def ask_override(campaign_id: UUID, body: LiftQuiet, work: OpenWork) -> CampaignView:
    """Ask that people be told at night, since the law's deadline comes before the morning."""
    return CampaignView.model_validate(quiet.ask_override(work, campaign_id, body.reason))


@router.post("/campaigns/{campaign_id}/quiet-override/confirm", **needs(Permission.RUN_CAMPAIGN))
def confirm_override(campaign_id: UUID, work: OpenWork) -> CampaignView:
    """Agree, as a second person: what waits for the morning leaves now."""
    return CampaignView.model_validate(quiet.confirm_override(work, campaign_id))

"""What is held and what is unknown of a campaign, over HTTP."""

from uuid import UUID

from incidents.api.door import LookWork, OpenWork, needs, router_for
from incidents.api.shapes import View
from incidents.rules.permissions import Permission
from incidents.services import residency, residency_release, unknowns

router = router_for("campaigns")


class HeldView(View):
    """People whom no provider that carries the ladder may serve, by place."""

    places: dict[str, int]


class UnknownsView(View):
    """Calls by what is known of them: no evidence yet, settled by evidence, or without any."""

    open: int
    by: dict[str, int]
    unresolved: dict[str, int]


class Released(View):
    """How many people may be told now."""

    people: int


@router.get("/campaigns/{campaign_id}/residency", **needs(Permission.READ_CAMPAIGN))
def read_residency(campaign_id: UUID, work: LookWork) -> HeldView:
    """Who is held since no provider may be given the data of people of their place."""
    return HeldView(places=residency.held(work, campaign_id))


@router.get("/campaigns/{campaign_id}/unknowns", **needs(Permission.READ_CAMPAIGN))
def read_unknowns(campaign_id: UUID, work: LookWork) -> UnknownsView:
    """Calls that may or may not have left: how many are open, and what settled the others."""
    return UnknownsView.model_validate(unknowns.unknowns(work, campaign_id))


@router.post("/campaigns/{campaign_id}/residency/release", **needs(Permission.RUN_CAMPAIGN))
def release(campaign_id: UUID, work: OpenWork) -> Released:
    """Place those anew whom some provider may serve by the settings as they are now."""
    return Released(people=residency_release.release(work, campaign_id))

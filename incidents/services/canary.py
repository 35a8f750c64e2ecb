"""The canary: a few are told first; the others follow when their receipts were waited for."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from incidents.database import campaign_looks as rows
from incidents.database.campaigns import Campaign
from incidents.rules.canary import Few
from incidents.rules.lifecycle import GATE
from incidents.services import brake, planning, ramp
from incidents.services.campaign_trail import held, tell
from incidents.work import TOCSIN, Office, Work


def begin(work: Work, campaign: Campaign) -> None:
    """Place who goes first: the canary, or, where there is none, the first page of everybody."""
    first = few_of(campaign)
    if not first.people:
        planning.place_page(work, campaign)
        return
    campaign.gate = GATE.start
    planning.place_canary(work, campaign, first.people)


def few_of(campaign: Campaign) -> Few:
    """The canary of a campaign, as it was launched."""
    return Few(**campaign.canary)


def due(work: Work, mode: str) -> Sequence[UUID]:
    """The campaigns of a mode whose others wait for their canary."""
    return rows.with_canary_out(work.session, mode)


def look_at(office: Office, campaign_id: UUID) -> bool:
    """Let the others follow if their canary was told and waited for; whether something changed."""
    with office.work(TOCSIN) as work:
        return _step(work, campaign_id)


def _step(work: Work, campaign_id: UUID) -> bool:
    campaign = held(work, campaign_id)
    if campaign.status != "running" or campaign.gate == "open":
        return False
    if campaign.gate == GATE.start:
        return not rows.is_telling(work.session, campaign_id, work.now) and _hold(work, campaign)
    if campaign.gate_at is None or work.now < campaign.gate_at:
        return False
    return brake.apply(work, campaign) or let_follow(work, campaign, "its time was over")


def _hold(work: Work, campaign: Campaign) -> bool:
    campaign.gate = GATE.after(campaign.gate, "hold")
    campaign.gate_at = few_of(campaign).goes_on_at(work.now)
    until = f"at {campaign.gate_at:%H:%M:%S} UTC" if campaign.gate_at else "when somebody says so"
    first = few_of(campaign).people
    story = f"The first {first:,} people have been told; the others follow {until}"
    tell(work, campaign, "campaign.hold", story, people=first)
    return True


def let_follow(
    work: Work, campaign: Campaign, why: str, private: Mapping[str, str] | None = None
) -> bool:
    """From now on everybody is told; the caller holds the campaign."""
    campaign.gate = GATE.after(campaign.gate, "continue")
    campaign.gate_at = None
    ramp.keep(work, campaign)
    work.session.flush()
    story = f"The others follow the first {few_of(campaign).people:,} people: {why}"
    tell(work, campaign, "campaign.continue", story, private=private)
    return True

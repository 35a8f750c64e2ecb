"""Looking after campaigns until all are told: newcomers, canaries, brakes, unknowns, ends."""

from collections.abc import Callable
from uuid import UUID

from incidents.database import audience, pages, statistics, waiting
from incidents.database import campaigns as rows
from incidents.database.campaigns import Campaign
from incidents.database.engine import NO_ANSWER
from incidents.rules.lifecycle import CAMPAIGN
from incidents.services import (
    brake,
    canary,
    equation_watch,
    failover,
    planning,
    quiet,
    ramp,
    reconcile,
    silence,
)
from incidents.services.campaign_trail import tell
from incidents.work import TOCSIN, Office, Work
from notifiers.dispatch import Dispatch


def tend(office: Office, dispatch: Dispatch, *, mode: str) -> bool:
    """One round of looking after the campaigns of a mode; a look that fails stops no other.

    Returns  whether something changed, so that it is worth pumping
    """
    looks: tuple[Callable[[Office, str], bool], ...] = (
        _welcome,
        failover.look,
        reconcile.expire,
        lambda office, mode: reconcile.resolve_due(office, dispatch, mode),
        silence.look,
        quiet.look,
        ramp.look,
        brake.look,
        canary.look,
        _cancel_late,
        _finish_each,
        equation_watch.look,
        _size_up,
    )
    changed, failed = False, []
    for look in looks:
        try:
            changed |= look(office, mode)
        except NO_ANSWER:
            raise  # it is away, or busy: the others would wait for it, too
        except Exception as error:  # noqa: BLE001  told of below, when all have looked
            failed.append(error)
    if failed:
        raise ExceptionGroup("some campaigns could not be looked after", failed)
    return changed


def _size_up(office: Office, _mode: str) -> bool:
    """Let the database know of tables that have grown by leaps, before it plans by old sizes."""
    with office.look(TOCSIN) as work:
        grown = statistics.grown(work.session)
    if grown:
        with office.work(TOCSIN) as work:
            statistics.refresh(work.session, grown)
    return False


def _welcome(office: Office, mode: str) -> bool:
    """Place those who were added to a population after its campaign had gone through it."""
    with office.look(TOCSIN) as work:
        found = pages.with_newcomers(work.session, mode)
    for campaign_id in found:
        with office.work(TOCSIN) as work:
            campaign = rows.locked_campaign(work.session, campaign_id)
            if campaign is not None:
                planning.look_again(work, campaign, "newcomers")
    return bool(found)


def _cancel_late(office: Office, mode: str) -> bool:
    """What comes back to a stopped campaign, from a lost lease or a look-up, never leaves."""
    with office.look(TOCSIN) as work:
        found = waiting.stopped_with_ready(work.session, mode)
    for campaign_id in found:
        with office.work(TOCSIN) as work:
            waiting.cancel_ready(work.session, campaign_id)
    return False


def _finish_each(office: Office, mode: str) -> bool:
    with office.look(TOCSIN) as work:
        found = waiting.settled(work.session, mode)
    for campaign_id in found:
        with office.work(TOCSIN) as work:
            _finish(work, campaign_id)
    return bool(found)


def _finish(work: Work, campaign_id: UUID) -> None:
    campaign = rows.locked_campaign(work.session, campaign_id)
    # Held now: nobody is being moved on, so what is looked at once more is the last word.
    if campaign is None or campaign_id not in waiting.settled(work.session, campaign.mode):
        return
    campaign.finished_at = campaign.proof_due_at = work.now
    if campaign.status == "running":
        campaign.status = CAMPAIGN.after(campaign.status, "finish")
        work.session.flush()
        tell(work, campaign, "campaign.finish", "Everybody has been tried on every channel left")
    _tell_more(work, campaign)
    rows.mark_for_review(work.session, campaign.incident_id)
    work.ring("incidents.review", campaign.incident_id)


def _tell_more(work: Work, campaign: Campaign) -> None:
    """Who got the first notice since its supplement was launched gets the supplement too; whom a
    stopped campaign turns out not to have reached is told with its rest.
    """
    for campaign_id in audience.that_follow(work.session, campaign):
        following = rows.locked_campaign(work.session, campaign_id)
        if following is not None and following.population_count is not None:
            planning.look_again(work, following, "newcomers")

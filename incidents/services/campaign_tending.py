"""Looking after campaigns until all are told: newcomers, canaries, brakes, unknowns, ends."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar
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

T = TypeVar("T")


class Look(NamedTuple):
    """What is looked for in the campaigns of a mode, and what is done about each that is found.

    look_at  gives whether something changed, so that it is worth pumping
    """

    due: Callable[[Work, str], Sequence[Any]]
    look_at: Callable[[Office, Any], bool]


def tend(office: Office, dispatch: Dispatch, *, mode: str) -> bool:
    """One round of looking after the campaigns of a mode; a look that fails stops no other.

    Returns  whether something changed, so that it is worth pumping
    """
    failed: list[Exception] = []
    with office.look(TOCSIN) as work:
        found = [
            (look.look_at, one)
            for look in _looks(dispatch)
            for one in _tried(failed, look.due, work, mode) or ()
        ]
    changed = [_tried(failed, look_at, office, one) for look_at, one in found]
    if failed:
        raise ExceptionGroup("some campaigns could not be looked after", failed)
    return any(changed)


def _looks(dispatch: Dispatch) -> tuple[Look, ...]:
    return (
        Look(lambda work, mode: pages.with_newcomers(work.session, mode), _welcome),
        Look(failover.due, failover.look_at),
        Look(reconcile.with_lost_leases, reconcile.expire),
        Look(
            reconcile.with_looks_due,
            lambda office, campaign_id: reconcile.resolve(office, dispatch, campaign_id),
        ),
        Look(silence.due, silence.look_at),
        Look(quiet.due, quiet.look_at),
        Look(ramp.due, ramp.look_at),
        Look(brake.due, brake.look_at),
        Look(canary.due, canary.look_at),
        Look(lambda work, mode: waiting.stopped_with_ready(work.session, mode), _cancel_late),
        Look(lambda work, mode: waiting.settled(work.session, mode), _finish),
        Look(equation_watch.due, equation_watch.look_at),
        Look(lambda work, _: statistics.grown(work.session), _size_up),
    )


def _tried(failed: list[Exception], look: Callable[..., T], *given: Any) -> T | None:
    """What it gives. Where it fails, that is told of when all have looked, and it gives None."""
    try:
        return look(*given)
    except NO_ANSWER:
        raise  # it is away, or busy: the others would wait for it, too
    except Exception as error:  # noqa: BLE001  kept, and raised with the others
        failed.append(error)
        return None


def _size_up(office: Office, table: str) -> bool:
    """Let the database know of a table that has grown by leaps, before it plans by its old size."""
    with office.work(TOCSIN) as work:
        statistics.refresh(work.session, [table])
    return False


def _welcome(office: Office, campaign_id: UUID) -> bool:
    """Place those who were added to a population after its campaign had gone through it."""
    with office.work(TOCSIN) as work:
        campaign = rows.locked_campaign(work.session, campaign_id)
        if campaign is not None:
            planning.look_again(work, campaign, "newcomers")
    return True


def _cancel_late(office: Office, campaign_id: UUID) -> bool:
    """What comes back to a stopped campaign, from a lost lease or a look-up, never leaves."""
    with office.work(TOCSIN) as work:
        waiting.cancel_ready(work.session, campaign_id)
    return True


def _finish(office: Office, campaign_id: UUID) -> bool:
    """End a campaign in which nothing is left to do."""
    with office.work(TOCSIN) as work:
        campaign = rows.locked_campaign(work.session, campaign_id)
        # Held now: nobody is being moved on, so what is looked at once more is the last word.
        if campaign and campaign_id in waiting.settled(work.session, campaign.mode):
            _end(work, campaign)
    return True


def _end(work: Work, campaign: Campaign) -> None:
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

"""What is held until somebody decides: in doubt for good, or parked since nobody could open it.

It goes out once more, or its people are tried on their next channel: all that is held, or only
the envelopes that are named.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from incidents.database import doubts, receipts
from incidents.database import leases as rows
from incidents.database.campaigns import Attempt, Campaign
from incidents.database.leases import Lease
from incidents.database.outcomes import Result, result_of
from incidents.errors import InvalidInput, Problem
from incidents.rules.lifecycle import ENVELOPE
from incidents.rules.permissions import Permission
from incidents.services import campaign_trail, ladder, quiet, recording, timeline
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require

HELD_AT_ONCE = 1_000
_PARKED = "given up: it could not be made ready to send"

Held = tuple[Lease, Attempt | None]


def held(work: Work, campaign_id: UUID) -> Sequence[Any]:
    """The first thousand envelopes that wait for a decision, with why."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    return doubts.why_held(work.session, campaign.id, HELD_AT_ONCE)


def resend_held(work: Work, campaign_id: UUID, reason: str, only: Collection[int] = ()) -> int:
    """Somebody decides: those who may have been told are told once more, and what nobody could
    open is tried again. How many envelopes.
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = campaign_trail.held(work, campaign_id)
    decided = _decide(work, campaign, only, _release)
    _resolved(work, campaign, reason, len(decided), "ready")
    work.ring("campaigns.pump")
    return len(decided)


def give_up_held(work: Work, campaign_id: UUID, reason: str, only: Collection[int] = ()) -> int:
    """Somebody decides: nobody waits any longer, and the people are tried on their next channel.

    Who may have been told stays in doubt; whose envelope nobody could open has failed on this
    rung. Where there is no other rung they are counted as exhausted. How many envelopes.
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    campaign = campaign_trail.held(work, campaign_id)
    decided = _decide(work, campaign, only, _give_up)
    in_doubt = [lease for lease, attempt in decided if attempt]
    parked = [lease for lease, attempt in decided if attempt is None]
    if in_doubt:
        _resolved(work, campaign, reason, len(in_doubt), "unresolved")
    if parked:
        _tell_parked(work, campaign, reason, parked)
    return len(decided)


def _decide(
    work: Work,
    campaign: Campaign,
    only: Collection[int],
    act: Callable[[Work, Campaign, Sequence[Held]], None],
) -> list[Held]:
    """Do something with all that is held, or with these; gives what it was done with."""
    decided: list[Held] = []
    for some in _pages(work, campaign.id, only):
        act(work, campaign, some)
        decided += some
    if missing := set(only) - {lease.ordinal for lease, _ in decided}:
        named = ", ".join(map(str, sorted(missing)))
        raise InvalidInput(
            f"envelope {named} is not held",
            Problem("envelopes", f"{named} is not held", "see `tocsin campaign held`"),
        )
    return decided


def _pages(work: Work, campaign_id: UUID, only: Collection[int]) -> Iterator[list[Held]]:
    last = 0
    while some := doubts.held(work.session, campaign_id, after=last, limit=HELD_AT_ONCE, only=only):
        last = some[-1][0].ordinal
        yield some


def _release(work: Work, campaign: Campaign, some: Sequence[Held]) -> None:
    recording.apply(work, _results(work, some, "unresolved", "sent again by decision"))
    parked = [lease for lease, attempt in some if attempt is None]
    rows.release(work.session, parked)
    quiet.keep(work, campaign, [lease.ordinal for lease in parked])


def _give_up(work: Work, campaign: Campaign, some: Sequence[Held]) -> None:
    recording.apply(work, _results(work, some, "given_up", "given up by decision"))
    parked = [lease.ordinal for lease, attempt in some if attempt is None]
    doubted = doubts.were_unresolved(work.session, campaign.id, parked)
    people: list[UUID] = []
    for outcome, these in (("unresolved", doubted), ("failed", set(parked) - doubted)):
        reasons = dict.fromkeys(these, _PARKED)
        people += receipts.fail_envelopes(work.session, campaign.id, reasons, outcome, work.now)
    gone = {"state": ENVELOPE.after("held", "cancel"), "reason": _PARKED}
    rows.update_envelopes(work.session, campaign.id, parked, gone)
    ladder.move_on(work, campaign, people)


def _results(work: Work, some: Sequence[Held], outcome: str, reason: str) -> list[Result]:
    """What becomes of the calls of which no evidence came."""
    by = {"by": "decision", "actor": str(work.actor.id)}
    return [
        _result(lease, attempt, outcome, reason, by, work.now) for lease, attempt in some if attempt
    ]


def _result(
    lease: Lease, attempt: Attempt, outcome: str, reason: str, by: dict[str, Any], now: datetime
) -> Result:
    known = {"sha256": attempt.sha256, "evidence": {**attempt.evidence, **by}}
    return result_of(lease, attempt.id, outcome, now, reason=reason, **known)


def _resolved(work: Work, campaign: Campaign, reason: str, count: int, after: str) -> None:
    campaign_trail.record(
        work,
        campaign,
        "unknown.resolve",
        private={"reason": reason},
        campaign_id=campaign.id,
        count=count,
        by="decision",
        after=after,
    )


def _tell_parked(work: Work, campaign: Campaign, reason: str, parked: Sequence[Lease]) -> None:
    people = sum(lease.people_count for lease in parked)
    campaign_trail.record(
        work,
        campaign,
        "held.give_up",
        private={"reason": reason},
        campaign_id=campaign.id,
        count=len(parked),
        people=people,
    )
    story = f"What could not be made ready to send is given up, of {people:,} people: {reason}"
    timeline.note(work, campaign.incident_id, "campaign", story)
    work.ring("incidents.review", campaign.incident_id)

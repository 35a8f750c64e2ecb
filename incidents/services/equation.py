"""The population equation: every affected person of a campaign in exactly one bucket, always."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from incidents.database import equation as rows
from incidents.database.announcements import standing_announcement
from incidents.database.campaigns import Campaign
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require

BUCKETS = (
    "planned",
    "waiting",
    "in_flight",
    "unknown",
    "accepted",
    "delivered",
    "exhausted",
    "announced",
    "suppressed",
    "withheld",
)
_RATE_WINDOW = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Equation:
    """People by bucket, and everybody; the buckets sum to the total."""

    buckets: dict[str, int]
    total: int

    @property
    def holds(self) -> bool:
        """Whether everybody is somewhere, once."""
        return sum(self.buckets.values()) == self.total and min(self.buckets.values()) >= 0


@dataclass(frozen=True, slots=True)
class Rung:
    """What became of the people on one rung.

    buckets  those who stand on it now
    left     those who were moved on from it, by what became of them there
    """

    rung: int
    channel: str
    buckets: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far sending is: envelopes and their people by state, pace, time left.

    people_per_second  over the last seconds
    seconds_left       at that pace; None while nothing moves
    """

    envelopes: dict[str, int]
    people: dict[str, int]
    people_per_second: float
    seconds_left: float | None


def equation(work: Work, campaign_id: UUID) -> Equation:
    """Where everybody is, counted from one look at the rows."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    groups, total = rows.people_by_bucket(work.session, campaign)
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.bucket] += group.people
    # Who has no place yet; in a campaign that was stopped, nobody will get one any more.
    rest = "suppressed" if campaign.status == "stopped" else "planned"
    counts[rest] += total - sum(counts.values())
    if standing_announcement(work.session, campaign.incident_id) is not None:
        counts["announced"] += counts.pop("exhausted", 0)
    return Equation({bucket: counts[bucket] for bucket in BUCKETS}, total)


def funnel(work: Work, campaign_id: UUID) -> list[Rung]:
    """Rung by rung: who stands there, and who was moved on from it."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    rungs = [Rung(number, channel) for number, channel in enumerate(campaign.ladder)]
    groups, _ = rows.people_by_bucket(work.session, campaign)
    for group in groups:
        rungs[group.rung].buckets[group.bucket] = group.people
    for rung, _, outcome, people in rows.left_behind(work.session, campaign.id):
        rungs[rung].left[outcome] = people
    return rungs


def progress(work: Work, campaign_id: UUID) -> Progress:
    """A quick view that opens no person's row: cheap enough to be asked each second."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    states = rows.envelope_progress(work.session, campaign.id)
    people = {state: count for state, (_, count) in states.items()}
    sent = rows.accepted_since(work.session, campaign.id, work.now - _RATE_WINDOW)
    pace = sent / _RATE_WINDOW.total_seconds()
    waiting = people.get("ready", 0) + people.get("leased", 0)
    return Progress(
        envelopes={state: count for state, (count, _) in states.items()},
        people=people,
        people_per_second=pace,
        seconds_left=waiting / pace if pace else None,
    )

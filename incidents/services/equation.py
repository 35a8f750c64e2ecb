"""The population equation: every affected person of a campaign in exactly one bucket, always."""

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database import equation as rows
from incidents.database import pages
from incidents.database.announcements import standing_announcement
from incidents.database.campaign_looks import CampaignLook
from incidents.database.campaigns import Campaign
from incidents.database.providers import in_trouble
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.services.ramp import OnRamp, on_ramp
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
# Counting so many takes some tens of milliseconds; of more, what was counted last is told.
_COUNTED_AT_ONCE = 50_000
_MOST_REASONS = 5
_SHUT = {"credentials": "refuses our key or account", "": "asked us to wait"}
_IN_TROUBLE = {"ready": "waits", "unknown": "unknown", "held": "held", "refused": "refused"}


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
    reasons  of those who failed on it or are withheld, the most frequent first; never an address
    """

    rung: int
    channel: str
    buckets: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Envelopes that could not leave as they should: what happens to them, by whom, and why.

    state  waits (is tried again, or waits for us to mend our account) | unknown | held | refused
    """

    state: str
    provider: str
    reason: str
    envelopes: int
    people: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far sending is: envelopes and their people by state, pace, time left.

    people_per_second  over the last seconds
    seconds_left       at that pace, or until a ramp ends; None while nothing moves
    next_at            nothing more leaves before this moment; None: now, or nothing waits
    total              everybody who is to be told
    buckets            where they are, as it was counted at `counted_at`; of many people not
                       at each look, and before the first (None) as their envelopes say
    troubles           the most people first
    ramp               who waits until their mail host is given more; None: nobody
    """

    envelopes: dict[str, int]
    people: dict[str, int]
    people_per_second: float
    seconds_left: float | None
    next_at: datetime | None
    total: int
    buckets: dict[str, int]
    counted_at: datetime | None
    troubles: list[Trouble]
    ramp: OnRamp | None


def equation(work: Work, campaign_id: UUID) -> Equation:
    """Where everybody is, counted from one look at the rows."""
    require(work.actor, Permission.READ_CAMPAIGN)
    return count(work, get_of_incident(work, Campaign, campaign_id, "campaign"))


def count(work: Work, campaign: Campaign) -> Equation:
    """The same for a campaign at hand."""
    require(work.actor, Permission.READ_CAMPAIGN)
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
    reasons: dict[int, Counter[str]] = defaultdict(Counter)
    for number, outcome, reason, people in rows.left_behind(work.session, campaign.id):
        left = rungs[number].left
        left[outcome] = left.get(outcome, 0) + people
        if outcome == "failed":
            reasons[number][reason] += people
    if any(group.bucket == "withheld" for group in groups):
        for number, reason, people in rows.withheld(work.session, campaign.id):
            reasons[number][reason] += people
    for number, why in reasons.items():
        rungs[number].reasons.update(why.most_common(_MOST_REASONS))
    return rungs


def progress(work: Work, campaign_id: UUID) -> Progress:
    """A quick view that opens no person's row: cheap enough to be asked each second."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    found = rows.envelopes_by_state(work.session, campaign_id)
    envelopes, people = Counter[str](), Counter[str]()
    for one in found:
        envelopes[one.state] += one.envelopes
        people[one.state] += one.people
    sent = rows.accepted_since(work.session, campaign_id, work.now - _RATE_WINDOW)
    pace = sent / _RATE_WINDOW.total_seconds()
    total = pages.added_people(work.session, campaign.incident_id)
    counted, counted_at = _counted(work, campaign, total, people)
    waiting = people["ready"] + people["leased"] + counted.get("planned", 0)
    slow = on_ramp(work, campaign)
    next_at = None if people["leased"] or counted.get("planned") else _next_at(work, found)
    if next_at:
        waiting = 0  # the pace of the last seconds says nothing of who waits for the morning
    return Progress(
        envelopes=dict(envelopes),
        people=dict(people),
        people_per_second=pace,
        seconds_left=_seconds_left(work, waiting, pace, slow),
        next_at=next_at,
        total=sum(counted.values()) or total,
        buckets=counted,
        counted_at=counted_at,
        troubles=_troubles(work, found),
        ramp=slow,
    )


def _next_at(work: Work, found: Iterable[rows.Envelopes]) -> datetime | None:
    """The first moment at which something may leave, if that is not now: morning, a new try."""
    first = min((one.next_at for one in found if one.state == "ready"), default=work.now)
    return first if first > work.now else None


def _seconds_left(work: Work, waiting: int, pace: float, slow: OnRamp | None) -> float | None:
    """How long it takes at this pace, and until the last step of a ramp."""
    if slow is None:
        return waiting / pace if pace and waiting else None
    at_once = (waiting - slow.people) / pace if pace else 0.0
    return max(at_once, (slow.ends_at - work.now).total_seconds())


def _counted(
    work: Work, campaign: Campaign, total: int, people: Mapping[str, int]
) -> tuple[dict[str, int], datetime | None]:
    if total <= _COUNTED_AT_ONCE:
        return count(work, campaign).buckets, work.now
    seen = work.session.get(CampaignLook, campaign.id)
    if seen and seen.counted_at:
        return dict(seen.buckets), seen.counted_at
    return _by_envelope(people, total), None


def _by_envelope(people: Mapping[str, int], total: int) -> dict[str, int]:
    """Where people are, by the states of their envelopes: nearly right, and read at once."""
    found = Counter[str]()
    for state, some in people.items():
        if state in rows.BUCKET_OF:
            found[rows.BUCKET_OF[state]] += some
    found["planned"] = max(0, total - found.total())
    return {bucket: found[bucket] for bucket in BUCKETS}


def _troubles(work: Work, found: Iterable[rows.Envelopes]) -> list[Trouble]:
    """What is wrong with providers, and, where they are well, with single envelopes."""
    found = list(found)
    shut = {row.name: row for row in in_trouble(work.session, work.now)}
    known = [
        _trouble(one, one.reason) for one in found if not _is_held_up(one, shut) and one.reason
    ]
    for name, row in shut.items():
        held_up = [one for one in found if one.provider == name and _is_held_up(one, shut)]
        if held_up:
            known.append(_sum(held_up, f"{_SHUT.get(row.reason, row.reason)}: {row.last_error}"))
    telling = (one for one in known if one.state)
    return sorted(telling, key=lambda one: -one.people)[:_MOST_REASONS]


def _is_held_up(one: rows.Envelopes, shut: Container[str]) -> bool:
    return one.state == "ready" and one.provider in shut


def _trouble(one: rows.Envelopes, reason: str) -> Trouble:
    state = _IN_TROUBLE.get(one.state, "")
    return Trouble(state, one.provider, reason, one.envelopes, one.people)


def _sum(some: Sequence[rows.Envelopes], reason: str) -> Trouble:
    envelopes = sum(one.envelopes for one in some)
    people = sum(one.people for one in some)
    return Trouble("waits", some[0].provider, reason, envelopes, people)

"""The ramp of a campaign: hosts with many people are given more by and by, the others at once.

Envelopes of a large host are placed with the moment of their step. What waits is looked at each
step: what came to be late, since nothing left or much was deferred, is put off together, and all
of it is drawn together where it would end after the law's deadline.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database import ramp as rows
from incidents.database.campaigns import Campaign, locked_campaign
from incidents.database.duties import people_due_at
from incidents.database.ramp import Waiting
from incidents.errors import Conflict
from incidents.rules.permissions import Permission
from incidents.rules.ramp import MOST_DEFERRED, Kept, in_time, kept_of, left_until, moved, ramp
from incidents.rules.reasons import must_say_why
from incidents.services.campaign_trail import held, record, tell
from incidents.work import TOCSIN, Office, Work, require


@dataclass(frozen=True, slots=True)
class OnRamp:
    """What waits for its step now: so many people at large hosts; when the next and last leave."""

    people: int
    next_at: datetime
    ends_at: datetime
    is_steep: bool


def begin(work: Work, campaign: Campaign) -> None:
    """Slow down the hosts that more people share than the first period has room for.

    The invented people of a drill have no hosts that could be surprised.
    """
    wanted = ramp(work.settings.mail_ramp)
    campaign.ramp, campaign.ramps_at = {}, None
    if wanted is None or campaign.mode == "drill" or "email" not in campaign.ladder:
        return
    hosts = rows.large_hosts(work.session, campaign, int(wanted.first))
    due_at = people_due_at(work.session, campaign.incident_id)
    left = left_until(due_at, work.now)
    going = in_time(wanted, max(hosts.values()), left) if hosts else None
    if going is None:
        return
    kept = Kept(going, work.now, going != wanted, sum(hosts.values()), dict.fromkeys(hosts, 0))
    campaign.ramp = kept.as_kept()
    campaign.ramps_at = work.now + going.step


def due(work: Work, mode: str) -> Sequence[UUID]:
    """The campaigns of a mode whose ramp has come to its next step."""
    return rows.to_look_at(work.session, mode, work.now)


def look_at(office: Office, campaign_id: UUID) -> bool:
    """Put off what is late; whether something was."""
    with office.work(TOCSIN) as work:
        campaign = locked_campaign(work.session, campaign_id, wait=False)
        return campaign is not None and keep(work, campaign)


def keep(work: Work, campaign: Campaign) -> bool:
    """Go on where the ramp was left; the caller holds the campaign. Whether something was moved."""
    kept = kept_of(campaign.ramp)
    if kept is None:
        return False
    waiting = rows.waiting(work.session, campaign.id)
    is_over = campaign.population_count is not None and not waiting
    late, cause = (timedelta(0), "") if is_over else _late(work, campaign, kept, waiting)
    later = moved([one.at for one in waiting], late, work.now, _ends_by(work, campaign))
    changed = {at: to for at, to in later.items() if to != at}
    if changed:
        rows.put_off(work.session, campaign.id, changed)
        people = sum(one.people for one in waiting if one.at in changed)
        record(work, campaign, "campaign.ramp", people=people, cause=cause or "deadline")
    campaign.ramp = replace(kept, begins=kept.begins + late).as_kept()
    campaign.ramps_at = None if is_over else work.now + kept.ramp.step
    work.session.flush()
    return bool(changed)


def end(work: Work, campaign_id: UUID, reason: str) -> Campaign:
    """Let all who wait for their mail host be told now, whatever it makes of it.

    Raises  Conflict  the campaign has no ramp, or does not run any more
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    must_say_why(reason)
    campaign = held(work, campaign_id)
    if not campaign.ramp or campaign.status not in {"running", "paused"}:
        raise Conflict("nobody waits for a ramp in this campaign")
    waiting = [one for one in rows.waiting(work.session, campaign.id) if one.at > work.now]
    rows.put_off(work.session, campaign.id, {one.at: work.now for one in waiting})
    campaign.ramp, campaign.ramps_at = {}, None
    work.session.flush()
    people = sum(one.people for one in waiting)
    story = f"{people:,} people at large mail hosts are told at once: {reason}"
    private = {"reason": reason}
    tell(work, campaign, "campaign.ramp", story, private=private, people=people, cause="ended")
    return campaign


def on_ramp(work: Work, campaign: Campaign) -> OnRamp | None:
    """What waits for its step in a campaign; None: nothing."""
    require(work.actor, Permission.READ_CAMPAIGN)
    if not campaign.ramp or campaign.status not in {"running", "paused"}:
        return None
    waiting = [one for one in rows.waiting(work.session, campaign.id) if one.at > work.now]
    if not waiting:
        return None
    people = sum(one.people for one in waiting)
    return OnRamp(people, waiting[0].at, waiting[-1].at, campaign.ramp["is_steep"])


def _late(
    work: Work, campaign: Campaign, kept: Kept, waiting: Sequence[Waiting]
) -> tuple[timedelta, str]:
    """By how much the next step is late or must wait, and why."""
    step = kept.ramp.step
    next_at = waiting[0].at if waiting else kept.next_at
    if work.now - next_at > step:
        return work.now - next_at, "late"
    deferred, sent = rows.deferred_since(work.session, campaign, work.now - step)
    if deferred > sent * MOST_DEFERRED > 0:
        return step, "deferred"
    return timedelta(0), ""


def _ends_by(work: Work, campaign: Campaign) -> datetime | None:
    due_at = people_due_at(work.session, campaign.incident_id)
    if due_at is None:
        return None
    return campaign.launched_at + left_until(due_at, campaign.launched_at)

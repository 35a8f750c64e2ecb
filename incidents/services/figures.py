"""What a monitor asks of us: counts read from the rows at the moment of asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.database import campaign_looks as looks
from incidents.database import figures as rows
from incidents.database import providers
from incidents.database.figures import Counts
from incidents.rules.permissions import Permission
from incidents.services import alarm_schedule, rota
from incidents.work import TOCSIN, Work, require, require_no_drill_token

# Later than this, alarms cannot be relied on (health answers 503).
MOST_LAG_SECONDS = 60.0
# Figures of a campaign are told for so long after it has ended.
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, each by its labels: mode; mode and standing; mode and loud; channel and outcome.

    rota_warnings    by code (services/rota.WARNINGS)
    campaign_people  by campaign, mode and bucket, as counted last
    equation_holds   by campaign and mode; campaigns_halted: likewise, paused by its brake
    """

    incidents_open: Counts
    duties_open: Counts
    duties_overdue: Counts
    duties_uncovered: int
    alarms_open: Counts
    alarm_lag_seconds: float
    pages: Counts
    last_ring: datetime | None
    rota_warnings: Counts
    campaign_people: Counts
    equation_holds: Counts
    campaigns_halted: Counts
    breakers_open: Counts


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether alarms can be relied on, and every person of a campaign is accounted for."""

    alarm_lag_seconds: float
    duties_uncovered: int
    equations_broken: int = 0

    @property
    def trouble(self) -> str:
        """What is wrong, in few words; empty when nothing is."""
        if self.alarm_lag_seconds > MOST_LAG_SECONDS:
            return "alarms late"
        if self.duties_uncovered:
            return "duty without alarm"
        return "people unaccounted for" if self.equations_broken else ""


def readiness(work: Work) -> Readiness:
    """Whether every alarm rings in time and every open duty has one."""
    require(work.actor, Permission.WORK_UNSEEN)
    broken = looks.broken_equations(work.session)
    return Readiness(alarm_schedule.lag(work), alarm_schedule.uncovered(work), broken)


def figures(work: Work) -> Figures:
    """Every count that is kept an eye on."""
    require(work.actor, Permission.READ_METRICS)
    require_no_drill_token(work.actor)
    work.actor = TOCSIN
    ready, session = readiness(work), work.session
    found = [one.code for one in rota.warnings(work)]
    counted = {
        (str(campaign.id), campaign.mode): (campaign, seen)
        for campaign, seen in looks.counted_lately(session, work.now - _KEPT)
    }
    return Figures(
        incidents_open=rows.open_incidents(session),
        duties_open=rows.open_duties(session),
        duties_overdue=rows.overdue_duties(session, work.now),
        duties_uncovered=ready.duties_uncovered,
        alarms_open=rows.open_alarms(session),
        alarm_lag_seconds=ready.alarm_lag_seconds,
        pages=rows.pages(session),
        last_ring=rows.last_ring(session),
        breakers_open={
            (row.name, row.channel, row.reason): 1 for row in providers.open_breakers(session)
        },
        rota_warnings={(code,): found.count(code) for code in rota.WARNINGS},
        campaign_people={
            (*key, bucket): people
            for key, (_, seen) in counted.items()
            for bucket, people in seen.buckets.items()
        },
        equation_holds={key: int(seen.holds) for key, (_, seen) in counted.items()},
        campaigns_halted={key: int(bool(one.halt)) for key, (one, _) in counted.items()},
    )

"""What a monitor asks of us: counts read from the rows at the moment of asking."""

from dataclasses import dataclass
from datetime import datetime

from incidents.database import figures as rows
from incidents.database.figures import Counts
from incidents.rules.permissions import Permission
from incidents.services import alarm_schedule, rota
from incidents.work import TOCSIN, Work, require, require_no_drill_token

# Later than this, alarms cannot be relied on (health answers 503).
MOST_LAG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, each by its labels: mode; mode and standing; mode and loud; channel and outcome.

    rota_warnings  by code (services/rota.WARNINGS)
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


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether alarms can be relied on."""

    alarm_lag_seconds: float
    duties_uncovered: int

    @property
    def trouble(self) -> str:
        """What is wrong, in few words; empty when nothing is."""
        if self.alarm_lag_seconds > MOST_LAG_SECONDS:
            return "alarms late"
        return "duty without alarm" if self.duties_uncovered else ""


def readiness(work: Work) -> Readiness:
    """Whether every alarm rings in time and every open duty has one."""
    require(work.actor, Permission.WORK_UNSEEN)
    return Readiness(alarm_schedule.lag(work), alarm_schedule.uncovered(work))


def figures(work: Work) -> Figures:
    """Every count that is kept an eye on."""
    require(work.actor, Permission.READ_METRICS)
    require_no_drill_token(work.actor)
    work.actor = TOCSIN
    ready, session = readiness(work), work.session
    found = [one.code for one in rota.warnings(work)]
    return Figures(
        incidents_open=rows.open_incidents(session),
        duties_open=rows.open_duties(session),
        duties_overdue=rows.overdue_duties(session, work.now),
        duties_uncovered=ready.duties_uncovered,
        alarms_open=rows.open_alarms(session),
        alarm_lag_seconds=ready.alarm_lag_seconds,
        pages=rows.pages(session),
        last_ring=rows.last_ring(session),
        rota_warnings={(code,): found.count(code) for code in rota.WARNINGS},
    )

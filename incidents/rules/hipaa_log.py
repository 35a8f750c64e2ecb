"""HIPAA's annual log: breaches of fewer than 500 people, by the calendar year of discovery.

45 CFR 164.408(c): the Secretary is notified of them not later than 60 days after the end of the
year. Rule and clock stand in `us/hipaa.yaml`; a breach is in the log when that rule asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from incidents.rules.deadlines import due_at, zone_of
from incidents.rules.legal_rule import LegalRule
from incidents.rules.register import Breach as OfRegister
from incidents.rules.register import OnRecord, Row, row
from incidents.rules.register_sheet import to_csv
from incidents.rules.register_words import narrative, printable, said

RULE = "us-hipaa-164-408-c"
PEOPLE_RULE = "us-hipaa-164-404"
_DISCOVERED = ("detected_at", "aware_at", "notified_by_processor_at", "suspected_at")


@dataclass(frozen=True, slots=True)
class LoggedBreach:
    """One breach of the log: what the Secretary's form asks of it."""

    number: str
    people_count: int | None
    occurred_at: datetime | None
    discovered_on: date
    nature: str
    cause: str
    information: str
    safeguards_before: str
    actions_taken: str
    people_notified: str
    status: str
    reference: str


@dataclass(frozen=True, slots=True)
class Log:
    """The log of one year, and until when it is due."""

    year: int
    due_at: datetime
    source: str
    breaches: tuple[LoggedBreach, ...]


def hipaa_log(year: int, breaches: Iterable[OfRegister], rule: LegalRule) -> Log:
    """The log of a year.

    breaches  those on record, of any year and kind
    rule      the rule on breaches of fewer than 500 people: it says when the log is due
    """
    found = [logged for one in breaches if (logged := _logged(one, year, rule))]
    in_year = datetime(year, 7, 1, tzinfo=UTC)
    by_day = sorted(found, key=lambda one: (one.discovered_on, one.number))
    return Log(year, due_at(rule.clock, in_year).due_at, rule.source, tuple(by_day))


def _logged(breach: OfRegister, year: int, rule: LegalRule) -> LoggedBreach | None:
    duty = next((one for one in breach.duties if one.rule == RULE), None)
    if duty is None or duty.status in {"no_longer_owed", "not_owed"}:
        return None
    discovered = _discovered(breach.facts, rule)
    if discovered is None or discovered.year != year:
        return None
    return _entry(breach, row(breach), duty, discovered)


def _discovered(facts: Mapping[str, Any], rule: LegalRule) -> date | None:
    """The day of discovery where the rule counts it."""
    known = [_moment(facts[name]) for name in _DISCOVERED[:3] if facts.get(name)]
    known = known or [_moment(facts[name]) for name in _DISCOVERED[3:] if facts.get(name)]
    return min(known).astimezone(zone_of(rule.clock.zone)).date() if known else None


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _entry(breach: OfRegister, kept: Row, duty: OnRecord, discovered: date) -> LoggedBreach:
    facts = breach.facts
    return LoggedBreach(
        number=kept.number,
        people_count=kept.people_count,
        occurred_at=_moment(facts["occurred_at"]) if facts.get("occurred_at") else None,
        discovered_on=discovered,
        nature=kept.nature,
        cause=kept.cause,
        information=kept.data_categories,
        safeguards_before=kept.protection,
        actions_taken=narrative(facts.get("measures_taken")),
        people_notified=_told(breach),
        status=duty.status,
        reference="; ".join(duty.proofs),
    )


def _told(breach: OfRegister) -> str:
    duty = next((one for one in breach.duties if one.rule == PEOPLE_RULE), None)
    if duty is None or duty.status != "met":
        return "not yet" if duty else "not owed"
    return f"{said(duty.done_at)}: {'; '.join(duty.proofs)}"


def _cells(one: LoggedBreach) -> dict[str, str]:
    count = "not known" if one.people_count is None else f"{one.people_count}"
    return {
        "incident": one.number,
        "individuals affected": count,
        "date of the breach": said(one.occurred_at) or "not known",
        "date of discovery": one.discovered_on.isoformat(),
        "type of breach": one.nature,
        "what happened": one.cause,
        "information involved": one.information,
        "safeguards before": one.safeguards_before,
        "actions taken": one.actions_taken,
        "individuals notified": one.people_notified,
        "Secretary": one.status,
        "reference": one.reference,
    }


COLUMNS = tuple(
    _cells(LoggedBreach("", None, None, date(2000, 1, 1), "", "", "", "", "", "", "", ""))
)


def log_csv(log: Log) -> bytes:
    """The log, one line for each breach."""
    return to_csv(COLUMNS, (list(_cells(one).values()) for one in log.breaches))


def log_paper(log: Log) -> list[dict[str, Any]]:
    """The log for the typesetter."""
    return [
        {
            "title": one.number,
            "fields": [
                {"label": label, "text": printable(text)}
                for label, text in list(_cells(one).items())[1:]
                if text
            ],
        }
        for one in log.breaches
    ]

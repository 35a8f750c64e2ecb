"""What happened in a campaign, in counts: how many were told how, what was unknown, and when."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from incidents.audit.details import moment
from incidents.database import told
from incidents.database.audit_entries import AuditEntry, entries_about
from incidents.database.campaigns import Campaign
from incidents.database.incidents import Incident
from incidents.database.notices import Notice
from incidents.services import equation
from incidents.work import Work

# Written by the thousand while people are told; the others are what somebody did or decided.
_BY_THE_WAY = ("sending.record", "person.reveal")


def story(work: Work, campaign: Campaign, notice: Notice) -> dict[str, Any]:
    """The campaign, its equation, funnel, places, unknowns and timeline; no personal data."""
    counted = equation.equation(work, campaign.id)
    entries = entries_about(work.session, (campaign.id, notice.id), but=_BY_THE_WAY)
    return {
        "campaign": _campaign(work, campaign, notice),
        "equation": {"buckets": counted.buckets, "total": counted.total},
        "funnel": [asdict(rung) for rung in equation.funnel(work, campaign.id)],
        "places": _places(work, campaign),
        "unknowns": _unknowns(entries, counted.buckets["unknown"]),
        "timeline": [{"at": moment(one.at), "what": one.kind} for one in entries],
    }


def _campaign(work: Work, campaign: Campaign, notice: Notice) -> dict[str, Any]:
    incident = work.session.get_one(Incident, campaign.incident_id)
    return {
        "id": str(campaign.id),
        "incident": incident.number,
        "mode": campaign.mode,
        "notice": notice.reference,
        "supplements": str(notice.supplements or ""),
        "rest_of": campaign.rest_of,
        "ladder": campaign.ladder,
        "routes": campaign.routes,
        "unknown_policy": campaign.unknown_policy,
        "status": campaign.status,
        "launched_at": moment(campaign.launched_at),
        "launched_by": str(campaign.launched_by),
        "finished_at": moment(campaign.finished_at) if campaign.finished_at else "",
    }


def _places(work: Work, campaign: Campaign) -> list[dict[str, Any]]:
    return [
        {
            "place": row.place or "ZZ",
            "total": row.total,
            "accepted": row.accepted,
            "delivered": row.delivered,
            "on_last_rung": row.announced,
        }
        for row in told.told_by_place(work.session, campaign.incident_id, [campaign.id])
    ]


def _unknowns(entries: Sequence[AuditEntry], still: int) -> dict[str, Any]:
    """What may or may not have left: how each was settled, and how many people still wait."""
    settled = []
    for one in entries:
        if one.kind == "unknown.resolve":
            detail = json.loads(one.body)["detail"]
            named = {name: detail[name] for name in ("attempt_id", "by", "after") if name in detail}
            settled.append({"at": moment(one.at), **named})
    return {"settled": settled, "people_still_unknown": still}

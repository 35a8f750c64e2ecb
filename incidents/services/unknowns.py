"""Of a campaign's calls that may or may not have left: how many, and what settled each."""

from dataclasses import dataclass
from uuid import UUID

from incidents.database import doubts
from incidents.database.campaigns import Campaign
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_of_incident
from incidents.services.reconcile import REPLACED
from incidents.work import Work, require


@dataclass(frozen=True, slots=True)
class Unknowns:
    """Calls, by what is known of them now.

    open        no evidence yet, or a person must decide
    by          settled by evidence: echo | look_up | native_key
    unresolved  without evidence: told again or on another channel, by policy or by a person;
                replaced: by a copy that took the place of the first one
    """

    open: int
    by: dict[str, int]
    unresolved: dict[str, int]


def unknowns(work: Work, campaign_id: UUID) -> Unknowns:
    """How many there were, and what became of them."""
    require(work.actor, Permission.READ_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    found = doubts.settled_by(work.session, campaign.id)
    unresolved = {by: n for (outcome, by), n in found.items() if outcome == "unresolved"}
    kinds = {kind: unresolved.pop(kind, 0) for kind in ("decision", REPLACED)}
    by: dict[str, int] = {}
    for (outcome, told), count in found.items():
        if outcome not in {"unknown", "unresolved"}:
            by[told] = by.get(told, 0) + count
    return Unknowns(
        open=sum(count for (outcome, _), count in found.items() if outcome == "unknown"),
        by=by,
        unresolved={"policy": sum(unresolved.values()), **kinds},
    )

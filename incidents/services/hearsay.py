"""What providers say of an address for good: STOP, a hard bounce, a complaint, a dead token.

It holds for the whole organisation, so it becomes a suppression without anybody's doing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias
from uuid import UUID

from incidents.audit import log as audit
from incidents.database import leases
from incidents.database import suppressions as rows
from incidents.database.campaigns import Campaign
from incidents.database.envelopes import recipients_in
from incidents.database.outcomes import Result
from incidents.database.population import sealed_contacts
from incidents.database.receipts import Kept
from incidents.errors import InvalidInput
from incidents.rules.permissions import Permission
from incidents.rules.suppressions import comparable, heard, kind_of, refused
from incidents.services import suppressions
from incidents.services.opening import ADDRESS_FIELD, unsealed
from incidents.services.suppressions import Asked
from incidents.work import Work, require

# Person and channel -> why their address there is closed.
Said: TypeAlias = dict[tuple[UUID, str], str]


def close_addresses(work: Work, provider: str, receipts: Iterable[Kept]) -> None:
    """Close the addresses of which these receipts say something for good."""
    said: dict[UUID, Said] = defaultdict(dict)
    for one in receipts:
        if one.permanent and one.campaign_id and one.recipient_id:
            campaign = work.session.get_one(Campaign, one.campaign_id)
            channel = _channel(campaign, one.rung)
            if reason := heard(one.kind, channel, one.code):
                said[campaign.id][one.recipient_id, channel] = reason
    for campaign_id, of_people in said.items():
        close_for(work, work.session.get_one(Campaign, campaign_id), provider, of_people)


def close_refused(work: Work, campaign: Campaign, results: Iterable[Result]) -> None:
    """Close the addresses of which these refusals say something for good."""
    for one in results:
        if reason := refused(one.reason):
            lease = leases.leased(work.session, campaign.id, one.ordinal)
            people = recipients_in(work.session, campaign.id, one.ordinal)
            said = {(person, lease.channel): reason for person in people}
            close_for(work, campaign, lease.provider, said)


def close_for(work: Work, campaign: Campaign, provider: str, said: Said) -> None:
    """Close the addresses of people of a campaign; a drill's are invented, and stay."""
    if campaign.mode != "live" or not said:
        return
    asked = [
        Asked(address, said[person, channel], kind_of(channel), source=provider)
        for person, channel, address in _addresses(work, campaign, list(said))
    ]
    _close(work, provider, asked)


def stop_came(work: Work, provider: str, number: str) -> None:
    """Somebody wrote STOP back to a number of ours: no more SMS to theirs.

    What is no number of a person, such as a short code, closes nothing.
    """
    require(work.actor, Permission.WORK_UNSEEN)
    _close(work, provider, [Asked(number, "stop", "phone", source=provider)])


def start_came(work: Work, provider: str, number: str) -> None:
    """Somebody wrote START back: SMS to their number may leave again, where it was STOP, told by
    this provider, that had closed it. What a person or a list closed stays closed.
    """
    require(work.actor, Permission.WORK_UNSEEN)
    asked = Asked(number, "stop", "phone", source=provider)
    if _can_be_compared(asked):
        suppressions.take_back(work, asked)


def _close(work: Work, provider: str, asked: Iterable[Asked]) -> None:
    usable = [one for one in asked if _can_be_compared(one)]
    added = rows.add(work.session, suppressions.rows_of(work, usable))
    if added:
        reasons = Counter(one.reason for one in usable)
        audit.record(work, "suppression.hear", courier=provider, count=len(added), outcomes=reasons)


def _can_be_compared(one: Asked) -> bool:
    """Not what was an address by the rules of when it was listed, and is none by today's: nobody
    else may lose what is told of them by it."""
    try:
        comparable(one.address, one.kind)
    except InvalidInput:
        return False
    return True


def _channel(campaign: Campaign, rung: int) -> str:
    return str(campaign.ladder[rung]) if 0 <= rung < len(campaign.ladder) else ""


def _addresses(
    work: Work, campaign: Campaign, places: Sequence[tuple[UUID, str]]
) -> Iterable[tuple[UUID, str, str]]:
    """(person, channel, address) of each of these, where there is one."""
    sealed = sealed_contacts(work.session, {person for person, _ in places})
    opened = unsealed(work, campaign, [(person.bytes, blob) for person, blob in sealed])
    contacts = {person: contact for (person, _), contact in zip(sealed, opened, strict=True)}
    for person, channel in places:
        if address := contacts.get(person, {}).get(ADDRESS_FIELD.get(channel, "")):
            yield person, channel, address

"""Who can be reached by what, and what that means for the campaign: counts, never people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from incidents.database import imports
from incidents.database import population as rows
from incidents.database.population import Reach
from incidents.rules.permissions import Permission
from incidents.services.lookup import get_incident
from incidents.work import Work, require
from playbooks.conditions import UNKNOWN_PLACE

# Which address a channel needs.
_NEEDS = {"email": "email", "sms": "phone", "push": "push", "call": "phone", "letter": "post"}


@dataclass(frozen=True)
class ChannelReach:
    """How many people have an address for a channel, and what to do about the others."""

    people: int
    verdict: str


@dataclass(frozen=True)
class Coverage:
    """How an incident's people can be reached.

    unreachable       have no address at all
    flawed            were added without something that their line said
    shared_mailboxes  e-mail addresses that belong to several people; shared_phones likewise
    most_at_one       people at the busiest of them: very many are a placeholder on the list
    by_place          ZZ: not known; by_locale: `unknown` likewise
    importing         a list is being taken in: its people are not counted yet
    """

    people: int
    channels: Mapping[str, ChannelReach]
    unreachable: int
    unreachable_verdict: str
    by_place: Mapping[str, int]
    by_locale: Mapping[str, int]
    flawed: int
    shared_mailboxes: int
    shared_phones: int
    most_at_one: int
    importing: bool


def coverage(work: Work, incident_id: UUID) -> Coverage:
    """How the affected people of an incident can be reached."""
    require(work.actor, Permission.READ_POPULATION)
    get_incident(work, incident_id)
    groups = rows.reach(work.session, incident_id)
    people = sum(group.people for group in groups)
    unreachable = sum(
        group.people
        for group in groups
        if not (group.email or group.phone or group.push or group.post)
    )
    mailboxes = rows.shared_mailboxes(work.session, incident_id)
    phones = rows.shared_phones(work.session, incident_id)
    by_place, by_locale = Counter[str](), Counter[str]()
    for group in groups:
        by_place[group.place or UNKNOWN_PLACE] += group.people
        by_locale[group.locale or "unknown"] += group.people
    return Coverage(
        people=people,
        channels={channel: _channel(channel, groups, people) for channel in _NEEDS},
        unreachable=unreachable,
        unreachable_verdict=_unreachable_verdict(unreachable, people),
        by_place=dict(by_place.most_common()),
        by_locale=dict(by_locale.most_common()),
        flawed=imports.flawed_people(work.session, incident_id),
        shared_mailboxes=mailboxes.addresses,
        shared_phones=phones.addresses,
        most_at_one=max(mailboxes.most_people, phones.most_people),
        importing=imports.running_import(work.session, incident_id) is not None,
    )


def _channel(channel: str, groups: list[Reach], people: int) -> ChannelReach:
    reached = sum(group.people for group in groups if getattr(group, _NEEDS[channel]))
    return ChannelReach(reached, _verdict(channel, reached, people))


def _verdict(channel: str, reached: int, people: int) -> str:
    if not people:
        return "Nobody is on the list yet: import the affected people."
    if not reached:
        return f"Nobody can be reached by {channel}: leave it out of the ladder."
    if reached == people:
        return f"Everybody has an address for {channel}."
    return (
        f"{reached:,} of {people:,} people ({reached / people:.0%}) can be reached by {channel};"
        f" put another channel after it for the other {people - reached:,}."
    )


def _unreachable_verdict(unreachable: int, people: int) -> str:
    if not people:
        return ""
    if not unreachable:
        return "Everybody has at least one address."
    return (
        f"{unreachable:,} of {people:,} people ({unreachable / people:.1%}) have no address at all:"
        " only a public announcement reaches them."
    )

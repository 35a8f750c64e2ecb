"""Opt-outs brought to the people of incidents: each incident's own hash of an address, in passing.

A person bears bits of closed channels and nothing else: what the organisation keeps of an
address and what an incident keeps of it are hashed under two keys and never meet in a row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from incidents.database import barring as people_rows
from incidents.database import suppressions as rows
from incidents.database.suppressions import Suppression
from incidents.services import ladder
from incidents.vault.blind_index import indexer
from incidents.vault.data_keys import ORGANISATION, data_key
from incidents.vault.keys import DataKey
from incidents.vault.masks import HIDDEN, mask_email, mask_phone
from incidents.vault.sealed import unseal_many
from incidents.work import TOCSIN, Office, Work

_PURPOSE = "suppressions"
# Each round looks through the people of every open incident once, however many came in; so
# what providers report is gathered for a while.
GATHER = timedelta(seconds=30)
_AT_ONCE = 10_000
# What came before an incident was closed may have been brought to people only afterwards.
_LATE = timedelta(days=1)

_MASKS: Mapping[str, Callable[[str], str]] = {"email": mask_email, "phone": mask_phone}


def key_of(work: Work) -> DataKey:
    """The key under which suppressions are hashed and sealed, of no incident."""
    return data_key(work.session, work.keyring, ORGANISATION, _PURPOSE)


def masked(kind: str, address: str) -> str:
    """What is shown of an address."""
    mask = _MASKS.get(kind)
    return mask(address) if mask else HIDDEN


def opened(work: Work, found: Iterable[Suppression]) -> list[tuple[Suppression, str]]:
    """Suppressions with their addresses. Never shown, logged or kept: for comparing and masking."""
    some = list(found)
    texts = unseal_many(
        key_of(work),
        table="suppression",
        field="sealed",
        incident_id=ORGANISATION,
        rows=[(row.id, row.sealed) for row in some],
    )
    return [(row, text.decode()) for row, text in zip(some, texts, strict=True)]


def settle(work: Work, changed: Sequence[Suppression], incident_id: UUID | None = None) -> None:
    """Bring what stands for these addresses to the people of open incidents, and move them on.

    incident_id  only to its people; else to those of all, and the suppressions are done with
    """
    closed = _closed(work, changed)
    everywhere = people_rows.incidents_with_people(work.session)
    for incident in everywhere if incident_id is None else [incident_id]:
        _settle_in(work, incident, closed)
    if incident_id is None:
        rows.settle(work.session, [row.id for row in changed], work.now)


def settle_waiting(office: Office) -> bool:
    """Bring to people what providers and lists have said since the last round."""
    with office.look(TOCSIN) as work:
        since = rows.unsettled_since(work.session)
    if since is None or since + GATHER > office.clock.now():
        return False
    settled = _AT_ONCE
    while settled == _AT_ONCE:  # in steps: others who write get their turn
        with office.work(TOCSIN) as work:
            waiting = rows.unsettled(work.session, _AT_ONCE)
            settle(work, waiting)
            settled = len(waiting)
    return True


def bring_to(office: Office, incident_id: UUID) -> None:
    """Bring all that stands to the people of an incident: a list of them has just come in."""
    last: UUID | None = None
    while True:
        with office.work(TOCSIN) as work:
            some = rows.page_after(work.session, last, _AT_ONCE)
            if not some:
                return
            settle(work, some, incident_id)
            last = some[-1].id


def catch_up(work: Work, incident_id: UUID, since: datetime) -> None:
    """Bring to the people of an incident what was said or lifted since a moment."""
    last: UUID | None = None
    while changed := rows.page_after(work.session, last, _AT_ONCE, since):
        settle(work, changed, incident_id)
        last = changed[-1].id


def open_again(work: Work, incident_id: UUID, closed_at: datetime) -> None:
    """Bring to the people of a reopened incident what was said while it was closed."""
    work.session.flush()
    if incident_id in people_rows.incidents_with_people(work.session):
        catch_up(work, incident_id, closed_at - _LATE)


def _closed(work: Work, changed: Sequence[Suppression]) -> dict[str, dict[str, int]]:
    """Kind -> address -> the bits that stand for it now, all its suppressions together."""
    closed: dict[str, dict[str, int]] = defaultdict(dict)
    for kind in {row.kind for row in changed}:
        some = [row for row in changed if row.kind == kind]
        stands = rows.standing(work.session, kind, {row.address_index for row in some})
        for row, text in opened(work, some):
            closed[kind][text] = stands.get(row.address_index, 0)
    return closed


def _settle_in(work: Work, incident_id: UUID, closed: Mapping[str, Mapping[str, int]]) -> None:
    # Campaigns first: nobody is placed or moved on while their bits change.
    campaigns = ladder.hold_campaigns(work, incident_id)
    key = data_key(work.session, work.keyring, incident_id)
    barred: list[UUID] = []
    for kind, addresses in closed.items():
        index = indexer(key, kind)
        by_bits: dict[int, list[bytes]] = defaultdict(list)
        for text, bits in addresses.items():
            by_bits[bits].append(index(text))
        for bits, hashes in by_bits.items():
            barred += people_rows.bar(work.session, incident_id, kind, hashes, bits)
    for campaign in campaigns:
        if barred:
            ladder.leave_barred(work, campaign, barred)

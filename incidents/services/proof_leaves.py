"""A campaign's rows as the leaves of its proof: the same rows and keys give the same bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from incidents.audit import proof_leaf as leaf
from incidents.audit.proof_leaf import ProofKey
from incidents.database import proof_rows as rows
from incidents.database.announcements import standing_announcement
from incidents.database.campaigns import Campaign
from incidents.database.notices import bodies_of
from incidents.rules import vocabulary
from incidents.services.opening import ADDRESS_FIELD, readable
from incidents.vault.data_keys import data_key
from incidents.work import Work
from notifiers.envelope import Mode

Heard = Mapping[tuple[int, int], list[dict[str, Any]]]


class Leaf(NamedTuple):
    """One leaf: its bytes, and what is needed to show what they say of the person.

    counts     the bucket that the person counts in; '' on a rung that they have left
    person     their own part of the message; empty where they were erased
    """

    body: bytes
    recipient_id: UUID
    rung: int
    counts: str
    person: bytes


class Leaves:
    """Makes the leaves of one campaign, as its rows are now."""

    def __init__(self, work: Work, campaign: Campaign) -> None:
        """Raises KeyDestroyed where the incident's keys are no more."""
        self.key = proof_key(work, campaign)
        self._work, self._campaign = work, campaign
        bodies = bodies_of(work.session, campaign.approval_id)
        self._words = {where: body.sha256 for where, body in bodies.items()}
        announced = standing_announcement(work.session, campaign.incident_id)
        self._last = {"exhausted": "announced" if announced else "exhausted"}
        self._same = {"v": leaf.VERSION, "campaign": str(campaign.id)}

    def all(self) -> Iterator[list[Leaf]]:
        """Every leaf in the order of the tree, a page at a time."""
        session = self._work.session
        for page in rows.placed(session, self._campaign):
            yield list(self._leaves(page))
        for page in rows.placeless(session, self._campaign):
            yield list(self._leaves(page))

    def of_person(self, recipient_id: UUID) -> list[Leaf]:
        """The leaves of one person, lowest rung first."""
        session = self._work.session
        found = rows.placed_of(session, self._campaign, recipient_id)
        page = found or rows.placeless_of(session, self._campaign, recipient_id)
        return list(self._leaves(page))

    def _leaves(self, page: Sequence[Any]) -> Iterator[Leaf]:
        """A million times in a campaign: each line here counts."""
        if not page:
            return
        carried, heard = self._carried(page), self._heard(page)
        contacts = self._contacts(page)
        name, salt = self.key.name, self.key.salt
        for row, contact in zip(page, contacts, strict=True):
            who, rung, channel, number, is_current, outcome, why, settled, bucket = row[:9]
            envelope = carried[channel, number]
            person = _person(contact, channel, envelope["locale"]) if contact else b""
            counts = self._last.get(bucket, bucket) if is_current else ""
            document = {
                **envelope,
                "bucket": counts or "left",
                "fields": leaf.fields_hash(salt(who, rung), person) if person else "",
                "outcome": outcome,
                "person": name(who),
                "receipts": heard.get((who.int, rung), ()),
                "rung": rung,
                "settled": settled,
                "why": why,
            }
            yield Leaf(leaf.canonical(document), who, rung, counts, person)

    def _carried(self, page: Sequence[Any]) -> Mapping[tuple[str, int | None], Mapping[str, Any]]:
        """By channel and envelope: what all people in it share."""
        channels = {row[2:4] for row in page}
        numbers = [number for _, number in channels if number is not None]
        session, campaign_id = self._work.session, self._campaign.id
        calls = defaultdict(list)
        for call in rows.attempts_at(session, campaign_id, numbers):
            calls[call.ordinal].append(_call(call))
        envelopes = {one.ordinal: one for one in rows.carried_by(session, campaign_id, numbers)}
        made: dict[tuple[str, int | None], Mapping[str, Any]] = {}
        for channel, number in channels:
            shared = {**self._same, "channel": channel}
            if number is None:
                made[channel, number] = {**leaf.NOT_CARRIED, **shared}
                continue
            one = envelopes[number]
            shared |= {
                "envelope": number,
                "locale": one.locale,
                "provider": one.provider,
                "variant": one.variant,
                "words": self._words[one.locale, one.variant, channel],
            }
            made[channel, number] = leaf.carried(shared, calls[number])
        return made

    def _heard(self, page: Sequence[Any]) -> Heard:
        # By the number behind the id: an id's own hash is worked out in Python each time.
        heard: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        said = rows.heard_of(self._work.session, self._campaign.id, page[0][0], page[-1][0])
        for who, rung, kind, code, ref, at in said:
            heard[who.int, rung].append({"at": at, "code": code, "kind": kind, "ref": ref})
        return heard

    def _contacts(self, page: Sequence[Any]) -> list[Mapping[str, Any] | None]:
        """Contact data of each on the page; None of whom they were erased, or cannot be read."""
        if self._campaign.mode == Mode.DRILL:
            return [row._asdict() for row in page]
        sealed = [(row[0].bytes, row[9]) for row in page if row[9] is not None]
        opened = iter(readable(self._work, self._campaign, sealed))
        return [None if row[9] is None else next(opened) for row in page]


def proof_key(work: Work, campaign: Campaign) -> ProofKey:
    """What hides the people in a campaign's leaves; gone with the incident's keys."""
    key = data_key(work.session, work.keyring, campaign.incident_id, "proof")
    return ProofKey.of(key, campaign.id)


def _person(contact: Mapping[str, Any], channel: str, locale: str) -> bytes:
    """What went out for this person, as `opening` fills it in."""
    address = contact.get(ADDRESS_FIELD.get(channel, "")) or ""
    name = contact.get("name") or (vocabulary.unnamed(locale) if locale else "")
    return leaf.person_text(address, {"name": name})


def _call(call: Any) -> dict[str, Any]:
    said = {
        "began": call.began,
        "ended": call.ended,
        "epoch": call.epoch,
        "id": str(call.id),
        "outcome": call.outcome or "open",
        "ref": call.provider_ref,
        "settled_by": str(call.evidence.get("by", "")),
        "sha256": call.sha256,
    }
    return said if call.http_status is None else {**said, "status": call.http_status}

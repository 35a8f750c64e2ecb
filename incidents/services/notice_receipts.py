"""What proves to one person that they were told: their leaves, and all that stands behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from incidents.audit.merkle import inclusion_proof, leaf_hash
from incidents.audit.note import Signer, public_key_of
from incidents.audit.receipt_verifier import FORMAT
from incidents.database import proofs as rows
from incidents.database.campaigns import Attempt, Campaign
from incidents.database.notices import bodies_of
from incidents.database.population import people_at, person_with_key
from incidents.database.proofs import CampaignProof, TileRows
from incidents.errors import Conflict, InvalidInput, NotFound, Problem
from incidents.rules.addresses import Unusable, read_email
from incidents.rules.permissions import Permission
from incidents.services import campaign_trail, proofs
from incidents.services.lookup import get_of_incident
from incidents.services.proof_leaves import Leaf, Leaves
from incidents.services.recorded_calls import recorded
from incidents.services.trail_shown import TrailShown
from incidents.vault.blind_index import indexer
from incidents.vault.data_keys import data_key
from incidents.work import Work, require


def receipt(
    work: Work, signer: Signer, campaign_id: UUID, *, ref: str = "", email: str = ""
) -> dict[str, Any]:
    """The receipt of one person, named by the ref of the list or by an e-mail address.

    Raises  NotFound      nobody of that name; no proof yet
            Conflict      several people at that address; something changed since the proof
            KeyDestroyed  the people of this incident were erased
    """
    require(work.actor, Permission.PROVE_NOTICE)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    proof = proofs.newest(work, campaign)
    person = _person(work, campaign, ref, email)
    campaign_trail.record(
        work,
        campaign,
        "person.reveal",
        purpose="notice_receipt",
        fields=["name", "address"],
        people=1,
    )
    trail = TrailShown(work, signer)
    assert proof.entry_id is not None  # noqa: S101  a proof that is made has its entry
    proved = trail.show(proof.entry_id)
    return {
        "receipt": FORMAT,
        "key": str(public_key_of(signer)),
        "note": proof.note,
        "told": list(_told(work, campaign, proof, trail, person)),
        "trail": {"note": trail.note, "proved": proved, "entries": trail.entries()},
    }


def _person(work: Work, campaign: Campaign, ref: str, email: str) -> UUID:
    """Exactly one person; whoever is not on the list answers as if nobody had asked."""
    if bool(ref) == bool(email):
        why = Problem("ref", "one of ref and email is needed, not both", "the ref of the list")
        raise InvalidInput("say whose receipt", why)
    key = data_key(work.session, work.keyring, campaign.incident_id)
    if ref:
        index = indexer(key, "person")(f"ref\0{ref.strip()}")
        found = person_with_key(work.session, campaign.incident_id, index)
    else:
        index = indexer(key, "email")(_as_listed(email.strip()))
        found = people_at(work.session, campaign.incident_id, index)
    if not found:
        raise NotFound("nobody on the list of this campaign is called so")
    if len(found) > 1:
        raise Conflict("several people have this address: name the person by the ref of the list")
    return found[0]


def _as_listed(email: str) -> str:
    """An address as the list's were taken in: an umlaut in its domain, say, is in IDNA there."""
    try:
        return read_email(email).lower()
    except Unusable:
        return email  # on no list


def _told(
    work: Work, campaign: Campaign, proof: CampaignProof, trail: TrailShown, person: UUID
) -> Iterator[dict[str, Any]]:
    """Each leaf of a person with its way to the root."""
    leaves = Leaves(work, campaign)
    tree = TileRows(work.session, campaign.id, proof.number)
    bodies = {body.sha256: body for body in bodies_of(work.session, campaign.approval_id).values()}
    for leaf in leaves.of_person(person):
        document = orjson.loads(leaf.body)
        index = _index(work, proof, leaf)
        body = bodies.get(document["words"])
        words = {"subject": body.subject, "text": body.text, "html": body.html} if body else {}
        yield {
            "leaf": leaf.body.decode(),
            "index": index,
            "proof": [part.hex() for part in inclusion_proof(tree, index, proof.size)],
            "salt": leaves.key.salt(leaf.recipient_id, leaf.rung).hex(),
            "person": leaf.person.decode(),
            "words": words,
            "recorded": list(_recorded(work, trail, document)),
        }


def _index(work: Work, proof: CampaignProof, leaf: Leaf) -> int:
    index = rows.index_of(work.session, proof, leaf_hash(leaf.body))
    if index is None:
        raise Conflict(
            f"something was heard of this person since proof {proof.number} was made:"
            " have it made anew, and ask again"
        )
    return index


def _recorded(work: Work, trail: TrailShown, leaf: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The calls of a leaf as the trail recorded them when they were answered."""
    for call in leaf["attempts"]:
        found = recorded(work.session, work.session.get_one(Attempt, UUID(call["id"])))
        if found is not None:
            yield found.shown(trail.show(found.entry_id))

"""A campaign's evidence for a regulator: one zip that proves itself, without personal data."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from incidents.audit import bundle
from incidents.audit.checkpoints import checkpoint
from incidents.audit.evidence_verifier import FORMAT, MANIFEST, evidence_origin
from incidents.audit.note import Signer, public_key_of, signed_text
from incidents.audit.sequencer import sequence_all
from incidents.database import proofs as rows
from incidents.database.campaigns import Campaign
from incidents.database.notices import Notice, NoticeApproval, NoticeBody, bodies_of
from incidents.database.proofs import CampaignProof
from incidents.errors import Conflict
from incidents.rules.permissions import Permission
from incidents.services import campaign_story, campaign_trail, freezing, proofs
from incidents.services.evidence_paper import README, summary_pdf
from incidents.services.lookup import get_of_incident
from incidents.work import Work, require

# What the evidence is checked with, wherever it is: these files and Python.
_VERIFIER = (
    "__init__",
    "bundle_parts",
    "ed25519",
    "evidence_verifier",
    "merkle",
    "note",
    "receipt_verifier",
    "verifier",
)
_AUDIT = Path(bundle.__file__).parent


def export_to(work: Work, signer: Signer, campaign_id: UUID, path: Path) -> None:
    """Write everything that proves a campaign into a zip, in the memory of one tile.

    Raises  NotFound  no proof yet; Conflict  something changed since the newest one
    """
    require(work.actor, Permission.PROVE_CAMPAIGN)
    campaign = get_of_incident(work, Campaign, campaign_id, "campaign")
    proof = proofs.newest(work, campaign)
    if campaign.proof_due_at is not None:
        raise Conflict(
            f"something was heard since proof {proof.number} was made: have it made anew, then ask"
            " again (`tocsin proof make`)"
        )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        packing = _Packing(file)
        for name, parts in _files(work, signer, campaign, proof):
            packing.add(name, parts)
        manifest = packing.manifest(evidence_origin(signer.name, campaign.id))
        file.writestr(MANIFEST, signed_text(manifest, signer))
    campaign_trail.record(
        work,
        campaign,
        "campaign.export",
        number=proof.number,
        file=sha256(manifest.encode()).hexdigest(),
    )


class _Packing:
    """A zip as it grows, and the hash of each file in it."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._hashes: dict[str, str] = {}

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        """Write one file, piece by piece."""
        digest = sha256()
        with self._file.open(name, "w", force_zip64=True) as into:
            for part in parts:
                digest.update(part)
                into.write(part)
        self._hashes[name] = digest.hexdigest()

    def manifest(self, origin: str) -> str:
        """The hash of every file, beneath whose they are."""
        lines = (f"{value}  {name}" for name, value in sorted(self._hashes.items()))
        return "\n".join((origin, *lines, ""))


def _files(
    work: Work, signer: Signer, campaign: Campaign, proof: CampaignProof
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Name and content of each file."""
    notice = work.session.get_one(Notice, campaign.notice_id)
    bodies = list(bodies_of(work.session, campaign.approval_id).values())
    story = {
        "evidence": FORMAT,
        **campaign_story.story(work, campaign, notice),
        "approval": _approval(work, campaign, notice, bodies),
    }
    yield "README.txt", [README.encode()]
    yield "campaign.json", [_json(story)]
    yield "summary.pdf", [summary_pdf(work, story, proof)]
    for body in bodies:
        words = {"subject": body.subject, "text": body.text, "html": body.html}
        name = ".".join(filter(None, (body.locale, body.variant, body.channel)))
        yield f"words/{name}.json", [_json(words)]
    yield "proof.json", [_json(_proof(signer, proof))]
    yield "leaves.bin", rows.leaf_tiles(work.session, proof)
    yield "trail.jsonl", _trail(work, signer, campaign)
    for module in _VERIFIER:
        name = f"verifier/incidents/audit/{module}.py"
        yield name, [(_AUDIT / f"{module}.py").read_bytes()]
    yield "verifier/incidents/__init__.py", [b""]


def _approval(
    work: Work, campaign: Campaign, notice: Notice, bodies: list[NoticeBody]
) -> dict[str, Any]:
    approval = work.session.get_one(NoticeApproval, campaign.approval_id)
    return {
        "sha256": approval.sha256,
        "approved_at": approval.approved_at.isoformat(),
        "approver_id": str(approval.approver_id),
        "binds": freezing.bound(notice, bodies),
    }


def _proof(signer: Signer, proof: CampaignProof) -> dict[str, Any]:
    return {
        "key": str(public_key_of(signer)),
        "number": proof.number,
        "note": proof.note,
        "buckets": proof.buckets,
    }


def _trail(work: Work, signer: Signer, campaign: Campaign) -> Iterator[bytes]:
    """The trail's entries on the campaign and its notice, each with its proof."""
    sequence_all(work.session)
    checkpoint(work.session, signer, work.now)
    work.session.flush()
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        bundle.export(
            work.session,
            Path(file.name),
            public_key_of(signer),
            incident_id=campaign.incident_id,
            subjects=(campaign.id, campaign.notice_id),
        )
        while part := file.read(1 << 18):
            yield part


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"

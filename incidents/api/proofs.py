"""Proofs of campaigns over HTTP: their signed roots, and one person's notice receipt."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import Header, Response
from pydantic import Field

from incidents.api.door import LookWork, OpenWork, Shape, View, needs, router_for
from incidents.api.files import streamed
from incidents.audit.receipt_verifier import written
from incidents.database.proofs import CampaignProof
from incidents.office import signing_key
from incidents.receipt_paper import receipt_pdf
from incidents.rules.permissions import Permission
from incidents.services import campaign_evidence, notice_receipts, proofs

router = router_for("proofs")

_NAMED = 300  # letters in a ref or an address


class ProofView(View):
    """One version of a campaign's proof."""

    number: int
    made_at: datetime | None = Field(description="null: it is being made.")
    size: int = Field(description="Leaves: one for each person and rung.")
    root: str
    note: str = Field(description="The root, signed (a C2SP note).")
    buckets: dict[str, int] = Field(description="People by bucket; each person counts once.")

    @classmethod
    def of(cls, proof: CampaignProof) -> "ProofView":
        """The view of a row."""
        return cls(
            number=proof.number,
            made_at=proof.made_at,
            size=proof.size,
            root=proof.root.hex() if proof.root else "",
            note=proof.note,
            buckets=proof.buckets,
        )


class Due(View):
    """From when on a new version of the proof is being made."""

    proof_due_at: datetime | None


class Whose(Shape):
    """Whose receipt: named by exactly one of these, in the body and never in an address."""

    ref: str = Field(default="", max_length=_NAMED, description="As on the list of people.")
    email: str = Field(default="", max_length=_NAMED, description="Where they were written to.")


@router.get("/campaigns/{campaign_id}/proofs", **needs(Permission.READ_CAMPAIGN))
def list_proofs(campaign_id: UUID, work: LookWork) -> list[ProofView]:
    """Every version of a campaign's proof, oldest first."""
    return [ProofView.of(proof) for proof in proofs.versions(work, campaign_id)]


@router.post("/campaigns/{campaign_id}/proofs", status_code=202, **needs(Permission.PROVE_CAMPAIGN))
def make_proof(campaign_id: UUID, work: OpenWork) -> Due:
    """Have a new version made of the campaign as it stands now; it is ready in a moment."""
    return Due(proof_due_at=proofs.ask(work, campaign_id).proof_due_at)


@router.post(
    "/campaigns/{campaign_id}/receipts",
    response_class=Response,
    **needs(
        Permission.PROVE_NOTICE,
        **{
            "200": {
                "description": "The receipt",
                "content": {"application/json": {}, "application/pdf": {}},
            }
        },
    ),
)
def read_receipt(
    campaign_id: UUID, whose: Whose, work: OpenWork, accept: Annotated[str, Header()] = ""
) -> Response:
    """What proves to one person that they were told, as JSON, or with `Accept: application/pdf` on
    paper that carries the JSON; `tocsin audit verify-receipt` checks it."""
    signer = signing_key(work.settings)
    made = written(
        notice_receipts.receipt(work, signer, campaign_id, ref=whose.ref, email=whose.email)
    )
    if "application/pdf" in accept:
        paper = receipt_pdf(made, work.settings.organisation_name, work.now)
        return _attached(paper, "application/pdf", "notice-receipt.pdf")
    return _attached(made, "application/json", "notice-receipt.json")


def _attached(content: bytes, media_type: str, name: str) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=named)


@router.get(
    "/campaigns/{campaign_id}/evidence",
    response_class=Response,
    **needs(
        Permission.PROVE_CAMPAIGN,
        **{"200": {"description": "The evidence", "content": {"application/zip": {}}}},
    ),
)
def download_evidence(campaign_id: UUID, work: OpenWork) -> Response:
    """Everything that proves a campaign, in a zip that `tocsin proof verify` checks; no personal
    data."""
    file = tempfile.NamedTemporaryFile(suffix=".zip")  # noqa: SIM115  closed once it is sent
    campaign_evidence.export_to(work, signing_key(work.settings), campaign_id, Path(file.name))
    return streamed(file, "application/zip", f"evidence-{campaign_id}.zip")

"""`tocsin proof`: what proves who was told what, for one person and for a whole campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from incidents.cli.audit import Key
from incidents.cli.campaign import path_of
from incidents.cli.looks import moment, table
from incidents.cli.noun import Api, Incident, Noun

noun = Noun("proof", "What proves who was told what.")
verb = noun.command
Which = Annotated[str, typer.Option("--campaign", help="Id, or its beginning; else the newest.")]


@verb("list")
def list_proofs(api: Api, incident: Incident, campaign: Which = "") -> None:
    """The versions of a campaign's proof: signed roots, and what they count."""
    api.say(api.client.get(f"{path_of(api, incident, campaign)}/proofs"), listed)


@verb("make")
def make(api: Api, incident: Incident, campaign: Which = "") -> None:
    """Have a new version made of a campaign as it stands; ready in a moment, see `list`."""
    made = api.client.post(f"{path_of(api, incident, campaign)}/proofs")
    api.say(made, Text("A new version is being made; `tocsin proof list` shows it."))


@verb("receipt")
def receipt(
    api: Api,
    incident: Incident,
    campaign: Which = "",
    ref: Annotated[str, typer.Option(help="Whose: the ref of the list.")] = "",
    email: Annotated[str, typer.Option(help="Whose: the address, if it is theirs alone.")] = "",
    to: Annotated[Path, typer.Option("--to", help="File to write; PDF if it ends so.")] = Path(
        "notice-receipt.json"
    ),
) -> None:
    """One person's notice receipt, which `tocsin audit verify-receipt` checks anywhere."""
    whose = {name: value for name, value in (("ref", ref), ("email", email)) if value}
    kind = "application/pdf" if to.suffix.lower() == ".pdf" else "application/json"
    path = f"{path_of(api, incident, campaign)}/receipts"
    size = api.client.download(path, to, method="POST", body=whose, accept=kind)
    api.say({"file": str(to), "bytes": size}, Text(f"{to} ({size:,} bytes)"))


@verb("export")
def export(
    api: Api,
    incident: Incident,
    campaign: Which = "",
    to: Annotated[Path, typer.Option("--to", help="Zip to write.")] = Path("evidence.zip"),
) -> None:
    """Everything that proves a campaign, for a regulator; `verify` checks it. Names nobody."""
    size = api.client.download(f"{path_of(api, incident, campaign)}/evidence", to)
    api.say({"file": str(to), "bytes": size}, Text(f"{to} ({size:,} bytes)"))


@noun.app.command("verify")
def verify(
    evidence: Annotated[Path, typer.Argument(exists=True, help="The folder, or the zip.")],
    key: Key = "",
) -> None:
    """Check a campaign's evidence alone: no server, no database; names every file that is wrong."""
    from incidents.audit.evidence_verifier import describe
    from incidents.audit.verifier import verify_evidence_at

    result = verify_evidence_at(evidence, key=key or None)
    typer.echo(describe(result))
    raise typer.Exit(0 if result.ok else 1)


def listed(proofs: list[dict[str, Any]]) -> RenderableType:
    """Versions in a table."""
    if not proofs:
        return Text("No proof yet: it is made when the campaign ends.", "dim")
    made = table("proof", "made", "#leaves", "people", "root")
    for one in proofs:
        people = "  ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in one["buckets"].items())
        root = Text(one["root"][:16], "dim")
        made.add_row(str(one["number"]), moment(one["made_at"]), f"{one['size']:,}", people, root)
    return made

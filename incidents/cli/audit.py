"""`tocsin audit`: the trail of everything done; taken out of the house, and verified alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from incidents.cli.looks import moment, table
from incidents.cli.noun import Api, Noun, incident_of

noun = Noun("audit", "The trail of everything that was done.")
verb = noun.command
Named = Annotated[str, typer.Argument(help="Number or id of an incident; the whole if empty.")]


def _key(text: str) -> str:
    from incidents.audit.note import BadNote, PublicKey

    try:
        return text and str(PublicKey.parse(text))
    except BadNote as error:
        raise typer.BadParameter(str(error)) from None


Key = Annotated[
    str, typer.Option(callback=_key, help="Public key, as published: name+hash+base64.")
]


@verb("entries")
def entries(
    api: Api,
    incident: Named = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at the most.")] = 100,
) -> None:
    """Entries in the order they were written; they hold no personal data."""
    query = {"incident_id": incident_of(api, incident)["id"]} if incident else {}
    api.say(api.client.get("/audit/entries", limit=limit, **query), listed)


@verb("export")
def export(
    api: Api,
    incident: Named = "",
    to: Annotated[Path, typer.Option("--to", help="File to write.")] = Path("tocsin-audit.jsonl"),
) -> None:
    """Write the trail, or one incident's part, as a file that `tocsin audit verify` checks."""
    query = {"incident_id": incident_of(api, incident)["id"]} if incident else {}
    size = api.client.download("/audit/exports", to, method="POST", **query)
    api.say({"file": str(to), "bytes": size}, Text(f"{to} ({size:,} bytes)"))


@noun.app.command("verify")
def verify(
    bundle: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What was exported.")],
    key: Key = "",
    remember: Annotated[Path | None, typer.Option(help="File that keeps the last head.")] = None,
) -> None:
    """Check an exported trail alone: no server, no database; names the first bad entry."""
    from incidents.audit.verifier import describe, verify_bundle

    result = verify_bundle(bundle, key=key or None, remember=remember)
    typer.echo(describe(result))
    raise typer.Exit(0 if result.ok else 1)


@noun.app.command("verify-receipt")
def check_receipt(
    receipt: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="receipt.json")],
    key: Key = "",
) -> None:
    """Check one person's notice receipt alone: no server, no database."""
    from incidents.audit.receipt_verifier import describe, verify_receipt

    result = verify_receipt(receipt.read_bytes(), key=key or None)
    typer.echo(describe(result))
    raise typer.Exit(0 if result.ok else 1)


def listed(entries: list[dict[str, Any]]) -> RenderableType:
    """Entries in a table."""
    made = table("when", "what", "on", "leaf")
    for one in entries:
        subject = f"{one['subject_type']} {one['subject_id'] or ''}".strip()
        made.add_row(moment(one["at"]), one["kind"], Text(subject, "dim"), one["leaf"][:16])
    return made

"""`tocsin suppression`: addresses that are not to be used; shown masked, never in a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli.inputs import moment_of
from incidents.cli.looks import day, pairs, table, words
from incidents.cli.noun import Api, Noun, pick
from incidents.cli.population import Encoding, upload

noun = Noun("suppression", "Addresses that are not to be used: opt-outs, and dead ones.")
verb = noun.command
Kind = Annotated[
    Literal["", "email", "phone", "push", "post"],
    typer.Option(help="Empty: told by its shape, e-mail or phone."),
]
Address = Annotated[str, typer.Argument(help="An e-mail address, or +49… with country code.")]


@verb("add")
def add(
    api: Api,
    address: Address,
    reason: Annotated[
        Literal["stop", "push_opt_out", "hard_bounce", "complaint", "do_not_contact", "marketing"],
        typer.Option(help="Why."),
    ],
    kind: Kind = "",
    until: Annotated[str, typer.Option(help="When it ends: +30d, or ISO 8601.")] = "",
) -> None:
    """Close an address; whoever waits to be written to there is moved on."""
    body = {"address": address, "reason": reason, "kind": kind}
    ends = {"until": moment_of(until)} if until else {}
    api.say(api.client.post("/suppressions", body | ends), lambda one: listed([one]))


@verb("list")
def list_suppressions(
    api: Api,
    address: Annotated[str, typer.Argument(help="Only of this one; all if empty.")] = "",
    kind: Kind = "",
    reason: Annotated[str, typer.Option(help="Only for this reason.")] = "",
    lifted: Annotated[bool, typer.Option("--lifted", help="Those that were lifted.")] = False,
) -> None:
    """What stands; of one address, or of all."""
    if address:
        found = api.client.post("/suppressions/search", {"address": address, "kind": kind})
    else:
        wanted = {"reason": reason} if reason else {}
        found = list(api.client.pages("/suppressions", lifted=lifted, **wanted))
    api.say(found, listed)


@verb("lift")
def lift(
    api: Api,
    address: Address,
    which: Annotated[str, typer.Option("--id", help="Which, where several stand.")] = "",
    kind: Kind = "",
) -> None:
    """Take it back: what leaves from now on may use the address again."""
    found = api.client.post("/suppressions/search", {"address": address, "kind": kind})
    row = pick(found, which, "suppression of this address", "reason")
    api.say(api.client.delete(f"/suppressions/{row['id']}"), lambda one: listed([one]))


@verb("import")
def import_suppressions(
    api: Api,
    file: Annotated[
        Path,
        typer.Argument(help="CSV: address, reason, kind, until.", exists=True, dir_okay=False),
    ],
    encoding: Encoding = "",
) -> None:
    """Stream a list of any size in; it may be sent again without harm."""
    api.say(upload(api, "/suppressions/import", file, encoding), taken)


def listed(found: list[dict[str, Any]]) -> RenderableType:
    """Opt-outs in a table."""
    if not found:
        return Text("No such opt-out.", "dim")
    made = table("address", "reason", "closes", "since", "until", "said by")
    for one in found:
        until = day(one["lifted_at"] or one["until"]) if one["lifted_at"] or one["until"] else "—"
        closes = ", ".join(one["closes"]) or "nothing"
        row = (one["address"], words(one["reason"]), closes, day(one["since"]), until)
        made.add_row(*row, one["source"])
    return made


def taken(one: dict[str, Any]) -> RenderableType:
    """What came of a list."""
    about = pairs(
        {
            "lines read": one["read_count"],
            "closed": one["added_count"],
            "stood already": one["known_count"],
            "not usable": one["rejected_count"],
        }
    )
    rejects = table("#line", "column", "what was wrong")
    for reject in one["rejects"]:
        rejects.add_row(str(reject["line"]), reject["column"] or "line", reject["reason"])
    return Group(about, rejects) if rejects.row_count else about

"""`tocsin law compare | apply | pack`: other laws held against those in use, and taken into use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli import law
from incidents.cli.looks import day, moment, pairs, panel, table
from incidents.cli.noun import Api, Noun
from incidents.cli.screen import out

noun = Noun("pack", "The laws in use on the server, and those that were.")
# Besides what needs no server: these verbs of `tocsin law` ask it.
_law = Noun("law", "")
_law.app = law.law

Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder of law files; left out: what the server's release holds."),
]


@_law.command("compare")
def compare_laws(api: Api, folder: Folder = None) -> None:
    """What other laws would do to every open incident; nothing is changed."""
    api.say(api.client.post("/law/comparisons", _offered(api, folder)), compared)


@_law.command("apply")
def apply_laws(
    api: Api,
    pack: Annotated[str, typer.Option(help="Hash that `compare` showed; 12 signs are enough.")],
    reason: Annotated[str, typer.Option(help="Why; it stays on record.")],
    folder: Folder = None,
) -> None:
    """Take laws into use that were compared; open incidents are looked at again."""
    offered = _offered(api, folder)
    found = api.client.post("/law/comparisons", offered)
    if len(pack) < _LEAST_SIGNS or not found["sha256"].startswith(pack):
        raise typer.BadParameter(
            f"these laws are {found['sha256'][:12]}: look at `tocsin law compare` first"
        )
    body = {**offered, "sha256": found["sha256"], "reason": reason}
    api.say(api.client.post("/law/packs", body), lambda made: Group(compared(found), shown(made)))


_LEAST_SIGNS = 12


def _offered(api: Api, folder: Path | None) -> dict[str, Any]:
    """A folder's laws: every hash, and the texts that the server has not got."""
    if folder is None:
        return {}
    from incidents.rules import packs

    found = packs.read_folder(folder)
    laws = {path: packs.sha256_of(raw) for path, raw in found.items()}
    used = api.client.get("/law/packs")
    kept = api.client.get(f"/law/packs/{used[0]['number']}")["files"].values() if used else ()
    texts = {laws[path]: raw.decode() for path, raw in found.items() if laws[path] not in kept}
    return {"laws": laws, "texts": list(texts.values())}


@noun.command("list")
def list_packs(api: Api) -> None:
    """Every pack that was ever in use, the newest first."""
    api.say(api.client.get("/law/packs"), listed)


@noun.command("show")
def show_pack(
    api: Api,
    name: Annotated[str, typer.Argument(help="Number of a pack, or the hash of a law's text.")],
) -> None:
    """The files of a pack; or the text of a law that a duty is pinned to."""
    if name.isdecimal() and len(name) < _LEAST_SIGNS:
        api.say(api.client.get(f"/law/packs/{name}"), shown)
        return
    found = api.client.get(f"/law/texts/{name}")
    if api.as_json:
        api.say(found)
        return
    api.remark(f"[dim]{', '.join(found['paths'])}, sha256 {found['sha256']}[/]")
    out().print(Text(found["text"]), soft_wrap=True)


def listed(packs: list[dict[str, Any]]) -> RenderableType:
    """Packs in a table."""
    made = table("#pack", "sha256", "in use from", "why")
    for one in packs:
        made.add_row(str(one["number"]), one["sha256"][:12], moment(one["taken_at"]), one["reason"])
    return made


def shown(pack: dict[str, Any]) -> RenderableType:
    """One pack, with its files if they were asked for."""
    about = pairs(
        {
            "sha256": pack["sha256"],
            "in use from": moment(pack["taken_at"]),
            "taken by": pack["taken_by"],
            "why": pack["reason"],
        }
    )
    made = table("file", "sha256")
    for path, sha256 in pack.get("files", {}).items():
        made.add_row(path, Text(sha256[:12], "dim"))
    head = panel(f"[bold]Law pack {pack['number']}[/]", about)
    return Group(head, made) if "files" in pack else head


def compared(found: dict[str, Any]) -> RenderableType:
    """What other laws would change: files, then the duties of each open incident."""
    if found["is_same"]:
        return Text(f"These laws are in use already, as pack {found['in_use']}.", "green")
    parts: list[RenderableType] = [
        Text(f"in use  pack {found['in_use'] or '—'}  {(found['in_use_sha256'] or '')[:12]}"),
        Text(f"new     {found['sha256'][:12]}", "bold"),
        *(_file(path, what) for path, what in found["files"].items()),
    ]
    for one in found["incidents"]:
        parts += [Text(), *_of_incident(one)]
    return Group(*parts, Text(), Text(_next(found), "dim"))


def _next(found: dict[str, Any]) -> str:
    return f"tocsin law apply --pack {found['sha256'][:12]} --reason '…' takes it into use"


_SIGNS = {
    "added": ("+", "green"),
    "changed": ("~", "cyan"),
    "removed": ("−", "red"),
    "appeared": ("+", "yellow"),
    "ended": ("−", "bright_black"),
    "moved_earlier": ("←", "yellow"),
    "moved_later": ("→", "cyan"),
    "started": ("▸", "yellow"),
    "stopped": ("■", "cyan"),
    "status": ("!", "yellow"),
}


def _file(path: str, what: str) -> Text:
    sign, style = _SIGNS[what]
    return Text.assemble((f"  {sign} {what:<8}", style), path)


def _of_incident(one: dict[str, Any]) -> list[Text]:
    drill = " (drill)" if one["mode"] == "drill" else ""
    same = f"; {one['repinned']} as before, by another text" if one["repinned"] else ""
    head = f"{len(one['changes']) or 'no'} changes{same}"
    lines = [Text.assemble((f"{one['number']}{drill}", "bold"), f"  {head}")]
    for change in one["changes"]:
        lines += _change(change)
    return lines


def _change(change: dict[str, Any]) -> list[Text]:
    sign, style = _SIGNS.get(change["kind"], ("·", ""))
    line = Text.assemble((f"  {sign} {change['kind'].replace('_', ' '):<15}", style))
    line.append(change["title"]).append(f"  {change['rule']}  ", "dim").append(_times(change))
    return [line, *(Text(f"      {why}", "dim") for why in change["why"][:3])]


def _times(change: dict[str, Any]) -> str:
    before, after = change["before"], change["after"]
    if change["kind"] == "status" and before and after:
        return f"{before['status']} → {after['status']}"
    then = _due(before) if before else None
    now = _due(after) if after else None
    return " → ".join(one for one in (then, now) if one)


def _due(duty: dict[str, Any]) -> str:
    return f"due {day(duty['due_at'])}" if duty["due_at"] else "no due time"

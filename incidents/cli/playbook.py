"""`tocsin playbook`: the library, starting one, and the linter for your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from incidents.cli.looks import table
from incidents.cli.noun import Api, Incident, Noun, incident_of
from incidents.cli.screen import out

noun = Noun("playbook", "The procedures.")


@noun.command("list")
def list_playbooks(api: Api) -> None:
    """The library."""
    api.say(api.client.get("/playbooks"), listed)


@noun.command("start")
def start(
    api: Api, incident: Incident, playbook: Annotated[str, typer.Argument(help="Which one.")]
) -> None:
    """Start another playbook on an incident."""
    path = f"/incidents/{incident_of(api, incident)['id']}/playbook-runs"
    api.say(
        api.client.post(path, {"playbook": playbook}),
        lambda made: Text(f"{made['playbook']} started; `tocsin task list` shows its steps."),
    )


@noun.app.command("lint")
def lint(
    files: Annotated[list[Path] | None, typer.Argument(help="The library, if empty.")] = None,
) -> None:
    """Find what would go wrong with a playbook while it runs; exits 1 on an error."""
    from incidents.rules.facts import FACTS, check_mention
    from playbooks.errors import PlaybookError
    from playbooks.linter import lint as findings_of
    from playbooks.loader import LIBRARY, parse

    made = table("file", "step", "what is wrong")
    errors = 0
    checked = files or sorted(LIBRARY.glob("*.yaml"))
    for path in checked:
        try:
            found = parse(path.read_text(encoding="utf-8"), path.name)
        except PlaybookError as error:
            made.add_row(path.name, "", Text(f"{error.field}: {error.why}", "red"))
            errors += 1
            continue
        for finding in findings_of(found, facts=FACTS, check_mention=check_mention):
            style = "red" if finding.severity == "error" else "yellow"
            where = f"{finding.step} {finding.field}".strip()
            made.add_row(path.name, where, Text(finding.why, style))
            errors += finding.severity == "error"
    out().print(made if made.row_count else f"{len(checked)} playbooks, nothing wrong.")
    raise typer.Exit(1 if errors else 0)


def listed(playbooks: list[dict[str, Any]]) -> RenderableType:
    """The library in a table."""
    made = table("playbook", "title", "#steps", "for")
    for one in playbooks:
        kinds = Text(", ".join(one["kinds"]).replace("_", " "), "dim")
        made.add_row(one["id"], one["title"], str(one["steps"]), kinds)
    return made

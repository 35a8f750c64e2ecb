"""`tocsin task`: the steps of the playbooks at work on an incident."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from incidents.cli.looks import left, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick

noun = Noun("task", "The steps of an incident's playbook.")
verb = noun.command
Step = Annotated[str, typer.Argument(help="Step, such as stop_the_leak, or the task's id.")]
Note = Annotated[str, typer.Option("--note", help="What was done, or why not.")]


@verb("list")
def list_tasks(
    api: Api,
    incident: Incident,
    every: Annotated[bool, typer.Option("--all", help="Done and dropped ones too.")] = False,
) -> None:
    """The tasks in the order of the playbook."""
    tasks = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/tasks")
    ended = {"done", "skipped", "not_applicable"}
    api.say([one for one in tasks if every or one["status"] not in ended], listed)


@verb("start")
def start(api: Api, incident: Incident, step: Step) -> None:
    """Say that it is being worked on."""
    _change(api, incident, step, "start", "")


@verb("complete")
def complete(api: Api, incident: Incident, step: Step, note: Note = "") -> None:
    """Say that it is done."""
    _change(api, incident, step, "complete", note)


@verb("skip")
def skip(api: Api, incident: Incident, step: Step, note: Note) -> None:
    """Say why it need not be done."""
    _change(api, incident, step, "skip", note)


@verb("reopen")
def reopen(api: Api, incident: Incident, step: Step, note: Note = "") -> None:
    """Take it up again."""
    _change(api, incident, step, "reopen", note)


def _change(api: Api, incident: str, step: str, action: str, note: str) -> None:
    tasks = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/tasks")
    task = pick(tasks, step, "task", "step")
    body = {"action": action, "note": note}
    made = api.client.post(f"/tasks/{task['id']}/changes", body, version=task["version"])
    api.say(made, lambda one: listed([one]))


def listed(tasks: list[dict[str, Any]]) -> RenderableType:
    """Tasks in a table; * marks those without which an incident cannot be closed."""
    if not tasks:
        return Text("Nothing to do.", "dim")
    made = table("status", "task", "who", "left", "step")
    for one in tasks:
        title = Text(one["title"] + (" *" if one["mandatory"] else ""))
        if one["status"] == "waiting" and one["waits_for"]:
            title.append(f"\nwaits for {', '.join(one['waits_for'])}", "dim")
        rest = left(one["due_at"]) if one["status"] in {"open", "in_progress"} else Text("—", "dim")
        owner = one["owner_role"].replace("_", " ")
        made.add_row(words(one["status"]), title, owner, rest, Text(one["step"], "dim"))
    return made

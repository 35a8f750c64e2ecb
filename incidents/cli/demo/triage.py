"""The first acts: opened, learned, triaged; duties appear and end with what is known."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from rich.text import Text

from incidents.cli import duty, incident, task
from incidents.cli.demo.play import Play, Rows
from incidents.cli.demo.stage import Broken, expect
from playbooks.sample.story import learned_later, opening_body

_PATIENCE_SECONDS = 10.0


def open_incident(play: Play) -> None:
    """Open the sample breach: how bad, and what is owed by when, in the reply."""
    play.teller.step("A researcher writes: your survey panel is for sale. Ada opens an incident")
    made = play.stage.ada.post("/incidents", opening_body(play.now))
    play.incident = made
    expect("the status of a new incident", made["status"], "reported")
    play.teller.say(incident.shown(made))
    assessments = play.stage.ada.get(f"{play.path}/severity")
    play.teller.say(incident.severity([one for one in assessments if one["method"] == "enisa"]))
    play.teller.say(Text("\nWhat is owed by when stands in the reply to the very first request:"))
    play.teller.say(duty.brief(made["duties"], play.now))
    play.remember_duties()
    play.teller.look(f"tocsin duty show {play.number} eu-gdpr-33-de")


def learn(play: Play) -> None:
    """Record what triage learns, and show what each fact does to the duties."""
    play.teller.step("Triage learns more; each fact says at once what it changes")
    for part in learned_later(play.now):
        names = ", ".join(part["facts"])
        play.stage.ada.post(f"{play.path}/facts", part)
        play.teller.say(Text.assemble((f"{part['source']}", "bold"), (f"  {names}", "dim")))
        play.say_what_changed()
    later = (play.now - timedelta(minutes=1)).isoformat()
    amended: dict[str, Any] = {"facts": {"aware_at": later}, "source": "second thoughts"}
    play.refused(
        422,
        "a clock that would start later, without a reason",
        lambda: play.stage.ada.post(f"{play.path}/facts", amended),
    )
    play.teller.look(f"tocsin fact list {play.number}")


def triage(play: Play) -> None:
    """Move along the lifecycle, and do what the playbook asks first."""
    play.teller.step("The playbook: contain the leak, keep the evidence")
    play.refused(
        409,
        "closing what was only reported",
        lambda: play.stage.ada.post(f"{play.path}/moves", {"action": "close"}),
    )
    for action in ("triage", "confirm"):
        play.stage.ada.post(f"{play.path}/moves", {"action": action})
    complete(play, "preserve_evidence", "access logs, snapshot, hash of the file on offer")
    complete(play, "stop_the_leak", "export offline; checked from outside")
    complete(play, "revoke_access", "supplier key and all sessions revoked")
    complete(play, "recall_copies", "the forum removed the offer; assurance kept")
    play.stage.ada.post(f"{play.path}/moves", {"action": "contain"})
    tasks = play.stage.ada.get(f"{play.path}/tasks")
    play.teller.say(task.listed([one for one in tasks if one["status"] == "open"]))
    play.teller.look(f"tocsin task list {play.number} --all")


def complete(play: Play, step: str, note: str) -> None:
    """Complete a task as soon as it is open: what it waits for may be done by Tocsin itself."""
    one = _once_open(play, step)
    body = {"action": "complete", "note": note}
    play.stage.ada.post(f"/tasks/{one['id']}/changes", body, version=one["version"])
    play.teller.say(Text.assemble(("✓ done  ", "green"), one["title"], (f"  {note}", "dim")))


def _once_open(play: Play, step: str) -> dict[str, Any]:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        tasks: Rows = play.stage.ada.get(f"{play.path}/tasks")
        one = next(one for one in tasks if one["step"] == step)
        if one["status"] in {"open", "in_progress"}:
            return one
        if time.monotonic() > end:
            break
        time.sleep(0.2)
    raise Broken(f"the task {step} is still {one['status']}: waits for {one['waits_for']}")

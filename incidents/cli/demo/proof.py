"""The last acts: closed when nothing is owed, and the trail verified by somebody else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from rich.text import Text

from incidents.cli import duty, incident, register
from incidents.cli.demo.play import Play
from incidents.cli.demo.stage import Broken, expect
from incidents.cli.demo.triage import complete

_OPEN = {"open", "in_progress"}


def close(play: Play) -> None:
    """Closing is refused while anything is open, saying what; then it is not."""
    play.teller.step("Closing: refused while anything is owed, and it says what")
    play.stage.ada.post(f"{play.path}/moves", {"action": "resolve"})
    play.refused(
        409,
        "closing now",
        lambda: play.stage.ada.post(f"{play.path}/moves", {"action": "close"}),
    )
    _complete_the_rest(play)
    play.say_what_changed()
    closed = play.stage.ada.post(f"{play.path}/moves", {"action": "close"})
    expect("the status at the end", closed["status"], "closed")
    play.teller.say(duty.brief(play.duties()))
    play.teller.say(incident.shown(closed))
    play.teller.look(f"tocsin incident timeline {play.number}")


def _complete_the_rest(play: Play) -> None:
    for _ in range(10):  # each may open others
        tasks = play.stage.ada.get(f"{play.path}/tasks")
        found = [one for one in tasks if one["status"] in _OPEN and one["mandatory"]]
        if not found:
            return
        for one in found:
            complete(play, one["step"], "")
    raise Broken("the playbook never ends")


def keep_register(play: Play) -> None:
    """The register of breaches that laws ask for, on paper; and alarms for what is still open."""
    play.teller.step("The register of breaches, for whoever may ask; and what still rings")
    found = play.stage.eve.get("/register.json")
    play.teller.say(register.listed({"items": [_in_short(one) for one in found["items"]]}))
    paper = play.stage.output / "register.pdf"
    size = play.stage.eve.download("/register.pdf", paper)
    play.teller.say(Text(f"{paper}  {size:,} bytes", "dim"))
    health = play.stage.ada.get("/health")  # 503 if an open duty has no alarm, or one is late
    expect("the health", health["status"], "ok")
    still = sum(one["status"] == "open" for one in play.duties())
    play.teller.say(
        Text(f"Health is ok: each open duty has its next alarm ({still} here), none late.", "green")
    )
    play.teller.look(f"tocsin register show --pdf {paper}")


def _in_short(one: dict[str, Any]) -> dict[str, Any]:
    """A breach of which no authority was told: the reasons that lie in its risk, and no others."""
    reasons = [] if one["authority_notified"] else one["not_notified_because"]
    return {**one, "not_notified_because": [why for why in reasons if "risk is" in why][:1]}


def verify(play: Play) -> None:
    """An auditor exports the trail; a verifier without server or database checks it."""
    play.teller.step("Eve, an auditor, takes the trail home and verifies it there")
    bundle = play.stage.output / "audit.jsonl"
    size = play.stage.eve.download("/audit/exports", bundle, method="POST")
    play.teller.say(Text(f"exported {size:,} bytes", "dim"))
    sound = _verified(str(bundle))
    expect("the verifier's exit code", sound.returncode, 0)
    play.teller.say(Text(sound.stdout.strip().splitlines()[0], "green"))
    forged = play.stage.output / "audit-forged.jsonl"
    text = bundle.read_text(encoding="utf-8")
    forged.write_text(text.replace('"personal_data_leak"', '"misdirected_email"', 1), "utf-8")
    caught = _verified(str(forged))
    expect("the verifier's exit code on a forged trail", caught.returncode, 1)
    play.teller.say(Text(f"one word changed: {caught.stdout.strip().splitlines()[0]}", "red"))
    play.teller.look(f"tocsin audit verify {bundle}")


def _verified(path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "incidents.audit.verifier", path],
        capture_output=True,
        text=True,
        check=False,
    )

"""The encore: a drill of another breach, three days on a clock of its own in seconds."""

from __future__ import annotations

import json
import subprocess
import sys

from rich.text import Text

from incidents.cli.demo.play import Play
from incidents.cli.demo.stage import Broken, expect
from notifiers.fake.ledger import read

_SCENARIO, _PEOPLE = "leaked-survey-export", 200


def rehearse(play: Play) -> None:
    """Play a scenario through the same code; its messages reach a sandbox and nobody else."""
    play.teller.step(f"A drill: {_SCENARIO}, {_PEOPLE} invented people, on a clock of its own")
    before = _taken(play)
    command = ["drill", "run", _SCENARIO, "--people", str(_PEOPLE)]
    with play.teller.waiting("Playing the drill"):
        done = subprocess.run(  # noqa: S603  our own module
            [sys.executable, "-m", "incidents.cli.main", *command],
            env=play.stage.environment | {"COLUMNS": str(play.teller.width)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise Broken(f"the drill did not end well: {done.stderr.strip()[-500:]}")
    play.teller.say(Text(done.stdout.rstrip()))
    expect("what the providers took since the drill began", _taken(play), before)
    play.teller.say(Text("The providers' ledgers did not grow by one message.", "green"))
    found = play.stage.ada.get("/drills")["items"][0]
    score = play.stage.ada.get(f"/drills/{found['id']}")
    kept = play.stage.output / "drill-score.json"
    kept.write_text(json.dumps(score, ensure_ascii=False, indent=2), encoding="utf-8")
    play.teller.look(f"tocsin drill outbox --person 1    {kept}")


def _taken(play: Play) -> int:
    """How many messages the providers took; but for alarms of live incidents, which ring on."""
    team = play.stage.addresses
    return sum(one.people[0][0] not in team for one in read(play.stage.providers.ledger_path))

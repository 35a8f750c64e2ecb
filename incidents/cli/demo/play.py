"""What every act of the demo holds: the stage, the teller, the incident, and what is owed now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from incidents.cli import duty
from incidents.cli.demo.stage import Broken, Stage
from incidents.cli.demo.teller import Teller
from incidents.client import Refused

Rows = list[dict[str, Any]]


@dataclass
class Play:
    """The demo on its way."""

    stage: Stage
    teller: Teller
    people: int
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    incident: dict[str, Any] = field(default_factory=dict)
    notice: dict[str, Any] = field(default_factory=dict)
    campaign: dict[str, Any] = field(default_factory=dict)
    _duties: Rows = field(default_factory=list)

    @property
    def path(self) -> str:
        """Where the incident stands in the API."""
        return f"/incidents/{self.incident['id']}"

    @property
    def number(self) -> str:
        """What people call it."""
        return str(self.incident["number"])

    def moment(self) -> str:
        """Now, as the API takes it."""
        return datetime.now(UTC).isoformat()

    def duties(self) -> Rows:
        """What is owed now."""
        found: Rows = self.stage.ada.get(f"{self.path}/duties")
        return found

    def say_what_changed(self) -> None:
        """Tell what became of the duties since it was last told."""
        before, self._duties = self._duties, self.duties()
        if changes := duty.changed(before, self._duties):
            self.teller.say(duty.difference(changes))

    def remember_duties(self) -> None:
        """From here on, changes are told."""
        self._duties = self.duties()

    def refused(self, status: int, what: str, ask: Callable[[], Any]) -> Refused:
        """Ask for something that must be refused, and tell why it was."""
        try:
            ask()
        except Refused as refusal:
            if refusal.answered != status:
                raise
            told = Text.assemble((f"refused {status}  ", "red"), what, (": ", "dim"))
            told.append(refusal.detail, "italic")
            self.teller.say(told)
            for problem in refusal.problems[:3]:
                self.teller.say(
                    Text(f"             {problem.field}: {problem.why}; {problem.mend}", "dim")
                )
            return refusal
        raise Broken(f"this should have been refused, and was not: {what}")

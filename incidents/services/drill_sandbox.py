"""The sandbox of a drill, with the trouble that its scenario asks for.

It is the only courier that a drill ever holds. What the scenario calls a fault happens here:
some calls are turned down, some are taken without an answer, some receipts come late or twice.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from incidents.clock import Clock
from notifiers.courier import AttemptQuery
from notifiers.envelope import Envelope, Finding, FindingKind, Outcome, Receipt
from notifiers.errors import Ambiguous, Unavailable
from notifiers.providers.sandbox import Sandbox
from playbooks.scenario import Fault

RETRY_AFTER_SECONDS = 30.0
LATE = timedelta(hours=6)
# Taken, but the answer is lost: its receipts come, since the provider knows nothing of that.
_LOST_ANSWER = {"error_after", "hang_after", "reset_after"}
_NEVER_TAKEN = {"error_before", "hang_before", "reset_before"}


class DrillSandbox(Sandbox):
    """A sandbox in trouble: which call meets which fault follows from the seed alone.

    start  of the drill, by its own clock; faults come so long after it
    """

    def __init__(
        self, faults: Sequence[Fault], clock: Clock, start: datetime, seed: int = 0
    ) -> None:
        super().__init__()
        self._faults, self._clock, self._start, self._seed = faults, clock, start, seed
        self._calls: Counter[str] = Counter()
        self._taken: set[str] = set()
        self._owed: list[Receipt] = []

    async def send(self, envelope: Envelope, body: bytes) -> Outcome:
        """As the sandbox answers, unless a fault of the scenario strikes this call."""
        await asyncio.sleep(0)
        self._calls[envelope.id] += 1
        fault = self._strikes(envelope, "send")
        if fault == "too_many":
            raise Unavailable("429: too many requests", RETRY_AFTER_SECONDS)
        if fault in _NEVER_TAKEN:
            raise Ambiguous(f"drill: {fault}")
        outcome = await super().send(envelope, body)
        self._taken.add(envelope.attempt)
        if fault in _LOST_ANSWER:
            self._owed += super().heard(envelope, self._clock.now() + timedelta(minutes=15))
            raise Ambiguous(f"drill: {fault}")
        return outcome

    async def look_up(self, query: AttemptQuery) -> Finding:
        """What this sandbox took is found; what it did not is absent."""
        if query.attempt in self._taken:
            return Finding(FindingKind.FOUND, f"{self.name}-{query.attempt}", "the sandbox took it")
        return Finding(FindingKind.ABSENT, evidence="the sandbox never took it")

    def heard(self, envelope: Envelope, at: datetime) -> list[Receipt]:
        """What is heard at once; late receipts and second copies are owed until `due`."""
        receipts = super().heard(envelope, at)
        fault = self._strikes(envelope, "hear")
        if fault == "late":
            self._owed += super().heard(envelope, at + LATE)
            return []
        if fault == "doubled":
            self._owed += receipts
        return receipts

    def due(self) -> list[Receipt]:
        """The owed receipts whose time has come; each is given once."""
        now = self._clock.now()
        come = [receipt for receipt in self._owed if receipt.at <= now]
        self._owed = [receipt for receipt in self._owed if receipt.at > now]
        return come

    def next_due(self) -> datetime | None:
        """When the next receipt is owed, if any is."""
        return min((receipt.at for receipt in self._owed), default=None)

    def _strikes(self, envelope: Envelope, when: str) -> str:
        """The fault that this call meets; '' for none."""
        ordinal = envelope.id.rpartition(".")[2]
        try_ = self._calls[envelope.id]
        rng = Random(f"{self._seed}.{when}.{ordinal}.{try_}")  # noqa: S311 repeatable, not secret
        hears = when == "hear"
        for fault in self._faults:
            is_asked = (fault.fault in {"late", "doubled"}) == hears
            meant = is_asked and fault.channel == envelope.channel.value and self._is_on(fault)
            if meant and rng.random() < fault.share:
                return fault.fault
        return ""

    def _is_on(self, fault: Fault) -> bool:
        since = self._clock.now() - self._start
        return since >= fault.after and (fault.lasts is None or since < fault.after + fault.lasts)

"""The knobs of the provider fake: what goes wrong, how often, and when receipts come."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Fault(StrEnum):
    """What may happen to one request; `after` means after it was accepted and written down."""

    NONE = "none"
    TOO_MANY = "too_many"
    ERROR_BEFORE = "error_before"
    ERROR_AFTER = "error_after"
    HANG_BEFORE = "hang_before"
    HANG_AFTER = "hang_after"
    RESET_BEFORE = "reset_before"
    RESET_AFTER = "reset_after"

    @property
    def after(self) -> bool:
        """Whether the request was accepted all the same."""
        return self in {Fault.ERROR_AFTER, Fault.HANG_AFTER, Fault.RESET_AFTER}


class Faults(BaseModel):
    """Shares of requests that meet each fault, and how receipts are told.

    next                 faults of the coming requests, one each, before any share is drawn
    retry_after_seconds  what a 429 asks for
    latency_seconds      before each answer
    listing_lag_seconds  how long after its acceptance a message stays out of every listing
    receipts             whether any are posted
    receipt_delay_seconds, late, late_seconds   when; `late` is a share of messages
    doubled              share of receipts posted twice
    shuffled             whether each batch is in disorder
    forged               share of receipt posts signed with a wrong key (never posted again)
    due_seconds          mail that is to go later is due so long after it was taken, whatever
                         its `send_at` says; not given: as it says
    cancel_seconds       until how long before it is due it can be cancelled
    key_seconds          how long an idempotency key is remembered
    key_busy_seconds     how long after its acceptance a repeat under the same key is answered 409,
                         in progress
    most_per_second      requests beyond this rate are answered 429, by provider; a second's worth
                         may come at once
    bounce_share         share of addresses, always the same ones, that bounce besides the rules
    """

    model_config = ConfigDict(extra="forbid")

    next: list[Fault] = []
    too_many: Share = 0
    error_before: Share = 0
    error_after: Share = 0
    hang_before: Share = 0
    hang_after: Share = 0
    reset_before: Share = 0
    reset_after: Share = 0
    retry_after_seconds: Seconds = 1
    hang_seconds: Seconds = 120
    latency_seconds: Seconds = 0
    listing_lag_seconds: Seconds = 0
    receipts: bool = True
    receipt_delay_seconds: Seconds = 0
    late: Share = 0
    late_seconds: Seconds = 60
    doubled: Share = 0
    shuffled: bool = False
    forged: Share = 0
    bounce_share: Share = 0
    due_seconds: Seconds | None = None
    cancel_seconds: Seconds = 600
    key_seconds: Seconds = 86_400
    key_busy_seconds: Seconds = 0
    most_per_second: dict[str, Annotated[float, Field(gt=0)]] = {}
    seed: int = 0


_DRAWN = [fault for fault in Fault if fault is not Fault.NONE]


class Dice:
    """Draws faults; the same seed and requests draw the same."""

    def __init__(self, faults: Faults) -> None:
        self.set(faults)

    def set(self, faults: Faults) -> None:
        """Take new knobs and begin their seed."""
        self.faults = faults
        # Repeatable on purpose; nothing here is secret.
        self._random = random.Random(faults.seed)  # noqa: S311
        self._shares = [(fault, float(getattr(faults, fault.value))) for fault in _DRAWN]
        self._calm = not any(share for _, share in self._shares)
        self._allowed = {
            provider: (rate, time.monotonic()) for provider, rate in faults.most_per_second.items()
        }

    def fault(self) -> Fault:
        """What happens to the next request."""
        if self.faults.next:
            return self.faults.next.pop(0)
        if self._calm:
            return Fault.NONE
        point = self._random.random()
        for fault, share in self._shares:
            point -= share
            if point < 0:
                return fault
        return Fault.NONE

    def is_too_fast(self, provider: str) -> bool:
        """Whether one more request now is beyond the provider's rate."""
        if provider not in self._allowed:
            return False
        (left, since), now = self._allowed[provider], time.monotonic()
        rate = self.faults.most_per_second[provider]
        left = min(rate, left + (now - since) * rate)
        self._allowed[provider] = (left - 1 if left >= 1 else left, now)
        return left < 1

    def happens(self, share: float) -> bool:
        """True in this share of calls."""
        return share > 0 and self._random.random() < share

    def shuffle(self, things: list[dict[str, object]]) -> None:
        """Put in disorder, in place."""
        self._random.shuffle(things)

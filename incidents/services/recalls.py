"""Calls that can be called back: due a while later, under an id that the provider gave before.

For small campaigns of which no doubt may be left: what may have left is cancelled before it is
due, and sent again. It costs everybody the wait, and a provider bears few cancellations at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from incidents.database.campaigns import Attempt
from incidents.errors import InvalidInput, Problem
from incidents.rules.ladder import CANCELLABLE_CALLS, CANCELS, people_per_envelope
from incidents.work import Work
from notifiers.courier import Courier
from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, Recall

# Between our last try to cancel and the provider's last moment: for the call, and for clocks.
MARGIN = timedelta(seconds=30)


def check(work: Work, routes: Mapping[str, Sequence[Mapping[str, Any]]], people: int) -> None:
    """Refuse a launch that could not keep what `recallable` says. Raises InvalidInput."""
    rungs = [{lane["provider"] for lane in lanes} for lanes in routes.values()]
    able = [names for names in rungs if names & CANCELS]
    if not able:
        raise _refused("nobody on the ladder can call a message back", "carry e-mail by sendgrid")
    if others := sorted(set().union(*able) - CANCELS):
        raise _refused(f"{', '.join(others)} calls nothing back", "leave it out")
    for name in sorted(set().union(*able)):
        calls = -(-people // people_per_envelope(name, work.settings.people_per_envelope))
        if calls > CANCELLABLE_CALLS:
            mend = "launch without: receipts and records settle most of what is in doubt"
            why = f"{people:,} people take {calls} calls, over {CANCELLABLE_CALLS}"
            raise _refused(why, mend)


def with_recalls(
    dispatch: Dispatch, envelopes: Sequence[Envelope], providers: Sequence[str], now: datetime
) -> list[Envelope]:
    """The same, each with a batch of its own where its courier can cancel one.

    A batch without an id is one that could not be got: such an envelope must not leave.
    """
    able = {name: _declared(dispatch.couriers.get(name)) for name in set(providers)}
    asked = [name for name in providers if able[name]]
    batches = iter(dispatch.new_batches(asked))
    due = {name: (now + span).replace(microsecond=0) for name, span in able.items() if span}
    return [
        replace(one, recall=Recall(next(batches), due[name])) if name in due else one
        for one, name in zip(envelopes, providers, strict=True)
    ]


def may_cancel(attempt: Attempt, courier: Courier, now: datetime) -> bool:
    """Whether there is time left to cancel it."""
    cancels = courier.capabilities.cancels
    if not attempt.batch_id or attempt.due_at is None or cancels is None:
        return False
    return now < attempt.due_at - timedelta(seconds=cancels.until_seconds) - MARGIN


def _declared(courier: Courier | None) -> timedelta | None:
    cancels = courier.capabilities.cancels if courier else None
    return timedelta(seconds=cancels.due_seconds) if cancels else None


def _refused(why: str, mend: str) -> InvalidInput:
    return InvalidInput(
        f"this campaign cannot be recallable: {why}", Problem("recallable", why, mend)
    )

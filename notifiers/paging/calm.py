"""From what a provider did to what became of a page: every end is an answer, none an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from notifiers.dispatch import outcome_of
from notifiers.envelope import Outcome, OutcomeKind
from notifiers.errors import NotifierError
from notifiers.paging import Contact, Page, Paged

Ask = Callable[[], Coroutine[Any, Any, Outcome]]


def paged(
    channel: str, to: Contact, page: Page, address: str, ask: Ask, within_seconds: float
) -> Paged:
    """Ask a provider once, in a loop of its own, and tell what became of it.

    A drill pages nobody, whoever asks: only the sandbox takes its pages.
    """
    if page.drill:
        return Paged(channel, "refused", "a drill reaches nobody")
    if not address:
        return Paged(channel, "no_address", "")
    outcome = _asked(ask, within_seconds)
    return Paged(channel, _word(outcome), _detail(outcome, to))


def _asked(ask: Ask, within_seconds: float) -> Outcome:
    # Not `asyncio.run`: its end waits for a name look-up that hangs, and so would whoever is next.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(asyncio.wait_for(ask(), within_seconds))
    except NotifierError as error:
        return outcome_of(error)
    except TimeoutError:
        return Outcome(OutcomeKind.UNKNOWN, reason=f"no answer in {within_seconds:g} s")
    except Exception as error:  # noqa: BLE001 the next channel must ring whatever is wrong here
        return Outcome(OutcomeKind.UNKNOWN, reason=f"failed: {type(error).__name__}")
    finally:
        loop.close()


def _word(outcome: Outcome) -> Any:
    words = {OutcomeKind.ACCEPTED: "accepted", OutcomeKind.UNKNOWN: "unknown"}
    return words.get(outcome.kind, "refused")


def _detail(outcome: Outcome, to: Contact) -> str:
    told = outcome.reason or outcome.provider_ref
    for personal in (to.email, to.phone, to.name):
        told = told.replace(personal, "***") if personal else told
    return told[:300]

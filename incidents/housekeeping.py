"""What every process looks after: alarms, the audit trail, reviews, and what was left behind."""

from __future__ import annotations

from datetime import timedelta

import structlog

from incidents.audit.checkpoints import checkpoint
from incidents.audit.sequencer import sequence
from incidents.database.audit_tree import pending_count
from incidents.database.holds import holds_that_end
from incidents.database.incidents import incidents_to_review
from incidents.office import anchor, signing_key
from incidents.services import (
    alarms,
    barring,
    holds,
    idempotency,
    letters,
    population,
    proofs,
    review,
    suppressions,
)
from incidents.sweep import Part
from incidents.vault.signing import SigningKey
from incidents.wiring import pagers_for
from incidents.work import TOCSIN, Office
from notifiers.envelope import Mode

log = structlog.get_logger(__name__)

_REVIEWS_AT_ONCE = 100
_CHECKPOINT_SECONDS = 10.0
_ALARM_SECONDS = 3.0
_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = timedelta(hours=1).total_seconds()


def alarm_parts(office: Office) -> dict[str, Part]:
    """The parts that ring alarms: in a thread of their own, so that nothing else delays them."""
    pagers = {mode.value: pagers_for(office.settings, mode.value) for mode in Mode}
    return {
        "alarms": Part(lambda: alarms.ring_due(office, pagers.__getitem__), _ALARM_SECONDS),
        "duties without alarm": Part(lambda: mend_alarms(office), _MINUTE_SECONDS / 4),
    }


def proof_parts(office: Office) -> dict[str, Part]:
    """The part that proves what campaigns did: in a thread of its own, since it may take long."""
    signer = signing_key(office.settings)
    return {"proofs": Part(lambda: proofs.make_due(office, signer))}


def house_parts(office: Office) -> dict[str, Part]:
    """The parts of the sweep of every process, by name."""
    signer = signing_key(office.settings)
    return {
        "reviews": Part(lambda: review_due(office)),
        "holds": Part(lambda: end_holds(office), _MINUTE_SECONDS / 4),
        "suppressions": Part(lambda: end_suppressions(office), _MINUTE_SECONDS / 4),
        "silent imports": Part(lambda: end_silent_imports(office), _MINUTE_SECONDS),
        "letters": Part(lambda: letters.collect(office), _MINUTE_SECONDS / 4),
        "idempotency keys": Part(lambda: forget_keys(office), _HOUR_SECONDS),
        # Last: the others leave entries.
        "audit sequence": Part(lambda: place_entries(office)),
        "audit checkpoint": Part(lambda: sign_head(office, signer), _CHECKPOINT_SECONDS),
    }


def place_entries(office: Office) -> None:
    """Give the audit entries that wait their places in the tree."""
    with office.look(TOCSIN) as work:
        if not pending_count(work.session):
            return
    placed = 1
    while placed:
        with office.work(TOCSIN) as work:
            placed = sequence(work.session)


def sign_head(office: Office, signer: SigningKey) -> None:
    """Sign the tree as it stands, and keep its head outside the database."""
    with office.work(TOCSIN) as work:
        kept = checkpoint(work.session, signer, work.now)
    if kept is not None:
        anchor(office.settings).keep(kept)


def review_due(office: Office) -> None:
    """Look again at incidents where something changed and no bell was heard."""
    with office.look(TOCSIN) as work:
        due = incidents_to_review(work.session, _REVIEWS_AT_ONCE)
    for incident_id in due:
        try:
            with office.work(TOCSIN) as work:
                review.review(work, incident_id)
        except Exception:
            # The others must not wait behind it; the next look tries it again.
            log.exception("a review failed", incident=str(incident_id))


def mend_alarms(office: Office) -> None:
    """Every open duty has a next alarm; one that has none is given one, with a shout."""
    with office.look(TOCSIN) as work:
        if not alarms.uncovered(work):
            return
    with office.work(TOCSIN) as work:
        alarms.mend(work)


def end_holds(office: Office) -> None:
    """Let clocks run again whose hold is over."""
    with office.look(TOCSIN) as work:
        if not holds_that_end(work.session, work.now):
            return
    with office.work(TOCSIN) as work:
        holds.expire(work)


def end_suppressions(office: Office) -> None:
    """Lift opt-outs whose time is over; bring to people what lists and providers said."""
    with office.work(TOCSIN) as work:
        suppressions.expire(work)
    barring.settle_waiting(office)


def end_silent_imports(office: Office) -> None:
    """Take back what an import left whose process died: a population is never half there."""
    with office.work(TOCSIN) as work:
        population.fail_stale(work)


def forget_keys(office: Office) -> None:
    """Drop idempotency keys that are too old to matter."""
    with office.work(TOCSIN) as work:
        idempotency.forget_old(work)

"""Telephone calls: made again when nobody answered, and what the line hears when it asks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from incidents.database import calls as rows
from incidents.database import leases, receipts
from incidents.database.campaigns import Attempt, Campaign, Envelope
from incidents.database.receipts import Kept
from incidents.errors import NotFound
from incidents.rules.calls import call_again_at
from incidents.rules.permissions import Permission
from incidents.rules.vocabulary import vocabulary
from incidents.services import ladder, planning, quiet
from incidents.services.opening import open_envelopes
from incidents.work import Work, require
from notifiers.envelope import Envelope as Sealed
from notifiers.envelope import ReceiptKind

UNANSWERED, DELIVERED = ReceiptKind.UNANSWERED.value, ReceiptKind.DELIVERED.value


def after_receipts(work: Work, campaign: Campaign, folded: Iterable[Kept]) -> None:
    """Receipts were folded in: who confirmed is called no more, who did not answer is, again.

    The caller holds the campaign, which some of them tell of.
    """
    if "call" not in campaign.ladder:
        return
    said = [one for one in folded if one.campaign_id == campaign.id]
    heard = [one.recipient_id for one in said if one.kind == DELIVERED]
    if heard:
        rows.call_no_more(work.session, campaign.id, heard)
    silent = {one.attempt_id: one.code for one in said if one.kind == UNANSWERED}
    if silent and campaign.status != "stopped":
        _answer_silence(work, campaign, silent)


def _answer_silence(work: Work, campaign: Campaign, silent: Mapping[UUID, str]) -> None:
    again: dict[datetime, list[int]] = defaultdict(list)
    lost: dict[int, list[UUID]] = defaultdict(list)
    for one in rows.unanswered(work.session, campaign.id, list(silent)):
        at = call_again_at(one.calls, work.now)
        if at is None:
            lost[one.rung].append(one.recipient_id)
        else:
            again[at].append(one.ordinal)
    for at, ordinals in again.items():
        rows.call_again(work.session, campaign.id, ordinals, at)
        quiet.keep(work, campaign, ordinals)
    if again:
        planning.rejoin(work, campaign, "unanswered")
    for rung, people in lost.items():
        _give_up(work, campaign, rung, people)


def _give_up(work: Work, campaign: Campaign, rung: int, people: Sequence[UUID]) -> None:
    # Of the lowest rank: a key that is told of late still counts.
    rank, reason = ReceiptKind.UNANSWERED.rank, "nobody answered"
    leaving = receipts.fail(
        work.session, campaign.id, rung, people, rank=rank, reason=reason, now=work.now
    )
    ladder.move_on(work, campaign, leaving)


def opened_again(work: Work, attempt_id: str) -> Sealed:
    """The envelope of a call, as that attempt carried it: for words that are asked for again."""
    require(work.actor, Permission.WORK_UNSEEN)
    try:
        attempt = work.session.get(Attempt, UUID(hex=attempt_id))
    except ValueError:
        attempt = None
    if attempt is None or attempt.provider != "twilio_voice":
        raise NotFound("no such call")
    envelope = work.session.get_one(Envelope, (attempt.campaign_id, attempt.ordinal))
    lease = leases.lease_of(envelope, attempt.epoch)
    return open_envelopes(work, [lease], [attempt.id])[0]


def thanks(locale: str) -> str:
    """What whoever confirmed a call hears before it ends."""
    return str(vocabulary(locale)["call"]["thanks"])

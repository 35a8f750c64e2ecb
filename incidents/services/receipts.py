"""What providers say later, taken in: verified, kept once, folded into people's rows.

In any order, doubled, late or early: what stands is the strongest thing ever said of a person
on a rung. Failures for good move people on; `delivered` that comes late takes them back.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from uuid import UUID

import orjson

from incidents import failpoints
from incidents.audit import log as audit
from incidents.audit.merkle import leaf_hash, root_of
from incidents.database import outcomes
from incidents.database import receipts as rows
from incidents.database.campaigns import Campaign, locked_campaign, mark_for_review
from incidents.database.outcomes import Result
from incidents.database.receipts import Kept
from incidents.rules.permissions import Permission
from incidents.services import calls, campaign_trail, hearsay, ladder, proofs
from incidents.services.opening import person_of
from incidents.work import Work, require
from notifiers.courier import Courier, RawRequest
from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, Receipt, ReceiptKind
from notifiers.errors import BadSignature, MalformedReceipt
from notifiers.providers.sandbox import Sandbox

Place = tuple[UUID, int]  # campaign and rung
MOST_AT_ONCE = 20_000

_KINDS = {kind: (kind.value, kind.rank, kind.permanent) for kind in ReceiptKind}
_ECHOES = {kind.value for kind in ReceiptKind if kind.proves_acceptance}
_SETTLES = ReceiptKind.DELIVERED.rank


def take_in(
    work: Work, courier: Courier, requests: Sequence[RawRequest]
) -> list[int | BadSignature | MalformedReceipt]:
    """Take in webhook calls of a provider: how many receipts of each were new, or why it is none.

    One that is none changes nothing, and does not stop the others.
    """
    require(work.actor, Permission.WORK_UNSEEN)
    heard = [_heard(courier, request) for request in requests]
    new = _keep(
        work, courier.name, [one for some in heard if isinstance(some, list) for one in some]
    )
    taken: list[int | BadSignature | MalformedReceipt] = []
    for some in heard:
        if isinstance(some, list):
            left = len(new)
            new.difference_update(map(_key, some))
            taken.append(left - len(new))
        else:
            taken.append(some)
    return taken


def fold(work: Work, provider: str, receipts: Iterable[Receipt]) -> int:
    """Keep receipts that are verified and fold the new ones; gives how many were new."""
    return len(_keep(work, provider, list(receipts)))


def _heard(
    courier: Courier, request: RawRequest
) -> list[Receipt] | BadSignature | MalformedReceipt:
    try:
        return courier.parse_receipts(request)
    except (BadSignature, MalformedReceipt) as error:
        return error


def _keep(work: Work, provider: str, given: Sequence[Receipt]) -> set[str]:
    """Fold the new ones of these; gives their keys."""
    new: set[str] = set()
    for at in range(0, len(given), MOST_AT_ONCE):
        new |= _fold(work, provider, given[at : at + MOST_AT_ONCE])
    return new


def _fold(work: Work, provider: str, receipts: Sequence[Receipt]) -> set[str]:
    attempts = {text: _uuid(text) for text in {receipt.attempt for receipt in receipts}}
    ids = {attempt for attempt in attempts.values() if attempt}
    behind = rows.behind(work.session, ids) if ids else {}
    given = _kept(work, receipts, attempts, behind)
    new_keys = rows.keep_new(work.session, given)
    all_new = len(new_keys) == len(given)
    new = given if all_new else [one for one in given if one.dedupe_key in new_keys]
    if new:
        _fold_new(work, new, {attempt for attempt, one in behind.items() if one.is_open})
        hearsay.close_addresses(work, provider, new)
        _tell(work, provider, new)
        failpoints.reach("folding")
    return new_keys


def _key(receipt: Receipt) -> str:
    return receipt.dedupe_key[:200]


def rehearse(work: Work, dispatch: Dispatch, accepted: Iterable[tuple[str, Envelope]]) -> None:
    """The sandbox posts no webhooks: what would be heard of accepted envelopes is heard at once."""
    heard: dict[str, list[Receipt]] = defaultdict(list)
    for provider, envelope in accepted:
        courier = dispatch.couriers.get(provider)
        if isinstance(courier, Sandbox):
            heard[courier.name] += courier.heard(envelope, work.now)
    for name, receipts in heard.items():
        fold(work, name, receipts)


def _kept(
    work: Work,
    receipts: Iterable[Receipt],
    attempts: Mapping[str, UUID | None],
    behind: Mapping[UUID, rows.Behind],
) -> list[Kept]:
    """What is kept of each of these, once; of one attempt and one person much is said."""
    given = {_key(receipt): receipt for receipt in receipts}
    people = {ref: person_of(ref) for ref in {one.person_ref for one in given.values()}}
    who = {ref: person or (None, None) for ref, person in people.items()}
    known = {attempt: one.campaign_id for attempt, one in behind.items()}
    what = {text: (attempt and known.get(attempt), attempt) for text, attempt in attempts.items()}
    make, now = Kept._make, work.now
    return [
        make((key, by, *what[attempt], *who[person], *_KINDS[kind], code[:100], ref[:200], at, now))
        for key, (_, attempt, person, kind, at, by, ref, code) in given.items()
    ]


def _fold_new(work: Work, new: Sequence[Kept], still_open: Set[UUID]) -> None:
    ours = [one for one in new if one.campaign_id and one.recipient_id]
    campaigns = {
        campaign_id: locked_campaign(work.session, campaign_id)
        for campaign_id in sorted({one.campaign_id for one in ours})
    }
    if still_open:
        _accept_by_echo(work, [one for one in ours if one.attempt_id in still_open])
    for (campaign_id, rung), said in _strongest(ours).items():
        campaign = campaigns[campaign_id]
        if campaign is not None:
            _deliver(work, campaign, rung, said)
            _fail(work, campaign, rung, said)
    for campaign in filter(None, campaigns.values()):
        calls.after_receipts(work, campaign, ours)
    _look_again(work, [one for one in campaigns.values() if one and one.finished_at])


def _look_again(work: Work, finished: Sequence[Campaign]) -> None:
    """Campaigns that wait for nothing any more are proved and judged by what came since."""
    if not finished:
        return
    if stale := [campaign.id for campaign in finished if campaign.proof_due_at is None]:
        proofs.renew_later(work, stale)
    for incident_id in {campaign.incident_id for campaign in finished}:
        if mark_for_review(work.session, incident_id):
            work.ring("incidents.review", incident_id)


def _accept_by_echo(work: Work, ours: Sequence[Kept]) -> None:
    """A provider that says anything of an attempt had accepted it: the whole of it."""
    telling = {said.attempt_id: said for said in ours if said.kind in _ECHOES}
    open_ones = rows.not_yet_accepted(work.session, telling) if telling else []
    results = [
        Result(
            attempt_id=one.id,
            campaign_id=one.campaign_id,
            ordinal=one.ordinal,
            epoch=one.epoch,
            outcome="accepted",
            next_at=work.now,
            provider_ref=telling[one.id].provider_ref,
            sha256=one.sha256,
            evidence={"by": "echo", "receipt": telling[one.id].dedupe_key},
        )
        for one in open_ones
    ]
    for result in outcomes.record(work.session, results, work.now):
        _tell_resolved(work, result)


def _strongest(ours: Iterable[Kept]) -> dict[Place, dict[UUID, Kept]]:
    """The strongest new statement on each person and rung, of those that settle something."""
    places: dict[Place, dict[UUID, Kept]] = defaultdict(dict)
    for one in ours:
        if one.rank < _SETTLES:
            continue
        said = places[one.campaign_id, one.rung]
        before = said.setdefault(one.recipient_id, one)
        if before.rank < one.rank:
            said[one.recipient_id] = one
    return places


def _deliver(work: Work, campaign: Campaign, rung: int, said: Mapping[UUID, Kept]) -> None:
    people = [person for person, one in said.items() if not one.permanent]
    if people:
        late = rows.deliver(work.session, campaign.id, rung, people, _SETTLES, work.now)
        if late:
            rows.stand_again(work.session, campaign.id, rung, late, work.now)


def _fail(work: Work, campaign: Campaign, rung: int, said: Mapping[UUID, Kept]) -> None:
    reasons: dict[tuple[int, str], list[UUID]] = defaultdict(list)
    for person, one in said.items():
        if one.permanent:
            reasons[one.rank, f"{one.kind} {one.code}".strip()].append(person)
    leaving: list[UUID] = []
    for (rank, reason), people in reasons.items():
        leaving += rows.fail(
            work.session, campaign.id, rung, people, rank=rank, reason=reason, now=work.now
        )
    ladder.move_on(work, campaign, leaving)


def _tell(work: Work, provider: str, new: Sequence[Kept]) -> None:
    leaves = [leaf_hash(orjson.dumps((one.dedupe_key, one.kind, one.at))) for one in new]
    audit.record(
        work,
        "receipts.fold",
        courier=provider,
        count=len(new),
        root=root_of(leaves).hex(),
        outcomes=Counter(one.kind for one in new),
    )


def _tell_resolved(work: Work, result: Result) -> None:
    campaign = work.session.get_one(Campaign, result.campaign_id)
    campaign_trail.record(
        work,
        campaign,
        "unknown.resolve",
        campaign_id=campaign.id,
        attempt_id=result.attempt_id,
        by=str(result.evidence["by"]),
        after="accepted",
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None

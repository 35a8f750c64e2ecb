"""What is on record of each breach: facts, duties with proofs and deciders, judgements, holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from incidents.database.assessments import assessments_of
from incidents.database.duties import Duty, Evidence, changes_of, duties_of, standing_evidence
from incidents.database.holds import holds_of
from incidents.database.incidents import Incident, current_facts
from incidents.database.users import all_users
from incidents.rules.catalogue import Catalogue
from incidents.rules.duties import AssessedDuty, assess
from incidents.rules.permissions import Permission
from incidents.rules.register import Assessed, Breach, OnRecord
from incidents.rules.register_words import plain, said
from incidents.services import facts, law_packs
from incidents.work import TOCSIN, Work, require

_BY_RULE = "the rule itself"


def all_on_record(work: Work, *, drills: bool) -> Iterator[Breach]:
    """Every breach, oldest first: live ones, or drills. What was dismissed was none."""
    require(work.actor, Permission.READ_REPORT)
    names = {user.id: user.name for user in all_users(work.session)} | {TOCSIN.id: TOCSIN.name}
    for incident in work.session.scalars(_incidents(work, drills=drills)):
        yield _breach(work, incident, names)


def _incidents(work: Work, *, drills: bool) -> Select[Incident]:
    mode = "drill" if drills or work.actor.drills_only else "live"
    query = select(Incident).where(Incident.mode == mode, Incident.status != "dismissed")
    return query.order_by(Incident.opened_at, Incident.number)


def _breach(work: Work, incident: Incident, names: Mapping[UUID, str]) -> Breach:
    known = facts.known_and_done(work, incident.id)
    kept = current_facts(work.session, incident.id)
    return Breach(
        number=incident.number,
        mode=incident.mode,
        kind=incident.kind,
        title=incident.title,
        status=incident.status,
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
        severity=incident.severity,
        facts=known,
        sources={fact.name: fact.source for fact in kept},
        duties=tuple(_duties(work, incident, known, names)),
        assessments=tuple(_assessed(work, incident.id, names)),
        holds=tuple(_holds(work, incident.id)),
    )


def _duties(
    work: Work, incident: Incident, known: Mapping[str, Any], names: Mapping[UUID, str]
) -> Iterator[OnRecord]:
    catalogue = law_packs.in_use(work)
    proofs = standing_evidence(work.session, incident.id)
    kept = duties_of(work.session, incident.id)
    for duty in kept:
        yield _kept(work, duty, proofs.get(duty.id, []), names, catalogue)
    yield from _never_asked(kept, assess(known, catalogue, work.now), catalogue)


def _kept(
    work: Work,
    duty: Duty,
    proofs: Sequence[Evidence],
    names: Mapping[UUID, str],
    catalogue: Catalogue,
) -> OnRecord:
    done = min((_done_at(proof) for proof in proofs), default=None)
    rule = next((one for one in catalogue.rules if one.id == duty.rule), None)
    return OnRecord(
        law=catalogue.law_of(duty.rule).path if rule else duty.rule,
        rule=duty.rule,
        title=duty.title,
        place=duty.place,
        audience=duty.audience,
        stage=duty.stage,
        authority=duty.authority,
        standing=duty.standing,
        status=duty.status,
        reason=duty.status_reason,
        by=_decider(work, duty, names),
        at=duty.status_at if duty.status != "open" else None,
        due_at=duty.due_at,
        is_target=duty.is_target,
        done_at=done if duty.status == "met" else None,
        proofs=tuple(_proof(proof) for proof in proofs),
        needs=tuple(duty.details.get("missing") or ()),
        source=str(duty.details.get("source") or duty.rule),
        law_version=duty.rule_version,
        excepted=bool(rule) and _excepted(duty.rule, duty.status_reason, catalogue),
    )


def _done_at(proof: Evidence) -> datetime:
    said_at = proof.facts.get("filed_at") or proof.facts.get("published_at")
    return datetime.fromisoformat(said_at) if said_at else proof.at


def _proof(proof: Evidence) -> str:
    shown = {name: value for name, value in proof.facts.items() if name not in {"sha256", "facts"}}
    return ", ".join([plain(proof.kind), *(f"{plain(k)} {v}" for k, v in shown.items())])


def _decider(work: Work, duty: Duty, names: Mapping[UUID, str]) -> str:
    """Who waived it; a duty that ended did so by its rule."""
    if duty.status == "no_longer_owed":
        return _BY_RULE
    if duty.status != "waived":
        return ""
    waivers = [one for one in changes_of(work.session, duty.id) if one.kind == "waive"]
    return names.get(waivers[-1].actor_id, "") if waivers else ""


def _never_asked(
    kept: Sequence[Duty], answers: Iterable[AssessedDuty], catalogue: Catalogue
) -> Iterator[OnRecord]:
    """What the law does not ask, of which no row was kept."""
    rows = {(duty.rule, duty.stage, duty.place) for duty in kept}
    for found in answers:
        if found.status == "not_owed" and (found.rule, found.stage, found.place) not in rows:
            yield _not_asked(found, catalogue)


def _excepted(rule_id: str, reason: str, catalogue: Catalogue) -> bool:
    """Whether an exception of the law gave the reason why something is not owed."""
    exempt = tuple(f"{one.text} ({one.source})" for one in catalogue.rule(rule_id).unless)
    return bool(exempt) and reason.startswith(exempt)


def _not_asked(found: AssessedDuty, catalogue: Catalogue) -> OnRecord:
    reason = "; ".join(found.why_not)
    return OnRecord(
        law=catalogue.law_of(found.rule).path,
        rule=found.rule,
        title=found.title,
        place=found.place,
        audience=found.audience,
        stage=found.stage,
        authority=found.authority or "",
        standing=found.status,
        status="not_owed",
        reason=reason,
        by=_BY_RULE,
        at=None,
        due_at=None,
        is_target=found.is_target,
        done_at=None,
        proofs=(),
        needs=(),
        source=found.source,
        law_version=found.rule_version,
        excepted=_excepted(found.rule, reason, catalogue),
    )


def _assessed(work: Work, incident_id: UUID, names: Mapping[UUID, str]) -> Iterator[Assessed]:
    """The newest judgement by each method, where a person judged."""
    seen: set[str] = set()
    for row in assessments_of(work.session, incident_id):
        if row.method not in seen and row.factors.get("by_hand"):
            judgement = row.factors.get("judgement") or {}
            whys = [one["why"] for one in row.factors["factors"] if _by_person(one)]
            why = "; ".join([reason] if (reason := judgement.get("reason")) else whys)
            yield Assessed(
                row.method, row.level, names.get(row.assessed_by, ""), row.assessed_at, why
            )
        seen.add(row.method)


def _by_person(factor: Any) -> bool:
    return isinstance(factor, Mapping) and factor.get("by") == "person"


def _holds(work: Work, incident_id: UUID) -> Iterator[str]:
    for hold in holds_of(work.session, incident_id):
        covers = ", ".join(hold.covers)
        times = f"{said(hold.starts_at)} to {said(hold.until)}"
        yield f"{hold.office} ({hold.reference}), {times}, {hold.status}: {covers}"

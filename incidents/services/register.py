"""The register of breaches, notified or not, and HIPAA's annual log: read and exported."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, select

from incidents import typesetting
from incidents.audit import log as audit
from incidents.database.assessments import assessments_of
from incidents.database.duties import Duty, Evidence, changes_of, duties_of, standing_evidence
from incidents.database.holds import holds_of
from incidents.database.incidents import Incident, current_facts
from incidents.database.users import all_users
from incidents.rules import catalogue as law
from incidents.rules import hipaa_log as hipaa
from incidents.rules import register, register_sheet
from incidents.rules.drill_mark import mark_line
from incidents.rules.duties import AssessedDuty, assess
from incidents.rules.permissions import Permission
from incidents.rules.register import Assessed, Breach, OnRecord, Row
from incidents.rules.register_words import plain, said
from incidents.services import facts
from incidents.work import TOCSIN, Work, require

Form = Literal["json", "csv", "pdf"]
_BY_RULE = "the rule itself"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which breaches.

    year      in which we became aware, UTC; None: every year
    place     where people live, or whose law was looked at; empty: everywhere
    notified  whether anybody outside was told; None: either
    drills    the drills, and nothing else
    """

    year: int | None = None
    place: str = ""
    notified: bool | None = None
    drills: bool = False


def rows(work: Work, wanted: Wanted) -> list[Row]:
    """The register, oldest first. What was dismissed was no breach, and is not in it."""
    require(work.actor, Permission.READ_REPORT)
    return [row for row in map(register.row, _breaches(work, wanted)) if _fits(row, wanted)]


def export(work: Work, wanted: Wanted, form: Form) -> tuple[list[Row], bytes]:
    """The register in a form that leaves the house; the trail says who took it.

    Gives  its rows, and the file; JSON is left to the door
    """
    found = rows(work, wanted)
    file = _file(work, found, wanted, form)
    _tell(work, "breaches", form, len(found), file, wanted.year, wanted.place)
    return found, file


def hipaa_log(work: Work, year: int, form: Form) -> tuple[hipaa.Log, bytes]:
    """HIPAA's log of a year: live breaches of fewer than 500 people, and when it is due."""
    require(work.actor, Permission.READ_REPORT)
    rule = law.load().rule(hipaa.RULE)
    made = hipaa.hipaa_log(year, _breaches(work, Wanted()), rule)
    file = _log_file(work, made, form)
    _tell(work, "hipaa", form, len(made.breaches), file, year)
    return made, file


def _fits(row: Row, wanted: Wanted) -> bool:
    return (
        (wanted.year is None or row.year == wanted.year)
        and (not wanted.place or register.touches(row, wanted.place))
        and (wanted.notified is None or row.notified == wanted.notified)
    )


def _file(work: Work, found: Sequence[Row], wanted: Wanted, form: Form) -> bytes:
    if form == "json":
        return b""
    if form == "csv":
        return register_sheet.register_csv(found)
    year = f", {wanted.year}" if wanted.year else ""
    title = f"Register of breaches{year}"
    if wanted.drills:
        title = mark_line("en", title)
    head = [
        ("drawn up", said(work.now)),
        ("breaches", f"{len(found)}"),
        ("place", wanted.place),
        ("kept under", "GDPR art. 33(5) and the registers of other laws"),
    ]
    return _print(work, title, head, register_sheet.paper(found))


def _log_file(work: Work, log: hipaa.Log, form: Form) -> bytes:
    if form == "json":
        return b""
    if form == "csv":
        return hipaa.log_csv(log)
    head = [
        ("drawn up", said(work.now)),
        ("breaches", f"{len(log.breaches)}"),
        ("due to the Secretary", said(log.due_at)),
        ("kept under", log.source),
    ]
    title = f"Breaches of fewer than 500 individuals, discovered in {log.year}"
    return _print(work, title, head, hipaa.log_paper(log))


def _print(
    work: Work, title: str, head: Iterable[tuple[str, str]], sections: Sequence[Mapping[str, Any]]
) -> bytes:
    name = work.settings.organisation_name
    shown = [one for one in head if one[1]]
    return typesetting.register_pdf(title, name, work.now.date(), shown, sections)


def _tell(
    work: Work, log: str, form: Form, count: int, file: bytes, year: int | None, place: str = ""
) -> None:
    audit.record(
        work,
        "register.export",
        log=log,
        form=form,
        rows=count,
        year=year,
        place=place or None,
        file=hashlib.sha256(file).hexdigest() if file else None,
    )


# ---- what is on record ----


def _breaches(work: Work, wanted: Wanted) -> Iterator[Breach]:
    names = {user.id: user.name for user in all_users(work.session)} | {TOCSIN.id: TOCSIN.name}
    for incident in work.session.scalars(_incidents(work, wanted)):
        yield _breach(work, incident, names)


def _incidents(work: Work, wanted: Wanted) -> Select[Incident]:
    mode = "drill" if wanted.drills or work.actor.drills_only else "live"
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
    catalogue = law.load()
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
    catalogue: law.Catalogue,
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
    kept: Sequence[Duty], answers: Iterable[AssessedDuty], catalogue: law.Catalogue
) -> Iterator[OnRecord]:
    """What the law does not ask, of which no row was kept."""
    rows = {(duty.rule, duty.stage, duty.place) for duty in kept}
    for found in answers:
        if found.status == "not_owed" and (found.rule, found.stage, found.place) not in rows:
            yield _not_asked(found, catalogue)


def _excepted(rule_id: str, reason: str, catalogue: law.Catalogue) -> bool:
    """Whether an exception of the law gave the reason why something is not owed."""
    exempt = tuple(f"{one.text} ({one.source})" for one in catalogue.rule(rule_id).unless)
    return bool(exempt) and reason.startswith(exempt)


def _not_asked(found: AssessedDuty, catalogue: law.Catalogue) -> OnRecord:
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

"""The register of breaches, notified or not, and HIPAA's annual log: read and exported."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from incidents import typesetting
from incidents.audit import log as audit
from incidents.rules import hipaa_log as hipaa
from incidents.rules import register, register_sheet
from incidents.rules.drill_mark import mark_line
from incidents.rules.permissions import Permission
from incidents.rules.register import Row
from incidents.rules.register_words import said
from incidents.services import breaches, law_packs
from incidents.services.report_paper import letterhead
from incidents.work import Work, require

Form = Literal["json", "csv", "pdf"]


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
    found = breaches.all_on_record(work, drills=wanted.drills)
    return [row for row in map(register.row, found) if _fits(row, wanted)]


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
    rule = law_packs.in_use(work).rule(hipaa.RULE)
    made = hipaa.hipaa_log(year, breaches.all_on_record(work, drills=False), rule)
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
    ours = letterhead(work.settings, work.settings.organisation_name)
    shown = [one for one in head if one[1]]
    return typesetting.register_pdf(title, ours, work.now.date(), shown, sections)


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

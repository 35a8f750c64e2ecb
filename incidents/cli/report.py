"""`tocsin report`: what authorities are told, stage by stage; filled, printed, filed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli import report_gaps
from incidents.cli.inputs import moment_of
from incidents.cli.looks import day, left, moment, pairs, panel, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of, pick, say_json

noun = Noun("report", "What authorities are told.")
verb = noun.command
Which = Annotated[str, typer.Argument(help="SERIES#NUMBER as `report list` shows it, or id.")]
Language = Annotated[str, typer.Option(help="One of the form's languages.")]
Target = Annotated[Path | None, typer.Option("--to", help="File to write.")]


@verb("list")
def list_reports(api: Api, incident: Incident) -> None:
    """The reports of an incident, series by series."""
    api.say(_reports(api, incident), listed)


@verb("open")
def open_report(
    api: Api,
    incident: Incident,
    rule: Annotated[str, typer.Argument(help="Rule of the duty that it is to meet.")],
) -> None:
    """Open the report that a duty asks for, filled from what is known now."""
    found = incident_of(api, incident)
    duties = api.client.get(f"/incidents/{found['id']}/duties")
    body = {"duty_id": pick(duties, rule, "duty", "rule")["id"]}
    made = api.client.post(f"/incidents/{found['id']}/reports", body)
    api.say(made, lambda one: listed([one]))


@verb("show")
def show(api: Api, incident: Incident, report: Which, locale: Language = "en") -> None:
    """The filled form and its due time; what is not known yet says so."""
    path = f"/reports/{_report(api, incident, report)['id']}"
    found, lacks = api.client.get(path), api.client.get(f"{path}/missing")
    api.say(found, lambda one: shown(one, lacks, locale))


@verb("answer")
def answer(
    api: Api,
    incident: Incident,
    report: Which,
    answers: Annotated[list[str] | None, typer.Argument(metavar="FIELD=TEXT")] = None,
) -> None:
    """Type answers by field, and take up what became known since it was opened."""
    found = _report(api, incident, report)
    typed = dict(pair.partition("=")[::2] for pair in answers or [])
    path = f"/reports/{found['id']}"
    api.client.patch(path, {"answers": typed}, version=found["version"])
    api.say(api.client.get(path), lambda one: shown(one, api.client.get(f"{path}/missing")))


@verb("missing")
def missing(
    api: Api,
    incident: Incident,
    report: Annotated[str, typer.Argument(help="SERIES#NUMBER or id; all if empty.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those too that may be owed.")] = False,
) -> None:
    """What is not known yet and by when it must be told; of every report unless one is named."""
    if report:
        path = f"/reports/{_report(api, incident, report)['id']}/missing"
        api.say(api.client.get(path), report_gaps.of_report)
        return
    path = f"/incidents/{incident_of(api, incident)['id']}/reports/missing"
    api.say(api.client.get(path), lambda found: report_gaps.of_incident(found, every))


@verb("pdf")
def pdf(
    api: Api, incident: Incident, report: Which, to: Target = None, locale: Language = ""
) -> None:
    """Write it as a PDF: exactly the file that was filed, once it was."""
    found = _report(api, incident, report)
    asked = {"locale": locale} if locale else {}
    path = to or Path(f"{'-'.join([file_name(found), *asked.values()])}.pdf")
    size = api.client.download(f"/reports/{found['id']}/pdf", path, **asked)
    api.say({"file": str(path), "bytes": size}, Text(f"{path} ({size:,} bytes)"))


@verb("json")
def as_json(api: Api, incident: Incident, report: Which) -> None:
    """Print it as JSON, for an authority that takes that."""
    say_json(api.client.get(f"/reports/{_report(api, incident, report)['id']}")["content"])


@verb("edpb")
def edpb(api: Api, incident: Incident, report: Which) -> None:
    """Print a GDPR report as the EDPB's template; `missing` lists what to review in it."""
    say_json(api.client.get(f"/reports/{_report(api, incident, report)['id']}/edpb"))


@verb("diff")
def diff(api: Api, incident: Incident, report: Which) -> None:
    """What differs from the version before it in its series."""
    path = f"/reports/{_report(api, incident, report)['id']}/differences"
    api.say(api.client.get(path), differences)


@verb("file")
def file_report(
    api: Api,
    incident: Incident,
    report: Which,
    reference: Annotated[str, typer.Option(help="The number that the authority gave.")],
    channel: Annotated[
        Literal["portal", "email", "hotline", "letter", "fax", "in_person"],
        typer.Option(help="How it was handed in."),
    ] = "portal",
    at: Annotated[str, typer.Option(help="When: now, -50m, or ISO 8601.")] = "",
) -> None:
    """Record that it was handed in; its duty is met by this evidence."""
    found = _report(api, incident, report)
    body = {"reference": reference, "channel": channel}
    if at:
        body["filed_at"] = moment_of(at)
    path = f"/reports/{found['id']}/filings"
    api.say(api.client.post(path, body, version=found["version"]), filed)


@verb("withdraw")
def withdraw(
    api: Api,
    incident: Incident,
    report: Which,
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Take it back; of one that was filed, the reply is the withdrawal to file."""
    found = _report(api, incident, report)
    path = f"/reports/{found['id']}/withdrawal"
    made = api.client.post(path, {"reason": reason}, version=found["version"])
    api.say(made, lambda one: listed([one]))


def _reports(api: Api, incident: str) -> list[dict[str, Any]]:
    path = f"/incidents/{incident_of(api, incident)['id']}/reports"
    found: list[dict[str, Any]] = api.client.get(path)
    return found


def _report(api: Api, incident: str, which: str) -> dict[str, Any]:
    named = [{**one, "name": name(one)} for one in _reports(api, incident)]
    return pick(named, which, "report", "name")


def name(report: dict[str, Any]) -> str:
    """A report as people call it: `eu/gdpr#1`."""
    return f"{report['series']}#{report['number']}"


def file_name(report: dict[str, Any]) -> str:
    """A name for its file: `report-eu-gdpr-1-initial`."""
    series = report["series"].replace("/", "-").replace("_", "-")
    return f"report-{series}-{report['number']}-{report['stage']}"


def listed(reports: list[dict[str, Any]]) -> RenderableType:
    """Reports in a table."""
    if not reports:
        return Text("No report yet.", "dim")
    made = table("report", "stage", "status", "to", "#not known yet")
    for one in reports:
        missing = str(len(one["missing"])) if one["missing"] else "—"
        stage, status = one["stage"], words(one["status"])
        made.add_row(name(one), stage, status, Text(one["authority"]), missing)
    return made


def shown(report: dict[str, Any], lacks: dict[str, Any], locale: str = "en") -> RenderableType:
    """The filled form, section by section; what is unknown with the time when it is needed."""
    content = report["content"]
    about = {"to": report["authority"], "stage": report["stage"], "status": report["status"]}
    due = Text.assemble(day(lacks["due_at"]), "  ", left(lacks["due_at"]))
    parts: list[RenderableType] = [pairs({**about, "due": due})]
    needed = {gap["name"]: gap for gap in lacks["missing"]}
    for section in content["sections"]:
        parts.append(Text(f"\n{_in(section['title'], locale)}", "bold"))
        parts.append(_answers(section["fields"], locale, needed, content["answers"]))
    parts.extend(filed(filing) for filing in report["filings"])
    return panel(f"[bold]{name(report)}[/]  {_in(content['title'], locale)}", *parts)


def _answers(
    fields: list[dict[str, Any]], locale: str, needed: dict[str, Any], typed: dict[str, str]
) -> RenderableType:
    return pairs(
        (_in(field["label"], locale), _said(field, locale, needed, typed)) for field in fields
    )


def _said(
    field: dict[str, Any], locale: str, needed: dict[str, Any], typed: dict[str, str]
) -> Text:
    if field["value"] is None:
        gap = needed.get(field["name"])
        by = f", needed by {day(gap['due_at'])}" if gap and gap["due_at"] else ""
        return Text(f"not known yet{by}", "magenta")
    by_hand = ("  (typed)", "dim") if typed.get(field["name"]) else ""
    return Text.assemble(_in(field["text"], locale), by_hand)


def differences(found: list[dict[str, Any]]) -> RenderableType:
    """What changed between two versions of a report."""
    if not found:
        return Text("No difference, or no version before it.", "dim")
    made = table("answer", "before", "after")
    for one in found:
        made.add_row(*(Text(_in(one[part], "en")) for part in ("label", "before", "after")))
    return made


def filed(filing: dict[str, Any]) -> RenderableType:
    """That a report was handed in, with the hash of the file."""
    taken_back = "  (withdrawn)" if filing["withdrawn_at"] else ""
    return Group(
        Text.assemble(
            ("filed ", "green"),
            f"{moment(filing['filed_at'])} by {filing['channel']}, reference ",
            (filing["reference"], "bold"),
            taken_back,
        ),
        Text(f"file sha256 {filing['sha256']}", "dim"),
    )


def _in(texts: dict[str, str], locale: str) -> str:
    return texts.get(locale) or texts.get("en") or next(iter(texts.values()), "")

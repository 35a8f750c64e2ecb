"""Telling authorities: reports filled, printed, filed; and told more when more is known."""

from __future__ import annotations

import json
from typing import Any

from rich.text import Text

from incidents.cli import report as looks_of_report
from incidents.cli.demo.play import Play
from incidents.cli.demo.triage import complete
from incidents.cli.looks import table

_FORM_ANSWERS = {"dpo_contact": "Privacy office, privacy@lampion.example.org"}
_SUPPLEMENT_ANSWERS = {"security_before": "Access by key; no second factor for suppliers"}


def file_reports(play: Play) -> None:
    """Each authority's report: what is known, what is not known yet, the file, the number."""
    play.teller.step("The authorities: reports filled from the facts, printed, filed")
    _record(play, "count of the export's lines", {"record_count": 412_000})
    _file_all(play, _FORM_ANSWERS)
    play.say_what_changed()
    complete(play, "file_initial_report", "see the filings")


def complete_reports(play: Play) -> None:
    """The extent is known: supplementary reports fall due, and show what changed since."""
    play.teller.step("The extent is known: the law asks for more, and sees what changed")
    coverage = play.stage.ada.get(f"{play.path}/population")
    counted = {"people_by_place": coverage["by_place"], "people_count": coverage["people"]}
    _record(
        play,
        "the list of affected people, compared with the export",
        {**counted, "record_count": 408_513, "scope_identified_at": play.moment()},
        reason="counted, where it was estimated before",
    )
    play.say_what_changed()
    filed = _file_all(play, _SUPPLEMENT_ANSWERS)
    for report in filed:
        changes = play.stage.ada.get(f"/reports/{report['id']}/differences")
        play.teller.say(Text(f"what {looks_of_report.name(report)} changes", "bold"))
        play.teller.say(looks_of_report.differences(changes))
    play.say_what_changed()
    for report in filed[-1:]:
        play.teller.look(f"tocsin report diff {play.number} '{looks_of_report.name(report)}'")


def _record(play: Play, source: str, facts: dict[str, Any], reason: str = "") -> None:
    body = {"facts": facts, "source": source, "reason": reason}
    play.stage.ada.post(f"{play.path}/facts", body)
    play.teller.say(Text.assemble((source, "bold"), (f"  {', '.join(facts)}", "dim")))


def _file_all(play: Play, answers: dict[str, str]) -> list[dict[str, Any]]:
    """File a report for every duty that still asks for one."""
    filed = []
    made = table("report", "stage", "#not known yet", "filed under", "file")
    for duty in play.duties():
        if "report_filed" in duty["met_when"] and _is_due(duty):
            report = _filled(play, duty, answers)
            reference = f"REF-{report['series'].replace('/', '-').upper()}-{report['number']}"
            file = _file(play, report, reference)
            missing = str(len(report["missing"])) if report["missing"] else "—"
            name = looks_of_report.name(report)
            made.add_row(name, report["stage"], missing, reference, Text(file, "dim"))
            filed.append(report)
    play.teller.say(made)
    return filed


def _is_due(duty: dict[str, Any]) -> bool:
    return bool(duty["status"] == "open" and duty["standing"] == "owed")


def _filled(play: Play, duty: dict[str, Any], answers: dict[str, str]) -> dict[str, Any]:
    """Open the report of a duty, if the playbook has not, and take up what is known now."""
    ada = play.stage.ada
    report = ada.post(f"{play.path}/reports", {"duty_id": duty["id"]})
    path = f"/reports/{report['id']}"
    asked = {
        field["name"]
        for section in ada.get(path)["content"]["sections"]
        for field in section["fields"]
    }
    typed = {name: text for name, text in answers.items() if name in asked}
    made: dict[str, Any] = ada.patch(path, {"answers": typed}, version=report["version"])
    return made


def _file(play: Play, report: dict[str, Any], reference: str) -> str:
    ada = play.stage.ada
    name = looks_of_report.file_name(report)
    pdf = play.stage.output / f"{name}.pdf"
    body = {"reference": reference, "channel": "portal"}
    ada.post(f"/reports/{report['id']}/filings", body, version=report["version"])
    ada.download(f"/reports/{report['id']}/pdf", pdf)
    content = ada.get(f"/reports/{report['id']}")["content"]
    text = json.dumps(content, ensure_ascii=False, indent=2)
    pdf.with_suffix(".json").write_text(text, encoding="utf-8")
    return str(pdf)

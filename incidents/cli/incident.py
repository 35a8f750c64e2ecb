"""`tocsin incident`: open, list, show, amend, move; and its timeline."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from incidents.cli import duty
from incidents.cli.inputs import facts_of, json_of, moment_of
from incidents.cli.looks import bullets, day, moment, pairs, panel, table, words
from incidents.cli.noun import Api, Incident, Noun, incident_of

noun = Noun("incident", "Open, read and move incidents.")
verb = noun.command

FactPairs = Annotated[
    list[str] | None,
    typer.Option("--fact", "-f", help="name=value; lists with commas, maps as name.key=value."),
]


class Kind(StrEnum):
    """What befell the data."""

    PERSONAL_DATA_LEAK = "personal_data_leak"
    RANSOMWARE = "ransomware"
    MISDIRECTED_EMAIL = "misdirected_email"
    LOST_DEVICE = "lost_device"
    ACCOUNT_TAKEOVER = "account_takeover"
    OTHER = "other"


class Move(StrEnum):
    """One step along the lifecycle."""

    TRIAGE = "triage"
    CONFIRM = "confirm"
    CONTAIN = "contain"
    RESOLVE = "resolve"
    CLOSE = "close"
    DISMISS = "dismiss"
    REOPEN = "reopen"


@verb("open")
def open_incident(
    api: Api,
    kind: Annotated[Kind, typer.Argument(help="What befell the data.")],
    title: Annotated[str, typer.Argument(help="In a few words.")],
    drill: Annotated[bool, typer.Option("--drill", help="A rehearsal, for ever.")] = False,
    reporter: Annotated[str, typer.Option(help="Who reported it.")] = "",
    aware: Annotated[str, typer.Option(help="When we knew: now, -50m, or ISO 8601.")] = "",
    detected: Annotated[str, typer.Option(help="When it was first noticed.")] = "",
    occurred: Annotated[str, typer.Option(help="When it happened.")] = "",
    fact: FactPairs = None,
    body: Annotated[str, typer.Option(help="JSON file (or -) with the whole body.")] = "",
) -> None:
    """Open an incident; the reply says at once what is owed to whom by when."""
    said = {"aware_at": aware, "detected_at": detected, "occurred_at": occurred}
    asked: dict[str, Any] = json_of(body, "--body") if body else {}
    asked |= {"kind": kind, "title": title, "mode": "drill" if drill else "live"}
    if reporter:
        asked["reporter"] = reporter
    moments = {name: moment_of(text) for name, text in said.items() if text}
    asked["facts"] = {**asked.get("facts", {}), **facts_of(fact or []), **moments}
    api.say(api.client.post("/incidents", asked), shown, lambda made: duty.listed(made["duties"]))


@verb("list")
def list_incidents(
    api: Api,
    words: Annotated[str, typer.Argument(help="Words of the title, or a number.")] = "",
    status: Annotated[str, typer.Option(help="Such as confirmed.")] = "",
    mode: Annotated[str, typer.Option(help="live or drill.")] = "",
) -> None:
    """The incidents, newest first."""
    api.say(list(api.client.pages("/incidents", q=words, status=status, mode=mode)), listed)


@verb("show")
def show_incident(api: Api, incident: Incident) -> None:
    """One incident: how bad, what is owed, what comes next."""
    found = incident_of(api, incident)
    duties = api.client.get(f"/incidents/{found['id']}/duties")
    open_ones = [one for one in duties if one["status"] == "open"]
    api.say(found, shown, lambda _: duty.listed(open_ones))


@verb("amend")
def amend(
    api: Api,
    incident: Incident,
    title: Annotated[str | None, typer.Option(help="The new title.")] = None,
    reporter: Annotated[str | None, typer.Option(help="Who reported it.")] = None,
) -> None:
    """Change the title or the reporter."""
    found = incident_of(api, incident)
    changes = {"title": title, "reporter": reporter}
    body = {name: value for name, value in changes.items() if value is not None}
    if not body:
        raise typer.BadParameter("say what to change: --title or --reporter")
    api.say(api.client.patch(f"/incidents/{found['id']}", body, version=found["version"]), shown)


@verb("move")
def move(
    api: Api,
    incident: Incident,
    action: Annotated[Move, typer.Argument(help="Which step.")],
    reason: Annotated[str, typer.Option(help="Why; dismiss and reopen need it.")] = "",
) -> None:
    """Take it one step along its lifecycle; closing asks that nothing is owed."""
    path = f"/incidents/{incident_of(api, incident)['id']}/moves"
    api.say(api.client.post(path, {"action": action, "reason": reason}), shown)


@verb("own")
def own(
    api: Api,
    incident: Incident,
    owner: Annotated[str, typer.Argument(help="Name of a person; empty: yourself.")] = "",
) -> None:
    """Say who answers for it; an incident without an owner rings after 15 minutes."""
    found = incident_of(api, incident)
    body = {"owner": owner}
    made = api.client.put(f"/incidents/{found['id']}/owner", body, version=found["version"])
    api.say(made, shown)


@verb("timeline")
def show_timeline(api: Api, incident: Incident) -> None:
    """The story so far, oldest first."""
    lines = api.client.get(f"/incidents/{incident_of(api, incident)['id']}/timeline")
    api.say(lines, timeline)


def shown(incident: dict[str, Any]) -> RenderableType:
    """An incident in a box."""
    score = incident["severity_score"]
    severity = words(incident["severity"])
    if score is not None:
        severity.append(f" ({score:.2f} by ENISA)", "dim")
    about = pairs(
        {
            "status": words(incident["status"]),
            "severity": severity,
            "China grade": words(incident["china_grade"]) if incident["china_grade"] else "",
            "kind": words(incident["kind"]),
            "mode": Text("DRILL", "bold magenta") if incident["mode"] == "drill" else "live",
            "opened": moment(incident["opened_at"]),
            "reporter": incident["reporter"],
            "owner": "" if incident["owner_id"] else Text("nobody", "yellow"),
            "can now": ", ".join(incident["moves"]),
        }
    )
    return panel(f"[bold]{incident['number']}[/]  {incident['title']}", about)


def listed(incidents: list[dict[str, Any]]) -> RenderableType:
    """Incidents in a table."""
    if not incidents:
        return Text("No incident fits.", "dim")
    made = table("number", "status", "severity", "mode", "opened", "title")
    for one in incidents:
        row = (words(one["status"]), words(one["severity"]), one["mode"])
        made.add_row(one["number"], *row, moment(one["opened_at"]), Text(one["title"]))
    return made


def timeline(lines: list[dict[str, Any]]) -> RenderableType:
    """The story in a table."""
    made = table("when", "who", "what")
    made.columns[0].no_wrap = made.columns[1].no_wrap = True
    for line in lines:
        made.add_row(day(line["at"]), line["actor_name"], Text(line["text"]))
    return made


def severity(assessments: list[dict[str, Any]]) -> RenderableType:
    """The newest assessment by each method, with the reason for each factor."""
    newest: dict[str, dict[str, Any]] = {}
    for one in assessments:
        newest.setdefault(one["method"], one)
    return Group(*(_assessed(one) for one in newest.values()))


_METHODS = {
    "enisa": "ENISA, SE = DPC × EI + CB",
    "china": "China, four grades",
    "gdpr_risk": "GDPR, risk to people",
    "nis2": "NIS2, significance",
    "dora": "DORA, major incident",
    "hipaa": "HIPAA, four factors",
}


def _assessed(one: dict[str, Any]) -> RenderableType:
    score = f" = {one['score']:.2f}" if one["score"] is not None else ""
    name = _METHODS.get(one["method"], one["method"])
    heading = Text.assemble((f"{name}{score}: ", "bold"), words(one["level"]))
    reasons = one["factors"].get("reasons") or one["factors"].get("why") or []
    return Group(heading, bullets("", [str(line) for line in reasons]))

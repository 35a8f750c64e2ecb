"""The acts about alarms: who is on duty, and what wakes them without anybody asking for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.text import Text

from incidents.cli import duty
from incidents.cli.demo.play import Play, Rows
from incidents.cli.demo.stage import Broken, expect
from incidents.cli.looks import left, table, words
from incidents.rules.alarm_times import OWNER_WITHIN
from notifiers.fake.ledger import read

_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.3
_CHANNELS = {"email", "sms", "call"}  # of a loud alarm
_LAPTOP: dict[str, Any] = {
    "title": "Laptop of a field team left on a train",
    "kind": "lost_device",
    "mode": "live",
    "reporter": "Lampion Surveys, field team",
    "source": "the field team, two days later",
}
_LAPTOP_FACTS: dict[str, Any] = {
    "role": "controller",
    "establishment": "DE",
    "people_by_place": {"DE": 240},
    "people_categories": ["survey_participants"],
    "data_categories": ["contact", "survey_answers"],
    "breach_kinds": ["confidentiality"],
    "organisation_flags": [],
    "malicious": False,
    "ransom_paid": False,
    "dangerous_flaw": False,
    "encryption": "none",
    "risk": "risk",
}


def go_on_duty(play: Play) -> None:
    """Everybody says how they are reached; those who may acknowledge an alarm share a rota."""
    play.teller.step("Who is woken? Everybody says how; Ada and Bo take turns on duty")
    stage = play.stage
    contacts = [
        client.patch("/me/contact", {"email": email, "phone": phone})
        for client, (email, phone) in zip(stage.team, stage.contacts, strict=True)
    ]
    first, second, *_ = (one["name"] for one in contacts)
    body = {
        "name": "watch",
        "zone": "UTC",
        "levels": [[first, second], [second, first]],
        "starts_on": (play.now - timedelta(days=1)).date().isoformat(),
    }
    stage.ada.post("/rota", body)
    people = stage.ada.get("/rota/on-duty")["people"]
    expect("who is on duty", [one["name"] for one in people], [first, second])
    play.teller.say(_reached(contacts, [one["name"] for one in people]))
    warnings = stage.ada.get("/rota")["warnings"]
    expect("what will go wrong with being on duty", warnings, [])
    play.teller.say(Text("A new turn each week; two weeks ahead, somebody is always on duty."))
    play.teller.look("tocsin rota show")


def _reached(contacts: Rows, on_duty: list[str]) -> Any:
    made = table("who", "on duty now", "email", "phone")
    for one in contacts:
        woken = {0: Text("woken first", "green"), 1: Text("woken next", "green")}
        place = on_duty.index(one["name"]) if one["name"] in on_duty else -1
        made.add_row(one["name"], woken.get(place, Text("—", "dim")), one["email"], one["phone"])
    return made


def wake(play: Play) -> None:
    """What is past half of its clock when it is opened rings by itself, within seconds."""
    play.teller.step("Another report, two days late: what is past half its clock rings by itself")
    ada = play.stage.ada
    aware = (play.now - timedelta(hours=40)).isoformat()
    facts = {**_LAPTOP_FACTS, "detected_at": aware, "aware_at": aware}
    laptop = ada.post("/incidents", {**_LAPTOP, "facts": facts})
    began = time.monotonic()
    with play.teller.waiting("Until an alarm rings"):
        alarm = _rung(play, laptop["id"])
    seconds = time.monotonic() - began
    play.teller.say(f"{laptop['number']} rang loudly within {seconds:.1f} s, about")
    _say_about(play, alarm["about"])
    _say_pages(play, alarm)
    heard = ada.post(f"/alarms/{alarm['id']}/acknowledge")
    expect("the alarm", heard["state"], "acknowledged")
    play.teller.say(Text("✓ acknowledged by Ada: silent until the next rung", "green"))
    _settle(play, laptop)
    _say_what_rings_next(play)
    play.teller.look(f"tocsin alarm show {alarm['id'][:13]}")


def _say_about(play: Play, about: Rows) -> None:
    sure = [one for one in about if not one["note"]]
    for one in sure:
        play.teller.say(Text.assemble("  ", one["title"], "  ", left(one["due_at"])))
    if more := len(about) - len(sure):
        play.teller.say(Text(f"  and {more} more, not known yet or not surely owed", "dim"))


def _settle(play: Play, laptop: dict[str, Any]) -> None:
    """The laptop turns up; the register at the end says why no authority was told."""
    source = "the lost-property office: the bag was still sealed"
    path = f"/incidents/{laptop['id']}"
    learned = {"facts": {"risk": "unlikely", "contained_at": play.moment()}, "source": source}
    play.stage.ada.post(f"{path}/facts", learned)
    play.stage.ada.post(f"{path}/moves", {"action": "triage"})
    play.teller.say(Text.assemble((source, "bold"), ("  risk, contained_at", "dim")))
    before = laptop["duties"]
    play.teller.say(duty.difference(duty.changed(before, play.stage.ada.get(f"{path}/duties"))))


def _rung(play: Play, incident_id: str) -> dict[str, Any]:
    """The alarm of an incident, once every page of its first ring is answered."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        found = play.stage.ada.get("/alarms", incident=incident_id)["items"]
        if found:
            alarm: dict[str, Any] = play.stage.ada.get(f"/alarms/{found[0]['id']}")
            answered = {one["channel"] for one in alarm["pages"] if one["outcome"] == "accepted"}
            if answered >= _CHANNELS:
                return alarm
        time.sleep(_LOOK_SECONDS)
    raise Broken(f"no loud alarm reached anybody within {_PATIENCE_SECONDS:.0f} s")


def _say_pages(play: Play, alarm: dict[str, Any]) -> None:
    """What Tocsin says it sent, beside what the fake providers wrote down."""
    team = play.stage.addresses
    taken = [one for one in read(play.stage.providers.ledger_path) if one.people[0][0] in team]
    sent = [one for one in alarm["pages"] if one["outcome"] == "accepted"]
    expect("how many pages the providers took", len(taken), len(sent))
    made = table("channel", "who", "outcome", "in the provider's ledger")
    for page, one in zip(sent, taken, strict=True):
        to = f"{one.provider}, to {one.people[0][0]}"
        made.add_row(page["channel"], page["name"], words(page["outcome"]), to)
    play.teller.say(made)
    for one in taken:
        if one.provider == "twilio":
            play.teller.say(Text(str(one.more["body"]), "italic"))


def _say_what_rings_next(play: Play) -> None:
    """The sample breach itself is young: no clock of it is half over."""
    rang = play.stage.ada.get("/alarms", incident=play.incident["id"])["total"]
    expect("how often the sample breach rang", rang, 0)
    at = datetime.fromisoformat(play.incident["opened_at"]) + OWNER_WITHIN
    play.teller.say(
        f"{play.number} wakes nobody yet: none of its clocks is half over. It rings at"
        f" {at.astimezone(UTC):%H:%M} UTC unless somebody takes it on."
    )

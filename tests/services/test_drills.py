"""A drill takes the road of a real breach, on a clock of its own, and is scored by its rows."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from incidents.cli.drill import app
from incidents.clock import SetClock
from incidents.database.alarms import Alarm
from incidents.database.audit_entries import entries_of
from incidents.database.campaigns import Attempt, Campaign, Envelope, ProviderReceipt
from incidents.database.drills import Drill
from incidents.database.duties import Duty, open_duties
from incidents.database.engine import open_engine
from incidents.database.incidents import Incident, timeline_of
from incidents.database.notices import NoticeBody
from incidents.database.population import Recipient
from incidents.database.tasks import tasks_of
from incidents.errors import Conflict, InvalidInput, NotFound, NotPermitted
from incidents.rules.drill_mark import MARKS
from incidents.rules.permissions import Role
from incidents.services import drill_outbox, drills
from incidents.settings import Settings
from incidents.work import TOCSIN, Actor, Office
from playbooks.scenario import Scenario, parse_scenario
from playbooks.synthetic import RESERVED_EMAIL, RESERVED_PHONE
from tests import factories

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CORA = Actor.with_roles(factories.uuid7(), "Cora Example", Role.COMMANDER)
PEOPLE = 200


@pytest.fixture(scope="module")
def stage_office(request, database_template, tmp_path_factory):
    """An office that lives as long as this file: a drill takes seconds."""
    folder = tmp_path_factory.mktemp("drills")
    if database_template.startswith("sqlite"):
        url = f"sqlite:///{folder / 'tocsin.db'}"
        Path(folder / "tocsin.db").write_bytes(
            Path(database_template.removeprefix("sqlite:///")).read_bytes()
        )
    else:
        server = request.getfixturevalue("postgres")
        url = server.database(template=database_template.rpartition("/")[2])
    engine = open_engine(url)
    settings = Settings(data_folder=folder, database_url=url)
    yield Office(settings, engine, factories.make_keyring(folder), SetClock(NOW))
    engine.dispose()


@pytest.fixture(scope="module")
def played(stage_office):
    """A survey company's leak, played once with 200 people."""
    return drills.run(stage_office, CORA, "leaked-survey-export", people=PEOPLE, seed=1)


def test_seventy_two_hours_are_played_and_every_expectation_is_met(played):
    card = played.score
    assert [mark for mark in card["marks"] if not mark["passed"]] == []
    assert (card["percent"], card["hours"], card["people"]) == (100, 72.0, PEOPLE)
    assert card["refused"] == []
    assert played.played_to - played.played_from == timedelta(hours=72)
    assert all(all(found.values()) for found in card["elements"].values())
    assert sum(card["buckets"].values()) == PEOPLE
    assert card["buckets"]["announced"] > 0


def test_alarms_rang_by_the_clock_of_the_drill_until_the_team_acted(stage_office, played):
    with stage_office.look(TOCSIN) as work:
        found = work.session.scalars(select(Alarm)).all()
    assert {alarm.mode for alarm in found} == {"drill"}
    assert all(played.played_from <= alarm.opened_at <= played.played_to for alarm in found)
    card = played.score
    assert len(card["alarms"]) == len(found) > 2
    assert sum(one["after_minutes"] is not None for one in card["alarms"]) > 1


def test_every_message_was_marked_and_is_proved_by_the_hash_committed_before_it_left(
    stage_office, played
):
    with stage_office.look(CORA) as work:
        found, total = drill_outbox.messages(work, played.id, limit=1000)
    assert total == len(found) > PEOPLE * 0.9
    assert all(message.is_proven for message in found)
    for message in found:
        mark = f"[{MARKS[message.locale]}]"
        assert message.text.startswith(mark)
        assert (message.channel == "sms") or message.subject.startswith(mark)
        assert (message.channel == "sms") or mark in message.html
        assert "%%" not in message.text + message.subject + message.html
        reserved = RESERVED_PHONE if message.channel == "sms" else RESERVED_EMAIL
        assert reserved.match(message.address)
    assert {message.locale for message in found} == {"en", "zh-Hans", "de", "fr"}
    assert Counter(message.channel for message in found)["sms"] > 0


def test_the_outbox_shows_one_person_or_one_channel(stage_office, played):
    with stage_office.look(CORA) as work:
        mine, count = drill_outbox.messages(work, played.id, person=7)
        texts, _ = drill_outbox.messages(work, played.id, channel="sms")
        page, total = drill_outbox.messages(work, played.id, limit=3, offset=2)
        with pytest.raises(NotFound, match="200 people"):
            drill_outbox.messages(work, played.id, person=201)
    assert count == len(mine)
    assert len({message.person for message in mine}) == 1
    assert mine[0].name in mine[0].text
    assert {message.channel for message in texts} == {"sms"}
    assert (len(page), total) > (2, PEOPLE * 0.9)


@pytest.mark.parametrize(
    "forgery",
    [
        update(Recipient).values(drill_name="Somebody Else"),
        update(NoticeBody).values(text="Nothing happened."),
        update(Attempt).values(sha256="0" * 64),
    ],
    ids=["person", "words", "hash"],
)
def test_a_message_that_was_changed_afterwards_is_not_proven(stage_office, played, forgery):
    work = stage_office.work(CORA)
    work.session.execute(forgery)
    found, _ = drill_outbox.messages(work, played.id, limit=5)
    work.close()
    assert not any(message.is_proven for message in found)


def test_what_was_approved_is_byte_for_byte_what_was_sent(stage_office, played):
    with stage_office.look(CORA) as work:
        message = drill_outbox.messages(work, played.id, channel="email", limit=1)[0][0]
        bodies = work.session.scalars(
            select(NoticeBody).where(
                NoticeBody.locale == message.locale, NoticeBody.channel == "email"
            )
        )
        body = next(one for one in bodies if message.reference in one.subject)
    assert body.subject == message.subject
    head, _, tail = body.text.partition("%%")
    assert message.text.startswith(head)
    assert message.text.endswith(tail.partition("%%")[2])


def test_nothing_of_a_drill_stays_owed_or_waits(stage_office, played):
    with stage_office.look(TOCSIN) as work:
        session = work.session
        incident = session.get_one(Incident, played.incident_id)
        assert incident.status == "closed"
        assert not incident.review_due
        assert open_duties(session, incident.id) == []
        left = {task.status for task in tasks_of(session, incident.id)}
        assert left <= {"done", "skipped", "not_applicable"}
        states = set(session.scalars(select(Envelope.state)))
        assert not states & {"ready", "leased", "unknown", "held"}
        assert set(session.scalars(select(Campaign.status))) <= {"finished", "stopped"}


def test_who_took_part_is_on_record_in_the_trail_and_in_the_story(stage_office, played):
    roles = {one["role"]: one for one in played.participants}
    assert set(roles) == {"organiser", "approver", "commander", "privacy_officer", "responder"}
    assert roles["organiser"]["name"] == "Cora Example"
    with stage_office.look(TOCSIN) as work:
        told = entries_of(work.session, subject_id=played.id)
        story = [line.text for line in timeline_of(work.session, played.incident_id)]
    assert [entry.kind for entry in told] == ["drill.start", "drill.finish"]
    assert {entry.actor_id for entry in told} == {CORA.id}
    assert any(text.startswith("Drill: A survey export lies open") for text in story)
    assert any(text.startswith("Drill scored: 100 %") for text in story)
    assert any("A journalist calls" in text for text in story)


def test_a_drill_leaves_the_clock_of_the_office_alone(stage_office, played):
    assert stage_office.clock.now() == NOW
    assert (played.started_at, played.played_from) == (NOW, NOW)


SHORT = dedent(
    """
    id: short
    title: A short one
    kind: personal_data_leak
    playbook: personal_data_leak
    lasts: PT30H
    opening:
      title: A list was sent to the wrong address
      facts:
        occurred_at: -PT2H
        aware_at: PT0S
        role: controller
        establishment: DE
        data_categories: [contact]
        breach_kinds: [confidentiality]
        organisation_name: {en: Example Surveys}
        cause: {en: A list was sent to the wrong address.}
        possible_effects: {en: Somebody may write to you in our name.}
        measures_taken: {en: We had the list deleted.}
        measures_planned: {en: Lists will be encrypted.}
        advice: {en: Be wary of messages that speak of us.}
        help_offered: {en: Our help line answers every day.}
        contact: {name: Help line, email: help@example.org}
    population:
      size: 40
      groups: [{place: DE, locale: en, share: 1}]
      phone_share: 0
    injects:
      - {after: PT1H, by: responder, act: {do: import_population}}
      - {after: PT2H, by: privacy_officer, act: {do: draft_notice}}
      - {after: PT3H, by: approver, act: {do: approve_notice}}
      - {after: PT4H, by: commander, act: {do: launch_campaign, ladder: [email]}}
    expectations: [{kind: everyone_accounted}]
    """
)


def short(*, faults: str = "", inject: str = "", expectations: str = "") -> Scenario:
    """The short scenario, with one more inject, faults, or other expectations."""
    more = f"  - {inject}\n" if inject else ""
    text = SHORT.replace("expectations:", f"{more}faults: [{faults}]\nexpectations:")
    kept = "{kind: everyone_accounted}"
    return parse_scenario(text.replace(kept, expectations or kept))


@pytest.mark.parametrize("fault", ["too_many", "error_before", "error_after", "late", "doubled"])
def test_trouble_at_a_provider_loses_and_doubles_nobody(office, fault):
    trouble = f"{{channel: email, fault: {fault}, share: 1, after: PT4H, lasts: PT30M}}"
    drill = drills.run(office, CORA, short(faults=trouble), seed=2)
    with office.look(TOCSIN) as work:
        ended = Counter(work.session.scalars(select(Attempt.outcome)))
        heard = work.session.query(ProviderReceipt).count()
    assert drill.score["buckets"]["delivered"] == 40
    assert (ended["accepted"], heard) == (1, 40)
    assert (ended["retry"] > 0) is (fault in {"too_many", "error_before"})
    reached = {one["hours"]: one["people"] for one in drill.score["reach"]}
    assert reached == {1: 0 if fault == "late" else 40, 6: 40, 24: 40, 72: 40}


def test_what_a_role_may_not_do_is_scored_and_does_not_end_the_drill(office):
    overreach = "{after: PT5H, by: responder, act: {do: launch_campaign}}"
    late = "{kind: duty_met, place: DE, audience: authority}, {kind: everyone_accounted}"
    drill = drills.run(office, CORA, short(inject=overreach, expectations=late))
    assert len(drill.score["refused"]) == 1
    assert "responder, launch campaign: you may not do this" in drill.score["refused"][0]
    authority, everyone = drill.score["marks"]
    assert (authority["passed"], everyone["passed"]) == (False, True)
    assert drill.score["percent"] == 50
    with office.look(TOCSIN) as work:
        waived = work.session.scalars(select(Duty).where(Duty.status == "waived")).all()
    assert any(duty.rule == "eu-gdpr-33" for duty in waived)


def test_the_same_seed_invents_the_same_people_and_a_run_is_compared_with_the_last(office):
    first = drills.run(office, CORA, short(), seed=5)
    again = drills.run(office, CORA, short(), seed=5)
    fewer = drills.run(office, CORA, short(), seed=6, people=10)
    with office.look(CORA) as work:
        people = [
            {one.address for one in drill_outbox.messages(work, drill.id)[0]}
            for drill in (first, again, fewer)
        ]
        assert drills.changes(work, first.id) is None
        assert drills.changes(work, again.id) == []
        assert drills.scorecard(work, fewer.id).people == 10
    assert people[0] == people[1] != people[2]


def test_a_drill_is_run_by_whoever_may_and_of_what_there_is(office):
    reader = Actor.with_roles(factories.uuid7(), "a reader", Role.RESPONDER)
    with pytest.raises(NotPermitted):
        drills.run(office, reader, "leaked-survey-export")
    with pytest.raises(NotFound, match="ransomware-at-the-clinic"):
        drills.run(office, CORA, "no-such-scenario")
    with pytest.raises(InvalidInput):
        drills.run(office, CORA, "leaked-survey-export", people=2_000_000)


def test_one_drill_is_played_at_a_time_and_a_broken_one_lets_the_next_begin(office):
    def break_off(share: float, what: str) -> None:
        with pytest.raises(Conflict, match="another drill"):
            drills.run(office, CORA, short())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drills.run(office, CORA, short(), on_progress=break_off)
    with office.look(CORA) as work:
        broken = work.session.scalars(select(Drill)).one()
        with pytest.raises(Conflict, match="no score"):
            drills.scorecard(work, broken.id)
    assert drills.run(office, CORA, short()).score["percent"] == 100


def test_drills_are_read_over_http(client, as_role, office):
    drill = drills.run(office, CORA, short())
    headers = as_role("commander", drills_only=True)
    listed = client.get("/api/v1/drills", headers=headers).json()
    assert [row["percent"] for row in listed["items"]] == [100]
    whole = client.get(f"/api/v1/drills/{drill.id}", headers=headers).json()
    assert whole["score"]["accounted"] is True
    assert whole["changes"] is None
    page = client.get(f"/api/v1/drills/{drill.id}/outbox?limit=2", headers=headers).json()
    assert (len(page["items"]), page["total"]) == (2, 40)
    assert page["items"][0]["is_proven"]
    assert f"/drills/{drill.id}/outbox?limit=2&offset=2" in page["next"]
    scenarios = client.get("/api/v1/drill-scenarios", headers=headers).json()
    assert {one["id"] for one in scenarios} >= {"leaked-survey-export"}


def test_the_command_prints_the_score_as_json(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(SHORT)
    home = {**os.environ, "TOCSIN_DATA_FOLDER": str(tmp_path / "data")}
    run = CliRunner().invoke(app, ["run", str(file), "--people", "5", "--json"], env=home)
    assert run.exit_code == 0, run.output
    assert '"percent": 100' in run.stdout
    shown = CliRunner().invoke(app, ["outbox", "--person", "3"], env=home)
    assert "nobody was written to" in shown.stdout
    assert CliRunner().invoke(app, ["score"], env=home).exit_code == 0
    assert "short" in CliRunner().invoke(app, ["list"], env=home).stdout

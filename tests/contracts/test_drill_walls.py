"""A drill cannot reach a person: each wall is tried alone, as if all others had fallen."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from incidents.database.announcements import Announcement
from incidents.database.campaigns import Campaign, Delivery, Envelope
from incidents.database.drills import Drill
from incidents.database.imports import PopulationImport
from incidents.database.incidents import Incident
from incidents.database.notices import Notice
from incidents.database.population import Recipient
from incidents.database.reports import Report
from incidents.errors import NotFound, NotPermitted
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.permissions import GRANTS, Permission
from incidents.services import campaigns, incidents, population
from incidents.services.drill_stage import member, set_up
from incidents.settings import Settings
from incidents.wiring import couriers_for, routes_for
from incidents.work import TOCSIN
from notifiers import envelope as sealed
from notifiers.dispatch import Dispatch
from notifiers.errors import Refused
from notifiers.providers.sendgrid import SendGrid
from notifiers.transport import Transport
from playbooks.scenario import load_scenarios
from tests.factories import SANDBOX_ROUTES, make_incident, uuid7
from tests.services.telling import make_notice, make_people

ROOT = Path(__file__).parents[2]
REAL = Settings(
    email_provider="sendgrid",
    sms_provider="twilio_sms",
    sendgrid_api_key=SecretStr("SG.a-key"),
    twilio_account_sid="AC" + "0" * 32,
    twilio_auth_token=SecretStr("a-token"),
)
PERSON = {"email": "ada1@post.drill.invalid", "phone": "+12015550142"}


def drill_with_campaign(work: Any) -> Campaign:
    incident = make_incident(work, mode="drill")
    make_people(work, incident, [PERSON])
    notice = make_notice(work, incident)
    return campaigns.launch(work, notice.id, LaunchOptions(["email", "announcement"]))


def columns_of(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


# 1. The database knows who is invented.


@pytest.mark.parametrize(
    "reachable",
    [
        {"drill_email": "ada@example.com"},
        {"drill_email": "ada@drill.invalid.example.com"},
        {"drill_email": "ada@mail.invalid"},
        {"drill_phone": "+8613900000000"},
        {"drill_phone": "+12025550242"},
        {"drill_phone": "+120255501421"},
        {"drill_push": "fcm:a-token-of-a-phone"},
        {"sealed": b"contact data of somebody"},
    ],
    ids=lambda one: "-".join(f"{key}" for key in one),
)
def test_the_database_refuses_a_drill_row_that_could_be_a_person(office, reachable):
    with office.work(TOCSIN) as work:
        incident = make_incident(work, mode="drill")
        (person,) = make_people(work, incident, [PERSON])
        row = columns_of(work.session.get_one(Recipient, person))
        other = row | {"id": uuid7(), "person_key": os.urandom(16)}
        work.session.execute(insert(Recipient), [other])
        with pytest.raises(IntegrityError):
            work.session.execute(update(Recipient).values(**reachable))
        work.session.rollback()


def test_the_database_refuses_a_live_person_in_a_drill(office):
    with office.work(TOCSIN) as work:
        live = make_incident(work)
        (person,) = make_people(work, live, [{"email": "ada@example.com"}])
        drill = make_incident(work, mode="drill")
        moved = update(Recipient).where(Recipient.id == person).values(incident_id=drill.id)
        with pytest.raises(IntegrityError):
            work.session.execute(moved)
        work.session.rollback()


# 2. A mode is for ever.


@pytest.mark.parametrize(
    "table",
    [Incident, Recipient, Notice, Campaign, Envelope, Delivery],
    ids=lambda table: table.__tablename__,
)
@pytest.mark.parametrize(("before", "after"), [("drill", "live"), ("live", "drill")])
def test_the_database_refuses_to_change_a_mode(office, table, before, after):
    work = office.work(TOCSIN)
    incident = make_incident(work, mode=before)
    make_people(work, incident, [PERSON])
    notice = make_notice(work, incident)
    campaigns.launch(work, notice.id, LaunchOptions(["email", "announcement"]))
    work.session.flush()
    with pytest.raises(DBAPIError, match="is fixed"):
        work.session.execute(update(table).values(mode=after))
    work.close()


@pytest.mark.parametrize("table", [Announcement, Report, Drill])
def test_every_table_with_a_mode_has_the_same_guard(office, table):
    name = f"{table.__tablename__}_mode_is_fixed"
    where = {"sqlite": "sqlite_master WHERE name", "postgresql": "pg_trigger WHERE tgname"}
    with office.engine.connect() as connection:
        query = f"SELECT count(*) FROM {where[connection.dialect.name]} = '{name}'"
        assert connection.exec_driver_sql(query).scalar() == 1


def test_a_drill_cannot_stand_for_a_live_incident(office):
    with office.work(TOCSIN) as work:
        live = make_incident(work)
        row = {
            "incident_id": live.id,
            "scenario": "x",
            "sha256": "0" * 64,
            "seed": 0,
            "people": 1,
            "run_by": uuid7(),
            "started_at": work.now,
            "seen_at": work.now,
            "played_from": work.now,
        }
        for mode in ("drill", "live"):
            with pytest.raises(IntegrityError), work.session.begin_nested():
                work.session.execute(insert(Drill), [row | {"mode": mode}])
        work.session.rollback()


# 3. The only courier of a drill is the sandbox: in its rows, its wiring, its stage.


@pytest.mark.parametrize("provider", ["sendgrid", "twilio_sms", "smtp", ""])
def test_the_database_refuses_a_drill_envelope_for_a_live_provider(office, provider):
    work = office.work(TOCSIN)
    drill_with_campaign(work)
    with pytest.raises(IntegrityError):
        work.session.execute(update(Envelope).values(provider=provider))
    work.close()


def test_a_drill_launched_on_live_routes_is_refused_by_the_database(office):
    astray = {**SANDBOX_ROUTES, "drill": {"email": "sendgrid"}}
    work = replace(office, routes=astray).work(TOCSIN)
    with pytest.raises(IntegrityError):
        drill_with_campaign(work)
    work.close()


def test_a_process_with_live_credentials_has_none_for_drills():
    assert {one.name for one in couriers_for(REAL, "live").values()} == {
        "sandbox",
        "sendgrid",
        "twilio",
    }
    assert set(couriers_for(REAL, "drill")) == {"sandbox"}
    assert set(routes_for(REAL)["drill"].values()) == {"sandbox"}


@pytest.mark.parametrize("scenario", load_scenarios().values(), ids=load_scenarios())
def test_the_stage_of_a_drill_holds_one_courier_which_reaches_nobody(office, scenario):
    stage = set_up(office, scenario, people=1, seed=0)
    assert [*stage.dispatch.couriers] == ["sandbox"]
    assert not any(one.capabilities.live for one in stage.dispatch.couriers.values())
    assert set(stage.office.routes) == {"drill"}
    assert set(stage.office.routes["drill"].values()) == {"sandbox"}


def test_the_gate_refuses_a_drill_envelope_for_a_live_courier():
    transport = Transport()
    courier = SendGrid(transport, api_key="SG.a-key", from_email="privacy@example.com")
    dispatch = Dispatch([courier])
    drill = sealed.Envelope(
        id="e.1",
        attempt="a" * 32,
        mode=sealed.Mode.DRILL,
        channel=sealed.Channel.EMAIL,
        words=sealed.Words("s", "t", ""),
        nonce="n",
        people=(sealed.Person("p.0", "ada1@post.drill.invalid", {}),),
        reference="N-1",
        locale="en",
    )
    (outcome,) = dispatch.send_all([(courier.name, drill, b"{}")])
    dispatch.close()
    assert outcome.kind is sealed.OutcomeKind.REFUSED
    assert "it can reach people" in outcome.reason


def test_a_transport_for_drills_dials_this_machine_only():
    async def dial(url: str) -> None:
        transport = Transport(loopback_only=True, connect_seconds=2, total_seconds=2)
        try:
            await transport.request("POST", url, headers={}, body=b"")
        finally:
            await transport.close()

    for elsewhere in ("http://192.0.2.1/", "http://[2001:db8::1]/", "http://10.0.0.1:8040/"):
        with pytest.raises(Refused, match="only this machine"):
            asyncio.run(dial(elsewhere))


# 4. People of a drill are invented, and its team sees drills only.


def test_no_list_can_be_imported_into_a_drill_and_nobody_invented_into_a_live_one(
    client, as_role, office
):
    headers = as_role("commander") | {"Content-Type": "text/csv"}
    with office.work(TOCSIN) as work:
        drill, live = make_incident(work, mode="drill").id, make_incident(work).id
    reply = client.post(
        f"/api/v1/incidents/{drill}/population",
        content=b"name,email\nAda Example,ada@example.com\n",
        headers=headers,
    )
    assert reply.status_code == 403
    assert "invented" in reply.json()["detail"]
    with office.work(TOCSIN) as work:
        assert work.session.query(Recipient).count() == 0
        incident = work.session.get_one(Incident, live)
        with pytest.raises(NotPermitted):
            population.store_synthetic(work, incident, [])
        assert work.session.query(PopulationImport).count() == 0


def test_a_token_for_drills_sees_no_live_incident(client, as_role, office):
    headers = as_role("commander", "privacy_officer", drills_only=True)
    with office.work(TOCSIN) as work:
        drill, live = make_incident(work, mode="drill"), make_incident(work)
    listed = client.get("/api/v1/incidents", headers=headers).json()["items"]
    assert [one["id"] for one in listed] == [str(drill.id)]
    assert client.get(f"/api/v1/incidents/{live.id}", headers=headers).status_code == 404
    body = {"kind": "other", "title": "A live one", "mode": "live"}
    assert client.post("/api/v1/incidents", json=body, headers=headers).status_code == 403


@pytest.mark.parametrize("role", ["responder", "commander", "privacy_officer", "approver"])
def test_the_team_of_a_drill_can_touch_no_live_incident(office, role):
    actor = member(role)
    assert actor.drills_only
    with office.work(TOCSIN) as work:
        live = make_incident(work)
    with office.work(actor) as work:
        with pytest.raises(NotFound):
            incidents.read(work, live.id)
        if Permission.OPEN_INCIDENT in GRANTS[role]:
            with pytest.raises(NotPermitted):
                incidents.open_incident(work, title="A live one", kind="other")


# 5. No byte leaves the machine: whatever the code does, the interpreter itself watches.

PLAY = dedent(
    """
    import ipaddress, sys
    from pathlib import Path

    dialled = []

    def watch(event, args):
        if event == "socket.connect" and isinstance(args[1], tuple):
            if not ipaddress.ip_address(args[1][0]).is_loopback:
                dialled.append(args[1])
        elif event in {"socket.getaddrinfo", "socket.sendto", "subprocess.Popen"}:
            dialled.append((event, args))

    sys.addaudithook(watch)

    from incidents.office import open_office
    from incidents.services import drills
    from incidents.services.drill_stage import member
    from incidents.settings import Settings
    from incidents.wiring import routes_for

    settings = Settings(
        data_folder=Path(sys.argv[1]), email_provider="sendgrid", sms_provider="twilio_sms",
        sendgrid_api_key="SG.a-key", twilio_account_sid="AC" + "0" * 32, twilio_auth_token="x",
    )
    office = open_office(settings, routes=routes_for(settings))
    drill = drills.run(office, member("commander"), "leaked-survey-export", people=60)
    told = drill.score["buckets"]
    assert told["delivered"] + told["announced"] == 60, told
    assert not dialled, dialled
    import socket
    try:
        socket.create_connection(("192.0.2.1", 9), timeout=0.01)
    except OSError:
        pass
    assert dialled, "the watch was asleep"
    """
)


def test_no_socket_is_opened_off_this_machine_while_a_drill_is_played(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", PLAY, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]

"""What needs no server: judging facts, the law, playbooks, users, the doctor."""

from __future__ import annotations

import json
import socket
import subprocess
import sys

import pytest

from notifiers.providers.vapid import Vapid

FACTS = {
    "role": "controller",
    "establishment": "DE",
    "breach_kinds": ["confidentiality"],
    "risk": "risk",
    "aware_at": "2026-03-02T09:20:00Z",
}


def test_a_server_whose_port_is_taken_says_so_before_anything_begins(tocsin):
    with socket.create_server(("127.0.0.1", 0)) as other:
        said = tocsin("serve", "--port", str(other.getsockname()[1]))
    assert said.code == 1
    assert "choose another with --port" in said.err
    assert "answers at" not in said.err


def test_facts_are_judged_without_a_server(tocsin):
    said = tocsin("assess", "-", "--at", "2026-03-03T00:00Z", "--json", stdin=json.dumps(FACTS))
    judged = {one["rule"]: one for one in json.loads(said.out)["duties"]}
    assert judged["eu-gdpr-33"]["status"] == "owed"
    assert judged["eu-gdpr-33"]["due_at"] == "2026-03-05T09:20:00Z"


def test_judged_facts_are_shown_with_the_time_left_at_that_moment(tocsin):
    said = tocsin("assess", "-", "--at", "2026-03-05T08:20Z", stdin=json.dumps(FACTS))
    assert "in 1 h 00 min" in said.out


def test_the_schema_of_facts_is_a_json_schema(tocsin):
    schema = json.loads(tocsin("assess", "--schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "aware_at" in schema["properties"]


@pytest.mark.parametrize(
    ("given", "told"),
    [("{", "is not JSON"), ("[1]", "no JSON object"), ('{"rsk": 1}', "did you mean risk")],
)
def test_facts_that_cannot_be_read_are_told_in_words(tocsin, given, told):
    said = tocsin("assess", "-", stdin=given)
    assert said.code in {1, 2}
    assert told in said.err
    assert "Traceback" not in said.err


def test_a_rule_is_shown_with_clock_exceptions_and_source(tocsin):
    said = tocsin("law", "show", "eu-gdpr-34")
    assert "Regulation (EU) 2016/679, art. 34" in said.out
    assert "Unless" in said.out
    assert tocsin("law", "show", "eu-gdpr-99").code == 1


def test_the_law_is_listed_by_place(tocsin):
    said = tocsin("law", "list", "--place", "SG")
    assert "sg-pdpa-26d-1" in said.out
    assert "eu-gdpr" not in said.out


def test_the_library_of_playbooks_has_no_flaw_and_a_broken_one_is_told(tocsin, tmp_path):
    assert "nothing wrong" in tocsin("playbook", "lint").out
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: broken\ntitle: x\nsteps: 3\n")
    said = tocsin("playbook", "lint", broken)
    assert said.code == 1
    assert "broken.yaml" in said.out


def test_a_token_made_here_opens_the_door(tocsin, tmp_path):
    made = tocsin("token", "create", "zoe", "--role", "responder")
    assert made.out.startswith("toc_live_")
    assert "zoe" in tocsin("user", "list").out
    assert tocsin("token", "create", "zoe", "--role", "auditor").code == 2
    assert tocsin("token", "create", "yan", "--role", "wizard").code == 2


def test_the_doctor_finds_what_is_missing_and_then_that_it_is_there(tocsin):
    sick = tocsin("doctor")
    assert sick.code == 1
    assert "run `tocsin migrate`" in sick.out
    assert tocsin("migrate").code == 0
    well = tocsin("doctor")
    assert well.code == 0, well.out
    assert "at this release" in well.out


def test_the_doctor_says_what_a_provider_still_needs(tocsin, monkeypatch):
    monkeypatch.setenv("TOCSIN_PUSH_PROVIDER", "fcm")
    said = tocsin("doctor")
    assert said.code == 1
    assert "TOCSIN_FCM_SERVICE_ACCOUNT" in said.out


def test_a_wrong_option_exits_two_without_a_traceback(tocsin):
    said = tocsin("incident", "open", "no_such_kind", "Title")
    assert said.code == 2
    assert "Traceback" not in said.err


def test_help_loads_nothing_heavy():
    code = (
        "import sys, incidents.cli.main;"
        "heavy = {'sqlalchemy', 'fastapi', 'httpx', 'yaml', 'pydantic', 'celery'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_push_key_is_made_in_the_form_that_its_setting_takes(tocsin):
    said = tocsin("push-key")
    key = said.out.split("TOCSIN_VAPID_PRIVATE_KEY='")[1].split("'")[0]
    assert Vapid(key, "mailto:dpo@example.com").public_key in said.out.replace("\n", "")
    assert tocsin("push-key").out != said.out

"""A campaign is stopped over HTTP, and exactly those whom it did not reach are told."""

from __future__ import annotations

from uuid import UUID

import pytest

from incidents.database.incidents import Incident
from incidents.work import TOCSIN
from tests.api.desk import Desk
from tests.services.telling import mailbox, make_people

LADDER = {"ladder": ["email", "announcement"], "canary": {"people": 0}}


@pytest.fixture
def editor(client, as_role):
    """Somebody who may both edit and approve."""
    return Desk(client, as_role("commander", "approver", name="editor"))


@pytest.fixture
def stopped(lead, editor, approver, office):
    """A notice whose campaign was stopped before anybody was told."""
    incident = lead.sample()
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        make_people(work, row, [mailbox(1), mailbox(2)])
    drafted = lead.notice(incident)
    choice = {"default_locale": "en", "locale_choices": {"ko": "en"}}
    editor.put(f"/notices/{drafted['id']}/locales", choice, if_match=drafted["version"])
    notice = lead.notice(incident)
    assert approve(approver, notice).status_code == 201
    campaign = lead.post(f"/notices/{notice['id']}/campaigns", LADDER)
    assert lead.get(f"/campaigns/{campaign['id']}/rest") == {"told": 0, "in_doubt": 0, "rest": 2}
    lead.post(f"/campaigns/{campaign['id']}/stop")
    return notice, campaign


def approve(desk, notice):
    path = f"/notices/{notice['id']}/approvals"
    return desk.ask("POST", path, if_match=notice["version"])


def test_a_stopped_notice_says_how_its_rest_is_told(lead, stopped):
    notice, _ = stopped
    said = lead.refused(409, "POST", f"/notices/{notice['id']}/campaigns", LADDER)
    assert "one to its rest" in said["problems"][0]["mend"]


def test_a_notice_to_the_rest_has_the_words_of_the_first_and_an_approval_of_its_own(
    lead, approver, stopped
):
    first, campaign = stopped
    drafted = lead.post(f"/notices/{first['id']}/rest")
    made = lead.get(f"/notices/{drafted['id']}")
    for same in ("words", "locale_choices", "default_locale"):
        assert made[same] == first[same]
    assert made["rest_of"] == first["id"]
    assert made["reference"] != first["reference"]
    lead.refused(409, "POST", f"/notices/{made['id']}/campaigns", LADDER)
    assert approve(approver, made).status_code == 201
    second = lead.post(f"/notices/{made['id']}/campaigns", LADDER)
    assert second["rest_of"] == [campaign["id"]]
    assert lead.get(f"/campaigns/{second['id']}/equation")["total"] == 2


def test_who_wrote_the_words_may_not_approve_them_for_the_rest_either(lead, editor, stopped):
    first, _ = stopped
    drafted = lead.post(f"/notices/{first['id']}/rest")
    assert approve(editor, drafted).status_code == 403


def test_what_was_not_stopped_has_no_rest(lead):
    notice = lead.notice(lead.sample())
    lead.refused(409, "POST", f"/notices/{notice['id']}/rest")

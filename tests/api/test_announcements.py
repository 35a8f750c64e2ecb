"""Public announcements: proposed with reasons, approved by another, shown to anybody, withdrawn."""

from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from incidents.database.incidents import Incident
from incidents.work import TOCSIN
from tests.api.desk import fields
from tests.services.telling import make_people

ATOM = {"a": "http://www.w3.org/2005/Atom"}


@pytest.fixture
def incident(lead):
    return lead.sample()


@pytest.fixture
def approved(lead, approver, incident):
    """The notice of the incident, approved."""
    notice = lead.notice(incident)
    approver.post(f"/notices/{notice['id']}/approvals", if_match=notice["version"])
    return notice


@pytest.fixture
def published(lead, approver, incident, approved):
    proposed = propose(lead, incident, approved)
    approver.post(f"/announcements/{proposed['id']}/approval")
    return lead.post(f"/announcements/{proposed['id']}/publication")


def propose(desk, incident, notice, reason="nobody's address is known"):
    body = {"notice_id": notice["id"], "reason": reason}
    return desk.post(f"/incidents/{incident['id']}/announcements", body)


def test_the_rule_proposes_it_with_reasons_when_people_cannot_be_reached(lead, office, incident):
    path = f"/incidents/{incident['id']}/announcement-proposal"
    assert lead.get(path)["proposed"] is False
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        make_people(work, row, [{"place": "CN"}] * 20 + [{"place": "CN", "email": "a@example.com"}])
    proposal = lead.get(path)
    assert proposal["proposed"] is True
    assert any(ground["place"] == "CN" and ground["source"] for ground in proposal["grounds"])


def test_without_a_ground_a_reason_is_asked_for(lead, incident, approved):
    body = {"notice_id": approved["id"]}
    told = lead.refused(422, "POST", f"/incidents/{incident['id']}/announcements", body)
    assert fields(told) == ["reason"]


def test_only_approved_words_are_announced_and_only_once(lead, approver, incident):
    notice = lead.notice(incident)
    body = {"notice_id": notice["id"], "reason": "r"}
    path = f"/incidents/{incident['id']}/announcements"
    lead.refused(409, "POST", path, body)
    approver.post(f"/notices/{notice['id']}/approvals", if_match=notice["version"])
    propose(lead, incident, notice)
    lead.refused(409, "POST", path, body)
    other = lead.open()
    lead.refused(404, "POST", f"/incidents/{other['id']}/announcements", body)


def test_whoever_proposed_it_may_not_approve_it(lead, client, as_role, incident, approved):
    from tests.api.desk import Desk  # noqa: PLC0415

    both = Desk(client, as_role("commander", "approver", name="both"))
    proposed = propose(both, incident, approved)
    both.refused(403, "POST", f"/announcements/{proposed['id']}/approval")
    both.refused(409, "POST", f"/announcements/{proposed['id']}/publication")


def test_words_that_changed_since_are_not_published(lead, approver, incident, approved):
    proposed = propose(lead, incident, approved)
    approver.post(f"/announcements/{proposed['id']}/approval")
    now = lead.get(f"/notices/{approved['id']}")
    lead.ask(
        "PUT", f"/notices/{approved['id']}/words/en", now["words"]["en"], if_match=now["version"]
    )
    told = lead.refused(409, "POST", f"/announcements/{proposed['id']}/publication")
    assert "changed since" in told["detail"]


def test_the_page_stands_in_its_languages_with_its_hash(client, published, approved):
    path = "/announcements/" + published["slug"]
    assert published["url"].endswith(path)
    english, chinese = client.get(f"{path}?lang=en"), client.get(f"{path}?lang=zh-Hans")
    assert 'lang="en"' in english.text
    assert 'lang="zh-Hans"' in chinese.text
    assert "stolen key of a supplier" in english.text
    assert "密钥" in chinese.text
    assert published["sha256"] in english.text
    german = client.get(path, headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert 'lang="de"' in german.text
    for answer in (english, client.get("/announcements"), client.get("/announcements/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert published["slug"] in client.get("/announcements").text
    french = client.get("/announcements", headers={"Accept-Language": "fr"})
    assert 'lang="fr"' in french.text


def test_anybody_can_check_that_a_notice_is_real(client, published, approved):
    shown = client.get(f"/notices/{approved['reference']}")
    assert "Yes, this notice is real" in shown.text
    assert "this notice is real" not in client.get(f"/announcements/{published['slug']}").text
    german = client.get(f"/notices/{approved['reference']}?lang=de")
    assert "diese Mitteilung ist echt" in german.text
    assert "stolen key of a supplier" in shown.text
    assert client.get(f"/notices/{approved['reference'].lower()}").status_code == 200
    assert client.get("/notices/N-2026-9999").status_code == 404


def test_a_notice_that_did_not_go_out_is_not_confirmed(client, approved):
    assert client.get(f"/notices/{approved['reference']}").status_code == 404


def test_the_feed_is_atom(client, published):
    answer = client.get("/announcements/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ET.fromstring(answer.content)
    assert feed.tag == f"{{{ATOM['a']}}}feed"
    for name in ("id", "title", "updated", "author/a:name"):
        assert feed.findtext(f"a:{name}", namespaces=ATOM), name
    (entry,) = feed.findall("a:entry", ATOM)
    for name in ("id", "title", "updated"):
        assert entry.findtext(f"a:{name}", namespaces=ATOM), name
    assert published["slug"] in entry.find("a:link", ATOM).attrib["href"]


def test_an_empty_feed_is_atom_too(client):
    feed = ET.fromstring(client.get("/announcements/feed.atom").content)
    assert feed.findtext("a:updated", namespaces=ATOM)


def test_a_withdrawn_page_is_gone(lead, client, published):
    path = f"/announcements/{published['slug']}"
    assert client.get(path).status_code == 200
    body = {"reason": "wrong words"}
    gone = lead.post(f"/announcements/{published['id']}/withdrawal", body)
    assert (gone["status"], gone["url"]) == ("withdrawn", "")
    assert client.get(path).status_code == 404
    assert published["slug"] not in client.get("/announcements/feed.atom").text
    lead.refused(409, "POST", f"/announcements/{published['id']}/publication")


def test_a_drill_is_never_public(lead, client, approver):
    from playbooks.sample.story import learned_later, opening_body  # noqa: PLC0415
    from tests.conftest import NOW  # noqa: PLC0415

    incident = lead.post("/incidents", opening_body(NOW) | {"mode": "drill"})
    for later in learned_later(NOW):
        lead.post(f"/incidents/{incident['id']}/facts", later)
    notice = lead.notice(incident)
    approver.post(f"/notices/{notice['id']}/approvals", if_match=notice["version"])
    page = propose(lead, incident, notice)
    approver.post(f"/announcements/{page['id']}/approval")
    page = lead.post(f"/announcements/{page['id']}/publication")
    assert page["url"] == ""
    assert client.get(f"/announcements/{page['slug']}").status_code == 404
    assert client.get(f"/notices/{notice['reference']}").status_code == 404
    assert page["slug"] not in client.get("/announcements").text


@pytest.mark.parametrize("path", ["/announcements/%00", "/notices/%00", "/announcements?lang=%00"])
def test_an_odd_address_is_no_mistake_of_ours(client, path):
    assert client.get(path).status_code < 500

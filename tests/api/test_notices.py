"""Words for the affected people: drafted, edited, approved by somebody else, frozen."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from incidents.database.incidents import Incident
from incidents.database.notices import Notice, NoticeApproval, NoticeBody, bodies_of
from incidents.rules.ladder import CHANNELS
from incidents.services import freezing
from incidents.work import TOCSIN
from tests.api.desk import Desk, fields
from tests.services.telling import make_people


@pytest.fixture
def incident(lead):
    return lead.sample()


@pytest.fixture
def notice(lead, incident):
    return lead.notice(incident)


def people(office, incident, *locales: str) -> None:
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        make_people(work, row, [
            {"email": f"p{n}@example.com", "locale": locale} for n, locale in enumerate(locales)
        ])  # fmt: skip


def approve(desk, notice, **more):
    return desk.ask(
        "POST", f"/notices/{notice['id']}/approvals", if_match=notice["version"], **more
    )


def test_a_notice_is_drafted_from_the_facts_in_every_language(notice):
    assert {"en", "zh-Hans"} <= set(notice["words"])
    assert "stolen key of a supplier" in " ".join(notice["words"]["en"]["what_happened"])
    assert "密钥" in "".join(notice["words"]["zh-Hans"]["what_happened"])
    assert notice["missing"] == []


def test_a_notice_bears_the_day_that_it_is_where_its_readers_live(lead, clock):
    clock.set(clock.now().replace(hour=18))  # two in the morning of the next day in Shanghai
    words = lead.notice(lead.sample())["words"]
    today, tomorrow = (words[locale]["issued_on"] for locale in ("en", "zh-Hans"))
    assert today < tomorrow


def test_approval_is_refused_with_all_that_is_missing(lead, approver):
    incident = lead.open()
    drafted = lead.post(f"/incidents/{incident['id']}/notices")
    told = approve(approver, drafted).json()
    assert {"en.contact.name", "en.contact"} <= set(fields(told))
    assert all(one["mend"] for one in told["problems"])
    assert lead.notice(incident)["missing"] == told["problems"]


def test_an_empty_element_or_a_blank_left_over_keeps_it_from_being_approved(lead, approver, notice):
    words = notice["words"]["en"] | {"what_you_can_do": [" "], "title": "To [your name]"}
    path = f"/notices/{notice['id']}/words/en"
    edited = lead.ask("PUT", path, words, if_match=notice["version"]).json()
    answer = approve(approver, edited)
    assert answer.status_code == 422
    assert set(fields(answer.json())) == {"en.what_you_can_do", "en.title"}


def test_a_supplement_begins_with_which_notice_it_adds_to(lead, office, notice):
    with office.work(TOCSIN) as work:
        work.session.get_one(Notice, UUID(notice["id"])).status = "issued"
    drafted = lead.post(f"/notices/{notice['id']}/supplements")
    made = lead.get(f"/notices/{drafted['id']}")
    begins = [words["what_happened"][0] for words in made["words"].values()]
    assert all(notice["reference"] in line for line in begins)
    assert "Dies ergänzt unsere Mitteilung" in made["words"]["de"]["what_happened"][0]
    assert made["words"]["en"]["what_happened"][1:] == notice["words"]["en"]["what_happened"]


def test_a_language_of_the_population_without_words_is_refused(
    lead, approver, office, incident, notice
):
    people(office, incident, "en", "zh-CN", "ko", "ko", "")
    answer = approve(approver, notice)
    assert answer.status_code == 422
    (gap,) = answer.json()["problems"]
    assert gap["field"] == "locale ko"
    assert gap["why"].startswith("2 people")
    choice = {"default_locale": "en", "locale_choices": {"ko": "en"}}
    chosen = lead.ask(
        "PUT", f"/notices/{notice['id']}/locales", choice, if_match=notice["version"]
    ).json()
    assert approve(approver, chosen).status_code == 201


def test_whoever_had_a_hand_in_it_may_not_approve_it(lead, client, as_role, notice):
    both = Desk(client, as_role("commander", "approver", name="both"))
    choice = {"default_locale": "en", "locale_choices": {"ko": "en"}}
    path = f"/notices/{notice['id']}/locales"
    chosen = both.ask("PUT", path, choice, if_match=notice["version"]).json()
    answer = approve(both, chosen)
    assert answer.status_code == 403
    assert "another approver" in answer.json()["detail"]
    other = Desk(client, as_role("commander", "approver", name="other"))
    assert approve(other, chosen).status_code == 201


def test_who_dropped_the_words_they_wrote_is_an_editor_still(client, as_role, notice):
    both = Desk(client, as_role("commander", "approver", name="both"))
    words, path = notice["words"]["de"], f"/notices/{notice['id']}/words/de"
    written = both.ask("PUT", path, words, if_match=notice["version"]).json()
    dropped = both.ask("DELETE", path, if_match=written["version"]).json()
    assert approve(both, dropped).status_code == 403


def test_whoever_drafted_it_may_not_approve_it(lead, client, as_role, incident):
    both = Desk(client, as_role("commander", "approver", name="both"))
    mine = both.post(f"/incidents/{incident['id']}/notices")
    assert approve(both, mine).status_code == 403


def test_an_approval_is_of_the_version_that_was_read(lead, approver, notice):
    lead.ask(
        "PUT", f"/notices/{notice['id']}/words/en", notice["words"]["en"],
        if_match=notice["version"],
    )  # fmt: skip
    assert approve(approver, notice).status_code == 412
    approver.refused(428, "POST", f"/notices/{notice['id']}/approvals")


def test_any_change_voids_the_approval(lead, approver, office, notice):
    first = approve(approver, notice).json()
    now = lead.get(f"/notices/{notice['id']}")
    assert now["status"] == "approved"
    choice = {"default_locale": "de", "locale_choices": {}}
    edited = lead.ask(
        "PUT", f"/notices/{notice['id']}/locales", choice, if_match=now["version"]
    ).json()
    assert edited["status"] == "draft"
    with office.look(TOCSIN) as work:
        assert work.session.get_one(NoticeApproval, UUID(first["id"])).voided_at
    second = approve(approver, edited).json()
    assert second["sha256"] != first["sha256"]
    approver_again = approve(approver, lead.get(f"/notices/{notice['id']}"))
    assert approver_again.status_code == 409


def test_what_was_approved_is_frozen_byte_for_byte(lead, approver, office, notice):
    preview = lead.get(f"/notices/{notice['id']}/preview?channel=email&locale=zh-Hans")
    approval = approve(approver, notice).json()
    with office.work(TOCSIN) as work:
        kept = work.session.get_one(NoticeApproval, UUID(approval["id"]))
        row = work.session.get_one(Notice, UUID(notice["id"]))
        bodies = bodies_of(work.session, kept.id)
        frozen = bodies["zh-Hans", "", "email"]
        assert (frozen.subject, frozen.text, frozen.html) == tuple(
            preview[name] for name in ("subject", "text", "html")
        )
        assert {channel for _, _, channel in bodies} == set(CHANNELS)
        assert freezing.still_holds(work, row, kept)
        work.session.execute(
            update(NoticeBody)
            .where(NoticeBody.approval_id == kept.id, NoticeBody.channel == "sms")
            .values(text="Click here")
        )
        work.session.expire_all()
        assert not freezing.still_holds(work, row, kept)


def test_redrafting_takes_up_new_facts_and_leaves_what_people_wrote(lead, incident, notice):
    words = notice["words"]["en"] | {"title": "Written by a person"}
    path = f"/notices/{notice['id']}"
    edited = lead.ask("PUT", f"{path}/words/en", words, if_match=notice["version"]).json()
    lead.learn(incident, help_offered={"en": "New help", "de": "Neue Hilfe"})
    lead.post(f"{path}/redraft", if_match=edited["version"])
    now = lead.get(path)["words"]
    assert now["en"]["title"] == "Written by a person"
    assert now["de"]["what_help_we_offer"] == ["Neue Hilfe"]


def test_a_withdrawn_notice_is_over(lead, approver, notice):
    path = f"/notices/{notice['id']}"
    body = {"reason": "the wrong people"}
    gone = lead.post(f"{path}/withdrawal", body, if_match=notice["version"])
    assert gone["status"] == "withdrawn"
    assert approve(approver, gone).status_code == 409
    lead.refused(409, "POST", f"{path}/supplements")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("PUT", "words/tlh", {}, 422, "locale"),
        ("PUT", "words/en", {"colour": "red"}, 422, "colour"),
        ("PUT", "words/en", {"title": "x" * 201}, 422, "title"),
        ("PUT", "words/en", {"what_happened": "no list"}, 422, "what_happened"),
        ("PUT", "words/en", {"issued_on": "tomorrow"}, 422, "issued_on"),
        ("PUT", "words/%00", {}, 422, "locale"),
        ("PUT", "locales", {"default_locale": "ja-JP"}, 422, "default_locale"),
        ("DELETE", "words/xx", None, 404, None),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused(lead, notice, method, path, body, status, field):
    told = lead.refused(
        status, method, f"/notices/{notice['id']}/{path}", body, if_match=notice["version"]
    )
    assert fields(told) == ([field] if field else [])
    assert lead.get(f"/notices/{notice['id']}")["version"] == notice["version"]


@pytest.mark.parametrize("query", ["channel=fax", "locale=%00", "locale=xx-"])
def test_a_preview_of_nothing_is_refused(lead, notice, query):
    assert lead.ask("GET", f"/notices/{notice['id']}/preview?{query}").status_code == 422


def test_a_preview_shows_every_channel_and_says_where_to_check_it(lead, notice, settings):
    for channel in ("email", "sms", "push", "call", "announcement"):
        made = lead.get(f"/notices/{notice['id']}/preview?channel={channel}&locale=de")
        told = (
            made["text"].replace(", ", "-").replace(" ", "") if channel == "call" else made["text"]
        )
        assert notice["reference"] in told
    lead.refused(404, "GET", f"/notices/{notice['id']}/preview?locale=ko")


def test_one_bad_body_leaves_the_rows_as_they_were(office, lead, notice):
    with office.look(TOCSIN) as work:
        assert work.session.scalars(select(NoticeBody)).all() == []

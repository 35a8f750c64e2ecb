"""Words for the people of one place: drafted where a law limits them, written, checked, dropped."""

from uuid import UUID

import pytest

from incidents.database.incidents import Incident
from incidents.database.notices import Notice, NoticeApproval, bodies_of, standing_approval
from incidents.services import freezing
from incidents.work import TOCSIN
from tests.api.desk import fields
from tests.services.telling import make_people

RULE = "us-ma-93h-people"
THEIRS = f"{RULE}:US-MA"
CAUSE = "stolen key of a supplier"


@pytest.fixture
def incident(lead, office):
    """The sample breach, with social security numbers: readers in three places."""
    incident = lead.sample()
    lead.learn(incident, "found in the copy too", data_categories=["contact", "ssn"])
    people(office, incident, ("US-MA", "en"), ("US-CA", "en"), ("DE", "de"))
    lead.learn(
        incident, "counted by the list", people_by_place={"US-MA": 1, "US-CA": 1, "DE": 9998}
    )
    return incident


@pytest.fixture
def notice(lead, incident):
    """Drafted anew, now that it is known who is affected."""
    found = lead.notice(incident)
    lead.post(f"/notices/{found['id']}/redraft", if_match=found["version"])
    return lead.notice(incident)


def people(office, incident, *kinds):
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        some = [{"place": place, "locale": locale, "email": f"{place}-{locale}@example.com"}
                for place, locale in kinds]  # fmt: skip
        make_people(work, row, some)


def write(lead, notice, words, place, locale="en", status=200):
    answer = lead.ask(
        "PUT",
        f"/notices/{notice['id']}/words/{locale}?variant={place}",
        words,
        if_match=lead.get(f"/notices/{notice['id']}")["version"],
    )
    assert answer.status_code == status, answer.text
    return lead.get(f"/notices/{notice['id']}") if status == 200 else answer.json()


def drop(lead, notice, what, status=200):
    version = lead.get(f"/notices/{notice['id']}")["version"]
    answer = lead.ask("DELETE", f"/notices/{notice['id']}/{what}", if_match=version)
    assert answer.status_code == status, answer.text
    return lead.get(f"/notices/{notice['id']}")


def approve(desk, notice, *despite):
    path = f"/notices/{notice['id']}/approvals"
    return desk.ask("POST", path, {"despite": list(despite)}, if_match=notice["version"])


def place_of(notice, place):
    return next(one for one in notice["places"] if one["place"] == place)


def test_words_are_drafted_for_a_place_whose_law_limits_them_and_say_why(lead, incident, notice):
    (theirs,) = notice["places"]
    assert (theirs["place"], theirs["people"]) == ("US-MA", 1)
    (limit,) = theirs["limits"]
    assert (limit["rule"], limit["forbids"]) == (RULE, ["nature", "number_affected"])
    assert set(theirs["words"]) == set(notice["words"])
    for locale, plain in notice["words"].items():
        words = theirs["words"][locale]
        assert words["title"] != plain["title"]
        assert words["what_happened"] != plain["what_happened"]
        assert words["what_happened"][-1] in plain["what_happened"]  # which data it concerns
        assert words["what_help_we_offer"] == plain["what_help_we_offer"]
    assert CAUSE in " ".join(notice["words"]["en"]["what_happened"])
    assert CAUSE not in str(theirs["words"]["en"]["what_happened"])
    lines = [line["text"] for line in lead.get(f"/incidents/{incident['id']}/timeline")]
    (told,) = [line for line in lines if "of their own drafted for the people of US-MA" in line]
    assert "the nature of the breach" in told
    assert "M.G.L. c. 93H" in told


def test_nothing_is_drafted_for_a_place_where_nobody_is_affected(lead):
    assert lead.notice(lead.sample())["places"] == []


def test_drafting_again_drops_words_that_nobody_needs_any_more(lead, incident, notice):
    lead.learn(incident, "no numbers after all", data_categories=["contact"])
    version = lead.notice(incident)["version"]
    lead.post(f"/notices/{notice['id']}/redraft", if_match=version)
    assert lead.notice(incident)["places"] == []


def test_drafting_again_leaves_what_people_wrote_for_a_place(lead, incident, notice):
    words = place_of(notice, "US-MA")["words"]["en"] | {"title": "Written by a person"}
    write(lead, notice, words, "US-MA")
    lead.learn(incident, "better", help_offered={"en": "New help", "de": "Neue Hilfe"})
    version = lead.notice(incident)["version"]
    lead.post(f"/notices/{notice['id']}/redraft", if_match=version)
    now = place_of(lead.notice(incident), "US-MA")["words"]
    assert now["en"]["title"] == "Written by a person"
    assert now["de"]["what_help_we_offer"] == ["Neue Hilfe"]


def test_a_limit_counts_for_the_words_that_its_people_get_and_for_no_others(
    lead, approver, notice, office, incident
):
    """The plain words may tell how many there are: nobody in Massachusetts reads them."""
    plain = notice["words"]["en"] | {"what_happened": ["It struck 10,000 people."]}
    write(lead, notice, plain, "")
    now = lead.notice(incident)
    assert fields({"problems": now["missing"]}) == ["place US-MA"]
    assert approve(approver, now, RULE).status_code == 422
    told = approve(approver, now, THEIRS)
    assert told.status_code == 201
    lines = lead.get(f"/incidents/{incident['id']}/timeline")
    assert any(f"read against {THEIRS}" in line["text"] for line in lines)


def test_a_forbidden_number_in_the_words_for_a_place_is_refused_whatever_is_answered(
    lead, approver, notice
):
    words = place_of(notice, "US-MA")["words"]["en"] | {"possible_effect": ["One of 10,000."]}
    now = write(lead, notice, words, "US-MA")
    told = approve(approver, now, THEIRS)
    assert fields(told.json()) == ["US-MA.en.possible_effect"]


def test_people_who_may_live_there_read_the_plain_words_which_are_judged_for_them(
    approver, lead, office, incident, notice
):
    """Somewhere in the United States: the words for US-MA are not what they get."""
    people(office, incident, ("US", "en"))
    assert approve(approver, lead.notice(incident), THEIRS).status_code == 422
    assert approve(approver, lead.notice(incident), THEIRS, RULE).status_code == 201


def test_a_gap_in_the_words_for_a_place_keeps_the_notice_from_being_approved(
    lead, approver, notice
):
    words = place_of(notice, "US-MA")["words"]["en"] | {"what_you_can_do": []}
    now = write(lead, notice, words, "US-MA")
    told = approve(approver, now, THEIRS)
    assert told.status_code == 422
    assert fields(told.json()) == ["US-MA.en.what_you_can_do"]


def test_a_language_that_somebody_of_the_place_reads_must_be_written_for_it(
    lead, approver, office, incident, notice
):
    people(office, incident, ("US-MA", "es"), ("US-MA", "es"))
    drop(lead, notice, "words/es?variant=US-MA")
    now = drop(lead, notice, "words/ja?variant=US-MA")  # nobody there reads it
    told = approve(approver, now, THEIRS)
    assert fields(told.json()) == ["US-MA.es"]
    assert told.json()["problems"][0]["why"].startswith("2 people")
    assert approver.ask("GET", f"/notices/{notice['id']}").status_code == 200


def test_the_default_language_of_a_place_must_be_written_whoever_reads_it(lead, approver, notice):
    words = notice["words"]["de"]
    now = write(lead, notice, words, "FR", locale="de")
    assert fields(approve(approver, now, THEIRS).json()) == ["FR.en"]


def test_words_for_a_place_begin_with_an_edit_and_end_when_dropped(lead, notice):
    words = notice["words"]["en"] | {"title": "Notice of data breach"}
    now = write(lead, notice, words, "US-CA")
    assert [one["place"] for one in now["places"]] == ["US-CA", "US-MA"]
    assert place_of(now, "US-CA")["people"] == 1
    made = lead.get(f"/notices/{notice['id']}/preview?locale=en&variant=US-CA")
    assert "Notice of data breach" in made["subject"]
    lead.refused(404, "GET", f"/notices/{notice['id']}/preview?locale=de&variant=US-CA")
    now = drop(lead, notice, "places/US-CA")
    assert [one["place"] for one in now["places"]] == ["US-MA"]
    drop(lead, notice, "places/US-CA", status=404)
    now = drop(lead, notice, "words/ja")
    assert "ja" not in place_of(now, "US-MA")["words"]


@pytest.mark.parametrize(
    ("place", "locale", "field"),
    [("US-XX", "en", "variant"), ("XX", "en", "variant"), ("us-ma", "en", "variant"),
     ("EU", "en", "variant"), ("FR", "ko", "locale")],
)  # fmt: skip
def test_words_for_no_place_and_in_no_language_are_refused(lead, notice, place, locale, field):
    told = write(lead, notice, notice["words"]["en"], place, locale, status=422)
    assert fields(told) == [field]


def test_an_approval_binds_who_gets_which_words(lead, approver, office, notice):
    approve(approver, notice, THEIRS)
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Notice, UUID(notice["id"]))
        approval = standing_approval(work.session, row.id)
        bodies = bodies_of(work.session, approval.id)
        assert bodies["en", "", "email"].text != bodies["en", "US-MA", "email"].text
        assert freezing.still_holds(work, row, approval)
        theirs = [body for (_, variant, _), body in bodies.items() if variant == "US-MA"]
        assert theirs
        for body in theirs:
            body.variant = "US-CA"
        work.session.flush()
        assert not freezing.still_holds(work, row, approval)


def test_a_copy_for_a_place_leads_to_a_page_with_the_same_words(
    lead, approver, client, office, incident, notice
):
    approve(approver, notice, THEIRS)
    made = lead.get(f"/notices/{notice['id']}/preview?locale=en&variant=US-MA")
    link = f"/notices/{notice['reference']}?place=US-MA"
    assert link in made["text"]
    with office.work(TOCSIN) as work:
        work.session.get_one(Notice, UUID(notice["id"])).status = "issued"
    theirs, plain = client.get(link).text, client.get(link.partition("?")[0]).text
    assert CAUSE in plain
    assert CAUSE not in theirs
    assert "Social Security number" in theirs
    assert "place=US-MA&amp;lang=de" in theirs
    assert client.get(f"/notices/{notice['reference']}?place=FR").text == plain


def test_an_approval_from_before_there_were_places_holds_as_it_was(office, lead, approver):
    """The plain words are bound as they always were."""
    notice = lead.notice(lead.sample())
    approve(approver, notice)
    with office.look(TOCSIN) as work:
        row = work.session.get_one(Notice, UUID(notice["id"]))
        approval = work.session.query(NoticeApproval).filter_by(notice_id=row.id).one()
        bound = freezing.bound(row, list(bodies_of(work.session, approval.id).values()))
        assert {len(body) for body in bound["bodies"]} == {3}

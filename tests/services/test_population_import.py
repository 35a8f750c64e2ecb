import csv
import io

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from incidents.database import pages
from incidents.database.audit_entries import AuditEntry
from incidents.database.imports import PopulationImport, Rejection
from incidents.database.incidents import TimelineEntry
from incidents.database.population import Recipient
from incidents.errors import BadRequest, Conflict, InvalidInput, NotPermitted
from incidents.services import facts, population
from incidents.services.contacts import contact_of
from incidents.services.population_batches import MOST_LISTED
from incidents.services.population_import import BATCH
from incidents.services.reachability import coverage
from tests.factories import TOCSIN, make_incident

HEADER = "ref,name,email,phone,locale,place,push_token,postal_address,survey_no\n"
PEOPLE = HEADER + (
    "1,Ada Example,Ada@Example.com,+1 202 555 0123,en-US,US-CA,,,S-1\n"
    "2,王小明,wang@example.com,,zh_CN,CN,token-0001,,S-2\n"
    "3,Lee One,lee@example.com,,en,GB,,,\n"
    "4,Lee Two,lee@example.com,,en,GB,,,\n"
    "5,Jörg Müller,bad address,0151 23456789,de,Germany,,,\n"
    "6,No Address,,,fr,,,,\n"
    "1,Ada Example,Ada@Example.com,,en-US,US-CA,,,\n"
    "broken line\n"
)


@pytest.fixture
def incident_id(office):
    with office.work(TOCSIN) as work:
        return make_incident(work).id


def take_in(office, incident_id, text, actor=TOCSIN):
    data = text if isinstance(text, bytes) else text.encode()
    chunks = (data[at : at + 1000] for at in range(0, len(data), 1000))
    return population.import_people(office, actor, incident_id, chunks)


def everybody(office):
    with office.look(TOCSIN) as work:
        return list(work.session.scalars(select(Recipient).order_by(Recipient.id)))


def count(office, table):
    with office.look(TOCSIN) as work:
        return work.session.scalar(select(func.count()).select_from(table))


def test_each_line_becomes_a_person_a_duplicate_or_a_rejection(office, incident_id):
    done = take_in(office, incident_id, PEOPLE)
    assert done.status == "done"
    assert (done.read_count, done.added_count, done.duplicate_count) == (8, 6, 1)
    assert (done.rejected_count, done.flawed_count) == (1, 1)
    assert done.by_reason == {"email.not_an_email": 1, "line.too_few_fields": 1}
    assert [(p.locale, p.place) for p in everybody(office)][:2] == [
        ("en-US", "US-CA"),
        ("zh-CN", "CN"),
    ]


def test_contacts_are_sealed_and_open_for_the_sender(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    people = everybody(office)
    assert all(b"xample" not in p.sealed and p.drill_email is None for p in people)
    with office.look(TOCSIN) as work:
        contacts = contact_of(work.session, work.keyring, people[::-1])
    assert [contact["name"] for contact in contacts][-2:] == ["王小明", "Ada Example"]
    assert contacts[-1] == {
        "name": "Ada Example",
        "email": "Ada@example.com",
        "phone": "+12025550123",
        "push_token": "",
        "postal_address": "",
        "fields": {"survey_no": "S-1"},
    }


def test_people_of_one_mail_host_bear_one_number_which_says_nothing_elsewhere(office, incident_id):
    domains = ["gmail.com", "googlemail.com", *(f"mail{n}.example.com" for n in range(20))]
    lines = [f"Person {n},p{n}@{domain},\n" for n, domain in enumerate(domains)]
    text = "".join(["name,email,phone\n", *lines, "Ada Example,,+1 202 555 0123\n"])
    take_in(office, incident_id, text)
    numbers = [person.mail_host for person in everybody(office)]
    assert numbers[0] == numbers[1]
    assert len(set(numbers[1:-1])) > 18  # two of them may share one by chance
    assert numbers[-1] == 0
    with office.work(TOCSIN) as work:
        other_id = make_incident(work).id
    take_in(office, other_id, text)
    others = [person.mail_host for person in everybody(office)[len(numbers) :]]
    assert sum(one == other for one, other in zip(numbers, others, strict=True)) < 4


def test_the_same_list_twice_adds_nobody(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    again = take_in(office, incident_id, PEOPLE)
    assert (again.added_count, again.duplicate_count, again.flawed_count) == (0, 7, 0)
    assert count(office, Recipient) == 6


def test_a_list_longer_than_a_batch_is_taken_whole(office, incident_id):
    rows = [f"Person {n},p{n}@example.com\n" for n in range(BATCH + 10)]
    done = take_in(office, incident_id, "name,email\n" + "".join(rows + rows[:20]))
    assert (done.added_count, done.duplicate_count) == (BATCH + 10, 20)
    assert count(office, Recipient) == BATCH + 10


def test_people_named_again_in_a_later_batch_are_added_once(office, incident_id):
    rows = [f"Person {n},p{n}@example.com\n" for n in range(2 * BATCH)]
    again = [*rows[:BATCH], *rows[:7], *rows[BATCH:], *rows[-3:]]
    done = take_in(office, incident_id, "name,email\n" + "".join(again))
    assert (done.added_count, done.duplicate_count) == (2 * BATCH, 10)
    assert count(office, Recipient) == 2 * BATCH


def test_the_facts_learn_who_is_affected_where(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    with office.look(TOCSIN) as work:
        known = facts.known(work, incident_id)
    assert known["people_count"] == 6
    assert known["people_by_place"] == {"CN": 1, "DE": 1, "GB": 2, "US-CA": 1, "ZZ": 1}


def test_locales_and_places_are_known_without_reading_people(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    take_in(office, incident_id, "name,email,locale,place\nEva,eva@example.com,sv,SE\n")

    def torn():
        yield b"name,email,locale\nNew Person,new@example.com,ja\n"
        raise ConnectionResetError("gone")

    with pytest.raises(BadRequest):
        population.import_people(office, TOCSIN, incident_id, torn())
    with office.work(TOCSIN) as work:
        noted = pages.kinds_of(work.session, incident_id)
        work.session.execute(update(PopulationImport).values(kinds=None))
        read = pages.kinds_of(work.session, incident_id)  # as of a list taken in before
    assert noted == sorted(read)
    assert ("ja", "") not in noted
    assert {("sv", "SE"), ("en", "GB"), ("fr", "")} <= {*noted}


def test_of_a_list_with_too_many_kinds_of_people_none_are_noted(office, incident_id):
    codes = ["AT", "BE", "BG", "CH", "CN", "CZ", "DE", "DK", "ES", "FI", "FR"]
    languages = ["bg", "cs", "da", "de", "en", "es", "fi", "fr", "zh"]
    many = {(f"{one}-{two}", place) for one in languages for two in codes for place in codes}
    lines = [f"P{n},p{n}@example.com,{lang},{place}\n" for n, (lang, place) in enumerate(many)]
    done = take_in(office, incident_id, "name,email,locale,place\n" + "".join(lines))
    assert (done.added_count, done.kinds) == (len(many), None)
    with office.look(TOCSIN) as work:
        assert {*pages.kinds_of(work.session, incident_id)} == many


def test_a_list_never_lowers_what_the_facts_say(office, incident_id):
    with office.work(TOCSIN) as work:
        values = {"people_count": 500, "people_by_place": {"DE": 400, "FR": 3}}
        facts.record_all(work, incident_id, values, source="the database team")
    take_in(office, incident_id, PEOPLE)
    with office.look(TOCSIN) as work:
        known = facts.known(work, incident_id)
    assert known["people_count"] == 500
    assert known["people_by_place"] == {
        "CN": 1, "DE": 400, "FR": 3, "GB": 2, "US-CA": 1, "ZZ": 1,
    }  # fmt: skip


def test_coverage_says_who_can_be_reached_and_what_to_do(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    with office.look(TOCSIN) as work:
        found = coverage(work, incident_id)
    reached = {name: channel.people for name, channel in found.channels.items()}
    assert reached == {"email": 4, "sms": 2, "push": 1, "call": 2, "letter": 0}
    assert found.channels["letter"].verdict.startswith("Nobody can be reached by letter")
    assert "4 of 6 people (67%)" in found.channels["email"].verdict
    assert (found.people, found.unreachable, found.flawed, found.shared_mailboxes) == (6, 1, 1, 1)
    assert "only a public announcement" in found.unreachable_verdict
    assert found.by_locale == {"en": 2, "en-US": 1, "zh-CN": 1, "de": 1, "fr": 1}
    assert found.by_place["ZZ"] == 1


def test_coverage_says_how_many_people_share_a_telephone(office, incident_id):
    lines = "".join(f"P{n},+12025550{199 if n < 3 else 100 + n}\n" for n in range(6))
    take_in(office, incident_id, f"name,phone\n{lines}")
    with office.look(TOCSIN) as work:
        found = coverage(work, incident_id)
    assert (found.shared_mailboxes, found.shared_phones, found.most_at_one) == (0, 1, 3)


def test_the_rejects_name_line_column_and_reason_and_no_value(office, incident_id):
    done = take_in(office, incident_id, PEOPLE)
    with office.look(TOCSIN) as work:
        text = "".join(population.rejections(work, done.id))
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["line", "column", "reason", "left_out"]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("6", "email", "field"),
        ("9", "", "line"),
    ]
    assert "bad address" not in text
    assert "broken line" not in text


def test_ten_thousand_bad_lines_and_more_are_counted_and_the_first_are_listed(office, incident_id):
    bad = MOST_LISTED + 500
    done = take_in(office, incident_id, "name,email\n" + "x\n" * bad + "Ada,a@example.com\n")
    assert (done.added_count, done.rejected_count) == (1, bad)
    assert count(office, Rejection) == MOST_LISTED
    with office.look(TOCSIN) as work:
        *_, last = population.rejections(work, done.id)
    assert "and 500 more" in last


def test_nothing_of_a_person_is_in_trail_story_or_import(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    with office.look(TOCSIN) as work:
        entries = work.session.scalars(select(AuditEntry)).all()
        notes = work.session.scalars(select(TimelineEntry.text)).all()
        rejections = work.session.scalars(select(Rejection.reason)).all()
        reasons = [str(row.by_reason) for row in work.session.scalars(select(PopulationImport))]
    kinds = {entry.kind for entry in entries}
    assert {"population.import.start", "population.import.finish"} <= kinds
    text = "".join([*(entry.body.decode() for entry in entries), *notes, *rejections, *reasons])
    for canary in ("Ada", "王", "wang@", "2025550123", "S-1", "token-0001"):
        assert canary not in text


def test_an_upload_that_breaks_off_leaves_nobody(office, incident_id):
    def torn():
        yield b"name,email\n"
        for n in range(BATCH * 2):
            yield f"Person {n},p{n}@example.com\n".encode()
        raise ConnectionResetError("gone")

    with pytest.raises(BadRequest, match="broke off"):
        population.import_people(office, TOCSIN, incident_id, torn())
    assert count(office, Recipient) == 0
    with office.look(TOCSIN) as work:
        row = work.session.scalars(select(PopulationImport)).one()
        assert (row.status, row.added_count, row.reason[:14]) == ("failed", 0, "the upload bro")
        assert coverage(work, incident_id).people == 0
        assert facts.known(work, incident_id) == {}


def test_a_failed_import_leaves_the_people_of_earlier_ones(office, incident_id):
    take_in(office, incident_id, PEOPLE)

    def torn():
        yield b"name,email\nNew Person,new@example.com\n"
        raise ConnectionResetError("gone")

    with pytest.raises(BadRequest):
        population.import_people(office, TOCSIN, incident_id, torn())
    assert count(office, Recipient) == 6


def test_people_of_a_running_import_do_not_count_yet_and_a_second_one_waits(office, incident_id):
    seen = []

    def chunks():
        yield b"name,email\n"
        for n in range(BATCH + 1):
            yield f"Person {n},p{n}@example.com\n".encode()
        with office.look(TOCSIN) as work:
            seen.append((coverage(work, incident_id).people, coverage(work, incident_id).importing))
        with pytest.raises(Conflict, match="being imported"):
            take_in(office, incident_id, PEOPLE)

    population.import_people(office, TOCSIN, incident_id, chunks())
    assert seen == [(0, True)]
    assert count(office, Recipient) == BATCH + 1


def test_the_import_of_a_dead_process_is_taken_back(office, incident_id, clock):
    def dies():
        yield b"name,email\n"
        for n in range(BATCH + 1):
            yield f"Person {n},p{n}@example.com\n".encode()
        clock.set(clock.now() + population.SILENT * 2)
        with office.work(TOCSIN) as work:
            assert population.fail_stale(work) == 1
        yield b"Late,late@example.com\n"

    with pytest.raises(Conflict, match="silent for too long"):
        population.import_people(office, TOCSIN, incident_id, dies())
    assert count(office, Recipient) == 0
    with office.work(TOCSIN) as work:
        assert population.fail_stale(work) == 0
        assert work.session.scalars(select(PopulationImport.status)).all() == ["failed"]


def test_a_bad_header_leaves_no_trace(office, incident_id):
    with pytest.raises(InvalidInput):
        take_in(office, incident_id, "emial\nada@example.com\n")
    assert count(office, PopulationImport) == 0


def test_a_list_without_people_is_refused(office, incident_id):
    with pytest.raises(InvalidInput, match="no people"):
        take_in(office, incident_id, "name,email\n\n")


def test_who_may_not_import_cannot(office, incident_id, actor):
    with pytest.raises(NotPermitted):
        take_in(office, incident_id, PEOPLE, actor("auditor"))


def test_a_drill_takes_no_list_and_an_incident_no_invented_people(office, incident_id):
    with office.work(TOCSIN) as work:
        drill = make_incident(work, mode="drill")
    with pytest.raises(NotPermitted, match="invented"):
        take_in(office, drill.id, PEOPLE)
    with office.work(TOCSIN) as work, pytest.raises(NotPermitted):
        population.store_synthetic(work, make_incident(work), [])


def test_invented_people_of_a_drill_can_be_counted_and_sent_to(office):
    invented = [
        {"ref": "d1", "name": "Ada", "email": "ada@post.drill.invalid", "place": "DE"},
        {"ref": "d2", "name": "Bo", "email": "bo at post", "phone": "+12025550123"},
    ]
    with office.work(TOCSIN) as work:
        drill = make_incident(work, mode="drill")
        done = population.store_synthetic(work, drill, invented)
        assert (done.status, done.added_count, done.flawed_count) == ("done", 2, 1)
    people = everybody(office)
    with office.look(TOCSIN) as work:
        assert coverage(work, drill.id).channels["email"].people == 1
        contacts = contact_of(work.session, work.keyring, people)
    assert [contact["email"] for contact in contacts] == ["ada@post.drill.invalid", ""]


@pytest.mark.parametrize("real", [{"email": "ada@example.com"}, {"phone": "+447911123456"}])
def test_the_database_refuses_a_drill_person_who_could_be_real(office, real):
    with office.work(TOCSIN) as work:
        drill = make_incident(work, mode="drill")
    people = [{"ref": "d1", "name": "Ada"} | real]
    with pytest.raises(IntegrityError), office.work(TOCSIN) as work:
        population.store_synthetic(work, drill, people)
    assert count(office, Recipient) == 0


def test_people_are_withheld_and_let_go_by_ref(office, incident_id):
    take_in(office, incident_id, PEOPLE)
    with office.work(TOCSIN) as work:
        assert population.withhold(work, incident_id, ["2", "6", "99"], "police_hold") == 2
    assert [p.withheld for p in everybody(office)].count("police_hold") == 2
    with office.work(TOCSIN) as work:
        population.withhold(work, incident_id, ["2"], "")
    assert [p.withheld for p in everybody(office)].count("police_hold") == 1

"""People of a place get the words for it: packed apart, frozen, proved; nobody is left without."""

from __future__ import annotations

import json
import zipfile
from collections import Counter

import pytest

from incidents.audit import log as audit
from incidents.audit.note import public_key_of
from incidents.audit.verifier import verify_evidence_at
from incidents.database.campaigns import Campaign, Envelope
from incidents.database.notices import Notice, NoticeApproval, bodies_of, void_approvals
from incidents.errors import Conflict, InvalidInput
from incidents.office import signing_key
from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaign_evidence, dry_run, proofs
from incidents.services.proof_leaves import Leaves
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import approve, mailbox, make_people

CHANNELS = ("email", "sms")
PHONE = "+1202555{:04}".format


@pytest.fixture
def telling(telling):
    """People, and an approved notice in English and Chinese, with words for places."""

    def make(people, places):
        one = telling(people)
        texts = [("en", ""), ("zh-Hans", ""), *places]
        with one.office.work(TOCSIN) as work:
            notice = work.session.get_one(Notice, one.notice.id)
            void_approvals(work.session, notice.id, work.now)
            wanted = [(locale, on, place) for locale, place in texts for on in CHANNELS]
            one.approval = approve(work, notice, wanted).id
        return one

    return make


def heard(one):
    """Beginning of the words -> addresses, of all that left."""
    told: dict[str, list[str]] = {}
    for envelope in one.email.ledger + one.sms.ledger:
        begins = envelope.words.text.partition(" ")[0]
        told.setdefault(begins, []).extend(person.address for person in envelope.people)
    return {begins: sorted(addresses) for begins, addresses in told.items()}


def test_each_gets_the_words_for_their_place_and_language(telling):
    one = telling(
        [
            mailbox(1, place="US-MA"),
            mailbox(2, place="US-MA", locale="zh-CN"),
            mailbox(3, place="US-CA"),
            mailbox(4, place="US"),
            mailbox(5, place="DE"),
            mailbox(6, place="CN", locale="zh-CN"),
            {"phone": PHONE(101), "place": "US-MA"},
        ],
        [("en", "US-MA"), ("zh-Hans", "US-MA"), ("en", "US")],
    )
    one.launch()
    one.pump()
    assert heard(one) == {
        "[enUS-MA]": [PHONE(101), "person1@example.com"],
        "[zh-HansUS-MA]": ["person2@example.com"],
        "[enUS]": ["person3@example.com", "person4@example.com"],
        "[en]": ["person5@example.com"],
        "[zh-Hans]": ["person6@example.com"],
    }
    assert one.buckets() == {"accepted": 7}


def test_who_moves_up_a_rung_keeps_the_words_for_their_place(telling):
    people = [mailbox(n, place="US-MA", phone=PHONE(n)) for n in range(2)]
    one = telling(people, [("en", "US-MA")])
    one.launch()
    one.pump()
    (envelope,) = one.email.ledger
    one.fold(one.receipt(envelope, ReceiptKind.BOUNCED))
    one.pump()
    (sms,) = one.sms.ledger
    assert sms.words.text.startswith("[enUS-MA]")


def test_a_launch_is_refused_while_people_of_a_place_have_no_words_in_their_language(telling):
    one = telling([mailbox(1, place="US-MA", locale="zh-CN")], [("en", "US-MA")])
    with pytest.raises(InvalidInput) as refused:
        one.launch()
    (problem,) = refused.value.problems
    assert problem.field == "locale US-MA.zh-CN"
    assert problem.why == "US-MA.zh-Hans has no words for email, sms"
    assert problem.mend


def test_a_newcomer_reads_the_words_for_their_place_in_the_default_language(telling):
    """The plain words in their own language may tell what the law of their place forbids."""
    one = telling([mailbox(1, place="US-MA")], [("en", "US-MA")])
    one.launch()
    one.pump()
    with one.office.work(TOCSIN) as work:
        make_people(work, one.incident, [mailbox(2, place="US-MA", locale="zh-CN")])
    one.tend(5)
    one.pump()
    assert heard(one) == {"[enUS-MA]": ["person1@example.com", "person2@example.com"]}
    assert one.buckets() == {"accepted": 2}


def test_the_proof_of_each_person_names_the_words_they_got(telling):
    people = [mailbox(n, place=place) for n, place in enumerate(("US-MA", "US-CA", "DE"))]
    one = telling(people, [("en", "US-MA")])
    one.launch()
    one.pump()
    with one.office.look(TOCSIN) as work:
        made = Leaves(work, work.session.get_one(Campaign, one.id))
        leaves = [json.loads(leaf.body) for page in made.all() for leaf in page]
        bodies = bodies_of(work.session, one.approval)
    told = Counter((leaf["variant"], leaf["words"]) for leaf in leaves)
    theirs, plain = bodies["en", "US-MA", "email"].sha256, bodies["en", "", "email"].sha256
    assert told == {("US-MA", theirs): 1, ("", plain): 2}


def test_evidence_holds_the_words_of_every_place_and_proves_itself(telling, tmp_path):
    one = telling([mailbox(1, place="US-MA"), mailbox(2, place="DE")], [("en", "US-MA")])
    with one.office.work(TOCSIN) as work:
        approval = work.session.get_one(NoticeApproval, one.approval)
        audit.record(
            work,
            "notice.approve",
            incident_id=one.incident.id,
            subject_type="notice",
            subject_id=one.notice.id,
            content=approval.sha256,
        )
    one.launch()
    one.pump()
    one.tend()
    signer = signing_key(one.office.settings)
    proofs.make_due(one.office, signer)
    file = tmp_path / "evidence.zip"
    with one.office.work(TOCSIN) as work:
        campaign_evidence.export_to(work, signer, one.id, file)
    with zipfile.ZipFile(file) as packed:
        names = set(packed.namelist())
        theirs = json.loads(packed.read("words/en.US-MA.email.json"))
    assert "words/en.email.json" in names
    assert theirs["text"].startswith("[enUS-MA]")
    assert verify_evidence_at(file, key=str(public_key_of(signer))).findings == []


def test_a_dry_run_counts_each_kind_of_words_as_the_launch_then_packs_them(telling):
    people = [{"phone": PHONE(n), "place": "US-MA" if n < 3 else "DE"} for n in range(5)]
    one = telling(people, [("en", "US-MA")])
    with one.office.look(TOCSIN) as work:
        legs = dry_run.plan(work, one.notice.id, LaunchOptions(["sms", "announcement"])).legs
    assert [(leg.locale, leg.variant, leg.people) for leg in legs] == [
        ("en", "", 2),
        ("en", "US-MA", 3),
    ]
    one.launch("sms", "announcement")
    one.pump()
    packed = Counter(envelope.variant for envelope in one.rows(Envelope))
    assert packed == {leg.variant: leg.envelopes for leg in legs}


def test_words_that_were_approved_for_another_place_are_not_sent(telling):
    one = telling([mailbox(1, place="US-MA")], [("en", "US-MA")])
    with one.office.work(TOCSIN) as work:
        bodies_of(work.session, one.approval)["en", "US-MA", "email"].variant = "US-CA"
    with pytest.raises(Conflict, match="not what was approved"):
        one.launch()

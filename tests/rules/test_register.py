import csv
import io
from datetime import UTC, date, datetime

import pytest

from incidents.rules.catalogue import load
from incidents.rules.hipaa_log import COLUMNS, RULE, hipaa_log, log_csv
from incidents.rules.register import Breach, OnRecord, row, touches, year_of
from incidents.rules.register_sheet import register_csv
from incidents.rules.register_words import printable

AWARE = datetime(2026, 3, 2, 8, tzinfo=UTC)
DUE = datetime(2026, 3, 5, 8, tzinfo=UTC)


def duty(**changes) -> OnRecord:
    """A duty to an authority, open and owed."""
    given = {
        "law": "eu/gdpr.yaml", "rule": "eu-gdpr-33", "title": "Notify the authority",
        "place": "EEA", "audience": "authority", "stage": "initial", "authority": "CNIL",
        "standing": "owed", "status": "open", "reason": "", "by": "", "at": None, "due_at": DUE,
        "is_target": False, "done_at": None, "proofs": (), "needs": (),
        "source": "GDPR, art. 33(1)", "law_version": "v1",
    }  # fmt: skip
    return OnRecord(**given | changes)


def breach(*duties: OnRecord, number: str = "INC-2026-0001", **facts) -> Breach:
    """A breach with these duties and facts."""
    return Breach(
        number=number,
        mode="live",
        kind="lost_device",
        title="A laptop was lost",
        status="closed",
        opened_at=AWARE,
        closed_at=None,
        severity="low",
        facts=facts,
        sources={"aware_at": "the finder"},
        duties=duties,
        assessments=(),
    )


@pytest.mark.parametrize(
    ("changes", "decision", "why"),
    [
        ({}, "owed", ""),
        ({"standing": "unknown", "needs": ("breach_kinds",)}, "undecided",
         "due unless established otherwise; needs breach kinds"),
        ({"standing": "recommended"}, "recommended", ""),
        ({"status": "met", "done_at": DUE}, "notified", ""),
        ({"status": "waived", "reason": "counsel said so"}, "waived", "counsel said so"),
        ({"status": "no_longer_owed", "reason": "no risk"}, "no_longer_owed", "no risk"),
        ({"status": "not_owed", "reason": "no risk"}, "not_owed", "no risk"),
    ],
)  # fmt: skip
def test_each_duty_is_a_decision_with_its_reason(changes, decision, why) -> None:
    found = row(breach(duty(**changes), duty(rule="another"))).decisions[0]
    assert (found.decision, found.why) == (decision, why)


def test_what_laws_that_bind_us_in_nothing_do_not_ask_is_left_out() -> None:
    ended = duty(status="no_longer_owed", reason="not in Korea", law="kr/pipa.yaml")
    never = duty(status="not_owed", reason="not in Japan", law="jp/appi.yaml")
    saved = duty(status="not_owed", reason="encrypted", law="us/texas.yaml", excepted=True)
    undecided = duty(standing="unknown", law="cn/pipl.yaml")
    found = row(breach(duty(), ended, never, saved, undecided))
    assert [one.decision for one in found.decisions] == ["owed", "not_owed", "undecided"]


def test_a_row_says_why_and_by_whom_somebody_was_not_told() -> None:
    waived = duty(status="waived", reason="another entity reports", by="Ada")
    ended = duty(
        audience="people", authority="", status="not_owed", reason="encrypted", by="the rule itself"
    )
    found = row(breach(waived, ended, duty(status="met", done_at=AWARE)))
    assert found.not_notified_because == (
        "Notify the authority (CNIL): waived by Ada: another entity reports [GDPR, art. 33(1)]",
        "Notify the authority (people): not owed by the rule itself: encrypted [GDPR, art. 33(1)]",
    )
    assert (found.authority_notified, found.people_notified, found.notified) == (True, False, True)


@pytest.mark.parametrize(("done_at", "late"), [(DUE, False), (DUE.replace(second=1), True)])
def test_what_was_filed_after_its_due_time_says_so(done_at: datetime, late: bool) -> None:
    (found,) = row(breach(duty(status="met", done_at=done_at))).decisions
    assert found.late is late


def test_the_duty_to_keep_the_register_is_no_decision_on_telling() -> None:
    assert row(breach(duty(audience="register"))).decisions == ()


def test_the_year_is_that_of_awareness_in_utc() -> None:
    assert year_of(breach(aware_at="2026-01-01T00:30:00+01:00")) == 2025
    assert (
        year_of(breach(detected_at="2024-12-31T12:00:00Z", aware_at="2025-01-01T00:00:00Z")) == 2025
    )
    assert year_of(breach()) == 2026


def test_a_breach_touches_the_places_of_its_people_and_its_laws() -> None:
    found = row(breach(duty(), people_by_place={"US-CA": 3}))
    assert [touches(found, place) for place in ("US", "US-CA", "US-TX", "FR", "CN")] == [
        True, True, False, True, False,
    ]  # fmt: skip


def test_a_narrative_in_another_language_says_which() -> None:
    found = row(
        breach(possible_effects={"de": "Keine"}, measures_taken={"de": "x", "en": "Locked"})
    )
    assert (found.effects, found.measures_taken) == ("[de] Keine", "Locked")


@pytest.mark.parametrize(
    ("text", "paper"),
    [
        ("Zürich, 数据 и データ №1 – “ok” €5", "Zürich, 数据 и データ №1 – “ok” €5"),
        ("침해 신고 (report)", "[…] (report)"),
        ("sent 😀 to אבג", "sent […] to […]"),
    ],
)
def test_scripts_that_the_paper_lacks_do_not_stop_the_printer(text: str, paper: str) -> None:
    assert printable(text) == paper


def cells(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"))))


@pytest.mark.parametrize("word", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(word: str) -> None:
    found = row(breach(cause={"en": word}, people_count=3))
    (line,) = cells(register_csv([found]))
    assert not line["cause"].strip().startswith(tuple("=+-@＝"))
    assert line["people affected"] == "3"


def test_the_csv_keeps_line_breaks_and_quotes_within_its_cells() -> None:
    found = row(breach(duty(), duty(rule="b"), cause={"en": 'He said "lost",\nthen left; 丢失'}))
    (line,) = cells(register_csv([found]))
    assert line["cause"] == 'He said "lost",\nthen left; 丢失'
    assert len(line["decisions"].splitlines()) == 2


# ---- HIPAA's annual log ----

HIPAA = load().rule(RULE)


def logged(number: str, discovered: str, **changes) -> Breach:
    owed = duty(rule=RULE, place="US", stage="annual", **changes)
    return breach(owed, number=number, detected_at=discovered, people_count=12)


def test_the_log_has_the_breaches_discovered_in_the_year_and_its_due_time() -> None:
    breaches = [
        logged("B", "2026-06-01T12:00:00Z"),
        logged("A", "2026-02-01T12:00:00Z"),
        # Still 31 December in New York, where the rule counts its days.
        logged("C", "2027-01-01T04:59:00Z"),
        logged("next year", "2027-01-01T05:00:00Z"),
        logged("ended", "2026-06-01T12:00:00Z", status="no_longer_owed"),
        breach(duty(), number="another law", detected_at="2026-06-01T12:00:00Z"),
    ]
    log = hipaa_log(2026, breaches, HIPAA)
    assert [one.number for one in log.breaches] == ["A", "B", "C"]
    # 60 days after 31 December 2026 end with 1 March 2027, 24:00 in New York.
    assert log.due_at == datetime(2027, 3, 2, 5, tzinfo=UTC)


def test_a_log_entry_says_what_the_form_asks() -> None:
    told = duty(
        rule="us-hipaa-164-404",
        audience="people",
        status="met",
        done_at=DUE,
        proofs=("people told, people 12",),
    )
    found = logged("A", "2026-02-01T12:00:00Z")
    known = dict(found.facts) | {
        "measures_taken": {"en": "locked"},
        "breach_kinds": ["confidentiality"],
    }
    full = Breach(
        **{
            **{f: getattr(found, f) for f in found.__slots__},
            "facts": known,
            "duties": (*found.duties, told),
        }
    )
    (entry,) = hipaa_log(2026, [full], HIPAA).breaches
    assert entry.discovered_on == date(2026, 2, 1)
    assert entry.people_notified == "2026-03-05 08:00 UTC: people told, people 12"
    assert entry.actions_taken == "locked"
    (line,) = cells(log_csv(hipaa_log(2026, [full], HIPAA)))
    assert tuple(line) == COLUMNS
    assert line["individuals affected"] == "12"

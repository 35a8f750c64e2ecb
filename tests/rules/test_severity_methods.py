import pytest

from incidents.errors import InvalidInput
from incidents.rules.catalogue import load
from incidents.rules.severity import EnisaFactors, china_grade, enisa, enisa_factors_from

GRADES = load().grades


@pytest.mark.parametrize(
    ("context", "identification", "circumstances", "score", "level"),
    [
        # SE = DPC × EI + CB, worked by hand.
        ("simple", "negligible", {}, 0.25, "low"),
        # 1 × 1 + 0.5 + 0.25 stays below 2; 1 × 1 + 0.5 + 0.5 is 2, where medium begins.
        ("simple", "maximum", {"confidentiality": 0.5, "integrity": 0.25}, 1.75, "low"),
        ("simple", "maximum", {"confidentiality": 0.5, "malicious": True}, 2.0, "medium"),
        # 3 × 0.75 + 0.5 = 2.75; 0.25 more is 3, where high begins.
        ("financial", "significant", {"confidentiality": 0.5}, 2.75, "medium"),
        ("financial", "significant", {"confidentiality": 0.5, "availability": 0.25}, 3.0, "high"),
        # 4 × 0.75 + 0.5 = 3.5; 0.5 more is 4, where very high begins.
        ("sensitive", "significant", {"confidentiality": 0.5}, 3.5, "high"),
        ("sensitive", "significant", {"confidentiality": 0.5, "malicious": True}, 4.0, "very_high"),
        # The context stays within 1 and 4 however it is adjusted.
        ("sensitive", "maximum", {"adjustment": 2}, 4.0, "very_high"),
        ("financial", "maximum", {"adjustment": -3}, 1.0, "low"),
    ],
)
def test_enisa_scores_as_counted_by_hand(
    context: str, identification: str, circumstances: dict, score: float, level: str
) -> None:
    severity = enisa(EnisaFactors(context, identification, **circumstances))
    assert (severity.score, severity.level) == (score, level)
    assert severity.reasons[-1].endswith(f"= {score:g}")


def test_a_factor_off_its_scale_is_refused() -> None:
    factors = EnisaFactors(context="odd", identification="maximum", integrity=0.3)
    with pytest.raises(InvalidInput) as refused:
        enisa(factors)
    assert [problem.field for problem in refused.value.problems] == ["context", "integrity"]


def test_factors_are_proposed_from_the_facts_each_with_its_reason() -> None:
    factors = enisa_factors_from(
        {
            "data_categories": ["contact", "health"],
            "breach_kinds": ["confidentiality"],
            "malicious": False,
            "people_by_place": {"DE": 60, "FR": 41},
            "encryption": "none",
        }
    )
    assert (factors.context, factors.identification) == ("sensitive", "maximum")
    assert (factors.confidentiality, factors.malicious) == (0.5, False)
    assert factors.more_than_100_people
    assert set(factors.reasons or {}) >= {"context", "identification", "confidentiality"}
    assert enisa(factors).level == "very_high"


def test_what_is_not_known_is_assumed_at_its_worse_and_said_so() -> None:
    factors = enisa_factors_from({})
    assert (factors.context, factors.identification, factors.malicious) == (
        "sensitive",
        "maximum",
        True,
    )
    assert "not known" in (factors.reasons or {})["context"]
    assert "not known" in (factors.reasons or {})["malicious"]


def test_unreadable_data_score_low_and_carry_the_flag() -> None:
    facts = {"data_categories": ["health"], "encryption": "key_safe", "malicious": False}
    severity = enisa(enisa_factors_from({**facts, "breach_kinds": ["confidentiality"]}))
    assert severity.level == "low"
    assert severity.flags == ("data unintelligible to others",)


@pytest.mark.parametrize(
    ("people", "loss", "at_least"),
    [
        (999_999, 0, "general"),
        (1_000_000, 0, "relatively_major"),  # 以上 includes the number itself
        (9_999_999, 0, "relatively_major"),
        (10_000_000, 0, "major"),
        (100_000_000, 0, "particularly_major"),
        (1, 4_999_999, "general"),
        (1, 5_000_000, "relatively_major"),
        (1, 20_000_000, "major"),
        (1_000_000, 100_000_000, "particularly_major"),  # any one criterion is enough
    ],
)
def test_the_chinese_grade_at_each_threshold(people: int, loss: int, at_least: str) -> None:
    facts = {"people_by_place": {"CN": people}, "direct_loss_cny": loss}
    grade = china_grade(facts, GRADES)
    assert grade.at_least == grade.grade == at_least
    assert grade.missing == ()


def test_a_grade_says_what_could_raise_it() -> None:
    grade = china_grade({"people_by_place": {"CN": 2_000_000}}, GRADES)
    assert (grade.grade, grade.at_least, grade.missing) == (
        None,
        "relatively_major",
        ("direct_loss_cny",),
    )
    assert any("for a person to judge" in reason for reason in grade.reasons)
    assert china_grade({}, GRADES).missing == ("people_by_place", "direct_loss_cny")


def test_people_elsewhere_do_not_count_for_china() -> None:
    facts = {"people_by_place": {"DE": 5_000_000}, "direct_loss_cny": 0}
    assert china_grade(facts, GRADES).grade == "general"

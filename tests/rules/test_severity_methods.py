import random
from datetime import UTC, datetime

import pytest

from incidents.errors import InvalidInput
from incidents.rules.catalogue import load
from incidents.rules.facts import FACTS, FLAGS
from incidents.rules.severity.china import china_grade
from incidents.rules.severity.judgement import Judged, Judgement, weigh
from incidents.rules.severity.method import Answer, assess
from incidents.rules.severity.methods import methods

GRADES = load().grades
METHODS = methods(GRADES)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


def mildest(name: str) -> dict[str, str]:
    """Every factor of a method at its mildest."""
    return {factor.name: next(iter(factor.scale)) for factor in METHODS[name].table.factors}


def judged(name: str, **values: str):
    """What a method comes to by these factors, all others at their mildest."""
    answers = {factor: Answer(value, "") for factor, value in (mildest(name) | values).items()}
    return assess(METHODS[name], answers)


# ---- what all methods have in common ----


@pytest.mark.parametrize("name", METHODS)
def test_levels_and_facts_of_a_method_are_those_of_its_table(name: str) -> None:
    method = METHODS[name]
    levels = list(method.table.levels)
    assert judged(name).level == levels[0]
    gravest = {factor.name: list(factor.scale)[-1] for factor in method.table.factors}
    assert judged(name, **gravest).level == levels[-1]
    for level in levels:
        stated = method.states(level, {"organisation_flags": []}, NOW)
        assert set(stated) <= set(FACTS)
    assert not method.fact or method.fact in FACTS


@pytest.mark.parametrize("name", METHODS)
def test_a_graver_answer_never_gives_a_milder_level(name: str) -> None:
    dice, levels = random.Random(7), list(METHODS[name].table.levels)
    factors = METHODS[name].table.factors
    for _ in range(300):
        values = {factor.name: dice.choice(list(factor.scale)) for factor in factors}
        before = judged(name, **values).level
        factor = dice.choice(factors)
        scale = list(factor.scale)
        graver = scale[min(scale.index(values[factor.name]) + 1, len(scale) - 1)]
        after = judged(name, **values | {factor.name: graver}).level
        assert levels.index(after) >= levels.index(before), (values, factor.name)


@pytest.mark.parametrize("name", METHODS)
def test_every_kind_of_data_and_breach_has_a_proposal(name: str) -> None:
    for kind in FACTS["data_categories"].choices:
        for breach in FACTS["breach_kinds"].choices:
            for encryption in (None, *FACTS["encryption"].choices):
                facts = {"data_categories": [kind], "breach_kinds": [breach]}
                weighed = weigh(
                    METHODS[name], facts | ({"encryption": encryption} if encryption else {})
                )
                assert all(answer.why for answer in weighed.proposed.values())


def test_an_open_factor_leaves_the_level_open_only_where_it_matters() -> None:
    answers = {name: Answer(value, "") for name, value in mildest("dora").items()}
    open_ = assess(METHODS["dora"], answers | {"clients": Answer(None, "not counted")})
    assert (open_.level, open_.open_factors) == ("not_major", ())
    answers |= {"critical_services": Answer("yes", ""), "economic": Answer("yes", "")}
    open_ = assess(METHODS["dora"], answers | {"clients": Answer(None, "not counted")})
    assert (open_.level, open_.at_least, open_.at_most) == (None, "not_major", "major")
    assert open_.open_factors == ("clients",)


def test_a_factor_or_value_that_is_not_on_the_table_is_refused() -> None:
    odd = Judgement({"context": Judged("odd", "why"), "moon": Judged("full", "why")})
    with pytest.raises(InvalidInput) as refused:
        weigh(METHODS["enisa"], {}, odd)
    assert [one.field for one in refused.value.problems] == ["factors.context", "factors.moon"]


def test_a_judgement_says_why_for_each_factor_and_for_a_level() -> None:
    unsaid = Judgement({"context": Judged("simple", " ")}, level="lunar")
    with pytest.raises(InvalidInput) as refused:
        weigh(METHODS["enisa"], {}, unsaid)
    fields = [one.field for one in refused.value.problems]
    assert fields == ["factors.context.why", "reason", "level"]


def test_a_person_overrules_one_factor_and_the_rest_stays_proposed() -> None:
    facts = {
        "data_categories": ["contact"],
        "breach_kinds": ["confidentiality"],
        "malicious": False,
    }
    judgement = Judgement({"controller": Judged("sensitive", "customers of an online pharmacy")})
    weighed = weigh(METHODS["enisa"], facts, judgement)
    assert (weighed.proposal.score, weighed.assessment.score) == (1.5, 3.5)
    kept = {one["name"]: one for one in weighed.as_json()["factors"]}
    assert kept["controller"]["by"] == "person"
    assert kept["controller"]["proposed"]["value"] == "none"
    assert kept["context"]["by"] == "facts"


def test_a_level_as_a_whole_stands_whatever_the_factors_come_to() -> None:
    weighed = weigh(METHODS["enisa"], {}, Judgement({}, level="low", reason="test data only"))
    assert (weighed.level, weighed.assessment.level) == ("low", "very_high")
    assert weighed.as_json()["reasons"][-1] == "judged as a whole: low: test data only"


# ---- ENISA ----


@pytest.mark.parametrize(
    ("values", "score", "level"),
    [
        # SE = DPC × EI + CB, worked by hand; what is not named counts nothing.
        ({"identification": "negligible"}, 0.25, "low"),
        # 1 × 1 + 0.5 + 0.25 stays below 2; 1 × 1 + 0.5 + 0.5 is 2, where medium begins.
        ({"confidentiality": "unknown", "integrity": "mendable"}, 1.75, "low"),
        ({"confidentiality": "unknown", "malicious": "yes"}, 2.0, "medium"),
        # 3 × 0.75 + 0.5 = 2.75; 0.25 more is 3, where high begins.
        ({"context": "financial", "identification": "significant", "confidentiality": "unknown"},
         2.75, "medium"),
        ({"context": "financial", "identification": "significant", "confidentiality": "unknown",
          "availability": "temporary"}, 3.0, "high"),
        # 4 × 0.75 + 0.5 = 3.5; 0.5 more is 4, where very high begins.
        ({"context": "sensitive", "identification": "significant", "confidentiality": "unknown"},
         3.5, "high"),
        ({"context": "sensitive", "identification": "significant", "confidentiality": "unknown",
          "malicious": "yes"}, 4.0, "very_high"),
        # All circumstances at their gravest add 2.
        ({"confidentiality": "unknown", "integrity": "lost", "availability": "lost",
          "malicious": "yes"}, 3.0, "high"),
    ],
)  # fmt: skip
def test_enisa_scores_as_counted_by_hand(values: dict, score: float, level: str) -> None:
    neutral = {
        "context": "simple", "identification": "maximum", "invalidity": "none", "publicity": "none",
        "nature": "as_its_kind",
    }  # fmt: skip
    severity = judged("enisa", **neutral | values)
    assert (severity.score, severity.level) == (score, level)
    assert severity.reasons[-1].endswith(f"= {score:g}")


@pytest.mark.parametrize(
    ("case", "dpc"),
    [
        # The cases that ENISA's table of scores gives for each kind of data (annex 1).
        ({"context": "simple"}, 1),  # a supermarket's customers
        ({"context": "simple", "controller": "standing"}, 2),  # of a dealer in luxury goods
        ({"context": "simple", "controller": "sensitive"}, 3),  # of an adult book shop
        ({"context": "simple", "people": "safety"}, 4),  # officers under cover
        ({"context": "behavioural", "nature": "less"}, 1),  # who called a help desk
        ({"context": "behavioural"}, 2),  # a week of calls
        ({"context": "behavioural", "volume": "profile"}, 3),  # a year of calls
        ({"context": "behavioural", "volume": "sensitive_profile"}, 4),  # to a counselling line
        ({"context": "financial", "nature": "little"}, 1),  # a letter: is a customer of the bank
        ({"context": "financial", "nature": "less"}, 2),  # a day's transactions, no details
        ({"context": "financial"}, 3),  # a month of balances
        ({"context": "financial", "nature": "more"}, 4),  # complete card data
        ({"context": "financial", "nature": "more", "invalidity": "wholly", "publicity": "partly"},
         1),  # of cards that expired long ago
        ({"context": "sensitive", "nature": "nothing"}, 1),  # that there was a blood test
        ({"context": "sensitive", "nature": "little"}, 2),  # in an emergency ward
        ({"context": "sensitive", "nature": "less"}, 3),  # for a disease that is named
        ({"context": "sensitive"}, 4),  # its result
        # However it is moved, it stays within 1 and 4.
        ({"context": "sensitive", "people": "safety"}, 4),
        ({"context": "simple", "publicity": "wholly"}, 1),
    ],
)  # fmt: skip
def test_the_context_is_adjusted_as_in_enisas_cases(case: dict, dpc: int) -> None:
    neutral = {"invalidity": "none", "publicity": "none", "nature": "as_its_kind"}
    severity = judged("enisa", **neutral | {"identification": "maximum"} | case)
    assert severity.score == dpc


def test_enisa_proposes_from_the_facts_each_factor_with_its_reason() -> None:
    facts = {
        "data_categories": ["contact", "health"],
        "breach_kinds": ["confidentiality"],
        "malicious": False,
        "people_by_place": {"DE": 60, "FR": 41},
        "encryption": "none",
    }
    weighed = weigh(METHODS["enisa"], facts)
    values = {name: answer.value for name, answer in weighed.proposed.items()}
    assert (values["context"], values["identification"]) == ("sensitive", "maximum")
    assert (values["confidentiality"], values["malicious"]) == ("unknown", "no")
    assert weighed.assessment.flags == ("more than 100 people",)
    assert weighed.level == "very_high"


def test_what_is_not_known_counts_at_its_gravest_and_is_said() -> None:
    weighed = weigh(METHODS["enisa"], {})
    assert weighed.assessment.score == 5.0  # 4 × 1 + 0.5 + 0.5
    assert "not known" in weighed.proposed["context"].why
    assert {"data_categories", "malicious"} <= set(weighed.assessment.missing)


def test_unreadable_data_score_low_and_carry_the_flag() -> None:
    facts = {"data_categories": ["health"], "encryption": "key_safe", "malicious": False}
    weighed = weigh(METHODS["enisa"], {**facts, "breach_kinds": ["confidentiality"]})
    assert weighed.level == "low"
    assert weighed.assessment.flags == ("data unintelligible to others",)


# ---- China ----


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
    assert weigh(METHODS["china"], facts).assessment.at_least == at_least


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


def test_general_takes_a_person_for_each_criterion_without_a_number() -> None:
    facts = {"people_by_place": {"CN": 5}, "direct_loss_cny": 0}
    proposed = weigh(METHODS["china"], facts)
    assert (proposed.level, proposed.assessment.at_most) == ("", "particularly_major")
    assert "critical_infrastructure" in proposed.assessment.open_factors
    rest = {name: Judged("general", "looked at") for name in proposed.assessment.open_factors}
    assert weigh(METHODS["china"], facts, Judgement(rest)).level == "general"
    worse = rest | {"critical_infrastructure": Judged("relatively_major", "down for 12 minutes")}
    assert weigh(METHODS["china"], facts, Judgement(worse)).level == "relatively_major"


def test_people_whose_place_is_not_known_leave_a_grade_between_two() -> None:
    facts = {"people_by_place": {"CN": 1_200_000, "ZZ": 20_000_000}, "direct_loss_cny": 0}
    found = weigh(METHODS["china"], facts).proposed["people_leaked"]
    assert (found.value, found.at_least) == (None, "relatively_major")


# ---- GDPR ----

LEAK = {
    "breach_kinds": ["confidentiality"],
    "data_categories": ["contact"],
    "people_categories": ["customers"],
    "people_count": 20,
    "malicious": False,
}


@pytest.mark.parametrize(
    ("changes", "at_least", "at_most"),
    [
        ({}, "risk", "high"),  # our field of work could still make it worse
        ({"data_categories": ["contact", "health"], "malicious": True}, "high", "high"),
        ({"data_categories": ["payment_card"], "malicious": True}, "high", "high"),
        ({"encryption": "key_safe"}, "unlikely", "unlikely"),
        # Encryption does not bring back what was lost.
        ({"encryption": "key_safe", "breach_kinds": ["availability"]}, "unlikely", "risk"),
        ({"trusted_recipient": True}, "unlikely", "risk"),
        ({"people_categories": ["minors"]}, "high", "high"),
        ({"people_count": 1_000}, "high", "high"),
        ({"people_count": 999}, "risk", "high"),
    ],
)
def test_the_risk_that_is_proposed(changes: dict, at_least: str, at_most: str) -> None:
    found = weigh(METHODS["gdpr_risk"], LEAK | changes).assessment
    assert (found.at_least, found.at_most) == (at_least, at_most)


def test_severe_consequences_are_a_risk_even_where_they_are_unlikely() -> None:
    assert (
        judged(
            "gdpr_risk", consequences="severe", breach_type="disclosed", identification="easy"
        ).level
        == "risk"
    )


# ---- NIS2 ----


@pytest.mark.parametrize("criterion", ["disruption", "damage", "loss", "trade_secrets", "service"])
def test_any_criterion_makes_an_incident_significant(criterion: str) -> None:
    assert judged("nis2", planned="no", **{criterion: "yes"}).level == "significant"
    assert judged("nis2", planned="no").level == "not_significant"
    assert judged("nis2", planned="yes", **{criterion: "yes"}).level == "not_significant"


def test_significance_stays_open_until_a_person_says() -> None:
    found = weigh(METHODS["nis2"], {"malicious": True})
    assert found.level == ""
    assert "planned" not in found.assessment.open_factors
    disturbed = weigh(METHODS["nis2"], {"malicious": True, "public_service_disturbed": True})
    assert disturbed.level == "significant"


# ---- DORA ----


@pytest.mark.parametrize(
    ("met", "level"),
    [
        (["access"], "not_major"),  # never without critical services
        (["clients", "economic", "geography"], "not_major"),
        (["critical_services"], "not_major"),
        (["critical_services", "access"], "major"),
        (["critical_services", "clients"], "not_major"),
        (["critical_services", "clients", "economic"], "major"),
        (["critical_services", "data_losses", "reputation"], "major"),
    ],
)
def test_which_combination_is_major_under_dora(met: list[str], level: str) -> None:
    assert judged("dora", **dict.fromkeys(met, "yes")).level == level


@pytest.mark.parametrize(("clients", "value"), [(100_000, None), (100_001, "yes")])
def test_more_than_100_000_clients_meet_the_threshold(clients: int, value: str | None) -> None:
    found = weigh(METHODS["dora"], {"people_count": clients})
    assert found.proposed["clients"].value == value


@pytest.mark.parametrize(
    ("places", "value"),
    [({"DE": 9, "US": 9}, None), ({"DE": 9, "FR": 1}, "yes"), ({"DE": 9, "FR": 0}, None)],
)
def test_two_member_states_meet_the_threshold(places: dict, value: str | None) -> None:
    assert weigh(METHODS["dora"], {"people_by_place": places}).proposed["geography"].value == value


@pytest.mark.parametrize(
    ("end", "value"), [("2026-03-03T09:00:00Z", None), ("2026-03-03T09:00:01Z", "yes")]
)
def test_longer_than_24_hours_meets_the_threshold(end: str, value: str | None) -> None:
    facts = {"occurred_at": "2026-03-02T09:00:00Z", "handling_ended_at": end}
    assert weigh(METHODS["dora"], facts).proposed["duration"].value == value


@pytest.mark.parametrize(
    ("aware", "late"), [("2026-03-02T12:00:00Z", False), ("2026-03-02T11:59:59Z", True)]
)
def test_a_major_incident_starts_the_clock_of_its_classification(aware: str, late: bool) -> None:
    stated = METHODS["dora"].states("major", {"aware_at": aware}, NOW)
    assert stated == {
        "dora_major": True,
        "classified_major_at": "2026-03-03T12:00:00+00:00",
        "classified_after_a_day": late,
    }
    earlier = {"aware_at": aware, "classified_major_at": "2026-03-02T13:00:00Z"}
    assert METHODS["dora"].states("major", earlier, NOW)["classified_after_a_day"] is False


# ---- HIPAA ----

ALL_FOUR = {
    "nature": Judged("slight", "appointment times without names"),
    "recipient": Judged("obligated", "another covered entity"),
    "acquired": Judged("no", "returned unopened"),
    "mitigated": Judged("fully", "written assurance of destruction"),
}


def test_a_breach_is_presumed_until_all_four_factors_say_otherwise() -> None:
    assert weigh(METHODS["hipaa"], {}).level == "breach_presumed"
    for name in ALL_FOUR:
        three = {factor: one for factor, one in ALL_FOUR.items() if factor != name}
        assert weigh(METHODS["hipaa"], {}, Judgement(three)).level == "breach_presumed"
    assert weigh(METHODS["hipaa"], {}, Judgement(ALL_FOUR)).level == "low_probability"


def test_a_low_probability_needs_all_four_documented_whoever_weighs_them() -> None:
    graver = ALL_FOUR | {"nature": Judged("telling", "names and dates")}
    whole = {"level": "low_probability", "reason": "sealed, and returned by a hospital"}
    assert weigh(METHODS["hipaa"], {}, Judgement(graver, **whole)).level == "low_probability"
    three = {factor: one for factor, one in graver.items() if factor != "mitigated"}
    with pytest.raises(InvalidInput) as refused:
        weigh(METHODS["hipaa"], {}, Judgement(three, **whole))
    assert [one.field for one in refused.value.problems] == ["factors.mitigated"]


def test_the_flag_that_the_law_asks_for_joins_the_others_and_leaves_again() -> None:
    ours, flag = ["hipaa_covered_entity"], "low_probability_of_compromise"
    assert flag in FLAGS
    states = METHODS["hipaa"].states
    low = states("low_probability", {"organisation_flags": ours}, NOW)
    assert low == {"organisation_flags": [*ours, flag]}
    assert states("breach_presumed", low, NOW) == {"organisation_flags": ours}
    assert states("breach_presumed", {}, NOW) == {}
    with pytest.raises(InvalidInput, match="what the organisation is"):
        states("low_probability", {}, NOW)

"""A full set of facts, with narratives in every locale that templates offer."""

from datetime import date

import pytest

LOCALES = ("en", "zh-Hans", "de", "fr", "es", "ja")


def told(text: str) -> dict[str, str]:
    return {locale: f"{text} [{locale}]" for locale in LOCALES} | {
        "zh-Hans": "由于我们的配置错误，一个备份数据库可以不经密码从互联网访问。"
    }


@pytest.fixture
def facts() -> dict:
    return {
        "occurred_at": "2026-03-03T17:30:00Z",
        "detected_at": "2026-03-05T02:00:00Z",
        "aware_at": "2026-03-05T04:00:00Z",
        "confirmed_at": "2026-03-05T08:00:00Z",
        "contained_at": "2026-03-05T09:00:00Z",
        "role": "controller",
        "establishment": "DE",
        "people_by_place": {"CN": 6000, "DE": 2500, "FR": 900, "US-CA": 600},
        "people_count": 10000,
        "record_count": 41000,
        "people_categories": ["survey_participants"],
        "data_categories": ["contact", "gov_id", "survey_answers", "credentials"],
        "breach_kinds": ["confidentiality", "temporary_availability"],
        "encryption": "none",
        "risk": "high",
        "malicious": True,
        "ransom_paid": False,
        "cross_border": True,
        "china_grade": "general",
        "systems_affected": ["survey backup database"],
        "cause": told("A backup database was open to the internet."),
        "possible_effects": told("You may receive false messages."),
        "measures_taken": told("We closed the database."),
        "measures_planned": told("An outside firm examines our systems."),
        "advice": told("Be careful with unexpected messages."),
        "help_offered": told("We pay for identity monitoring."),
        "organisation_name": {"en": "Example Surveys", "zh-Hans": "示例调查公司"},
        "contact": {
            "name": "Privacy Office",
            "email": "privacy@example.com",
            "phone": "+1 212 555 0100",
            "url": "https://example.com/privacy",
            "hours": "Mon-Fri 9-17",
        },
    }


@pytest.fixture
def issued_on() -> date:
    return date(2026, 3, 6)

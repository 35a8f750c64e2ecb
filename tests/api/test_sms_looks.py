"""How long a notice is as an SMS: seen before it is approved, and refused where nobody takes it."""

import pytest

from tests.api.desk import fields


@pytest.fixture
def notice(lead):
    return lead.notice(lead.sample())


def rewrite(lead, notice, **changes):
    words = notice["words"]["en"] | changes
    path = f"/notices/{notice['id']}/words/en"
    lead.ask("PUT", path, words, if_match=notice["version"])
    return lead.get(f"/notices/{notice['id']}")


def preview(lead, notice, locale="en"):
    return lead.get(f"/notices/{notice['id']}/preview?channel=sms&locale={locale}")


def test_a_long_notice_goes_in_its_short_form_and_the_preview_says_what_that_takes(lead, notice):
    seen = preview(lead, notice)
    assert seen["sms"] == notice["sms"]["en"]
    assert seen["sms"]["is_short_form"]
    assert seen["sms"]["encoding"] == "GSM-7"
    assert seen["sms"]["characters"] == len(seen["text"])
    assert seen["sms"]["segments"] == 2
    assert preview(lead, notice, "zh-Hans")["sms"]["encoding"] == "UCS-2"


def test_other_channels_have_no_segments(lead, notice):
    assert lead.get(f"/notices/{notice['id']}/preview?channel=push")["sms"] is None


def test_a_short_notice_goes_whole(lead, notice):
    brief = {
        "what_happened": ["A file was open to others on March 3."],
        "possible_effect": ["They may write to you in our name."],
        "what_we_did": ["We closed it."],
        "what_you_can_do": ["Do not answer."],
        "what_help_we_offer": ["Call us."],
    }
    seen = preview(lead, rewrite(lead, notice, **brief))
    assert not seen["sms"]["is_short_form"]
    assert all(paragraphs[0] in seen["text"] for paragraphs in brief.values())
    assert notice["reference"] in seen["text"]


def test_a_notice_too_long_for_an_sms_even_in_short_cannot_be_approved(lead, approver, notice):
    edited = rewrite(lead, notice, title="😀" * 200, organisation="語" * 200)
    told = approver.ask(
        "POST", f"/notices/{notice['id']}/approvals", if_match=edited["version"]
    ).json()
    assert fields(told) == ["en.title"]
    assert "messages, over 10" in told["problems"][0]["why"]
    assert "shorter title" in told["problems"][0]["mend"]

"""Who is woken with what: drills wake nobody, whatever the settings say."""

from pydantic import SecretStr

from incidents.settings import Settings
from incidents.wiring import pagers_for
from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from notifiers.paging import Contact, Page
from notifiers.paging.sandbox import SandboxPager

REAL = Settings(
    email_provider="smtp",
    sms_provider="twilio_sms",
    twilio_account_sid="AC" + "0" * 32,
    twilio_auth_token=SecretStr("a-token"),
    alarm_chat_urls=SecretStr("json://chat.example.com/a  json://chat.example.com/b"),
)


def channels(settings, mode):
    return [pager.channel for pager in pagers_for(settings, mode)]


def test_a_drill_is_given_the_sandbox_and_nothing_else():
    (pager,) = pagers_for(REAL, "drill")
    assert isinstance(pager, SandboxPager)
    assert not vars(pager).keys() - {"pages"}


def test_an_unknown_mode_is_given_the_sandbox_too():
    assert channels(REAL, "Live") == ["sandbox"]


def test_live_is_given_every_channel_that_has_a_provider():
    assert channels(REAL, "live") == ["email", "sms", "call", "chat"]


def test_the_sandbox_stands_in_where_a_provider_is_missing():
    assert channels(Settings(), "live") == ["chat", "sandbox"]
    assert channels(Settings(email_provider="smtp"), "live") == ["email", "chat", "sandbox"]


def test_the_chat_urls_of_the_house_show_in_no_settings():
    assert "chat.example.com" not in repr(REAL)
    assert "chat.example.com" not in str(REAL.model_dump())


def test_the_sandbox_takes_the_pages_of_a_drill():
    (pager,) = pagers_for(REAL, "drill")
    told = pager.page(Contact("Ann"), Page("DRILL s", "DRILL t", "DRILL s", "", "", drill=True))
    assert told.outcome == "accepted"


def test_a_page_goes_out_by_every_provider_from_the_senders_of_alarms(tmp_path):
    with FakeProviders(tmp_path) as fake:
        settings = Settings(
            email_provider="sendgrid",
            sms_provider="twilio_sms",
            sendgrid_url=fake.url,
            sendgrid_api_key=SecretStr(fake.sendgrid_api_key),
            twilio_url=fake.url,
            twilio_account_sid=fake.twilio_account_sid,
            twilio_auth_token=SecretStr(fake.twilio_token),
            alarm_phone_from="+12025550177",
        )
        ann = Contact("Ann", "ann@example.com", "+12025550123")
        page = Page("subject", "text", "short", "https://tocsin.example.com/a", "4711")
        told = {one.channel: one.page(ann, page).outcome for one in pagers_for(settings, "live")}
        taken = list(read(fake.ledger_path))
    assert told == {
        "email": "accepted",
        "sms": "accepted",
        "call": "accepted",
        "chat": "no_address",
    }
    assert [one.provider for one in taken] == ["sendgrid", "twilio", "twilio_voice"]
    assert {one.more["from"] for one in taken[1:]} == {"+12025550177"}

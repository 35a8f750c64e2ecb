import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from incidents.rules.addresses import Unusable, read_email, read_locale, read_phone, read_place
from incidents.rules.people import COLUMNS, REASONS, Flaw, PersonReader, identity

COLUMN_NAMES = list(COLUMNS)


def read(**values):
    (person,), flaws = PersonReader([*COLUMN_NAMES, "order_no"]).read([line(**values)])
    return person, flaws.get(0, [])


def line(**values):
    return [values.get(column, "") for column in [*COLUMN_NAMES, "order_no"]]


def who(**values):
    cells = line(**values)
    (person,), _ = PersonReader([*COLUMN_NAMES, "order_no"]).read([cells])
    return identity(person, cells)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.O@EXAMPLE.Com", "Ada.O@example.com"),
        ("ada+survey_1@mail.example.org", "ada+survey_1@mail.example.org"),
        ("o'hara@example.com", "o'hara@example.com"),
        ("jörg@example.com", "email_not_ascii"),
        ("ada@bücher.example.com", "ada@xn--bcher-kva.example.com"),
        ("ada@post.drill.invalid", "ada@post.drill.invalid"),
        ("ada@example", "not_an_email"),
        ("ada at example.com", "not_an_email"),
        ("ada@example.com; bob@example.com", "not_an_email"),
        ("Ada <ada@example.com>", "not_an_email"),
        ("a..b@example.com", "not_an_email"),
        ("ada@-example.com", "not_an_email"),
        (f"{'a' * 65}@example.com", "not_an_email"),
        ("=ada@example.com", "formula"),
    ],
)
def test_an_email_address_has_one_form_or_a_reason(given, kept):
    assert outcome(read_email, given) == kept


@pytest.mark.parametrize(
    ("given", "place", "kept"),
    [
        ("+1 (202) 555-0123", "", "+12025550123"),
        ("0044 7700 900123", "", "not_a_number"),  # kept for fiction, and not given out
        ("+49 (0)151 2345 6789", "", "+4915123456789"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("13912345678", "CN", "+8613912345678"),
        ("（010）62345678", "CN", "not_a_number"),
        ("＋１２０２５５５０１２３", "", "+12025550123"),
        ("(202) 555-0123", "US-CA", "+12025550123"),
        ("202 555 0123", "", "no_country_code"),
        ("1.20256E+10", "US", "not_a_number"),
        ("call me", "US", "not_a_number"),
        ("+999 1234567", "", "not_a_number"),
        ("12345", "DE", "not_a_number"),
    ],
)
def test_a_phone_number_has_one_form_or_a_reason(given, place, kept):
    assert outcome(read_phone, given, place) == kept


def test_the_fast_way_reads_numbers_as_the_library_does():
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE):
            number = phonenumbers.example_number_for_type(country, kind)
            if number is None:
                continue
            written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
            assert read_phone(written) == written
            assert outcome(read_phone, national, country) == by_library(national, country)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("en", "en"),
        ("EN_gb", "en-GB"),
        ("zh_CN.UTF-8", "zh-CN"),
        ("zh-hans", "zh-Hans"),
        ("cmn", "zh"),
        ("de-CN", "de-CN"),
        ("de-XX", "not_a_locale"),
        ("klingon", "not_a_locale"),
        ("und", "not_a_locale"),
        ("English", "not_a_locale"),
    ],
)
def test_a_locale_is_a_language_tag(given, kept):
    assert outcome(read_locale, given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("us-ca", "US-CA"),
        ("US_CA", "US-CA"),
        ("USA", "US"),
        ("UK", "GB"),
        ("Germany", "DE"),
        ("deutschland", "DE"),
        ("中国", "CN"),
        ("US-XX", "not_a_place"),
        ("Georgia", "not_a_place"),
        ("Atlantis", "not_a_place"),
        ("EU", "not_a_place"),
    ],
)
def test_a_place_is_an_iso_code_or_a_countrys_name(given, kept):
    assert outcome(read_place, given) == kept


def test_one_bad_address_is_left_out_and_the_person_kept():
    person, flaws = read(name="Ada", email="ada(at)example.com", phone="+12025550123")
    assert (person.email, person.phone) == ("", "+12025550123")
    assert flaws == [Flaw("email", "not_an_email")]


def test_a_person_without_any_usable_address_is_kept():
    person, flaws = read(name="Ada", email="none", phone="none")
    assert person.name == "Ada"
    assert [flaw.column for flaw in flaws] == ["email", "phone"]


def test_a_line_that_names_nobody_is_no_person():
    person, flaws = read(locale="en", place="DE", order_no="7")
    assert person is None
    assert flaws == [Flaw("", "nobody")]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("name", "=HYPERLINK(1)", "formula"),
        ("name", "@SUM(A1)", "formula"),
        ("name", "\t+1", "formula"),
        ("name", "Ada\r\nBcc: bob@example.com", "control_characters"),
        ("name", "Ada\u202etxt", "control_characters"),
        ("name", "Ad\ufffd", "control_characters"),
        ("name", "A" * 201, "too_long"),
        ("push_token", "two words here", "not_a_token"),
        ("postal_address", "n/a", "not_a_postal_address"),
        ("postal_address", "Lane 1\x00", "control_characters"),
        ("order_no", "1\n2", "control_characters"),
        ("order_no", "x" * 1001, "too_long"),
    ],
)
def test_a_harmful_value_is_left_out(column, value, reason):
    person, flaws = read(**{"ref": "17", "email": "ada@example.com", column: value})
    assert flaws == [Flaw(column, reason)]
    assert person.email == "ada@example.com"
    assert all(flaw.reason in REASONS for flaw in flaws)
    assert (person._asdict() | person.fields)[column if column != "order_no" else "name"] == ""
    assert "order_no" not in person.fields


def test_a_postal_address_may_have_lines_and_own_fields_are_data():
    person, flaws = read(name="Ada", postal_address="1 Lane\r\nTown", order_no="-5")
    assert not flaws
    assert person.postal_address == "1 Lane\nTown"
    assert person.fields == {"order_no": "-5"}


def test_many_lines_are_read_as_each_alone():
    lines = [
        line(ref="1", name="Ada", email="ada@example.com", place="GB", phone="020 7946 0018"),
        line(name="=1+1", email="nobody", order_no="7"),
        line(locale="en"),
        line(name="Bo", phone="+1 202 555 0123", order_no="x\ny", postal_address="1 Lane\nTown"),
        line(name="C" * 300, push_token="token-0001", locale="zh_CN", place="Atlantis"),
    ]
    reader = PersonReader([*COLUMN_NAMES, "order_no"])
    people, flaws = reader.read(lines)
    for at, cells in enumerate(lines):
        (alone,), its_flaws = reader.read([cells])
        assert (people[at], flaws.get(at)) == (alone, its_flaws.get(0))


def test_two_people_with_one_mailbox_are_two_and_one_person_twice_is_one():
    assert who(name="Ada Lee", email="us@example.com") != who(name="Bo Lee", email="us@example.com")
    assert who(name="Ada  LEE", email="US@example.com") == who(
        name="ada lee", email="us@example.com", phone="+12025550123"
    )
    assert who(ref="1", name="Ada", email="a@example.com") != who(
        ref="2", name="Ada", email="a@example.com"
    )
    assert who(name="Ada", phone="+1 202 555 0123") == who(name="Ada", phone="+12025550123")
    assert who(name="Ada", email="bad one") != who(name="Ada", email="bad two")


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except Unusable as unusable:
        return unusable.reason


def by_library(text, country):
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return "not_a_number"
    if not phonenumbers.is_valid_number(number):
        return "not_a_number"
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)

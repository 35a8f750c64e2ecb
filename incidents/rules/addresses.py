"""Reading how a person can be reached, and where: e-mail, phone, locale, place.

Each function gives the one form that is kept, or raises `Unusable` with a reason that never
repeats the value. The common shapes are read by a pattern; the rest by a library.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_global, parse_locale
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneMetadata

from incidents.rules.fact_values import LOCALES, Refused
from incidents.rules.fact_values import place as place_code

# What a spreadsheet takes for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN_EMAIL = re.compile(
    rf"[A-Za-z0-9_][\w+%-]*+(?:\.[\w+%-]++)*+@(?:{_LABEL}\.)+[A-Za-z]{{2,24}}", re.ASCII
)
_LONGEST_EMAIL, _LONGEST_LOCAL_PART = 254, 64  # RFC 5321
_SEPARATORS = dict.fromkeys(map(ord, " \u00a0\u2007\u202f()./-\u2010\u2011\u2012\u2013\u2014"))
_DIGITS = re.compile(r"\+?[0-9]{4,20}")
_FULL_WIDTH = {0xFF0B: "+"} | {0xFF10 + digit: str(digit) for digit in range(10)}
_LANGUAGE = re.compile(r"(?!und)[a-z]{2,3}")
# The name of a country and of a state of the US: nobody can tell which is meant.
_TWO_PLACES = {"georgia"}


class Unusable(ValueError):
    """A value that cannot be used; `reason` is a key of `people.REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_email(text: str) -> str:
    """The address to send to: the local part as given, the domain in lower case and IDNA.

    Two addresses are one mailbox when they are equal in lower case.
    """
    if _PLAIN_EMAIL.fullmatch(text) and len(text) <= _LONGEST_EMAIL:
        local, _, domain = text.partition("@")
        if len(local) <= _LONGEST_LOCAL_PART:
            return f"{local}@{domain.lower()}"
    if text.startswith(FORMULA):
        raise Unusable("formula")
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise Unusable("not_an_email") from None
    if found.ascii_email is None:  # only a mail server with SMTPUTF8 takes it, and few do
        raise Unusable("email_not_ascii")
    return found.ascii_email


def read_phone(text: str, place: str = "") -> str:
    """The number in E.164. `place` is where the person lives: it tells a national number."""
    digits = text
    if not _DIGITS.fullmatch(digits):
        digits = text.translate(_FULL_WIDTH).translate(_SEPARATORS)
        if not _DIGITS.fullmatch(digits):
            raise Unusable("not_a_number")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+"):
        return _international(digits)
    if not place:
        raise Unusable("no_country_code")
    return _national(digits, place[:2])


def _international(digits: str) -> str:
    # Calling codes have one digit (only 1 and 7), two or three; none begins with another.
    for end in (2,) if digits[1:2] in ("1", "7") else (3, 4):
        shapes = _shapes(digits[1:end])
        if shapes is not None and shapes.fullmatch(digits, end):
            return digits
    return _by_library(digits, None)


def _national(digits: str, country: str) -> str:
    code, trunk, shapes = _country(country)
    if shapes is not None and not digits.startswith(str(code)):
        number = digits.removeprefix(trunk)
        if shapes.fullmatch(number):
            return f"+{code}{number}"
    return _by_library(digits, country)


def _by_library(digits: str, country: str | None) -> str:
    try:
        number = phonenumbers.parse(digits, country)
    except NumberParseException:
        raise Unusable("not_a_number") from None
    if not phonenumbers.is_valid_number(number):
        raise Unusable("not_a_number")
    written: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return written


@cache
def _shapes(code: str) -> re.Pattern[str] | None:
    """What numbers of a calling code look like after it, in the library's own patterns."""
    countries = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code or 0), ())
    return _any_of({shape for country in countries for shape in _shapes_of(country)})


@cache
def _country(country: str) -> tuple[int, str, re.Pattern[str] | None]:
    """Calling code, trunk prefix and shapes of national numbers; no shapes: ask the library."""
    data = PhoneMetadata.metadata_for_region(country)
    if data is None or data.national_prefix_transform_rule:
        return 0, "", None
    return data.country_code or 0, data.national_prefix or "", _any_of(_shapes_of(country))


def _shapes_of(country: str) -> set[str]:
    data = PhoneMetadata.metadata_for_region(country)
    kinds = (data.mobile, data.fixed_line) if data else ()
    return {kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern}


def _any_of(shapes: set[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(f"(?:{shape})" for shape in sorted(shapes))) if shapes else None


@lru_cache(maxsize=2048)
def read_locale(text: str) -> str:
    """The BCP 47 tag of a language: `zh_cn` is zh-CN, `DE` is de."""
    try:
        tag = parse_locale(text.partition(".")[0].replace("_", "-"), sep="-")
        language, country, script = tag[:3]
        known = Locale.parse(language)
        if country:
            country = place_code(country, {})
    except (ValueError, TypeError, UnknownLocaleError, Refused):
        raise Unusable("not_a_locale") from None
    if not _LANGUAGE.fullmatch(language):
        raise Unusable("not_a_locale")
    return "-".join(part for part in (known.language, script, country) if part)


@lru_cache(maxsize=2048)
def read_place(text: str) -> str:
    """The ISO 3166 code of a place: a code in any case, three letters, or a country's name."""
    code = text.upper().replace("_", "-")
    (code,) = (
        aliases if len(aliases := get_global("territory_aliases").get(code, ())) == 1 else (code,)
    )
    try:
        return place_code(code, {})
    except Refused:
        pass
    try:
        return _countries_by_name()[_folded(text)]
    except KeyError:
        raise Unusable("not_a_place") from None


@cache
def _countries_by_name() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for locale in LOCALES:
        for code, name in Locale.parse(locale, sep="-").territories.items():
            if len(code) == 2 and _folded(name) not in _TWO_PLACES:
                names.setdefault(_folded(name), code)
    return names


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()

"""Invented people for drills. Every address is reserved: none of them can reach anybody."""

import re
from collections.abc import Iterator
from itertools import chain, repeat
from random import Random

from playbooks.names import Name, naming_for
from playbooks.scenario import Flaws, Group, Scenario, people_by_group

# RFC 2606 keeps .invalid from ever existing; 555-0100 to 555-0199 is kept for fiction in each
# area code of the North American plan.
RESERVED_EMAIL = re.compile(r"^[^@\s]+@(?:[a-z0-9-]+\.)+drill\.invalid$")
RESERVED_PHONE = re.compile(r"^\+1[2-9]\d{2}55501\d{2}$")
_CODES = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 "
    "234 239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 "
    "308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 334 336 337 339 347 351 "
    "352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 "
    "430 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513"
)
AREA_CODES = tuple(_CODES.split())
_DOMAINS = ("post", "mail", "inbox", "letters")
_STREETS = ("Lantern Lane", "Bell Court", "Harbour Walk", "Quiet Square")


def synthetic_people(scenario: Scenario, count: int, seed: int = 0) -> Iterator[dict[str, str]]:
    """`count` invented people of a scenario as rows of a population CSV; the same for a seed.

    Columns: ref, name, email, phone, locale, place, push_token, postal_address.
    Each group has its exact share. An address whose local part says `bounce` bounces.
    """
    rng = Random(seed)  # noqa: S311 rehearsals are repeatable, not secret
    people = scenario.population
    phones = _phones()
    for number, group in enumerate(_everyone(scenario, count), start=1):
        flaw = _flaw(rng, people.flaws)
        row = _person(number, group, rng, flaw)
        if flaw != "no_address" and (flaw == "no_email" or rng.random() < people.phone_share):
            row["phone"] = next(phones, "")
        if flaw != "no_address" and rng.random() < people.push_share:
            row["push_token"] = f"drill-{rng.getrandbits(64):016x}"
        yield row


def _everyone(scenario: Scenario, count: int) -> Iterator[Group]:
    shares = people_by_group(scenario.population, count)
    return chain.from_iterable(repeat(group, size) for group, size in shares)


def _phones() -> Iterator[str]:
    """Every reserved number once: two people never share one; after that there is none."""
    for line in range(100):
        for code in AREA_CODES:
            yield f"+1{code}55501{line:02d}"


def _flaw(rng: Random, flaws: Flaws) -> str:
    """The one flaw of a person; mostly none."""
    shares = (flaws.bounce, flaws.no_email, flaws.invalid_email, flaws.no_address)
    names = ("bounce", "no_email", "invalid_email", "no_address", "")
    return rng.choices(names, (*shares, 1 - sum(shares)))[0]


def _person(number: int, group: Group, rng: Random, flaw: str) -> dict[str, str]:
    name = naming_for(group.locale).invent(rng)
    located = flaw != "no_address" and rng.random() < 0.4
    street = f"{rng.randint(1, 99)} {rng.choice(_STREETS)}, Drill Town"
    return {
        "ref": f"drill-{number:07d}",
        "name": name.shown,
        "email": _email(number, name, rng, flaw),
        "phone": "",
        "locale": group.locale,
        "place": group.place,
        "push_token": "",
        "postal_address": street if located else "",
    }


def _email(number: int, name: Name, rng: Random, flaw: str) -> str:
    if flaw in ("no_email", "no_address"):
        return ""
    steering = "bounce." if flaw == "bounce" else ""
    at = " at " if flaw == "invalid_email" else "@"
    return f"{steering}{name.ascii}{number}{at}{rng.choice(_DOMAINS)}.drill.invalid"

"""Who gets which words: those for their own place, else for their country, else the plain ones."""

import pytest

from incidents.rules.place_words import PLAIN, name_of, readers_of, unwritten, variant_of

WRITTEN = {PLAIN, "US", "US-MA", "DE"}


@pytest.mark.parametrize(
    ("place", "variant"),
    [
        ("US-MA", "US-MA"),
        ("US-CA", "US"),
        ("US", "US"),
        ("DE-BY", "DE"),
        ("FR", PLAIN),
        ("USA", PLAIN),
        ("", PLAIN),
        ("ZZ", PLAIN),
    ],
)
def test_the_narrowest_words_that_there_are_for_a_place_are_those_of_its_people(place, variant):
    assert variant_of(place, WRITTEN) == variant


def test_everybody_reads_exactly_one_variant():
    people = {"US-MA": 3, "US-CA": 5, "US": 7, "DE": 11, "ZZ": 13}
    readers = {one: readers_of(one, people, WRITTEN) for one in WRITTEN}
    assert readers["US"] == {"US-CA": 5, "US": 7}
    assert readers[PLAIN] == {"ZZ": 13}
    assert sum(sum(some.values()) for some in readers.values()) == sum(people.values())


def test_languages_that_a_place_has_no_words_in_are_named():
    slots = [
        ("en", PLAIN),
        ("de", PLAIN),
        ("ja", PLAIN),
        ("en", "US-MA"),
        ("en", "US"),
        ("de", "US"),
    ]
    assert unwritten(slots) == {"US-MA": {"de", "ja"}, "US": {"ja"}}
    assert unwritten([("en", PLAIN), ("en", "US")]) == {}


def test_a_text_is_named_by_its_place_and_language():
    assert [name_of(("en", PLAIN)), name_of(("en", "US-MA"))] == ["en", "US-MA.en"]

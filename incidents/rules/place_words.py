"""Words that differ by place: who gets which. A finite set for each notice; pure.

A variant is called after the place whose people get it; PLAIN are the words of everybody else.
"""

from collections.abc import Collection, Iterable, Mapping

PLAIN = ""

# Locale and variant: one text of a notice.
Slot = tuple[str, str]


def variant_of(place: str, variants: Collection[str]) -> str:
    """Which words the people of a place get: their own, else their country's, else the plain."""
    around = (place, place.partition("-")[0])
    return next((one for one in around if one in variants), PLAIN)


def readers_of(
    variant: str, people: Mapping[str, int], variants: Collection[str]
) -> dict[str, int]:
    """Those of these people, by place, who get a variant."""
    return {
        place: count for place, count in people.items() if variant_of(place, variants) == variant
    }


def unwritten(slots: Iterable[Slot]) -> dict[str, frozenset[str]]:
    """The languages that a notice has, but not in words for a place: by that place."""
    written = set(slots)
    plain = {locale for locale, variant in written if variant == PLAIN}
    lacking = {
        place: frozenset(locale for locale in plain if (locale, place) not in written)
        for _, place in written
    }
    return {place: locales for place, locales in lacking.items() if locales}


def name_of(slot: Slot) -> str:
    """How a problem names a text: `en`, `US-MA.en`."""
    locale, variant = slot
    return f"{variant}.{locale}" if variant else locale

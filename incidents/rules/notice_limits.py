"""What a law forbids a notice to tell the people of its place, and whether words tell it.

A number can be looked for; whether a sentence tells the nature of a breach takes a person.
Pure: no database, no clock.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from incidents.errors import Problem
from incidents.rules.content import CONTENT
from incidents.rules.legal_rule import LegalRule
from incidents.rules.notice_words import ELEMENTS, NoticeWords
from playbooks.places import people_in

_LEAST = 100  # smaller numbers stand in any text, as days or telephone extensions


@dataclass(frozen=True, slots=True)
class Limit:
    """What one law keeps out of a notice to people who are among its readers.

    counts  the numbers of people that may not be told
    """

    rule: str
    place: str
    forbids: tuple[str, ...]
    source: str
    readers: int
    counts: tuple[int, ...]


def limits(
    rules: Iterable[LegalRule],
    readers: Mapping[str, int],
    affected: Mapping[str, int],
    affected_count: int | None = None,
) -> list[Limit]:
    """The limits on a notice that these people read; people of an unknown part may be there.

    rules     those that are owed, or may be
    readers   to whom the notice goes, by place
    affected  everybody affected, by place; `affected_count` their number where it is stated
    """
    found = []
    for rule in rules:
        count = people_in(rule.place, {"people_by_place": readers}).high
        if rule.prohibited_content and count:
            there = people_in(rule.place, {"people_by_place": affected}).low
            known = {int(there), sum(affected.values()), affected_count or 0}
            told = tuple(sorted(n for n in known if n >= _LEAST))
            forbids = tuple(rule.prohibited_content)
            found.append(Limit(rule.id, rule.place, forbids, rule.source, int(count), told))
    return found


def objections(
    limits_: Iterable[Limit],
    words: Mapping[str, NoticeWords],
    despite: Collection[str] = (),
) -> Iterator[Problem]:
    """What stands against approving these words, by language.

    despite  ids of rules for which a person has read the words and answers that they tell
             nothing forbidden; a forbidden number that stands in them is refused all the same
    """
    for limit in limits_:
        if "number_affected" in limit.forbids:
            yield from _numbers(limit, words)
        if limit.rule not in despite:
            yield _unread(limit)


def _unread(limit: Limit) -> Problem:
    forbidden = "; ".join(CONTENT.get(code, code.replace("_", " ")) for code in limit.forbids)
    return Problem(
        f"place {limit.place}",
        f"{limit.readers:,} people there may read it, and it may not tell them: {forbidden}"
        f" ({limit.source})",
        "withhold them from this notice and tell them in words of their own; or, where the words"
        f" say none of this in any language, approve despite {limit.rule}",
    )


def _numbers(limit: Limit, words: Mapping[str, NoticeWords]) -> Iterator[Problem]:
    for locale, said in words.items():
        for name in ("title", *ELEMENTS):
            text = said.title if name == "title" else "\n".join(said.element(name))
            for count in limit.counts:
                if _says(text, count):
                    yield Problem(
                        f"{locale}.{name}",
                        f"tells how many are affected ({count:,}), which {limit.source} forbids"
                        f" towards the people of {limit.place}",
                        "leave the number out, or withhold those people from this notice",
                    )


def _says(text: str, count: int) -> bool:
    """Whether a number stands in a text, with any mark between its thousands."""
    digits = f"{count:,}".replace(",", r"[,.'’\s\u00a0\u202f]?")
    return re.search(rf"(?<![\d]){digits}(?!\d)", text) is not None

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
from incidents.rules.place_words import name_of
from playbooks.places import people_in

_LEAST = 100  # smaller numbers stand in any text, as days or telephone extensions


@dataclass(frozen=True, slots=True)
class Limit:
    """What one law keeps out of a notice to people who are among its readers.

    readers  at the most; `known` of them surely live there
    counts   the numbers of people that may not be told
    """

    rule: str
    place: str
    forbids: tuple[str, ...]
    source: str
    readers: int
    known: int
    counts: tuple[int, ...]

    @property
    def told(self) -> str:
        """What may not be told, in words."""
        return "; ".join(CONTENT.get(code, code.replace("_", " ")) for code in self.forbids)


def answer_of(rule: str, variant: str = "") -> str:
    """How an approver names the words that they answer for: `rule`, of a place `rule:US-MA`."""
    return f"{rule}:{variant}" if variant else rule


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
        count = people_in(rule.place, {"people_by_place": readers})
        if rule.prohibited_content and count.high:
            there = people_in(rule.place, {"people_by_place": affected}).low
            known = {int(there), sum(affected.values()), affected_count or 0}
            told = tuple(sorted(n for n in known if n >= _LEAST))
            forbids = tuple(rule.prohibited_content)
            found.append(
                Limit(
                    rule.id,
                    rule.place,
                    forbids,
                    rule.source,
                    readers=int(count.high),
                    known=int(count.low),
                    counts=told,
                )
            )
    return found


def objections(
    limits_: Iterable[Limit],
    words: Mapping[str, NoticeWords],
    despite: Collection[str] = (),
    variant: str = "",
) -> Iterator[Problem]:
    """What stands against approving these words, by language.

    despite  answers (`answer_of`) of a person who has read the words that they tell nothing
             forbidden; a forbidden number that stands in them is refused all the same
    variant  the place that the words are for
    """
    for limit in limits_:
        if "number_affected" in limit.forbids:
            yield from _numbers(limit, words, variant)
        if answer_of(limit.rule, variant) not in despite:
            yield _unread(limit, variant)


def _unread(limit: Limit, variant: str) -> Problem:
    theirs = f"the words for {variant}" if variant else "it"
    answer = answer_of(limit.rule, variant)
    if variant == limit.place:
        mend = f"where they say none of this in any language, approve despite {answer}"
    else:
        mend = (
            f"write words for {limit.place} or have them drafted (redraft), or withhold them from"
            " this notice; or, where the words say none of this in any language, approve despite"
            f" {answer}"
        )
    return Problem(
        f"place {limit.place}",
        f"{limit.readers:,} people there may read {theirs}, which may not tell them: {limit.told}"
        f" ({limit.source})",
        mend,
    )


def _numbers(limit: Limit, words: Mapping[str, NoticeWords], variant: str) -> Iterator[Problem]:
    for locale, said in words.items():
        for name in ("title", *ELEMENTS):
            text = said.title if name == "title" else "\n".join(said.element(name))
            for count in limit.counts:
                if _says(text, count):
                    yield Problem(
                        f"{name_of((locale, variant))}.{name}",
                        f"tells how many are affected ({count:,}), which {limit.source} forbids"
                        f" towards the people of {limit.place}",
                        "leave the number out, or withhold those people from this notice",
                    )


def _says(text: str, count: int) -> bool:
    """Whether a number stands in a text, with any mark between its thousands."""
    digits = f"{count:,}".replace(",", r"[,.'’\s\u00a0\u202f]?")
    return re.search(rf"(?<![\d]){digits}(?!\d)", text) is not None

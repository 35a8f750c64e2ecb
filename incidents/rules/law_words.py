"""A law in plain words: its clocks, evidence, content, holds and ways of public notice."""

from __future__ import annotations

from collections.abc import Iterable

from incidents.rules.condition_sentences import listed, sentence
from incidents.rules.content import CONTENT
from incidents.rules.facts import FACTS
from incidents.rules.legal_rule import LegalRule, MetWhen, SubstituteRule
from incidents.rules.place_names import place_name


def clock_words(rule: LegalRule) -> str:
    """By when, from what: `60 calendar days from …`; a target is called one, with whose it is."""
    clock, trigger = rule.clock, rule.trigger
    start = "; or ".join(dict.fromkeys(FACTS[name].description for name in trigger.facts))
    earliest = " (the earliest counts)" if len(trigger.facts) > 1 else ""
    text = f"{clock.text}, counted from: {start}{earliest}"
    span = clock.without_delay or clock
    if clock.zone != "UTC" and not (span.hours or getattr(span, "minutes", None)):
        text += f"; days end at 24:00 in {clock.zone.rpartition('/')[2].replace('_', ' ')}"
    if clock.calendar:
        text += f"; business days of {place_name(clock.calendar)}"
    return text


def standing(rule: LegalRule) -> str:
    """Whether the due time is the law's own number, and how sure that is."""
    if rule.force == "recommended":
        return "recommended, no duty; the due time is our target"
    if rule.confidence == "low":
        return "of low confidence: shown, never a hard clock"
    if rule.clock.is_target:
        return "a duty; the law names no number, so the due time is our target"
    return "a duty with the law's own number"


def beyond_the_clock(rule: LegalRule) -> list[str]:
    """What else decides the due time: later readings, what stands in, what ends it sooner."""
    trigger, clock = rule.trigger, rule.clock
    lines = []
    if trigger.fallback:
        stand_in = listed(_moment(name) for name in trigger.fallback)
        lines.append(f"While none of these is known, the earliest of {stand_in} stands in")
    if trigger.or_due_of:
        lines.append(f"Until it is known: from the due time of `{trigger.or_due_of}`")
    if rule.no_later_than:
        lines.append(f"Never later than the moment {FACTS[rule.no_later_than].description}")
    if trigger.arguable_from:
        later = FACTS[trigger.arguable_from].description
        lines.append(f"A later reading, never scheduled on, counts from {later}")
    if clock.counted_as:
        lines.append("A later reading excludes the running hour (Reg. 1182/71 art. 3)")
    if clock.if_day_off:
        note = f" ({clock.if_day_off.note})" if clock.if_day_off.note else ""
        lines.append(f"A later reading moves an end on a day off to the next open day{note}")
    return lines


def _moment(name: str) -> str:
    return name.removesuffix("_at").replace("_", " ")


def met_words(met: MetWhen) -> str:
    """What discharges a duty, in words."""
    if met.people_told:
        told = met.people_told
        who = f"everyone in {place_name(told.among)}" if told.among else "everyone"
        share = who if told.share == 1 else f"{told.share:.0%} of {who}"
        took = "the provider took" if told.by == "accepted" else "was delivered"
        also = "; a published announcement stands in for whom none reaches" if told.instead else ""
        return f"{share} has a notice that {took}{also}"
    if met.announcement_published:
        days = met.announcement_published.days
        return f"an announcement stands{f' for {days} days' if days else ''}"
    if met.report_filed:
        return "a report is filed with its recipient, with evidence"
    if met.facts_recorded:
        return (
            f"on record: {', '.join(name.replace('_', ' ') for name in met.facts_recorded.facts)}"
        )
    return f"the task {met.task_done.task} is done" if met.task_done else ""


def content_words(codes: Iterable[str]) -> list[str]:
    """What must, or must not, be said, each in words."""
    return [
        CONTENT.get(code) or (FACTS[code].description if code in FACTS else code) for code in codes
    ]


def hold_words(rule: LegalRule) -> str:
    """A delay that the law knows, with its limits; empty where it knows none."""
    hold = rule.hold
    if hold is None:
        return ""
    limits = [
        "the clock stands still meanwhile" if hold.pauses else "the due time stays and is shown",
        f"at most {hold.most_days} days" if hold.most_days else "",
        f"at most {hold.oral_days} days without paper" if hold.oral_days else "",
    ]
    return f"{hold.text} ({hold.source}); {', '.join(limit for limit in limits if limit)}"


def substitute_words(rule: SubstituteRule) -> str:
    """When another notice may stand in, how and for how long."""
    days = f", for {rule.days} days" if rule.days else ""
    phone = ", with a toll-free number" if rule.toll_free else ""
    means = listed(rule.means).replace(" or ", ", ")
    return f"{rule.text} (by {means}{days}{phone}), when {sentence(rule.when)}"

"""Placing a campaign's people on its ladder, a page of the population at a time.

What is placed is sent while the next page is being placed. Newcomers are found the same way,
by looking at the population again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from incidents import failpoints
from incidents.database import pages, placements, providers, statistics
from incidents.database.campaigns import Campaign, locked_campaign
from incidents.database.notices import Notice, bodies_of
from incidents.database.pages import Kind
from incidents.database.standing import Placing
from incidents.errors import InvalidInput, Problem
from incidents.rules.ladder import LAST, people_per_envelope
from incidents.rules.lanes import lanes, weights
from incidents.rules.lifecycle import CAMPAIGN
from incidents.rules.notice_words import locale_read
from incidents.rules.place_words import PLAIN, name_of, unwritten, variant_of
from incidents.rules.ramp import kept_of
from incidents.rules.tracks import Lane
from incidents.services import campaign_trail, quiet, residency, timeline
from incidents.work import TOCSIN, Office, Work

PEOPLE_PER_PAGE = 50_000
PEOPLE_ON_FIRST_PAGE = 10_000
PEOPLE_MORE_PER_ENVELOPE = 1_000


def place_next_page(office: Office, waiting: Sequence[UUID]) -> bool:
    """Place one page of one of these campaigns; False: there are none, or others hold them all."""
    if not waiting:
        return False
    with office.work(TOCSIN) as work:
        for campaign_id in waiting:
            # Whoever else places this one holds it: then there is sending to do meanwhile.
            campaign = locked_campaign(work.session, campaign_id, wait=False)
            if campaign and _is_placing(campaign):
                place_page(work, campaign)
                failpoints.reach("placing")
                return True
    return False


def _is_placing(campaign: Campaign) -> bool:
    is_open = campaign.status == "running" and campaign.gate == "open"
    return is_open and campaign.population_count is None


def place_canary(work: Work, campaign: Campaign, count: int) -> None:
    """Place those who go first; the caller holds the campaign, in which nobody has a place."""
    session = work.session
    kinds = pages.kinds_drawn(session, campaign, count)
    placements.place_canary(session, placing(work, campaign, kinds), count)
    session.flush()


def place_page(work: Work, campaign: Campaign) -> None:
    """Place the next page; the caller holds the campaign."""
    session = work.session
    placements.make_room(session)
    added = pages.added_people(session, campaign.incident_id)
    end = pages.end_of_page(session, campaign, page_size(campaign.envelope_count))
    kinds = pages.kinds_on_page(session, campaign, end)
    placements.place_page(session, placing(work, campaign, kinds), end)
    if campaign.placed_to is None:  # the first page: whoever counts next must not think it empty
        statistics.refresh(session, ("delivery", "envelope"))
    campaign.placed_to = end
    if campaign.ramp and campaign.ramps_at is None:
        campaign.ramps_at = work.now
    if end is None:
        campaign.population_count = added
    session.flush()


def page_size(envelopes: int) -> int:
    """How many people the next page has, where there are so many envelopes already.

    While a page is placed, senders have those of the pages before it, and nothing more to do: so
    the first one is small, and the others grow with the envelopes that there are.
    """
    return min(PEOPLE_ON_FIRST_PAGE + PEOPLE_MORE_PER_ENVELOPE * envelopes, PEOPLE_PER_PAGE)


def look_again(work: Work, campaign: Campaign, cause: str) -> None:
    """Go through the population once more: somebody was added to it."""
    campaign.population_count = None
    campaign.placed_to = None
    rejoin(work, campaign, cause)
    work.ring("campaigns.pump")


def rejoin(work: Work, campaign: Campaign, cause: str) -> None:
    """A campaign that was finished has people to tell again."""
    if campaign.status != "finished":
        return
    campaign.status = CAMPAIGN.after(campaign.status, "rejoin")
    campaign.finished_at = None
    campaign_trail.record(work, campaign, "campaign.rejoin", cause=cause)
    timeline.note(work, campaign.incident_id, "campaign", "The campaign runs again")
    work.session.flush()


def placing(
    work: Work, campaign: Campaign, kinds: Collection[Kind], most: int = PEOPLE_PER_PAGE
) -> Placing:
    """How people of these locales and places, so many at the most, are placed in a campaign."""
    on_ramp = kept_of(campaign.ramp)
    notice = work.session.get_one(Notice, campaign.notice_id)
    slots = {
        (locale, variant) for locale, variant, _ in bodies_of(work.session, campaign.approval_id)
    }
    offered = {locale for locale, variant in slots if variant == PLAIN}
    variants = {variant for _, variant in slots}
    reads = {
        locale: locale_read(locale, offered, notice.default_locale, notice.locale_choices)
        for locale, _ in kinds
    }
    return Placing(
        campaign=campaign,
        kinds=kinds,
        lanes=lanes_of(
            work, campaign, {place for _, place in kinds}, providers.shut(work.session, work.now)
        ),
        # Somebody who came later and whose language nobody wrote gets the default one; in the
        # words for their place, if there are such.
        locales={locale: chosen for locale, chosen in reads.items() if chosen},
        default_locale=notice.default_locale,
        variants={place: variant_of(place, variants) for _, place in kinds},
        unwritten=unwritten(slots),
        opens_at=quiet.openings_for(campaign, {place for _, place in kinds}, work.now),
        now=work.now,
        slopes=on_ramp.slopes(most) if on_ramp else {},
        placed=on_ramp.placed if on_ramp else {},
    )


def routes_of(rungs: Iterable[str], couriers: Mapping[str, str]) -> dict[str, Any]:
    """The couriers that carry each rung of a campaign, as it keeps them."""
    return {
        channel: [
            {"provider": name, "weight": weight}
            for name, weight in weights(couriers[channel]).items()
        ]
        for channel in rungs
        if channel in couriers
    }


def lanes_of(
    work: Work, campaign: Campaign, places: Collection[str], shut: Collection[tuple[str, str]]
) -> dict[str, list[Lane]]:
    """Who may carry what to people of these places; `shut`: providers on channels in trouble."""
    rules = residency.of_mode(work, campaign.mode)
    return {
        channel: lanes(
            routes,
            rules,
            places,
            [name for name, on in shut if on == channel],
            lambda name: people_per_envelope(name, work.settings.people_per_envelope),
        )
        for channel, routes in campaign.routes.items()
    }


def check_coverage(work: Work, notice: Notice, approval_id: UUID, ladder: Sequence[str]) -> None:
    """Refuse a notice that somebody could not read, or that lacks words for a rung."""
    bodies = bodies_of(work.session, approval_id)
    variants = {variant for _, variant, _ in bodies}
    plain = {locale for locale, variant, _ in bodies if variant == PLAIN}
    kinds = pages.kinds_of(work.session, notice.incident_id)
    wanted = sorted({(locale, variant_of(place, variants)) for locale, place in kinds})
    problems = []
    for locale, variant in wanted:
        reads = locale_read(locale, plain, notice.default_locale, notice.locale_choices)
        missing = [rung for rung in ladder if rung != LAST and (reads, variant, rung) not in bodies]
        if reads is None:
            why = "no approved words are in a language they read"
            problems.append(_uncovered(locale, variant, why))
        elif missing:
            why = f"{name_of((reads, variant))} has no words for {', '.join(missing)}"
            problems.append(_uncovered(locale, variant, why))
    if problems:
        raise InvalidInput("some of the affected people could not read this notice", *problems)


def _uncovered(locale: str, variant: str, why: str) -> Problem:
    mend = "write the notice in it, or choose what they get instead, and have it approved"
    return Problem(f"locale {name_of((locale or 'unknown', variant))}", why, mend)

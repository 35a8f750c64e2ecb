"""A person's calendar of deadlines: its secret address, and what stands in it."""

from zoneinfo import ZoneInfo

from incidents.audit import log as audit
from incidents.auth.calendar_addresses import new_secret, nothing_here
from incidents.database.calendar_feeds import CalendarFeed, drop_feed, feed_of
from incidents.database.deadlines import DutyInCalendar, duties_in_calendar
from incidents.database.users import User
from incidents.errors import NotFound
from incidents.rules.deadlines import zone_of
from incidents.rules.permissions import Permission
from incidents.services import law_packs
from incidents.services.calendar_text import Entry, calendar
from incidents.services.deadlines import modes_of
from incidents.work import Work, require, require_no_drill_token

_UTC = ZoneInfo("UTC")


def make(work: Work, *, drills: bool = False) -> tuple[CalendarFeed, str]:
    """A new address for the actor's calendar, in place of the old one; the secret in it is
    shown this once.

    drills  put drills in too, each marked
    """
    require(work.actor, Permission.READ_INCIDENT)
    require_no_drill_token(work.actor)
    # Held until the commit: of two that ask at once, the second replaces the first.
    work.session.get(User, work.actor.id, with_for_update=True)
    replaces = drop_feed(work.session, work.actor.id)
    secret, sha256 = new_secret()
    feed = CalendarFeed(user_id=work.actor.id, sha256=sha256, drills=drills, created_at=work.now)
    work.session.add(feed)
    work.session.flush()
    audit.record(
        work,
        "calendar.create",
        subject_type="calendar",
        subject_id=work.actor.id,
        drills=drills,
        replaces=replaces,
    )
    return feed, secret


def read(work: Work) -> CalendarFeed:
    """Whether the actor has a calendar, since when; never its address."""
    require(work.actor, Permission.READ_SELF)
    feed = feed_of(work.session, work.actor.id)
    if feed is None:
        raise NotFound("you have no calendar: `tocsin deadlines feed` makes an address for one")
    return feed


def revoke(work: Work) -> None:
    """End the address of the actor's calendar at once."""
    require(work.actor, Permission.READ_SELF)
    read(work)
    drop_feed(work.session, work.actor.id)
    audit.record(work, "calendar.revoke", subject_type="calendar", subject_id=work.actor.id)


def contents(work: Work, feed: CalendarFeed) -> bytes:
    """The calendar as iCalendar: every open duty that the reader may know of, when it is due."""
    require(work.actor, Permission.READ_INCIDENT)
    modes = modes_of(work.actor, "" if feed.drills else "live")
    entries = [_entry(work, one) for one in duties_in_calendar(work.session, modes)]
    return calendar(f"Tocsin: {work.settings.organisation_name}", entries)


def _entry(work: Work, one: DutyInCalendar) -> Entry:
    duty, incident = one.duty, one.incident
    if duty.due_at is None:
        raise nothing_here()
    return Entry(
        id=duty.id,
        incident=incident.number,
        is_drill=incident.mode == "drill",
        title=duty.title,
        place=duty.place,
        tell=duty.authority or duty.audience.replace("_", " "),
        standing=duty.standing,
        is_target=duty.is_target,
        is_held=bool(duty.details.get("held")),
        start_at=duty.start_at,
        due_at=duty.due_at,
        zone=_zone(work, duty.rule),
        source=f"{duty.details.get('source', '')} ({duty.rule})",
        url=f"{work.settings.public_url.rstrip('/')}/api/v1/incidents/{incident.id}",
        moves=one.changes,
        changed_at=one.changed_at or duty.appeared_at,
    )


def _zone(work: Work, rule: str) -> ZoneInfo:
    try:
        return zone_of(law_packs.in_use(work).rule(rule).clock.zone)
    except NotFound:  # a rule that was taken out of the catalogue since
        return _UTC

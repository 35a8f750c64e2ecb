"""Who a campaign is for: everybody affected; or who got a first notice; or whom a stopped campaign
did not reach.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from incidents.database.campaigns import Campaign, Delivery, Envelope, campaigns_of
from incidents.database.doubts import InDoubt
from incidents.database.population import Recipient
from incidents.database.statistics import by_hash
from notifiers.envelope import ReceiptKind

# An envelope in one of these may have told its people, or may do so yet.
_MAY_TELL = ("leased", "accepted", "unknown", "held", "unresolved")
# Whoever marks a message as spam, or answers STOP, has had it.
_ANSWERED = ReceiptKind.COMPLAINED.rank


# Narrows what is read of earlier campaigns, by a column of people's ids.
Within = Callable[[InstrumentedAttribute[UUID]], ColumnElement[bool]]


def _anybody(_ids: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    return true()


def in_audience(campaign: Campaign, within: Within = _anybody) -> ColumnElement[bool]:
    """Whether a recipient of the campaign's incident is among those it is for.

    within  of whom it is asked; else all that earlier campaigns did is read each time
    """
    first = [] if campaign.audience_of is None else [got(campaign.audience_of, within)]
    rest = (not_reached_by(UUID(one), within) for one in campaign.rest_of)
    return and_(true(), *first, *rest)


def counts(campaign: Campaign) -> ColumnElement[bool]:
    """Whether a recipient is one of those whom the campaign's equation counts.

    Who has a place keeps it in the sum, also when what is known of an earlier notice changes.
    """
    if campaign.audience_of is None and not campaign.rest_of:
        return true()
    place = aliased(Delivery)
    stands = exists().where(
        place.campaign_id == campaign.id, place.recipient_id == Recipient.id, place.is_current
    )
    return or_(in_audience(campaign), stands)


def got(campaign_id: UUID, within: Within = _anybody) -> ColumnElement[bool]:
    """Whether a campaign has told a recipient: delivered, or accepted and never taken back.

    Also on a rung that was silent for too long: who may hold the first notice gets the second.
    """
    return _with_place(campaign_id, within, ("accepted",), ("", "silent"))


def not_reached_by(campaign_id: UUID, within: Within = _anybody) -> ColumnElement[bool]:
    """Whether a campaign surely has not told a recipient: nothing ever left for them, or whatever
    did was refused or came back.

    Not so of whom nobody knows, or not yet.
    """
    doubted = exists().where(
        InDoubt.campaign_id == campaign_id,
        InDoubt.recipient_id == Recipient.id,
        within(InDoubt.recipient_id),
    )
    told = _with_place(campaign_id, within, _MAY_TELL, ("", "silent", "unresolved"), _ANSWERED)
    # Each denied by itself: of a denied `or`, PostgreSQL makes no join.
    return and_(~told, ~doubted)


def _with_place(
    campaign_id: UUID,
    within: Within,
    states: Sequence[str],
    outcomes: Sequence[str],
    rank: int | None = None,
) -> ColumnElement[bool]:
    """Whether a recipient was delivered to; or has a place of such an outcome in an envelope in
    such a state; or one of which something of this rank was said, or of a higher one.
    """
    place, envelope = aliased(Delivery), aliased(Envelope)
    inside = and_(envelope.campaign_id == place.campaign_id, envelope.ordinal == place.envelope)
    such = and_(place.outcome.in_(outcomes), envelope.state.in_(states))
    such = such if rank is None else or_(such, place.rank >= rank)
    return (
        select(place.recipient_id)
        .outerjoin(envelope, inside)
        .where(
            place.campaign_id == campaign_id,
            place.recipient_id == Recipient.id,
            within(place.recipient_id),
            or_(place.outcome == "delivered", such),
        )
        .exists()
    )


def size(session: Session, incident_id: UUID, *such: ColumnElement[bool]) -> int:
    """How many of the people of an incident are such."""
    query = select(func.count()).where(Recipient.incident_id == incident_id, *such)
    with by_hash(session):
        return session.scalar(query.select_from(Recipient)) or 0


def that_follow(session: Session, campaign: Campaign) -> list[UUID]:
    """The campaigns that are for those whom this one told, or did not tell."""
    return [
        one.id
        for one in campaigns_of(session, campaign.incident_id)
        if one.status != "stopped"
        and (one.audience_of == campaign.id or str(campaign.id) in one.rest_of)
    ]


def campaign_of(session: Session, notice_id: UUID) -> Campaign | None:
    """The campaign that told people of a notice."""
    query = select(Campaign).where(Campaign.notice_id == notice_id)
    return session.scalar(query.order_by(Campaign.launched_at.desc()).limit(1))

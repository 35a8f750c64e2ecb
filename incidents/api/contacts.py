"""How people on the team are reached, over HTTP: set, seen masked, tried out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from incidents.api.door import (
    CurrentActor,
    CurrentOffice,
    LookWork,
    OpenWork,
    Shape,
    View,
    needs,
    router_for,
)
from incidents.api.shapes import Words
from incidents.rules.permissions import Permission
from incidents.services import rota_contacts
from incidents.wiring import pagers_for

router = router_for("rota")

Address = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class SetContact(Shape):
    """How somebody is reached; what is left out stays as it was, what is empty is forgotten."""

    email: Words | None = None
    phone: Annotated[Words | None, Field(description="International: +44 7700 900123.")] = None
    chat: Annotated[
        list[Address] | None,
        Field(max_length=5, description="Apprise URLs, e.g. of Slack, Teams, Telegram, ntfy."),
    ] = None


class ContactView(View):
    """How somebody is reached, masked."""

    user_id: UUID
    name: str
    email: str
    phone: str
    chat: list[str]
    updated_at: datetime | None


class PagedView(View):
    """What became of a page on one channel; `accepted` does not mean that anybody woke up."""

    channel: str
    outcome: Literal["accepted", "refused", "unknown", "no_address"]
    detail: str


@router.get("/me/contact", **needs(Permission.READ_SELF))
def read_my_contact(actor: CurrentActor, work: LookWork) -> ContactView:
    """How am I reached? Masked."""
    return ContactView.model_validate(rota_contacts.seen_contact(work, actor.id))


@router.patch("/me/contact", **needs(Permission.EDIT_SELF))
def set_my_contact(body: SetContact, actor: CurrentActor, work: OpenWork) -> ContactView:
    """Say how I am reached when I am on duty."""
    contact = rota_contacts.set_contact(work, actor.id, body.email, body.phone, body.chat)
    return ContactView.model_validate(contact)


@router.post("/me/contact/test", **needs(Permission.EDIT_SELF))
def test_my_contact(actor: CurrentActor, office: CurrentOffice) -> list[PagedView]:
    """Send me a test page on every channel; once a minute at the most."""
    return _tried(actor, office, actor.id)


@router.get("/users/{user_id}/contact", **needs(Permission.MANAGE_USERS))
def read_contact(user_id: UUID, work: LookWork) -> ContactView:
    """How is somebody reached? Masked."""
    return ContactView.model_validate(rota_contacts.seen_contact(work, user_id))


@router.patch("/users/{user_id}/contact", **needs(Permission.MANAGE_USERS))
def set_contact(user_id: UUID, body: SetContact, work: OpenWork) -> ContactView:
    """Say how somebody is reached when they are on duty."""
    contact = rota_contacts.set_contact(work, user_id, body.email, body.phone, body.chat)
    return ContactView.model_validate(contact)


@router.post("/users/{user_id}/contact/test", **needs(Permission.MANAGE_USERS))
def test_contact(user_id: UUID, actor: CurrentActor, office: CurrentOffice) -> list[PagedView]:
    """Send somebody a test page on every channel; once a minute at the most."""
    return _tried(actor, office, user_id)


def _tried(actor: CurrentActor, office: CurrentOffice, user_id: UUID) -> list[PagedView]:
    pagers = pagers_for(office.settings, "live")
    told = rota_contacts.send_test_page(office, actor, user_id, pagers)
    return [PagedView.model_validate(one) for one in told]

"""Is this process well? For load balancers and people; shows nothing that anybody may not see."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from incidents.api.door import CurrentActor, View, needs, office_of, router_for
from incidents.database.engine import reading
from incidents.rules.permissions import Permission

router = APIRouter(tags=["health"])
guarded = router_for("me")


class Health(BaseModel):
    """Whether the process answers and reaches its database."""

    status: Literal["ok", "database away"]


class Me(View):
    """Who a token belongs to, and what it may do."""

    id: str
    name: str
    permissions: list[Permission]
    drills_only: bool


@router.get("/health", responses={503: {"model": Health}})
def read_health(request: Request, response: Response) -> Health:
    """Whether this process can do its work."""
    try:
        with reading(office_of(request).engine).connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        response.status_code = 503
        return Health(status="database away")
    return Health(status="ok")


@guarded.get("/me", **needs(Permission.READ_SELF))
def read_me(actor: CurrentActor) -> Me:
    """Who am I, and what may I do?"""
    return Me(
        id=str(actor.id),
        name=actor.name,
        permissions=sorted(actor.permissions),
        drills_only=actor.drills_only,
    )

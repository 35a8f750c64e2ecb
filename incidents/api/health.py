"""Is this process well? For load balancers and people; shows nothing that anybody may not see."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from incidents.api.door import CurrentActor, View, needs, office_of, router_for
from incidents.rules.permissions import Permission
from incidents.services.figures import readiness
from incidents.work import TOCSIN

router = APIRouter(tags=["health"])
guarded = router_for("me")


class Health(BaseModel):
    """Whether the process answers, reaches its database, and alarms can be relied on."""

    status: Literal[
        "ok", "database away", "alarms late", "duty without alarm", "people unaccounted for"
    ]
    alarm_lag_seconds: float | None = None


class Me(View):
    """Who a token belongs to, and what it may do."""

    id: str
    name: str
    permissions: list[Permission]
    drills_only: bool


@router.get("/health", responses={503: {"model": Health}})
def read_health(request: Request, response: Response) -> Health:
    """Whether this process can do its work, and every alarm rings in time."""
    try:
        with office_of(request).look(TOCSIN) as work:
            ready = readiness(work)
    except SQLAlchemyError:
        response.status_code = 503
        return Health(status="database away")
    if ready.trouble:
        response.status_code = 503
    status = "ok" if not ready.trouble else ready.trouble
    return Health(status=status, alarm_lag_seconds=round(ready.alarm_lag_seconds, 1))


@guarded.get("/me", **needs(Permission.READ_SELF))
def read_me(actor: CurrentActor) -> Me:
    """Who am I, and what may I do?"""
    return Me(
        id=str(actor.id),
        name=actor.name,
        permissions=sorted(actor.permissions),
        drills_only=actor.drills_only,
    )

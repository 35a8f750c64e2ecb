"""The web doors: the API for machines, public pages for strangers."""

import gc

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from incidents.api import (
    alarms,
    announcements,
    audit,
    campaigns,
    catalogue,
    contacts,
    deadlines,
    detections,
    drills,
    duties,
    extensions,
    health,
    holds,
    incidents,
    law_packs,
    letters,
    metrics,
    notices,
    population,
    proofs,
    providers,
    receipts,
    register,
    reports,
    residency,
    rota,
    severity,
    suppressions,
    tasks,
    users,
)
from incidents.api.openapi import document_problems
from incidents.api.problems import SAFE_HEADERS, add_problem_handlers
from incidents.public import alarms as alarm_pages
from incidents.public import calendars, pages
from incidents.services import law_packs as laws
from incidents.work import TOCSIN, Office
from playbooks import loader as playbooks

API = "/api/v1"
ROUTERS = (
    incidents.router,
    severity.router,
    duties.router,
    extensions.router,
    holds.router,
    deadlines.router,
    alarms.router,
    tasks.router,
    population.router,
    suppressions.router,
    proofs.router,
    notices.router,
    campaigns.router,
    residency.router,
    letters.router,
    announcements.router,
    reports.router,
    register.router,
    audit.router,
    catalogue.router,
    law_packs.router,
    drills.router,
    users.router,
    contacts.router,
    rota.router,
    health.guarded,
    health.router,
    metrics.router,
    providers.router,
    detections.router,
    alarms.webhooks,
)


def create_app(office: Office) -> FastAPI:
    """The application of one process, on what that process has at hand."""
    app = FastAPI(
        title="Tocsin",
        version="1",
        summary="Incident response and breach notification.",
        description="From fact to duty to approved words to everyone told, with proof.",
        openapi_url=f"{API}/openapi.json",
        docs_url=f"{API}/docs",
        redoc_url=None,
    )
    app.state.office = office
    app.state.receipt_desks = {}
    app.add_middleware(SafeHeaders)
    add_problem_handlers(app)
    document_problems(app)
    # First, and not included: callbacks come by the thousand, and to find a route in an included
    # router takes a third of what the framework takes for one.
    app.router.routes += receipts.router.routes
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.include_router(pages.router)
    app.include_router(alarm_pages.router)
    app.include_router(calendars.router)

    @app.get("/", include_in_schema=False)
    def front_door() -> RedirectResponse:
        """Strangers come for the announcements."""
        return RedirectResponse("/announcements")

    return app


def warm_up(office: Office) -> None:
    """Read the law and the playbooks before the first request, and keep them out of every
    garbage collection: they live as long as the process, and looking through them again and
    again took a quarter of the time of opening an incident."""
    with office.look(TOCSIN) as work:
        laws.in_use(work)
    playbooks.load()
    gc.collect()
    gc.freeze()


class SafeHeaders:
    """Says on every answer what a browser and a cache on the way may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the headers that it did not set itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_api = scope["path"].startswith(f"{API}/")

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SAFE_HEADERS.items():
                    if is_api or name != "Cache-Control":
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_safely)

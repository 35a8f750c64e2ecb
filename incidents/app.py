"""The web doors: the API for machines, public pages for strangers."""

from fastapi import FastAPI
from fastapi.responses import RedirectResponse

from incidents.api import (
    announcements,
    audit,
    campaigns,
    catalogue,
    detections,
    drills,
    duties,
    health,
    incidents,
    notices,
    population,
    receipts,
    reports,
    tasks,
    users,
)
from incidents.api.problems import add_problem_handlers
from incidents.public import pages
from incidents.work import Office

API = "/api/v1"
ROUTERS = (
    incidents.router,
    duties.router,
    tasks.router,
    population.router,
    notices.router,
    campaigns.router,
    announcements.router,
    reports.router,
    audit.router,
    catalogue.router,
    drills.router,
    users.router,
    health.guarded,
    health.router,
    detections.router,
    receipts.router,
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
    add_problem_handlers(app)
    for router in ROUTERS:
        app.include_router(router, prefix=API)
    app.include_router(pages.router)

    @app.get("/", include_in_schema=False)
    def front_door() -> RedirectResponse:
        """Strangers come for the announcements."""
        return RedirectResponse("/announcements")

    return app

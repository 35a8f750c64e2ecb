"""What `tocsin doctor` asks of providers: is one in trouble, would silence be misread?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.errors import IncidentsError

if TYPE_CHECKING:
    from incidents.settings import Settings


def settling(settings: Settings) -> str:
    """Whether a provider's silence is given the time that it needs to mean something."""
    from incidents.wiring import settle_too_soon

    hasty = settle_too_soon(settings)
    if hasty:
        lags = ", ".join(f"{name} {lag:g} s" for name, lag in hasty.items())
        raise IncidentsError(
            f"TOCSIN_SETTLE_SECONDS is {settings.settle_seconds:g}, and records may lag longer"
            f" ({lags}): what a provider took would be sent once more"
        )
    return f"silence means something after {settings.settle_seconds:g} s"


def breakers(settings: Settings) -> str:
    """Whether some provider is left alone, and why."""
    from sqlalchemy.orm import Session

    from incidents.database import providers
    from incidents.database.engine import open_engine, reading

    engine = open_engine(settings.database)
    try:
        with Session(reading(engine)) as session:
            found = providers.open_breakers(session)
            told = [f"{row.name} on {row.channel}: {row.reason}, {row.last_error}" for row in found]
    finally:
        engine.dispose()
    if told:
        raise IncidentsError("; ".join(told) + " (see `tocsin provider list`)")
    return "every provider is given work"

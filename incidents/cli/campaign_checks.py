"""What `tocsin doctor` looks at of campaigns and those who carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.errors import IncidentsError

if TYPE_CHECKING:
    from incidents.settings import Settings


def campaigns(settings: Settings) -> str:
    """Everybody is accounted for, nothing has paused itself, and no provider refuses our key."""
    from incidents.office import open_office
    from incidents.services import figures, providers
    from incidents.work import TOCSIN

    office = open_office(settings)
    with office.look(TOCSIN) as work:
        seen = figures.figures(work)
        refusing = [one for one in providers.list_all(work, {}) if one.reason == "credentials"]
    office.engine.dispose()
    lost = [name for (name, _), holds in seen.equation_holds.items() if not holds]
    halted = [name for (name, _), is_so in seen.campaigns_halted.items() if is_so]
    wrong = [
        *(f"people of {name} are unaccounted for" for name in lost),
        *(f"{name} has paused itself" for name in halted),
        *(f"{one.name} refuses our key or account" for one in refusing),
    ]
    if wrong:
        raise IncidentsError("; ".join(wrong))
    return f"{len(seen.equation_holds)} run or ended today, everybody accounted for"

"""What `tocsin doctor` looks at of campaigns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.errors import IncidentsError

if TYPE_CHECKING:
    from incidents.settings import Settings


def campaigns(settings: Settings) -> str:
    """Whether everybody is accounted for, and no campaign has paused itself."""
    from incidents.office import open_office
    from incidents.services import figures
    from incidents.work import TOCSIN

    office = open_office(settings)
    with office.look(TOCSIN) as work:
        seen = figures.figures(work)
    office.engine.dispose()
    lost = [name for (name, _), holds in seen.equation_holds.items() if not holds]
    halted = [name for (name, _), is_so in seen.campaigns_halted.items() if is_so]
    wrong = [
        *(f"people of {name} are unaccounted for" for name in lost),
        *(f"{name} has paused itself" for name in halted),
    ]
    if wrong:
        raise IncidentsError("; ".join(wrong))
    return f"{len(seen.equation_holds)} run or ended today, everybody accounted for"

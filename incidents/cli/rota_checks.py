"""What `tocsin doctor` asks of people on duty: would an alarm wake anybody?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.errors import IncidentsError

if TYPE_CHECKING:
    from incidents.settings import Settings


def people(settings: Settings) -> str:
    """Who is on duty now, and what will go wrong; a house at work needs somebody to wake."""
    from incidents.office import open_office
    from incidents.services import rota
    from incidents.work import TOCSIN

    with open_office(settings).look(TOCSIN) as work:
        names = [one.name for one in rota.who(work, work.now)]
        found = rota.warnings(work)
    told = "; ".join([f"{', '.join(names) or 'nobody'} now", *(one.text for one in found)])
    if settings.embedded:
        return f"(embedded) {told}" if found else told
    if "nobody" in {one.code for one in found}:
        raise IncidentsError(told)
    return told

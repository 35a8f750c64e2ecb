"""`python -m incidents.telling_alone`: the smallest process that tells people."""

import sys

# Logs would load it, 5 MB, to paint an error for a terminal; nobody sits at this process.
sys.modules["rich"] = None  # type: ignore[assignment]

from incidents.errors import IncidentsError  # noqa: E402
from incidents.settings import Settings  # noqa: E402
from incidents.telling import tell  # noqa: E402

if __name__ == "__main__":
    try:
        tell(Settings())
    except IncidentsError as error:
        problems = [f"{one.field}: {one.why}" for one in error.problems]
        sys.exit("\n  ".join([f"tocsin: {error}", *problems]))

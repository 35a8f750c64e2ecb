"""E-mails at a set pace: how much of it is reached, and how often we are told off.

Two workers share the pace. The provider refuses whatever comes faster, with one second's worth
at once at the most. The rate is taken from the moments in its ledger, the first to the last.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence

from benchmarks.figures import Value
from benchmarks.intake import imported
from benchmarks.scene import postgresql_place
from benchmarks.telling import tell
from notifiers.fake.ledger import read

REQUESTS_PER_SECOND = 40
SECONDS = 30
PEOPLE_EACH = 100


def measure(asked: Namespace) -> Iterator[Value]:
    """The share of the pace in percent, and refusals that we caused."""
    with postgresql_place() as plain:
        place = plain.but(
            TOCSIN_PACE=f"sendgrid={REQUESTS_PER_SECOND} requests",
            TOCSIN_PEOPLE_PER_ENVELOPE=str(PEOPLE_EACH),
        )
        place.fake.set_faults(receipts=False, most_per_second={"sendgrid": REQUESTS_PER_SECOND})
        count = REQUESTS_PER_SECOND * SECONDS * PEOPLE_EACH
        tell(place, imported(place, count).incident_id, count)
        moments = [one.at for one in read(place.fake.ledger_path)]
        yield Value("share of a set pace, %", place.name, 100 * share(moments, REQUESTS_PER_SECOND))
        refused = place.fake.ledger()["answers"].get("sendgrid:too_many", 0)
        yield Value("429 caused", place.name, refused)


def share(moments: Sequence[float], per_second: float) -> float:
    """How much of a pace was kept from the first to the last of some moments, in seconds."""
    return (len(moments) - 1) / (max(moments) - min(moments)) / per_second

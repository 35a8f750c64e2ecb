"""A list of opt-outs taken in: streamed, each batch a transaction of its own.

A list may be sent again at any time: what stands already is counted and left as it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from incidents.audit import log as audit
from incidents.rules.permissions import Permission
from incidents.rules.suppression_csv import Line, Unfit, read
from incidents.services import suppressions
from incidents.services.suppressions import Asked
from incidents.work import Actor, Office, require, require_no_drill_token

_AT_ONCE = 5_000
MOST_LISTED = 100


@dataclass
class Taken:
    """What came of the lines of a list; the first lines that could not be used by number."""

    read_count: int = 0
    added_count: int = 0
    known_count: int = 0
    rejected_count: int = 0
    rejects: list[Unfit] = field(default_factory=list)


def import_list(office: Office, actor: Actor, chunks: Iterable[bytes]) -> Taken:
    """Close every address of a list. Their people follow within a minute.

    Raises  InvalidInput  the header cannot be used
    """
    require(actor, Permission.CHANGE_SUPPRESSION)
    require_no_drill_token(actor)
    taken = Taken()
    lines = read(chunks, office.clock.now())
    while some := list(islice(lines, _AT_ONCE)):
        with office.work(actor) as work:
            usable = [_asked(one) for one in some if isinstance(one, Line)]
            added = suppressions.add_all(work, usable)
        _count(taken, [one for one in some if isinstance(one, Unfit)], len(usable), added)
    with office.work(actor) as work:
        audit.record(
            work,
            "suppression.import",
            rows=taken.read_count,
            accepted=taken.added_count,
            rejected=taken.rejected_count,
        )
    return taken


def _asked(line: Line) -> Asked:
    return Asked(line.address, line.reason, line.kind, line.until, "list")


def _count(taken: Taken, unfit: list[Unfit], usable: int, added: int) -> None:
    taken.read_count += usable + len(unfit)
    taken.added_count += added
    taken.known_count += usable - added
    taken.rejected_count += len(unfit)
    taken.rejects += unfit[: MOST_LISTED - len(taken.rejects)]

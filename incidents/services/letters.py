"""What became of letters: told by a printer's files, or by whoever opens what comes back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import structlog

from incidents.database.letters import people_of_letters
from incidents.errors import IncidentsError, Problem
from incidents.rules.letter_statuses import Told, read_statuses
from incidents.rules.permissions import Permission
from incidents.services import receipts
from incidents.work import TOCSIN, Office, Work, require
from notifiers.envelope import Receipt
from notifiers.providers.print_folder import PrintFolder

log = structlog.get_logger(__name__)

PROVIDER = PrintFolder.name
MOST_PROBLEMS = 100
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Statuses:
    """What came of a list.

    new       lines that told something new
    known     lines that told what was known already
    unusable  lines that could not be used
    problems  why not, of the first hundred of them
    """

    new: int
    known: int
    unusable: int
    problems: tuple[Problem, ...]


def take_statuses(work: Work, lines: Iterable[str]) -> Statuses:
    """Fold a list of letters in: returned ones move their people to the next rung.

    Raises  InvalidInput  it has not the columns of such a list
    """
    require(work.actor, Permission.RUN_CAMPAIGN)
    new = known = 0
    problems: list[Problem] = []
    told = read_statuses(lines)
    while some := list(islice(told, _AT_ONCE)):
        usable = [one for one in some if isinstance(one, Told)]
        found, strange = _receipts(work, usable)
        problems += [one for one in some if isinstance(one, Problem)] + strange
        added = receipts.fold(work, PROVIDER, found)
        new, known = new + added, known + len(found) - added
    return Statuses(new, known, len(problems), tuple(problems[:MOST_PROBLEMS]))


def _receipts(work: Work, told: Sequence[Told]) -> tuple[list[Receipt], list[Problem]]:
    people = people_of_letters(work.session, {(one.attempt, one.number) for one in told})
    found: list[Receipt] = []
    strange: list[Problem] = []
    for one in told:
        person = people.get((one.attempt, one.number))
        if person is None:
            where = f"line {one.line}, piece"
            strange.append(Problem(where, "is no letter of ours", "look at the sheet again"))
            continue
        recipient, rung = person
        found.append(
            Receipt(
                dedupe_key=f"{PROVIDER}:{one.attempt.hex}:{one.number}:{one.kind}",
                attempt=one.attempt.hex,
                person_ref=f"{recipient.hex}.{rung}",
                kind=one.kind,
                at=one.at or work.now,
                provider=PROVIDER,
                provider_ref=one.attempt.hex,
                code=one.reason,
            )
        )
    return found, strange


def collect(office: Office) -> int:
    """Take in the lists that a printer left in the folder; how many there were.

    One that cannot be used is put aside, under a name that says so.
    """
    folder = office.settings.print_folder / "statuses"
    taken = 0
    for path in sorted(folder.glob("*.csv")):
        taken += _collected(office, path)
    return taken


def _collected(office: Office, path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines, office.work(TOCSIN) as work:
            came = take_statuses(work, lines)
    except FileNotFoundError:  # another process was faster
        return False
    except (IncidentsError, UnicodeDecodeError) as error:
        log.error("a list of letters cannot be used", file=path.name, error=type(error).__name__)
        path.replace(path.with_suffix(".unusable"))
        return False
    log.info("a list of letters was taken in", new=came.new, unusable=came.unusable)
    path.replace(path.with_suffix(".done"))
    return True

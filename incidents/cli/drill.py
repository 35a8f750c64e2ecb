"""`tocsin drill`: play a scenario right on this machine's database, read its outbox and score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Group
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from incidents.cli.drill_looks import card, listed, message
from incidents.cli.looks import moment, span, table
from incidents.cli.noun import pick, say_json
from incidents.cli.screen import err, out
from incidents.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from incidents.database.drills import Drill
    from incidents.work import Actor, Office, Work
    from playbooks.scenario import Scenario

app = typer.Typer(
    name="drill",
    help="Rehearse a breach; no drill can reach a person. Right on the database.",
    no_args_is_help=True,
)

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Which = Annotated[
    str,
    typer.Argument(
        help="Id of the drill, or how it begins; the last one played to its end, if left out."
    ),
]
_CONSOLE_ID = UUID(int=2)


@app.command("scenarios")
def list_scenarios(as_json: Json = False) -> None:
    """What can be played."""
    from playbooks.scenario import load_scenarios

    scenarios = load_scenarios().values()
    if as_json:
        say_json([one.model_dump(mode="json", include=_SHOWN) for one in scenarios])
        return
    made = table("scenario", "lasts", "#people", "what it is about")
    for one in scenarios:
        about = Text.assemble((one.title, "bold"), "\n", (one.summary, "dim"))
        made.add_row(one.id, span(one.lasts), f"{one.population.size:,}", about)
    out().print(made)


_SHOWN = {"id", "title", "summary", "kind", "lasts"}


@app.command("run")
def run_drill(
    scenario: Annotated[
        str, typer.Argument(help="As `tocsin drill scenarios` names it, or a file: mine.yaml.")
    ],
    people: Annotated[
        int | None, typer.Option(min=1, help="How many to invent; else as the scenario says.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed invents the same people.")] = 0,
    by: Annotated[str, typer.Option(help="Who has it played, for the training record.")] = "",
    as_json: Json = False,
) -> None:
    """Play a scenario on a clock of its own, then score it."""
    from incidents.services import drills

    office, actor = _office(), _console(by)
    try:
        with _progress(scenario, shown=not as_json) as tell:
            chosen = _read(scenario) if scenario.endswith(".yaml") else scenario
            drill = drills.run(office, actor, chosen, people=people, seed=seed, on_progress=tell)
        with office.look(actor) as work:
            _say_score(work, drill, as_json=as_json)
    finally:
        office.engine.dispose()


@app.command("list")
def list_drills(as_json: Json = False) -> None:
    """The drills that were run, newest first."""
    with _look() as work:
        rows = [_row(one) for one in reversed(_drills(work))]
    if as_json:
        say_json(rows)
        return
    if not rows:
        out().print("[dim]No drill yet: `tocsin drill scenarios` says what can be played.[/]")
        return
    made = table("drill", "scenario", "#people", "played", "#score")
    for row in rows:
        score = "—" if row["percent"] is None else f"{row['percent']} %"
        people = f"{row['people']:,}"
        made.add_row(row["id"], row["scenario"], people, moment(row["started_at"]), score)
    out().print(made)


@app.command("score")
def show_score(drill: Which = "", as_json: Json = False) -> None:
    """How well a drill went: each clock, each element, everyone; and against the last run."""
    with _look() as work:
        _say_score(work, _chosen(work, drill), as_json=as_json)


@app.command("outbox")
def show_outbox(
    drill: Which = "",
    person: Annotated[
        int | None, typer.Option(min=1, help="The number of one person, from 1.")
    ] = None,
    channel: Annotated[str, typer.Option(help="email, sms, push or call.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Messages to show.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="Messages to pass over.")] = 0,
    as_json: Json = False,
) -> None:
    """What each person would have received; one message, or one person, is shown in full."""
    from incidents.services import drill_outbox

    with _look() as work:
        chosen = _chosen(work, drill)
        found, total = drill_outbox.messages(
            work, chosen.id, person=person, channel=channel, limit=limit, offset=offset
        )
    if as_json:
        plain = [{**asdict(one), "person": str(one.person)} for one in found]
        say_json([{**one, "sent_at": _iso(one["sent_at"])} for one in plain])
        return
    in_full = person is not None or len(found) == 1
    out().print(Group(*map(message, found)) if in_full else listed(found))
    err().print(f"{len(found):,} of {total:,} messages; --offset shows others", style="dim")


def _read(file: str) -> Scenario:
    from playbooks.errors import PlaybookError
    from playbooks.scenario import parse_scenario

    try:
        return parse_scenario(Path(file).read_text(encoding="utf-8"), file)
    except PlaybookError as error:
        raise InvalidInput(
            f"{file} cannot be played", Problem(error.field, error.why, "mend it and try again")
        ) from None


def _office() -> Office:
    from incidents.office import open_office
    from incidents.settings import Settings

    return open_office(Settings())


def _console(by: str = "") -> Actor:
    """Whoever sits at the machine that has the database and its keys; sees drills only."""
    from dataclasses import replace

    from incidents.rules.permissions import Role
    from incidents.work import Actor

    name = by or "console of the server"
    return replace(Actor.with_roles(_CONSOLE_ID, name, Role.COMMANDER), drills_only=True)


@contextmanager
def _look() -> Iterator[Work]:
    office = _office()
    try:
        with office.look(_console()) as work:
            yield work
    finally:
        office.engine.dispose()


@contextmanager
def _progress(scenario: str, *, shown: bool) -> Iterator[Callable[[float, str], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(
        *columns, TextColumn("{task.fields[what]}"), console=err(), disable=not shown
    ) as bar:
        job = bar.add_task(f"[bold magenta]DRILL[/] {scenario}", total=1.0, what="")
        yield lambda share, what: bar.update(job, completed=share, what=what)


def _drills(work: Work) -> list[Drill]:
    from incidents.services import drills

    return sorted(work.session.scalars(drills.find(work)), key=lambda one: one.id)


def _chosen(work: Work, named: str) -> Drill:
    found = [one for one in _drills(work) if named or one.score]
    row = pick([{"id": str(one.id)} for one in found], named, "drill")
    return next(one for one in found if str(one.id) == row["id"])


def _row(drill: Drill) -> dict[str, Any]:
    return {
        "id": str(drill.id),
        "incident_id": str(drill.incident_id),
        "scenario": drill.scenario,
        "people": drill.people,
        "seed": drill.seed,
        "started_at": _iso(drill.started_at),
        "finished_at": _iso(drill.finished_at),
        "percent": drill.score.get("percent"),
    }


def _iso(at: Any) -> str | None:
    return at.isoformat() if at else None


def _say_score(work: Work, drill: Drill, *, as_json: bool) -> None:
    from incidents.services import drills

    found, changes = drills.scorecard(work, drill.id), drills.changes(work, drill.id)
    if as_json:
        told = None if changes is None else [one.model_dump() for one in changes]
        say_json({**_row(drill), "score": found.model_dump(mode="json"), "changes": told})
        return
    out().print(card(drill, found, changes))

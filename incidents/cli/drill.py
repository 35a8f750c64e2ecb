"""`tocsin drill`: play a scenario right on this machine's database, read its outbox and score."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Group, RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from incidents.cli.looks import bullets, moment, pairs, panel, span, table
from incidents.cli.noun import pick, say_json
from incidents.cli.screen import err, out
from incidents.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from incidents.database.drills import Drill
    from incidents.rules.drill_score import Change, ClockScore, Scorecard
    from incidents.services.drill_outbox import Message
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
_VERDICTS = {"in_time": "green", "late": "bold red", "missed": "bold red", "running": "cyan"}


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
    channel: Annotated[str, typer.Option(help="email, sms or push.")] = "",
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
    out().print(Group(*map(_message, found)) if in_full else _listed(found))
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

    card, changes = drills.scorecard(work, drill.id), drills.changes(work, drill.id)
    if as_json:
        told = None if changes is None else [one.model_dump() for one in changes]
        say_json({**_row(drill), "score": card.model_dump(mode="json"), "changes": told})
        return
    out().print(_card(drill, card, changes))


def _card(drill: Drill, card: Scorecard, changes: list[Change] | None) -> RenderableType:
    took = drill.finished_at - drill.started_at if drill.finished_at else None
    colour = "green" if card.percent == 100 else "yellow" if card.percent >= 80 else "red"
    heading = pairs(
        {
            "drill": str(drill.id),
            "score": Text(f"{card.percent} %", f"bold {colour}"),
            "people": card.people,
            "played": f"{card.hours:g} h in {took.total_seconds():.0f} s" if took else "",
            "everyone": _accounted(card),
            "reached": _reached(card),
        }
    )
    return panel(
        f"[bold magenta]DRILL[/] [bold]{drill.scenario}[/]",
        heading,
        _marks(card),
        _clocks(card),
        _elements(card),
        _team(card),
        bullets("Not done", card.refused, "red"),
        _against(changes),
    )


def _accounted(card: Scorecard) -> Text:
    held = ", ".join(
        f"{count:,} {name.replace('_', ' ')}" for name, count in card.buckets.items() if count
    )
    return Text(f"{held or 'nobody'}", "green" if card.accounted else "bold red")


def _reached(card: Scorecard) -> str:
    return "  ".join(
        f"{one.people / card.people:.1%} in {one.hours:g} h" for one in card.reach if card.people
    )


def _marks(card: Scorecard) -> RenderableType:
    made = table("", "expected", "what came of it")
    for mark in card.marks:
        sign = Text("✓", "green") if mark.passed else Text("✗", "bold red")
        made.add_row(sign, mark.expected, Text(mark.why, "dim"))
    return made


def _clocks(card: Scorecard) -> RenderableType:
    made = table("duty", "to", "kept", "#margin", "alarms", title="Clocks")
    for clock in card.clocks:
        if clock.verdict != "ended":
            kept = Text(clock.verdict.replace("_", " "), _VERDICTS.get(clock.verdict, ""))
            alarms = " ".join(f"{alarm} %" for alarm in clock.alarms)
            made.add_row(clock.rule, clock.audience, kept, _margin(clock), alarms)
    return made


def _margin(clock: ClockScore) -> str:
    return "—" if clock.margin_hours is None else f"{clock.margin_hours:+.1f} h"


def _elements(card: Scorecard) -> RenderableType:
    names = list(next(iter(card.elements.values()), {}))
    made = table("words", *(name.replace("_", " ") for name in names), title="Elements")
    for locale, found in card.elements.items():
        signs = (Text("✓", "green") if found[name] else Text("✗", "bold red") for name in names)
        made.add_row(locale, *signs)
    return made


def _team(card: Scorecard) -> RenderableType:
    made = table("who", "#acts", "from", "for", title="Who took part, by the drill's clock")
    for one in card.participants:
        took = span(one.last_at - one.first_at)
        made.add_row(Text(one.name), str(one.acts), moment(one.first_at), took)
    return made


def _against(changes: list[Change] | None) -> RenderableType:
    if changes is None:
        return Text("The first run of this scenario here.", "dim")
    if not changes:
        return Text("As in the last run.", "dim")
    made = table("what", "last run", "this run", title="Against the last run")
    for one in changes:
        made.add_row(one.what, one.before or "—", one.now or "—")
    return made


def _listed(found: list[Message]) -> RenderableType:
    made = table("to", "channel", "language", "what became", "subject", "proven")
    for one in found:
        to = Text.assemble(one.name, "\n", (one.address, "dim"))
        proven = Text("✓", "green") if one.is_proven else Text("✗", "bold red")
        shown = Text(one.subject or one.text[:60])
        made.add_row(to, one.channel, one.locale, one.became or "accepted", shown, proven)
    return made


def _message(one: Message) -> RenderableType:
    heading = pairs(
        {
            "to": Text(f"{one.name} <{one.address}>"),
            "sent": moment(one.sent_at),
            "became": one.became or "accepted",
            "subject": Text(one.subject),
            "sha256": Text(one.sha256, "green" if one.is_proven else "bold red"),
        }
    )
    title = f"[bold magenta]DRILL[/] {one.channel}, {one.locale}: nobody was written to"
    return panel(title, heading, Text(), Text(one.text))

"""`tocsin demo`: the sample breach, from opened to closed, through the public API."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from incidents.cli.demo.play import Play


def demo(
    people: Annotated[int, typer.Option(min=500, help="Lines of the list of people.")] = 10_000,
    output: Annotated[Path, typer.Option(help="Folder for what the demo writes.")] = Path(
        "demo-output"
    ),
    stay: Annotated[
        bool | None, typer.Option(help="Keep serving afterwards; in a terminal it does.")
    ] = None,
) -> None:
    """Play the sample breach against fake providers; nothing leaves this machine."""
    from incidents.cli.demo.acts import ACTS
    from incidents.cli.demo.play import Play
    from incidents.cli.demo.stage import Stage
    from incidents.cli.demo.teller import Teller
    from incidents.cli.screen import is_terminal, out

    with Stage(output) as stage:
        with Teller(out(), len(ACTS)) as teller:
            play = Play(stage, teller, people)
            _introduce(play)
            for act in ACTS:
                act(play)
            teller.done()
        _close(play)
        if is_terminal() if stay is None else stay:
            _keep_serving(play)


def _introduce(play: Play) -> None:
    say = play.teller.console.print
    say("\n[bold]Tocsin[/] plays the sample breach: a survey company, people in six places.")
    say(f"[dim]API and pages  {play.stage.url}\nfake providers {play.stage.providers.url}[/]")


def _close(play: Play) -> None:
    say = play.teller.console.print
    say(f"\n[bold green]From opened to closed in {play.teller.seconds:.1f} s.[/] In ", end="")
    say(f"[bold]{play.stage.output}/[/]: the reports (PDF and JSON), register.pdf, people.csv,")
    say("rejects.csv, audit.jsonl and a forged one, drill-score.json, server.log.")


def _keep_serving(play: Play) -> None:
    say = play.teller.console.print
    say("\nStill serving. In another terminal:")
    say(f"  export TOCSIN_DATA_FOLDER={play.stage.data}", soft_wrap=True)
    say(f"  .venv/bin/tocsin incident show {play.number}")
    say("[dim]Ctrl-C ends it.[/]")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        say("\nGone.")

"""The `tocsin` command: every noun with its verbs, and what runs on this machine itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.core import TyperGroup

from incidents.cli import (
    alarm,
    announcement,
    assess,
    audit,
    campaign,
    campaign_doubts,
    campaign_held,
    campaign_stop,
    deadlines,
    drill,
    duty,
    fact,
    hold,
    incident,
    law,
    law_packs,
    letter,
    notice,
    playbook,
    population,
    proof,
    provider,
    register,
    report,
    rota,
    sentinel,
    serving,
    severity,
    suppression,
    task,
    users,
)
from incidents.cli.demo import command as demo
from incidents.cli.screen import err, explain
from incidents.errors import IncidentsError, Problem

REFUSED = 1


class _InOrder(TyperGroup):
    """Commands and nouns in the order in which they were added here, not commands first."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names, as `tocsin --help` lists them."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)


app = typer.Typer(
    name="tocsin",
    cls=_InOrder,
    help="Incident response and breach notification: from fact to duty to approved words to proof.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 1 refused, 2 not understood, 3 the server cannot be reached.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tocsin {version('tocsin')}")
        raise typer.Exit


@app.callback()
def _begin(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Hold what stands before the noun."""


_NOUNS = (
    incident,
    fact,
    severity,
    duty,
    hold,
    deadlines,
    alarm,
    rota,
    task,
    population,
    suppression,
    notice,
    campaign,
    letter,
    announcement,
    proof,
    report,
    register,
    audit,
    playbook,
)
_ORDER = [
    *(module.noun.name for module in _NOUNS),
    "drill",
    "assess",
    "law",
    "demo",
    "serve",
    "worker",
    "sentinel",
]
_ORDER += ["migrate", "doctor", "provider", "user", "token", "push-key", "fake-providers"]
_LAW, _HERE = "The law", "This machine"

campaign_stop.add_to(campaign.noun)
campaign_held.add_to(campaign.noun)
campaign_doubts.add_to(campaign.noun)
for _module in _NOUNS:
    app.add_typer(_module.noun.app, rich_help_panel="An incident, from open to closed")
app.add_typer(drill.app, name="drill", rich_help_panel=_HERE)
app.command("assess", rich_help_panel=_LAW)(assess.assess)
law.law.add_typer(law_packs.noun.app, name="pack")
app.add_typer(law.law, name="law", rich_help_panel=_LAW)
app.command("demo", rich_help_panel=_HERE)(demo.demo)
app.command("serve", rich_help_panel=_HERE)(serving.serve)
app.command("worker", rich_help_panel=_HERE)(serving.worker)
app.command("sentinel", rich_help_panel=_HERE)(sentinel.sentinel)
app.command("migrate", rich_help_panel=_HERE)(serving.migrate)
app.command("doctor", rich_help_panel=_HERE)(serving.doctor)
app.add_typer(provider.noun.app, rich_help_panel=_HERE)
app.add_typer(users.user, name="user", rich_help_panel=_HERE)
app.add_typer(users.token, name="token", rich_help_panel=_HERE)
app.command("push-key", rich_help_panel=_HERE)(serving.push_key)
app.command("fake-providers", rich_help_panel=_HERE)(serving.fake_providers)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; whatever goes wrong is told in words, never as a traceback."""
    try:
        app(args=list(arguments) if arguments is not None else None, prog_name="tocsin")
    except IncidentsError as error:
        explain(error)
        sys.exit(getattr(error, "exit_code", REFUSED))
    except OSError as error:
        explain(_of_system(error))
        sys.exit(REFUSED)
    except Exception as error:
        if os.environ.get("TOCSIN_DEBUG"):
            raise
        err().print(f"[bold red]This is a mistake of Tocsin:[/] {type(error).__name__}: {error}")
        err().print("[dim]TOCSIN_DEBUG=1 shows where it happened; please report it.[/]")
        sys.exit(REFUSED)


def _of_system(error: OSError) -> IncidentsError:
    where = str(error.filename or "")
    problems = [Problem(where, error.strerror or "")] if where else []
    return IncidentsError(error.strerror or str(error), *problems)


if __name__ == "__main__":
    main()

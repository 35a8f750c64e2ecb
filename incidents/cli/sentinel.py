"""`tocsin sentinel`: rings what is due, with the database or without it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from incidents.cli.looks import day, left, span, table
from incidents.cli.screen import err, out

if TYPE_CHECKING:
    from incidents.sentinel.kept import Kept
    from incidents.settings import Settings

_MOST = 40


def sentinel(
    once: Annotated[
        bool, typer.Option("--once", help="One look, for cron; exits 1 if alarms cannot ring.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Say what the copy would ring, and ring nothing.")
    ] = False,
) -> None:
    """Ring what is due: through the database, or from a sealed copy when it is gone."""
    from incidents.settings import Settings

    settings = Settings()
    if check:
        _check(settings)
        return
    from incidents.logs import configure_logs
    from incidents.sentinel.watch import Sentinel

    configure_logs(settings.log_format)
    watch = Sentinel(settings)
    if once:
        raise typer.Exit(0 if watch.once() else 1)
    watch.run()


def _check(settings: Settings) -> None:
    from incidents.sentinel import kept as copies
    from incidents.vault.keys import KEK_FILE, KeyRing

    keyring = KeyRing.load(settings.key_folder / KEK_FILE)
    kept = copies.read(copies.path_of(settings), keyring)
    now = datetime.now(UTC)
    err().print(f"Copy of {kept.made_at:%Y-%m-%d %H:%M:%S} UTC, {span(now - kept.made_at)} old.")
    people = ", ".join(f"{one.name} (level {one.level})" for one in kept.on_duty(now))
    err().print(Text(f"On duty now: {people or 'nobody: nothing could ring'}"))
    _show(kept, now)


def _show(kept: Kept, now: datetime) -> None:
    if not kept.alarms:
        out().print("Nothing would ring in the next fourteen days.")
        return
    made = table("rings", "when", "what")
    for one in kept.alarms[:_MOST]:
        at = one.at.isoformat()
        made.add_row(left(at, now), day(at), Text(one.subject))
    out().print(made)
    if len(kept.alarms) > _MOST:
        out().print(f"and {len(kept.alarms) - _MOST} more")

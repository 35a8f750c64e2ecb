"""Prints `cli.md`, drawn from the commands in `incidents/cli/`."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from incidents.cli.main import app

HEAD = """\
# The `tocsin` command

Drawn from `incidents/cli/` by `make docs`.

Commands that talk to a server take three more options: `--as NAME` (a name in the data folder's
`tokens.json`, or its beginning), `--url` (or `TOCSIN_URL`), `--json` (the raw reply). Which server
and whose token: `TOCSIN_URL` and `TOCSIN_TOKEN`; without them, the server of this machine's data
folder (`TOCSIN_DATA_FOLDER`) and the first person in its `tokens.json`. A token from that file is
shown to no other server.

An incident is named by its number (`INC-2026-0001`) or its id; a duty by its rule, a task by its
step, a notice by its reference, a report as `report list` shows it (`eu/gdpr#1`). Moments are
`now`, `-50m`, `-2h`, `-3d`, or ISO 8601; without a zone they are this machine's time. `-` reads a
body from standard input.

Exit codes: 0 done, 1 refused or not sound, 2 not understood, 3 the server cannot be reached."""

_TABLE = "| command | options | what it does |\n|---|---|---|"
_EVERYWHERE = {"as_", "url", "as_json", "help"}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_nouns()]) + "\n"


def _nouns() -> Iterator[str]:
    commands: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    alone = {name: one for name, one in commands.items() if not hasattr(one, "commands")}
    for name, noun in commands.items():
        if name not in alone:
            yield f"\n## tocsin {name}\n\n{_about(noun)}\n\n{_TABLE}"
            yield from (_row(f"{name} {verb}", one) for verb, one in noun.commands.items())
    yield f"\n## On this machine\n\n{_TABLE}"
    yield from (_row(name, one) for name, one in alone.items())


def _row(path: str, command: Any) -> str:
    words = [_argument(one) for one in command.params if one.param_type_name == "argument"]
    options = [_option(one) for one in command.params if one.param_type_name == "option"]
    usage = " ".join([path, *words])
    return f"| `{usage}` | {'<br>'.join(filter(None, options))} | {_about(command)} |"


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    shown = name if argument.required else f"[{name}]"
    return f"{shown}…" if argument.nargs != 1 else str(shown)


def _option(option: Any) -> str:
    if option.name in _EVERYWHERE:
        return ""
    return f"`{option.opts[0]}` {option.help or ''}".strip().replace("|", "\\|")


def _about(command: Any) -> str:
    return " ".join((command.help or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201

"""What each `tocsin NOUN VERB` that talks to the API has in common.

    incident = Noun("incident", "Open, read and move incidents.")

    @incident.command("show")
    def show_incident(api: Api, incident: Incident) -> None: ...

A command takes an `Api` first; `--as`, `--url` and `--json` are added to its options.
"""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from incidents.cli.screen import err, out
from incidents.errors import IncidentsError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from incidents.client import Client

Incident = Annotated[str, typer.Argument(help="Number (INC-2026-0001) or id.", show_default=False)]
_OPTIONS = {
    "as_": Annotated[str, typer.Option("--as", help="Who asks: a name in tokens.json.")],
    "url": Annotated[str, typer.Option(envvar="TOCSIN_URL", help="Where the server is.")],
    "as_json": Annotated[bool, typer.Option("--json", help="Print the raw reply.")],
}
_DEFAULTS = {"as_": "", "url": "", "as_json": False}


class Api:
    """What a command is given: the client of whoever asks, and a way to show what came."""

    def __init__(self, name: str, url: str, as_json: bool) -> None:
        self._name, self._url, self.as_json = name, url, as_json

    @functools.cached_property
    def client(self) -> Client:
        """The API as whoever asks."""
        # httpx takes a fifth of a second to load: only for those who need it.
        from incidents.client import Client
        from incidents.kept_tokens import door

        found = door(self._name, self._url)
        return Client(found.url, found.token)

    def say(self, reply: Any, *shown: RenderableType | Callable[[Any], RenderableType]) -> None:
        """Print a reply: raw with --json, else as each of `shown` makes it readable."""
        if self.as_json:
            say_json(reply)
            return
        for one in shown:
            out().print(one(reply) if callable(one) else one)

    def remark(self, text: str) -> None:
        """A word besides the reply; it never mixes with what --json prints."""
        err().print(text)

    def close(self) -> None:
        """Give connections back, if there were any."""
        if "client" in vars(self):
            self.client.close()


class Noun:
    """A noun of the command line, with its verbs."""

    def __init__(self, name: str, about: str) -> None:
        self.name = name
        self.app = typer.Typer(name=name, help=about, no_args_is_help=True)

    def command(self, verb: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Make a function, which takes an `Api` first, a verb of this noun."""

        def register(function: Callable[..., None]) -> Callable[..., None]:
            self.app.command(verb)(_with_api(function))
            return function

        return register

    def alone(self, function: Callable[..., None]) -> Callable[..., None]:
        """Make a function what the noun does without a verb; it runs before each verb too, so
        it takes a `typer.Context` besides the `Api`, and does nothing where a verb follows."""
        self.app.callback(invoke_without_command=True, no_args_is_help=False)(_with_api(function))
        return function


def _with_api(function: Callable[..., None]) -> Callable[..., None]:
    """The same function as Typer wants it: no `Api`, and the options that make one."""

    @functools.wraps(function)
    def command(**given: Any) -> None:
        api = Api(given.pop("as_"), given.pop("url"), given.pop("as_json"))
        try:
            function(api, **given)
        finally:
            api.close()

    signature = inspect.signature(function, eval_str=True)
    own = list(signature.parameters.values())[1:]
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name])
        for name in _OPTIONS
    ]
    keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
    hints = {one.name: one.annotation for one in own} | _OPTIONS
    parameters = [one.replace(annotation=hints[one.name]) for one in (*keyword, *added)]
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {**hints, "return": None}
    del command.__wrapped__
    return command


def say_json(reply: Any) -> None:
    """Print JSON for another program to read."""
    sys.stdout.write(json.dumps(reply, ensure_ascii=False, indent=2) + "\n")


class NoSuchThing(IncidentsError):
    """What was named on the command line is not there, or is several."""

    title = "Not found"


def incident_of(api: Api, named: str) -> dict[str, Any]:
    """The incident of a number such as INC-2026-0042, or of an id."""
    if _is_id(named):
        return cast("dict[str, Any]", api.client.get(f"/incidents/{named}"))
    found = list(api.client.pages("/incidents", q=named))
    same = [one for one in found if one["number"].casefold() == named.casefold()]
    if same:
        return cast("dict[str, Any]", same[0])
    near = ", ".join(one["number"] for one in found[:5])
    raise NoSuchThing(f"there is no incident {named}" + (f"; near it: {near}" if near else ""))


def pick(rows: list[dict[str, Any]], named: str, noun: str, *keys: str) -> dict[str, Any]:
    """One of several rows: the one that is named, else the newest.

    named  an id, the beginning of one, or the value of one of `keys`; empty: the last row
    """
    if not rows:
        raise NoSuchThing(f"there is no {noun} yet")
    if not named:
        return rows[-1]
    fitting = [row for row in rows if any(str(row.get(key)) == named for key in keys)]
    fitting = fitting or [row for row in rows if row["id"].startswith(named)]
    if len(fitting) == 1:
        return fitting[0]
    key = keys[0] if keys else "id"
    choices = ", ".join(dict.fromkeys(str(row.get(key) or row["id"]) for row in rows))
    what = "several fit" if fitting else "there is none"
    raise NoSuchThing(f"{noun} {named!r}: {what}; there are: {choices}")


def _is_id(text: str) -> bool:
    return len(text) == 36 and text.count("-") == 4

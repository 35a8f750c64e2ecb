"""Who asks: the tokens that the first start of `tocsin serve` wrote, or the one in TOCSIN_TOKEN."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from incidents.errors import IncidentsError, Problem
from incidents.settings import Settings
from incidents.vault.files import read_secret, replace_secret

TOKENS_FILE = "tokens.json"


class NobodyAsks(IncidentsError):
    """There is no token to ask with."""

    title = "Who are you?"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Door:
    """Where to knock, and as whom."""

    url: str
    token: str


def door(name: str = "", url: str = "") -> Door:
    """The server and the token that a command uses.

    name  of a person in the data folder's tokens, or the beginning of it; the first, if empty
    url   where the server is; TOCSIN_URL, or the server of the data folder, if empty
    """
    wanted = (url or os.environ.get("TOCSIN_URL", "")).rstrip("/")
    token = os.environ.get("TOCSIN_TOKEN", "")
    if token and wanted and not name:
        return Door(wanted, token)
    here, tokens = _of_this_machine()
    address = wanted or here
    if token and not name:
        return Door(address, token)
    # These open the server of this data folder, and are shown to no other.
    if address != here or not tokens:
        raise NobodyAsks(
            f"there is no token for {address}",
            Problem("TOCSIN_TOKEN", "is not set", "`tocsin token create NAME` makes one"),
        )
    return Door(address, tokens[_chosen(name, tokens)])


def kept_token(name: str = "") -> str:
    """The token of a person in the data folder, or of one whose name begins so."""
    _, tokens = _of_this_machine()
    if not tokens:
        raise NobodyAsks("no token is kept here: `tocsin token create NAME` makes one")
    return tokens[_chosen(name, tokens)]


def known_people(folder: Path) -> tuple[str, dict[str, str]]:
    """The URL of the server of a data folder, and the tokens kept there by name."""
    path = folder / TOKENS_FILE
    if not path.exists():
        return "", {}
    kept = json.loads(read_secret(path))
    return str(kept["url"]), dict(kept["tokens"])


def _of_this_machine() -> tuple[str, dict[str, str]]:
    settings = Settings()
    url, tokens = known_people(settings.data_folder)
    return url or local_url(settings.host, settings.port), tokens


def local_url(host: str, port: int) -> str:
    """How this machine reaches a server of its own."""
    reached = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104
    return f"http://{reached}:{port}"


def write_tokens(folder: Path, url: str, tokens: dict[str, str]) -> Path:
    """Keep tokens, and where they open a door, in a file for its owner only."""
    path = folder / TOKENS_FILE
    replace_secret(path, json.dumps({"url": url, "tokens": tokens}, indent=2) + "\n")
    return path


def _chosen(name: str, tokens: dict[str, str]) -> str:
    if not name:
        return next(iter(tokens))
    if name in tokens:
        return name
    fitting = [known for known in tokens if known.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    raise NobodyAsks(
        f"nobody called {name!r} has a token here",
        Problem("--as", "names nobody, or several", f"one of {', '.join(tokens)}"),
    )

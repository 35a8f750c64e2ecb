"""What runs on this machine: `tocsin serve`, `worker`, `migrate`, `fake-providers`, `doctor`."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from incidents.cli import alarm_checks, campaign_checks, provider_checks, rota_checks
from incidents.cli.looks import pairs
from incidents.cli.screen import err, out
from incidents.errors import IncidentsError, InvalidInput, Problem

if TYPE_CHECKING:
    from incidents.settings import Settings
    from incidents.work import Office


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; TOCSIN_HOST.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on; TOCSIN_PORT.")] = 0,
) -> None:
    """Open the API and the public pages; with no settings, do everything in this process."""
    from incidents.first_start import PEOPLE, first_people, remember_url
    from incidents.kept_tokens import local_url
    from incidents.processes import serve as run
    from incidents.settings import Settings

    asked = {"host": host, "port": port}
    settings = Settings(**{name: value for name, value in asked.items() if value})
    url = local_url(settings.host, settings.port)
    _refuse_taken(settings.host, settings.port)

    def ready(office: Office) -> None:
        made = first_people(office, url) if settings.embedded else None
        remember_url(settings, url)
        say = partial(err().print, soft_wrap=True)
        say(f"[bold]Tocsin[/] answers at {url}  (API: {url}/api/v1/docs)")
        say(f"[dim]data folder {settings.data_folder}[/]")
        if made:
            say(f"First start: made {', '.join(PEOPLE)}; their tokens are in {made}")
            say("`tocsin` uses the first; `--as bo` is another of them.")

    run(settings, ready=ready)


def _refuse_taken(host: str, port: int) -> None:
    """Raises InvalidInput where nobody can listen: later, all else would have begun already."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family):
            pass
    except OSError as error:
        mend = "stop what listens there, or choose another with --port, --host"
        why = f"{host}:{port}: {str(error.strerror).partition(' (')[0]}"
        raise InvalidInput("nobody can be answered there", Problem("port", why, mend)) from None


def worker(
    only_sends: Annotated[
        bool, typer.Option("--only-sends", help="Tell people and nothing else: the smallest one.")
    ] = False,
) -> None:
    """Hear bells and tell people; any number of them on any number of machines."""
    from incidents.settings import Settings

    settings = Settings()
    if settings.embedded:
        raise typer.BadParameter(
            "a worker of its own needs TOCSIN_BROKER_URL; `tocsin serve` has one in it"
        )
    if only_sends:
        # In the place of this process: what a command line needs is a tenth of its size, and so
        # is what glibc keeps for each thread apart.
        alone = {"MALLOC_ARENA_MAX": "2", **os.environ}
        # Without docstrings, another 5 MB; but who may not keep compiled code would compile it all.
        bare = [] if sys.dont_write_bytecode else ["-OO"]
        command = [sys.executable, *bare, "-m", "incidents.telling_alone"]
        os.execve(sys.executable, command, alone)  # noqa: S606
    else:
        from incidents.processes import work

        work(settings)


def migrate() -> None:
    """Bring the database up to this release; the first time, make the keys too."""
    from incidents.office import prepare
    from incidents.settings import Settings

    prepare(Settings())
    out().print("The database is at this release.")


def fake_providers(
    port: Annotated[int, typer.Option(help="0 for any free one.")] = 8041,
    ledger: Annotated[Path, typer.Option(help="File of what was accepted.")] = Path(
        "fake-providers/ledger.jsonl"
    ),
    events: Annotated[str, typer.Option(help="URL of the SendGrid event webhook.")] = (
        "http://127.0.0.1:8040/api/v1/webhooks/sendgrid/events"
    ),
    resend_events: Annotated[str, typer.Option(help="URL of Resend's webhook.")] = (
        "http://127.0.0.1:8040/api/v1/webhooks/resend/events"
    ),
    dial: Annotated[str, typer.Option(help="http://host:port to dial for callbacks.")] = "",
    print_folder: Annotated[
        Path | None, typer.Option(help="Folder of letters; a print house looks after it.")
    ] = None,
) -> None:
    """Providers that reach nobody: SendGrid, Resend, Twilio and push over HTTP, with a ledger."""
    import orjson

    from notifiers.fake.keys import kept_in
    from notifiers.fake.server import run
    from notifiers.fake.webhooks import Targets
    from notifiers.providers.vapid import new_private_key

    ledger.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = kept_in(ledger.parent)

    account = ledger.parent / "service-account.json"

    def ready(url: str) -> None:
        account.touch(mode=0o600)
        account.write_bytes(orjson.dumps(keys.service_account(url)))
        settings = {
            "TOCSIN_EMAIL_PROVIDER": "sendgrid",
            "TOCSIN_SENDGRID_URL": url,
            "TOCSIN_SENDGRID_API_KEY": keys.sendgrid_api_key,
            "TOCSIN_SENDGRID_PUBLIC_KEY": keys.sendgrid_public_key,
            "TOCSIN_SENDGRID_ACTIVITY": "true",
            "TOCSIN_RESEND_URL": url,
            "TOCSIN_RESEND_API_KEY": keys.resend_api_key,
            "TOCSIN_RESEND_WEBHOOK_SECRET": keys.resend_webhook_secret,
            "TOCSIN_SMS_PROVIDER": "twilio_sms",
            "TOCSIN_CALL_PROVIDER": "twilio_voice",
            "TOCSIN_TWILIO_URL": url,
            "TOCSIN_TWILIO_ACCOUNT_SID": keys.twilio_account_sid,
            "TOCSIN_TWILIO_AUTH_TOKEN": keys.twilio_token,
            "TOCSIN_PUSH_PROVIDER": "push",
            "TOCSIN_FCM_URL": url,
            "TOCSIN_FCM_SERVICE_ACCOUNT": str(account.resolve()),
            "TOCSIN_VAPID_PRIVATE_KEY": new_private_key(),
            "TOCSIN_WEB_PUSH_LOOPBACK": "true",
        }
        if print_folder:
            settings["TOCSIN_LETTER_PROVIDER"] = "print_folder"
            settings["TOCSIN_PRINT_FOLDER"] = str(print_folder.resolve())
        out().print(f"The fake providers listen at [bold]{url}[/]; what they accept: {ledger}")
        out().print(f"Totals: {url}/ledger/summary   Knobs: PUT {url}/faults\n")
        for name, value in settings.items():
            typer.echo(f"export {name}='{value}'")
        browser = {"endpoint": f"{url}/push/any-name", "keys": keys.browser_keys}
        typer.echo(f"\nA browser's push_token: {orjson.dumps(browser).decode()}")

    targets = Targets(events, resend_events, dial)
    run(port, ledger, targets, keys, print_folder=print_folder, ready=ready)


def push_key() -> None:
    """Make a key that tells push services of browsers who we are."""
    from notifiers.providers.vapid import Vapid, new_private_key

    key = new_private_key()
    typer.echo(f"export TOCSIN_VAPID_PRIVATE_KEY='{key}'")
    out().print(f"applicationServerKey of the page that subscribes: {Vapid(key, '').public_key}")


def doctor() -> None:
    """Is all well? Settings, database, keys, audit anchor, broker, alarms; exits 1 if not."""
    from incidents.settings import Settings

    settings = Settings()
    checks: dict[str, Callable[[], str]] = {
        "providers": lambda: _providers(settings),
        "unknowns": lambda: provider_checks.settling(settings),
        "breakers": lambda: provider_checks.breakers(settings),
        "database": lambda: _database(settings),
        "keys": lambda: _keys(settings),
        "audit trail": lambda: _trail(settings),
        "broker": lambda: _broker(settings),
        "alarms": lambda: alarm_checks.channels(settings),
        "campaigns": lambda: campaign_checks.campaigns(settings),
        "on duty": lambda: rota_checks.people(settings),
        "sentinel": lambda: alarm_checks.sentinel(settings),
        "law": lambda: _law(settings),
        "playbooks": _playbooks,
    }
    results = {"data folder": Text(str(settings.data_folder))}
    sick = False
    for name, check in checks.items():
        try:
            results[name] = Text.assemble(("ok ", "green"), check())
        except Exception as error:  # noqa: BLE001  whatever is wrong is what we are asked for
            detail = error.detail if isinstance(error, IncidentsError) else _first_line(error)
            results[name] = Text.assemble(("no ", "bold red"), detail)
            sick = True
    out().print(pairs(results))
    raise typer.Exit(1 if sick else 0)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def _providers(settings: Settings) -> str:
    """Who carries what; raises what is missing for one of them."""
    from incidents.wiring import couriers_for

    couriers_for(settings, "live")
    names = {
        channel: getattr(settings, f"{channel}_provider")
        for channel in ("email", "sms", "push", "call", "letter")
    }
    return ", ".join(f"{channel} by {name}" for channel, name in names.items())


def _database(settings: Settings) -> str:
    from sqlalchemy import make_url

    from incidents.database.engine import open_engine
    from incidents.database.migrate import is_current

    url = settings.database
    engine = open_engine(url)
    try:
        if not is_current(engine):
            raise IncidentsError("the tables are not of this release: run `tocsin migrate`")
    finally:
        engine.dispose()
    return f"{make_url(url).render_as_string(hide_password=True)}, at this release"


def _keys(settings: Settings) -> str:
    from incidents.office import key_folder
    from incidents.vault.keys import KEK_FILE, KeyRing

    folder = key_folder(settings)
    ring = KeyRing.load(folder / KEK_FILE)
    return f"{len(ring.ids)} in {folder}, readable by their owner only"


def _trail(settings: Settings) -> str:
    from incidents.office import open_office

    open_office(settings)
    return "has grown from where it was anchored"


def _broker(settings: Settings) -> str:
    url = settings.broker_url
    if not url:
        return "none: tasks run in threads of `tocsin serve`"
    import redis

    from incidents.celery_app import refuse_forgetful

    redis.Redis.from_url(url, socket_connect_timeout=2).ping()
    refuse_forgetful(url)
    return "answers"


def _law(settings: Settings) -> str:
    from incidents.office import open_office
    from incidents.services import law_packs

    pack, found, waits = law_packs.state(open_office(settings))
    used = f"pack {pack.number if pack else '—'}, sha256 {found.sha256[:12]}"
    told = f"{used}: {len(found.rules)} rules in {len(found.laws)} files"
    more = "; other laws are on disk, not in use: see `tocsin law compare`" if waits else ""
    return told + more


def _playbooks() -> str:
    from playbooks.loader import load

    return ", ".join(load())

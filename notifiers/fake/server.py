"""Running the provider fake: as a command, or around a test."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import ssl
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

import orjson
from aiohttp import web

from notifiers.dispatch import new_loop
from notifiers.fake.app import Fake
from notifiers.fake.certificate import certificate
from notifiers.fake.faults import Faults
from notifiers.fake.keys import Keys, kept_in
from notifiers.fake.ledger import By, Ledger, times_told
from notifiers.fake.webhooks import Targets


def run(
    port: int,
    ledger_path: Path,
    targets: Targets | None = None,
    keys: Keys | None = None,
    faults: Faults | None = None,
    *,
    print_folder: Path | None = None,
    tls: bool = False,
    host: str = "127.0.0.1",
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve until SIGINT or SIGTERM.

    port   0 for any free one
    keys   by default kept beside the ledger, so that a restart signs alike
    print_folder  where letters are handed over; None: no print house
    tls    listen over TLS too, at a port of its own, by a certificate made beside the ledger
    ready  called with the fake's URL once it listens
    """
    kept = keys or kept_in(ledger_path.parent)
    fake = Fake(Ledger(ledger_path), kept, faults or Faults(), targets or Targets(), print_folder)
    file = certificate(ledger_path.parent) if tls else None
    # It shares its cores with whoever is measured; requests hold no cycles, so look for few.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_serve(fake, host, port, file, ready))


async def _serve(
    fake: Fake, host: str, port: int, tls: Path | None, ready: Callable[[str], None]
) -> None:
    runner = web.AppRunner(
        fake.app(), access_log=None, handler_cancellation=True, shutdown_timeout=1
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)
        await web.TCPSite(runner, host, 0, backlog=1024, ssl_context=context).start()
        fake.tls_url = f"https://{host}:{runner.addresses[1][1]}"
    ready(f"http://{host}:{runner.addresses[0][1]}")
    done = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, done.set)
    await done.wait()
    await runner.cleanup()


class FakeProviders:
    """A fake in a process of its own, for as long as a `with` lasts.

    Its own process, because tests freeze clocks and benchmarks measure ours.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        sendgrid_events: str = "",
        resend_events: str = "",
        dial: str = "",
        port: int = 0,
        print_folder: Path | None = None,
        tls: bool = False,
        faults: Faults | None = None,
    ) -> None:
        self._own = tempfile.TemporaryDirectory() if folder is None else None
        self.folder = folder or Path(self._own.name if self._own else "")
        self.ledger_path = self.folder / "ledger.jsonl"
        self._options = ["--port", str(port), "--events", sendgrid_events, "--dial", dial]
        self._options += ["--resend-events", resend_events]
        self._options += ["--print-folder", str(print_folder)] if print_folder else []
        self._options += ["--tls"] if tls else []
        self._faults = faults or Faults()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> FakeProviders:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._own is not None:
            self._own.cleanup()

    def start(self) -> None:
        """Start, or start again on the same ledger; returns once it listens."""
        command = [sys.executable, "-m", "notifiers.fake.server", "--ledger", str(self.ledger_path)]
        self._process = subprocess.Popen(  # noqa: S603 our own module
            command + self._options + ["--faults", self._faults.model_dump_json()],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
        )
        line = self._process.stdout.readline() if self._process.stdout else b""
        self.url = line.decode().strip()
        if not self.url:
            self.stop()
            raise RuntimeError("the provider fake did not start; its error stands above")
        about = self.get("/about")
        self.sendgrid_api_key: str = about["sendgrid_api_key"]
        self.sendgrid_public_key: str = about["sendgrid_public_key"]
        self.resend_api_key: str = about["resend_api_key"]
        self.resend_webhook_secret: str = about["resend_webhook_secret"]
        self.twilio_account_sid: str = about["twilio_account_sid"]
        self.twilio_token: str = about["twilio_token"]
        self.service_account: dict[str, str] = about["service_account"]
        self.tls_url: str = about["tls_url"]
        self._browser_keys: dict[str, str] = about["browser_keys"]

    @property
    def certificate(self) -> Path:
        """What a client of `tls_url` must trust, as SSL_CERT_FILE for one."""
        return self.folder / "tls.pem"

    def subscription(self, device: str) -> str:
        """The push subscription of a browser behind the fake, as a list would hold it."""
        told = {"endpoint": f"{self.url}/push/{device}", "keys": self._browser_keys}
        return orjson.dumps(told).decode()

    def stop(self) -> None:
        """Stop it; what it accepted stays in its ledger."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def set_faults(self, **knobs: Any) -> None:
        """Set these knobs; the others go back to rest."""
        self._ask("PUT", "/faults", orjson.dumps(knobs))

    def ledger(self) -> dict[str, Any]:
        """Totals so far: accepted, people, answers, receipts."""
        return dict(self.get("/ledger/summary"))

    def times_told(self, by: By = "ref", provider: str = "") -> Counter[str]:
        """How often each person was accepted, read from the file."""
        return times_told(self.ledger_path, by, provider)

    def get(self, path: str) -> Any:
        """A JSON answer of the fake."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        request = Request(self.url + path, data=body, method=method)  # noqa: S310 our own URL
        with contextlib.closing(urlopen(request, timeout=10)) as answer:  # noqa: S310
            return orjson.loads(answer.read())


def main(arguments: list[str] | None = None) -> None:
    """`python -m notifiers.fake.server`: says its URL on one line, then serves."""
    import argparse  # noqa: PLC0415 only this command needs it

    parser = argparse.ArgumentParser(prog="notifiers.fake.server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--events", default="", help="URL of the SendGrid event webhook")
    parser.add_argument("--resend-events", default="", help="URL of Resend's webhook")
    parser.add_argument("--dial", default="", help="http://host:port to dial for callbacks")
    parser.add_argument("--print-folder", type=Path, help="where letters are handed over")
    parser.add_argument("--tls", action="store_true", help="listen over TLS too")
    parser.add_argument("--faults", default="{}", help="knobs as JSON")
    asked = parser.parse_args(arguments)
    targets = Targets(asked.events, asked.resend_events, asked.dial)
    faults = Faults.model_validate_json(asked.faults)
    letters, tls = asked.print_folder, asked.tls
    run(asked.port, asked.ledger, targets, faults=faults, print_folder=letters, tls=tls, ready=_say)


def _say(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

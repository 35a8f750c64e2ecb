"""What `tocsin doctor` asks of alarms: can they ring, would anybody notice if they could not?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from incidents.cli.looks import span
from incidents.errors import IncidentsError

if TYPE_CHECKING:
    from incidents.settings import Settings

STALE = timedelta(minutes=5)


def channels(settings: Settings) -> str:
    """Which channels wake people. A house at work needs one, and a dead-man's switch."""
    found = [
        *(["email"] if settings.email_provider != "sandbox" else []),
        *(["sms", "call"] if settings.sms_provider != "sandbox" else []),
        *(["chat room"] if settings.alarm_chat_urls.get_secret_value() else []),
    ]
    if not found:
        return _unless_at_work(
            settings,
            "no channel wakes anybody: set TOCSIN_EMAIL_PROVIDER, TOCSIN_SMS_PROVIDER or"
            " TOCSIN_ALARM_CHAT_URLS",
        )
    if not settings.dead_man_url.get_secret_value():
        return _unless_at_work(
            settings, "nobody would notice their silence: set TOCSIN_DEAD_MAN_URL"
        )
    return f"by {', '.join(found)}; a dead-man's switch watches"


def sentinel(settings: Settings, now: datetime | None = None) -> str:
    """How old the sentinel's copy is. Raises for one that is stale, exposed or spoiled."""
    from incidents.sentinel.kept import path_of

    path = path_of(settings)
    if not path.exists():
        return "none has run with this data folder: `tocsin sentinel`, or `--once` from cron"
    _refuse_exposed(path)
    age = (now or datetime.now(UTC)) - _made_at(path)
    if age > STALE:
        raise IncidentsError(f"its copy is {span(age)} old: is `tocsin sentinel` running?")
    return f"its copy is {int(age.total_seconds())} s old"


def _unless_at_work(settings: Settings, what: str) -> str:
    if settings.embedded:
        return f"(embedded) {what}"
    raise IncidentsError(what)


def _refuse_exposed(path: Path) -> None:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise IncidentsError(f"{path} has mode {mode:04o}: run chmod 600 on it")


def _made_at(path: Path) -> datetime:
    try:
        return datetime.fromisoformat(json.loads(path.read_text(encoding="ascii"))["made_at"])
    except (ValueError, KeyError, TypeError):
        raise IncidentsError(f"{path} is no copy of a sentinel: remove it") from None

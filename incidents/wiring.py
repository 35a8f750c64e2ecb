"""From settings to the providers in use; a drill is given the sandbox and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from incidents import couriers
from incidents.errors import InvalidInput, Problem
from incidents.rules.lanes import residency, weights
from incidents.rules.pace import rates
from incidents.settings import Settings
from notifiers.courier import Courier
from notifiers.dispatch import Dispatch
from notifiers.envelope import Mode
from notifiers.paging import Pager
from notifiers.paging.sandbox import SandboxPager

if TYPE_CHECKING:
    from notifiers.paging.call import CallPager

Routes = Mapping[str, Mapping[str, str]]


def routes_for(settings: Settings) -> Routes:
    """mode -> channel -> the couriers that carry it with their weights: `sendgrid:3,smtp:1`.

    Raises  InvalidInput  a pace or a residency for a courier that carries nothing here
    """
    chosen = _chosen(settings)
    live = {channel: _weighed(told, settings) for channel, told in chosen.items()}
    _check_named(settings, {name for told in live.values() for name in weights(told)})
    return {Mode.LIVE.value: live, Mode.DRILL.value: dict.fromkeys(chosen, "sandbox")}


def _chosen(settings: Settings) -> dict[str, str]:
    return {
        "email": settings.email_provider,
        "sms": settings.sms_provider,
        "push": settings.push_provider,
        "call": settings.call_provider,
        "letter": settings.letter_provider,
    }


def _weighed(told: str, settings: Settings) -> str:
    """The same, by the couriers' own names; a single one without its weight."""
    found = {couriers.make(name, settings).name: weight for name, weight in weights(told).items()}
    if len(found) == 1:
        return next(iter(found))
    return ",".join(f"{name}:{weight}" for name, weight in found.items())


def _check_named(settings: Settings, wired: set[str]) -> None:
    """A slip of the pen must not hold people back, or let a provider run unpaced."""
    allowed = residency(settings.residency).values()
    named = {
        "residency": {name for names in allowed for name in names},
        "pace": {rate.provider for rate in rates(settings.pace)},
    }
    mend = f"one of {', '.join(sorted(wired))}"
    problems = [
        Problem(f"TOCSIN_{field.upper()}", f"{name} carries nothing here", mend)
        for field, names in named.items()
        for name in sorted(names - wired)
    ]
    if problems and wired != {"sandbox"}:
        raise InvalidInput("the settings name a provider that is not in use", *problems)


def couriers_for(settings: Settings, mode: str) -> dict[str, Courier]:
    """The couriers of a mode, by name. A drill's process holds no provider's credentials for it."""
    names = {"sandbox"}
    if mode == Mode.LIVE.value:
        names |= {name for told in _chosen(settings).values() for name in weights(told)}
    made = [couriers.make(name, settings) for name in sorted(names)]
    return {courier.name: courier for courier in made}


def settle_too_soon(settings: Settings) -> dict[str, float]:
    """Couriers whose records may lag longer than `settle_seconds`, each with its lag in seconds.

    Their silence would be taken for absence, and what was taken would be sent once more.
    """
    return {
        name: courier.capabilities.settle_seconds
        for name, courier in couriers_for(settings, Mode.LIVE.value).items()
        if courier.capabilities.looks_up
        and courier.capabilities.settle_seconds > settings.settle_seconds
    }


def refuse_haste(settings: Settings) -> None:
    """Refuse to send where a provider's silence would be misread; see `settle_too_soon`.

    A fake on this machine lags as it is told to, so that it may be hasty.
    Raises  InvalidInput
    """
    problems = [
        Problem("TOCSIN_SETTLE_SECONDS", f"{name} may lag {lag:g} s", f"at least {lag:g}")
        for name, lag in settle_too_soon(settings).items()
        if not _is_here(settings, name)
    ]
    if problems:
        raise InvalidInput("what a provider took would be sent once more", *problems)


def _is_here(settings: Settings, courier: str) -> bool:
    url = getattr(settings, f"{courier.partition('_')[0]}_url", "")
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:  # a name, or none
        return False


def dispatches_for(settings: Settings) -> dict[str, Dispatch]:
    """mode -> what hands its envelopes over."""
    return {
        mode.value: Dispatch(
            couriers_for(settings, mode.value),
            settings.messages_on_the_wire,
            settings.envelopes_on_the_wire,
        )
        for mode in Mode
    }


def pagers_for(settings: Settings, mode: str) -> tuple[Pager, ...]:
    """What wakes people on duty. A drill is given the sandbox and nothing else.

    Live, the sandbox says so wherever email or SMS has no provider. Chat is always there: it
    reaches only those who gave an address, and the room that `alarm_chat_urls` names.
    """
    if mode != Mode.LIVE.value:
        return (SandboxPager(),)
    from notifiers.paging.chat import ChatPager  # noqa: PLC0415  not for drills
    from notifiers.paging.written import EmailPager, SmsPager  # noqa: PLC0415  not for drills

    whole = settings.alarm_timeout_seconds
    told = _for_alarms(settings)
    pagers: list[Pager] = []
    if told.email_provider != "sandbox":
        pagers.append(
            EmailPager(partial(couriers.make, _first(told.email_provider), told), whole + 1)
        )
    if told.sms_provider != "sandbox":
        pagers.append(SmsPager(partial(couriers.make, _first(told.sms_provider), told), whole + 1))
        pagers.append(_calls(told))
    house = settings.alarm_chat_urls.get_secret_value().split()
    pagers.append(
        ChatPager(house, connect_seconds=told.connect_timeout_seconds, total_seconds=whole)
    )
    if "sandbox" in {told.email_provider, told.sms_provider}:
        pagers.append(SandboxPager())
    return tuple(pagers)


def _first(told: str) -> str:
    """Who carries most of a channel."""
    found = weights(told)
    return max(found, key=lambda name: found[name])


def _for_alarms(settings: Settings) -> Settings:
    """The same providers, with the sender and the short patience of alarms."""
    return settings.model_copy(
        update={
            "email_from": settings.alarm_email_from or settings.email_from,
            "twilio_from": settings.alarm_phone_from or settings.twilio_from,
            "http_timeout_seconds": settings.alarm_timeout_seconds,
            "connect_timeout_seconds": min(
                settings.connect_timeout_seconds, settings.alarm_timeout_seconds / 2
            ),
        }
    )


def _calls(settings: Settings) -> CallPager:
    from notifiers.paging.call import CallPager  # noqa: PLC0415  heavy: only where used

    return CallPager(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        sender=settings.twilio_from,
        base_url=settings.twilio_url,
        connect_seconds=settings.connect_timeout_seconds,
        total_seconds=settings.http_timeout_seconds,
    )

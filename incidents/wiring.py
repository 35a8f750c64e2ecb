"""From settings to the providers in use; a drill is given the sandbox and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.headerregistry import Address
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from incidents.callbacks import CALL_PATH, STATUS_PATH
from incidents.errors import IncidentsError, InvalidInput, Problem
from incidents.rules.lanes import residency, weights
from incidents.rules.pace import rates
from incidents.settings import Settings
from notifiers.courier import Courier
from notifiers.dispatch import Dispatch
from notifiers.envelope import Mode
from notifiers.paging import Pager
from notifiers.paging.sandbox import SandboxPager
from notifiers.providers.sandbox import Sandbox
from notifiers.transport import Transport

if TYPE_CHECKING:
    from notifiers.paging.call import CallPager
    from notifiers.providers.dkim_signature import Dkim
    from notifiers.providers.fcm import Fcm
    from notifiers.providers.google_tokens import ServiceAccount
    from notifiers.providers.smtp_pool import Security
    from notifiers.providers.twilio_account import TwilioAccount
    from notifiers.providers.vapid import Vapid
    from notifiers.providers.web_push import WebPush

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
    found = {_courier(name, settings).name: weight for name, weight in weights(told).items()}
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
    made = [_courier(name, settings) for name in sorted(names)]
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
        mode.value: Dispatch(couriers_for(settings, mode.value), settings.messages_on_the_wire)
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
        pagers.append(EmailPager(partial(_courier, _first(told.email_provider), told), whole + 1))
    if told.sms_provider != "sandbox":
        pagers.append(SmsPager(partial(_courier, _first(told.sms_provider), told), whole + 1))
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


def _courier(name: str, settings: Settings) -> Courier:
    return _MAKERS[name](settings)


def _sandbox(_settings: Settings) -> Courier:
    return Sandbox()


def _sendgrid(settings: Settings) -> Courier:
    from notifiers.providers.sendgrid import SendGrid  # noqa: PLC0415  heavy: only where used

    return SendGrid(
        _transport(settings),
        api_key=settings.sendgrid_api_key.get_secret_value(),
        from_email=settings.email_from,
        from_name=settings.email_from_name or settings.organisation_name,
        public_key=settings.sendgrid_public_key,
        activity=settings.sendgrid_activity,
        base_url=settings.sendgrid_url,
    )


def _resend(settings: Settings) -> Courier:
    from notifiers.providers.resend import Resend  # noqa: PLC0415  heavy: only where used

    return Resend(
        _transport(settings),
        api_key=settings.resend_api_key.get_secret_value(),
        from_email=settings.email_from,
        from_name=settings.email_from_name or settings.organisation_name,
        webhook_secret=settings.resend_webhook_secret.get_secret_value(),
        base_url=settings.resend_url,
    )


def _smtp(settings: Settings) -> Courier:
    from notifiers.providers.smtp import Smtp  # noqa: PLC0415  heavy: only where used
    from notifiers.providers.smtp_message import Letterhead  # noqa: PLC0415
    from notifiers.providers.smtp_pool import Server  # noqa: PLC0415

    encrypted: Security = "starttls" if settings.smtp_starttls else "none"
    server = Server(
        settings.smtp_host,
        settings.smtp_port,
        security="tls" if settings.smtp_tls else encrypted,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value(),
        ca_file=str(settings.smtp_ca_file or ""),
        connections=settings.smtp_connections,
        messages_each=settings.smtp_messages_per_connection,
        connect_seconds=settings.connect_timeout_seconds,
        total_seconds=settings.http_timeout_seconds,
    )
    name = settings.email_from_name or settings.organisation_name
    head = Letterhead(
        Address(display_name=name, addr_spec=settings.email_from),
        list_unsubscribe=settings.smtp_list_unsubscribe,
    )
    return Smtp(server, head, _dkim(settings, head.sender.domain))


def _dkim(settings: Settings, domain: str) -> Dkim | None:
    if not settings.dkim_selector:
        return None
    from notifiers.providers.dkim_signature import Dkim  # noqa: PLC0415  heavy: only where used

    try:
        return Dkim.read(domain, settings.dkim_selector, settings.dkim_key or Path())
    except (OSError, ValueError, TypeError):
        raise IncidentsError("TOCSIN_DKIM_KEY names no RSA or Ed25519 key in PEM") from None


def _twilio_sms(settings: Settings) -> Courier:
    from notifiers.providers.twilio_sms import TwilioSms  # noqa: PLC0415  heavy: only where used

    return TwilioSms(_twilio_account(settings, STATUS_PATH), settings.twilio_from)


def _twilio_voice(settings: Settings) -> Courier:
    from notifiers.providers.twilio_voice import TwilioVoice  # noqa: PLC0415  heavy

    sender = settings.call_from or settings.twilio_from
    return TwilioVoice(_twilio_account(settings, CALL_PATH), sender)


def _twilio_account(settings: Settings, callback: str) -> TwilioAccount:
    from notifiers.providers.twilio_account import TwilioAccount  # noqa: PLC0415  heavy

    return TwilioAccount(
        _transport(settings),
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        public_url=settings.public_url.rstrip("/") + callback,
        base_url=settings.twilio_url,
    )


def _print_folder(settings: Settings) -> Courier:
    from incidents.rules.vocabulary import TEMPLATES  # noqa: PLC0415  brings YAML with it
    from notifiers.letters.press import Press  # noqa: PLC0415  heavy: only where used
    from notifiers.letters.window import Window  # noqa: PLC0415
    from notifiers.providers.print_folder import PrintFolder, Sender  # noqa: PLC0415

    sources = {
        "letter.typ": (TEMPLATES / "layouts" / "letter" / "letter.typ").read_bytes(),
        "base.typ": (TEMPLATES / "reports" / "base.typ").read_bytes(),
    }
    fonts = TEMPLATES / "fonts"
    address = " · ".join(filter(None, map(str.strip, settings.organisation_address.split(";"))))
    return PrintFolder(
        settings.print_folder,
        Press(sources, fonts),
        Window(sorted(fonts.glob("*.ttf"))),
        Sender(settings.organisation_name, address),
    )


def _fcm(settings: Settings) -> Fcm:
    from notifiers.providers.fcm import Fcm  # noqa: PLC0415  heavy: only where used

    return Fcm(
        _transport(settings),
        _service_account(settings.fcm_service_account),
        ttl_days=settings.push_ttl_days,
        link=settings.push_link or settings.public_url,
        base_url=settings.fcm_url,
    )


def _service_account(file: Path | None) -> ServiceAccount:
    from notifiers.providers.google_tokens import ServiceAccount  # noqa: PLC0415

    try:
        return ServiceAccount.read(json.loads(file.read_bytes() if file else b"{}"))
    except (OSError, ValueError, KeyError, TypeError):
        raise IncidentsError(
            "TOCSIN_FCM_SERVICE_ACCOUNT names no JSON key file of a service account"
        ) from None


def _web_push(settings: Settings) -> WebPush:
    from notifiers.providers.web_push import WebPush  # noqa: PLC0415  heavy: only where used

    here = settings.web_push_loopback
    return WebPush(
        # An endpoint came with a list: it may lead to push services, never into our own network.
        _transport(settings, loopback_only=here, public_only=not here),
        _vapid(settings),
        hosts=[name.strip() for name in settings.web_push_hosts.split(",")],
        ttl_days=settings.push_ttl_days,
        link=settings.push_link or settings.public_url,
        loopback=here,
    )


def _vapid(settings: Settings) -> Vapid:
    from notifiers.providers.vapid import Vapid  # noqa: PLC0415

    subject = settings.vapid_subject or f"mailto:{settings.email_from}"
    try:
        return Vapid(settings.vapid_private_key.get_secret_value(), subject)
    except ValueError:
        raise IncidentsError(
            "TOCSIN_VAPID_PRIVATE_KEY holds no key: make one with `tocsin push-key`"
        ) from None


def _push(settings: Settings) -> Courier:
    from notifiers.providers.push import Push  # noqa: PLC0415  heavy: only where used

    return Push(_fcm(settings), _web_push(settings))


def _transport(settings: Settings, **reach: bool) -> Transport:
    return Transport(
        connect_seconds=settings.connect_timeout_seconds,
        total_seconds=settings.http_timeout_seconds,
        connections=settings.messages_on_the_wire,
        **reach,
    )


_MAKERS: Mapping[str, Callable[[Settings], Courier]] = {
    "print_folder": _print_folder,
    "sandbox": _sandbox,
    "sendgrid": _sendgrid,
    "resend": _resend,
    "smtp": _smtp,
    "twilio_sms": _twilio_sms,
    "twilio_voice": _twilio_voice,
    "fcm": _fcm,
    "web_push": _web_push,
    "push": _push,
}

"""Each courier, made of the settings. What one needs is imported only where it is in use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.headerregistry import Address
from pathlib import Path
from typing import TYPE_CHECKING

from incidents.callbacks import CALL_PATH, STATUS_PATH
from incidents.errors import IncidentsError
from incidents.settings import Settings
from notifiers.courier import Courier
from notifiers.providers.sandbox import Sandbox
from notifiers.transport import Transport

if TYPE_CHECKING:
    from notifiers.providers.dkim_signature import Dkim
    from notifiers.providers.fcm import Fcm
    from notifiers.providers.google_tokens import ServiceAccount
    from notifiers.providers.smtp_pool import Security
    from notifiers.providers.twilio_account import TwilioAccount
    from notifiers.providers.vapid import Vapid
    from notifiers.providers.web_push import WebPush


def make(name: str, settings: Settings) -> Courier:
    """The courier that a setting calls by this name."""
    return _MAKERS[name](settings)


def _sandbox(_settings: Settings) -> Courier:
    return Sandbox()


def _sendgrid(settings: Settings) -> Courier:
    from notifiers.providers.sendgrid import SendGrid  # noqa: PLC0415

    try:
        return SendGrid(
            _transport(settings),
            api_key=settings.sendgrid_api_key.get_secret_value(),
            from_email=settings.email_from,
            from_name=settings.email_from_name or settings.organisation_name,
            public_key=settings.sendgrid_public_key,
            activity=settings.sendgrid_activity,
            base_url=settings.sendgrid_url,
        )
    except ValueError:
        raise IncidentsError(
            "TOCSIN_SENDGRID_PUBLIC_KEY holds no key: copy it from the event webhook's page"
        ) from None


def _resend(settings: Settings) -> Courier:
    from notifiers.providers.resend import Resend  # noqa: PLC0415

    return Resend(
        _transport(settings),
        api_key=settings.resend_api_key.get_secret_value(),
        from_email=settings.email_from,
        from_name=settings.email_from_name or settings.organisation_name,
        webhook_secret=settings.resend_webhook_secret.get_secret_value(),
        base_url=settings.resend_url,
    )


def _smtp(settings: Settings) -> Courier:
    from notifiers.providers.smtp import Smtp  # noqa: PLC0415
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
    from notifiers.providers.dkim_signature import Dkim  # noqa: PLC0415

    try:
        return Dkim.read(domain, settings.dkim_selector, settings.dkim_key or Path())
    except (OSError, ValueError, TypeError):
        raise IncidentsError("TOCSIN_DKIM_KEY names no RSA or Ed25519 key in PEM") from None


def _twilio_sms(settings: Settings) -> Courier:
    from notifiers.providers.twilio_sms import TwilioSms  # noqa: PLC0415

    return TwilioSms(_twilio_account(settings, STATUS_PATH), settings.twilio_from)


def _twilio_voice(settings: Settings) -> Courier:
    from notifiers.providers.twilio_voice import TwilioVoice  # noqa: PLC0415

    sender = settings.call_from or settings.twilio_from
    return TwilioVoice(_twilio_account(settings, CALL_PATH), sender)


def _twilio_account(settings: Settings, callback: str) -> TwilioAccount:
    from notifiers.providers.twilio_account import TwilioAccount  # noqa: PLC0415

    return TwilioAccount(
        _transport(settings),
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        public_url=settings.public_url.rstrip("/") + callback,
        base_url=settings.twilio_url,
    )


def _print_folder(settings: Settings) -> Courier:
    from incidents.rules.vocabulary import TEMPLATES  # noqa: PLC0415  brings YAML with it
    from notifiers.letters.press import Press  # noqa: PLC0415
    from notifiers.letters.window import Window  # noqa: PLC0415
    from notifiers.providers.print_folder import PrintFolder, Sender  # noqa: PLC0415

    address = " · ".join(filter(None, map(str.strip, settings.organisation_address.split(";"))))
    return PrintFolder(
        settings.print_folder,
        Press(TEMPLATES),
        Window(sorted((TEMPLATES / "fonts").glob("*.[ot]tf"))),
        Sender(settings.organisation_name, address),
    )


def _fcm(settings: Settings) -> Fcm:
    from notifiers.providers.fcm import Fcm  # noqa: PLC0415

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
    from notifiers.providers.web_push import WebPush  # noqa: PLC0415

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
    from notifiers.providers.push import Push  # noqa: PLC0415

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

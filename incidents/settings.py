"""Every setting, with its type, its unit and a safe default.

Read from the environment with the prefix `TOCSIN_`. With nothing set, Tocsin runs
embedded: one process, SQLite in the data folder, sandbox providers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from email.errors import MessageError
from email.headerregistry import Address
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from incidents.errors import InvalidInput, Problem
from incidents.rules import forecast, lanes, ramp
from incidents.rules.pace import rates  # by its name: in the class below, pace is a setting


def _default_data_folder() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "tocsin"


def _carriers(*known: str) -> AfterValidator:
    """Of a setting that names who carries a channel: one of these, or several with weights."""

    def checked(told: str) -> str:
        names = lanes.weights(told)
        if unknown := sorted({*names} - {*known}):
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(known)}")
        if "sandbox" in names and len(names) > 1:
            raise ValueError("sandbox stands alone: half of the people would not be told")
        return told

    return AfterValidator(checked)


def _read_by(read: Callable[[str], object]) -> AfterValidator:
    """Of a setting in a notation of its own: refused where that cannot be read."""

    def checked(told: str) -> str:
        read(told)
        return told

    return AfterValidator(checked)


def _mailbox(told: str) -> None:
    try:
        Address(addr_spec=told)
    except (ValueError, IndexError, MessageError):  # as it says of one or the other
        raise ValueError("is no bare address such as privacy@example.com") from None


def _problems(error: ValidationError) -> Iterator[Problem]:
    for one in error.errors(include_url=False, include_input=False):
        if one["type"] != "default_factory_not_called":  # follows from another setting
            why = one["msg"].removeprefix("Value error, ")
            yield Problem(f"TOCSIN_{one['loc'][0]}".upper(), why)


class Settings(BaseSettings):
    """What one process of Tocsin is told from outside."""

    model_config = SettingsConfigDict(env_prefix="TOCSIN_", extra="ignore", frozen=True)

    data_folder: Path = Field(
        default_factory=_default_data_folder,
        description="Folder of the SQLite file, the generated keys and the audit anchor.",
    )
    database_url: str = Field(
        default="", description="PostgreSQL in production; empty: SQLite in the data folder."
    )
    broker_url: str = Field(
        default="", description="Redis for Celery; empty: the same tasks run in threads."
    )
    host: str = Field(default="127.0.0.1", description="Address that `tocsin serve` listens on.")
    port: int = Field(default=8040, description="Port that `tocsin serve` listens on.")
    public_url: str = Field(
        default_factory=lambda told: f"http://{told['host']}:{told['port']}",
        description="How the outside reaches us: links in notices, provider callbacks."
        " Unset: host and port.",
    )

    organisation_name: str = Field(
        default="Example Surveys", description="Who writes to people, where no fact says it."
    )
    organisation_address: str = Field(
        default="",
        description="Postal address under the name on reports; a semicolon begins a new line.",
    )
    organisation_logo: Path | None = Field(
        default=None, description="PNG, JPEG or SVG on top of reports; not set: none."
    )
    establishment: str = Field(
        default="",
        description="ISO 3166 place of the main establishment, e.g. DE; a fact of every incident"
        " whose opener says none. Not set: unknown.",
    )
    organisation_role: str = Field(
        default="",
        description="Our usual part in the processing: controller, joint_controller or processor;"
        " a fact likewise. Not set: unknown.",
    )
    organisation_flags: str | None = Field(
        default=None,
        description="What we are, as laws ask: codes of the fact `organisation_flags`, separated"
        " by commas, e.g. network_operator,cii; a fact likewise. Empty: none of them. Not set:"
        " unknown, and every law that asks stays open.",
    )

    contracts_folder: Path = Field(
        default_factory=lambda told: told["data_folder"] / "contracts",
        description="Folder of our own contracts as law files (docs/contracts.md); taken into use"
        " by `tocsin law apply`. Unset: contracts in the data folder.",
    )

    email_provider: Annotated[str, _carriers("sandbox", "sendgrid", "smtp", "resend")] = Field(
        default="sandbox",
        description="Who carries e-mail of live incidents: sandbox, sendgrid, smtp or resend;"
        " several with weights, e.g. sendgrid:3,smtp:1. One of weight 0 stands by for trouble.",
    )
    sms_provider: Literal["sandbox", "twilio_sms"] = Field(
        default="sandbox", description="Who carries SMS of live incidents."
    )
    call_provider: Literal["sandbox", "twilio_voice"] = Field(
        default="sandbox", description="Who makes telephone calls of live incidents."
    )
    push_provider: Literal["sandbox", "fcm", "web_push", "push"] = Field(
        default="sandbox",
        description="Who carries push messages of live incidents: fcm to apps, web_push to"
        " browsers, push to both by the form of each token.",
    )

    letter_provider: Literal["sandbox", "print_folder"] = Field(
        default="sandbox", description="Who carries letters of live incidents."
    )
    print_folder: Path = Field(
        default_factory=lambda told: told["data_folder"] / "letters",
        description="Folder between us and the printer of letters (docs/how-to/send-letters.md)."
        " Unset: letters in the data folder.",
    )
    residency: Annotated[str, _read_by(lanes.residency)] = Field(
        default="",
        description="Places whose people may be told only through the providers given, e.g."
        " CN=smtp; US-CA=smtp,sendgrid; who can be reached through no other is held.",
    )
    pace: Annotated[str, _read_by(rates)] = Field(
        default="",
        description="The most that a provider is given a second, in requests, recipients, messages,"
        " segments or calls, e.g. sendgrid=50 requests,60000 recipients; twilio=100 segments."
        " Not set: as fast as it goes; a provider that asks to wait is heard all the same.",
    )

    mail_ramp: Annotated[str, _read_by(ramp.ramp)] = Field(
        default="",
        description="For a sender without a history: people of one mail domain who are sent e-mail"
        " in the first hour or day, e.g. 5000/hour; twice as many in each that follows, faster"
        " where a duty's deadline comes first. Others wait for nobody. Not set: all at once.",
    )

    prices: Annotated[str, _read_by(forecast.prices)] = Field(
        default="",
        description="What one e-mail, SMS segment, call, letter or push message costs by provider,"
        " e.g. sendgrid=0.0009, twilio=0.0083; for the dry run.",
    )
    currency: str = Field(
        default="USD", pattern="^[A-Z]{3}$", description="Of the prices; ISO 4217."
    )

    email_from: Annotated[str, _read_by(_mailbox)] = Field(
        default="privacy@example.com", description="Sender address of notices."
    )
    email_from_name: str = Field(default="", description="Sender name; empty: organisation_name.")
    sendgrid_url: str = Field(
        default="https://api.sendgrid.com", description="Base URL of the SendGrid API."
    )
    sendgrid_api_key: SecretStr = Field(default=SecretStr(""), description="SendGrid API key.")
    sendgrid_public_key: str = Field(
        default="", description="Verification key (base64) of SendGrid's signed event webhook."
    )
    sendgrid_activity: bool = Field(
        default=False,
        description="The Email Activity add-on is bought: unknown outcomes can be looked up.",
    )
    resend_url: str = Field(
        default="https://api.resend.com", description="Base URL of the Resend API."
    )
    resend_api_key: SecretStr = Field(default=SecretStr(""), description="Resend API key.")
    resend_webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="Signing secret (whsec_…) of Resend's webhook."
    )
    twilio_url: str = Field(
        default="https://api.twilio.com", description="Base URL of the Twilio API."
    )
    twilio_account_sid: str = Field(default="", description="Twilio account SID.")
    twilio_auth_token: SecretStr = Field(
        default=SecretStr(""), description="Twilio auth token; also signs status callbacks."
    )
    twilio_from: str = Field(default="+15005550006", description="Sender number of SMS, E.164.")
    call_from: str = Field(
        default="",
        description="Number that calls of campaigns come from, E.164; empty: twilio_from."
        " A messaging service cannot call.",
    )
    smtp_host: str = Field(default="127.0.0.1", description="SMTP server.")
    smtp_port: int = Field(default=25, description="SMTP port.")
    smtp_username: str = Field(default="", description="SMTP user; empty: no sign-in.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="SMTP password.")
    smtp_starttls: bool = Field(default=True, description="Encrypt the SMTP connection.")
    smtp_tls: bool = Field(
        default=False, description="Encrypt it from the first byte instead, as on port 465."
    )
    smtp_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) that the SMTP server's is checked against; not set: those"
        " of this machine.",
    )
    smtp_connections: int = Field(
        default=10, ge=1, description="Connections to the SMTP server at once, each process."
    )
    smtp_messages_per_connection: int = Field(
        default=100, ge=1, description="Messages on one SMTP connection before a new one is made."
    )
    smtp_list_unsubscribe: str = Field(
        default="",
        description="List-Unsubscribe of messages by SMTP, a mailto: or https: URL; empty: none,"
        " since nobody can unsubscribe from a notice that the law owes them.",
    )
    dkim_selector: str = Field(
        default="", description="Selector of our DKIM key; empty: the SMTP server signs."
    )
    dkim_key: Path | None = Field(
        default=None,
        description="Our DKIM key (PEM, RSA or Ed25519), for the domain of email_from.",
    )

    push_ttl_days: int = Field(
        default=28,
        ge=1,
        le=28,
        description="How long a push message waits for a device that is off.",
    )
    push_link: str = Field(
        default="", description="Page that a tap on a push message opens; empty: public_url."
    )
    fcm_service_account: Path | None = Field(
        default=None, description="JSON key file of the service account that may send by FCM."
    )
    fcm_url: str = Field(
        default="https://fcm.googleapis.com", description="Base URL of the FCM HTTP v1 API."
    )
    vapid_private_key: SecretStr = Field(
        default=SecretStr(""),
        description="Who we are to push services of browsers: private key of VAPID, base64url, as"
        " `tocsin push-key` makes it.",
    )
    vapid_subject: str = Field(
        default="",
        description="Whom a push service may ask, mailto: or https:; empty: email_from.",
    )
    web_push_hosts: str = Field(
        default="fcm.googleapis.com,updates.push.services.mozilla.com,*.push.apple.com,"
        "*.notify.windows.com",
        description="Push services of browsers that may be asked, separated by commas; `*.` and an"
        " ending for all below it. A subscription that names another is refused.",
    )
    web_push_loopback: bool = Field(
        default=False,
        description="Take subscriptions on this machine over http, and no others: for"
        " `tocsin fake-providers`.",
    )

    alarm_email_from: Annotated[str, _read_by(lambda told: told and _mailbox(told))] = Field(
        default="", description="Sender address of alarms by e-mail; empty: email_from."
    )
    alarm_phone_from: str = Field(
        default="",
        description="Number that alarms by SMS and call come from, E.164; empty: twilio_from."
        " A messaging service cannot call.",
    )
    alarm_chat_urls: SecretStr = Field(
        default=SecretStr(""),
        description="Apprise URLs of a room that hears every alarm, separated by spaces.",
    )
    alarm_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        description="Whole call to whoever carries an alarm; then the next channel is tried.",
    )

    time_zone: str = Field(
        default="UTC",
        description="IANA zone of those on duty, e.g. Europe/Berlin; alarms say each moment in it"
        " and in UTC.",
    )
    alarm_step_minutes: float = Field(
        default=5.0,
        gt=0,
        description="How long an alarm waits to be acknowledged before it wakes the next level.",
    )
    alarm_lease_seconds: float = Field(
        default=45.0,
        gt=0,
        description="How long a process has to ring an alarm before another one rings it again;"
        " longer than a provider may take.",
    )

    sentinel_seconds: float = Field(
        default=5.0, gt=0, description="How often `tocsin sentinel` looks for alarms to ring."
    )
    sentinel_patience_seconds: float = Field(
        default=30.0,
        gt=0,
        description="How long the database may be silent before `tocsin sentinel` rings from its"
        " own copy.",
    )
    dead_man_url: SecretStr = Field(
        default=SecretStr(""),
        description="Address that `tocsin sentinel` pings while alarms can ring, e.g. of a"
        " healthchecks.io check; its silence calls for help. Empty: none.",
    )

    detection_webhook_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Shared secret of detection tools' signed webhook; empty: the door is shut.",
    )

    proof_renewal_minutes: float = Field(
        default=60.0,
        ge=0,
        description="How long late receipts gather before the proof of a finished campaign is made"
        " anew.",
    )
    people_per_envelope: int = Field(
        default=1000, ge=1, le=1000, description="People in one e-mail request at the most."
    )
    envelopes_per_lease: int = Field(
        default=10, ge=1, description="Multi-person envelopes that a worker takes at once."
    )
    envelopes_on_the_wire: int = Field(
        default=6,
        ge=1,
        description="Multi-person requests of one process that wait for providers' answers at the"
        " same time; before each of them it is asked whether its campaign still runs.",
    )
    messages_per_lease: int = Field(
        default=400, ge=1, description="Single-person envelopes that a worker takes at once."
    )
    messages_on_the_wire: int = Field(
        default=300,
        ge=1,
        description="Requests of one process that wait for providers' answers at the same time;"
        " 250 at 50 ms are some 2,500 messages a second, 400 some 2,900 for 6 MB more.",
    )
    senders_per_process: int = Field(
        default=2, ge=1, description="Threads of one process that lease and send side by side."
    )
    connect_timeout_seconds: float = Field(default=5.0, gt=0, description="To a provider.")
    http_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Whole call to a provider; later than that is unknown."
    )
    lease_seconds: float = Field(
        default=45.0,
        gt=0,
        description="How long a worker owns an envelope; longer than http_timeout_seconds.",
    )
    settle_seconds: float = Field(
        default=600.0,
        ge=0,
        description="How long after an attempt a provider's silence starts to mean something;"
        " less than the provider's lag is refused.",
    )
    sweep_seconds: float = Field(
        default=1.0, gt=0, description="How often each process looks for work it was not told of."
    )

    max_json_bytes: int = Field(default=1_000_000, description="Largest JSON body taken.")
    max_webhook_bytes: int = Field(
        default=2_000_000, description="Largest provider webhook body taken."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines are written."
    )

    def __init__(self, **told: Any) -> None:
        """Raises InvalidInput, which names each setting that cannot be used, never its value."""
        try:
            super().__init__(**told)
        except ValidationError as error:
            raise InvalidInput("some settings cannot be used", *_problems(error)) from None

    @field_validator("time_zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"{name!r} is no IANA time zone such as Europe/Berlin")
        return name

    @field_validator("dead_man_url")
    @classmethod
    def _is_of_the_web(cls, url: SecretStr) -> SecretStr:
        if url.get_secret_value() and not url.get_secret_value().startswith(("https:", "http:")):
            raise ValueError("an address begins with https:// or http://")
        return url

    @cached_property
    def database(self) -> str:
        """SQLAlchemy URL in use: PostgreSQL as set, else SQLite in the data folder."""
        if self.database_url:
            return self.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        return f"sqlite:///{self.data_folder / 'tocsin.db'}"

    @property
    def key_folder(self) -> Path:
        """The folder of the keys; back it up apart from the database."""
        return self.data_folder / "keys"

    @property
    def embedded(self) -> bool:
        """Whether this process does everything itself, without a broker."""
        return not self.broker_url

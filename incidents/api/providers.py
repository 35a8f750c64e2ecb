"""Providers over HTTP: what each carries, whether it is in trouble, how fast it is given work."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from incidents.api.door import LookWork, OpenWork, needs, router_for
from incidents.api.shapes import View
from incidents.rules.permissions import Permission
from incidents.services import providers
from incidents.settings import Settings
from incidents.wiring import couriers_for
from notifiers.courier import Capabilities

router = router_for("providers")


class CapabilitiesView(View):
    """What a provider declares."""

    max_people: int
    native_key: bool
    echoes_attempt: bool
    looks_up: bool
    settle_seconds: float
    live: bool


class PaceView(View):
    """The most that it is given a second, and the share of that in use."""

    unit: str
    per_second: float
    factor: float


class ProviderView(View):
    """A provider on one channel; attempts are the live ones of the last day, by outcome."""

    name: str
    channel: str
    weight: int | None
    breaker: str
    reason: str
    probe_at: datetime | None
    blocked_until: datetime | None
    last_error: str
    last_error_at: datetime | None
    paces: list[PaceView]
    attempts: dict[str, int]
    capabilities: CapabilitiesView | None


@router.get("/providers", **needs(Permission.READ_PROVIDER))
def list_providers(work: LookWork) -> list[ProviderView]:
    """Who carries what of live incidents, whether they are in trouble, and at what pace."""
    found = providers.list_all(work, _capabilities(work.settings))
    return [ProviderView.model_validate(one) for one in found]


@router.post(
    "/providers/{name}/{channel}/reset", status_code=204, **needs(Permission.RESET_PROVIDER)
)
def reset_provider(name: str, channel: str, work: OpenWork) -> None:
    """Give a provider everything again at its full pace, without waiting for a probe."""
    providers.reset(work, name, channel)


@lru_cache(maxsize=4)
def _capabilities(settings: Settings) -> Mapping[str, Capabilities]:
    return {name: one.capabilities for name, one in couriers_for(settings, "live").items()}

"""Figures for Prometheus: made from the rows at each scrape, so every process tells the same."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from fastapi import Response

from incidents.api.door import LookWork, needs, router_for
from incidents.rules.permissions import Permission
from incidents.services.figures import Figures, figures

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily

router = router_for("health")


@router.get("/metrics", **needs(Permission.READ_METRICS), response_class=Response)
def read_metrics(work: LookWork) -> Response:
    """Duties, alarms and how late they are, in Prometheus's text format."""
    # Heavy, and most processes are never scraped.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry  # noqa: PLC0415
    from prometheus_client.exposition import generate_latest  # noqa: PLC0415

    registry = CollectorRegistry()
    registry.register(_Scrape(figures(work)))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Scrape:
    """What one scrape gets."""

    def __init__(self, found: Figures) -> None:
        self._found = found

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        """Each figure with its labels."""
        found = self._found
        yield _by("incidents_open", "Incidents that are not over.", ["mode"], found.incidents_open)
        by_standing = ["mode", "standing"]
        told = "Duties that are open, by what the law answers."
        yield _by("duties_open", told, by_standing, found.duties_open)
        told = "Open duties past their due time."
        yield _by("duties_overdue", told, by_standing, found.duties_overdue)
        told = "Open duties without a next alarm: always 0."
        yield _by("duties_uncovered", told, [], {(): found.duties_uncovered})
        told = "Alarms that nobody has acknowledged."
        yield _by("alarms_unacknowledged", told, ["mode", "loud"], found.alarms_open)
        told = "For how long the alarm that waits longest should have rung."
        yield _by("alarm_lag_seconds", told, [], {(): found.alarm_lag_seconds})
        told = "People woken so far, by channel and what came of it."
        yield _by("alarm_pages", told, ["channel", "outcome"], found.pages)
        rang = found.last_ring.timestamp() if found.last_ring else 0.0
        told = "When an alarm rang last, in seconds since 1970; 0: never."
        yield _by("alarm_last_ring_timestamp_seconds", told, [], {(): rang})
        told = "Providers that are left alone for now, and why."
        by_lane = ["provider", "channel", "reason"]
        yield _by("breakers_open", told, by_lane, found.breakers_open)
        told = "What will go wrong within two weeks with being on duty, by kind."
        yield _by("rota_warnings", told, ["code"], found.rota_warnings)
        by_campaign = ["campaign", "mode"]
        told = "People of a campaign by bucket, as counted last; together they are all."
        yield _by("campaign_people", told, [*by_campaign, "bucket"], found.campaign_people)
        told = "Whether everybody was in exactly one bucket: always 1."
        yield _by("campaign_equation_holds", told, by_campaign, found.equation_holds)
        told = "Whether its brake has paused a campaign."
        yield _by("campaign_halted", told, by_campaign, found.campaigns_halted)


def _by(
    name: str, told: str, labels: Iterable[str], values: Mapping[tuple[str, ...], float]
) -> "GaugeMetricFamily":
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415  see above

    family = GaugeMetricFamily(f"tocsin_{name}", told, labels=list(labels))
    for key, value in values.items():
        family.add_metric(list(key), value)
    return family

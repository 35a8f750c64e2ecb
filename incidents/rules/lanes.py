"""Which providers may carry what: by weight, by trouble, by where a person's data may go. Pure.

Residency names places whose people may be told only through the providers given for them. Of
those that may serve a place, the sound ones share it by weight; then those of weight 0, which
stand by; then those in trouble, since waiting for them is better than not being told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from incidents.rules.tracks import Lane

Routes = Sequence[Mapping[str, object]]
Residency = Mapping[str, frozenset[str]]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,19}")
_PLACE = re.compile(r"[A-Z]{2,3}(-[A-Z0-9]{1,3})?")


def weights(told: str) -> dict[str, int]:
    """`sendgrid` or `sendgrid:3,smtp:1` -> the weight of each. Raises ValueError."""
    found: dict[str, int] = {}
    for part in (part.strip() for part in told.split(",")):
        name, _, weight = part.partition(":")
        if not _NAME.fullmatch(name) or not (weight or "1").isdigit():
            raise ValueError(f"{part!r} is not like sendgrid or sendgrid:3")
        if name in found:
            raise ValueError(f"{name} is named twice")
        found[name] = int(weight or 1)
    if not any(found.values()):
        raise ValueError("at least one provider needs a weight above 0")
    return found


def residency(told: str) -> dict[str, frozenset[str]]:
    """`CN=smtp;RU=smtp,sendgrid` -> the providers allowed for each place. Raises ValueError."""
    found: dict[str, frozenset[str]] = {}
    for part in (part.strip() for part in told.split(";") if part.strip()):
        place, _, providers = part.partition("=")
        names = frozenset(name.strip() for name in providers.split(","))
        if not _PLACE.fullmatch(place) or not all(map(_NAME.fullmatch, names)):
            raise ValueError(f"{part!r} is not like CN=smtp or CN=smtp,sendgrid")
        if place in found:
            raise ValueError(f"{place} is named twice")
        found[place] = names
    return found


def may_serve(provider: str, place: str, rules: Residency) -> bool:
    """Whether people of a place may be told through a provider; a state goes before its country."""
    allowed = rules.get(place)
    if allowed is None:
        allowed = rules.get(place.partition("-")[0])
    return allowed is None or provider in allowed


def lanes(
    routes: Routes,
    rules: Residency,
    places: Collection[str],
    shut: Collection[str],
    most_people: Callable[[str], int],
) -> list[Lane]:
    """The lanes of one channel for people of these places.

    routes       `{"provider": name, "weight": number}` of each, as a campaign keeps them
    shut         providers in trouble
    most_people  a provider -> most people in one envelope
    """
    weights = _weights(routes)
    served = {place: _serving(weights, rules, place, shut) for place in places}
    return [
        Lane(
            provider,
            weight or 1,
            most_people(provider),
            never=frozenset(place for place in places if provider not in served[place]),
        )
        for provider, weight in weights.items()
    ]


def unserved(routes: Mapping[str, Routes], rules: Residency, places: Iterable[str]) -> list[str]:
    """The places whose people no provider on any of these channels may serve."""
    providers = {name for routed in routes.values() for name in _weights(routed)}
    return [
        place
        for place in places
        if not any(may_serve(provider, place, rules) for provider in providers)
    ]


def _serving(
    weights: Mapping[str, int], rules: Residency, place: str, shut: Collection[str]
) -> set[str]:
    """The soundest of the providers that may serve a place."""
    allowed = [provider for provider in weights if may_serve(provider, place, rules)]
    ranks = {one: (one in shut, weights[one] == 0) for one in allowed}
    return {one for one in allowed if ranks[one] == min(ranks.values())}


def _weights(routes: Routes) -> dict[str, int]:
    return {str(one["provider"]): int(str(one["weight"])) for one in routes}

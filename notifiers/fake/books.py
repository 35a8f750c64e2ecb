"""What the fake tells of its ledger: totals, and who was accepted how often."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from notifiers.fake.answers import as_json
from notifiers.fake.ledger import By, Ledger, read, times_told
from notifiers.fake.webhooks import Webhooks


class Books:
    """The ledger's routes.

    answers  how often each provider gave each answer
    """

    def __init__(self, ledger: Ledger, webhooks: Webhooks, answers: Counter[str]) -> None:
        self._ledger, self._webhooks, self._answers = ledger, webhooks, answers

    def routes(self) -> list[web.RouteDef]:
        """Where each is."""
        return [
            web.get("/ledger/summary", self.summary),
            web.get("/ledger/people", self.people),
            web.get("/ledger/duplicates", self.duplicates),
            web.get("/ledger/counts", self.counts),
        ]

    async def summary(self, request: web.Request) -> web.Response:
        """Totals: cheap enough to ask each second."""
        return as_json(
            {
                "accepted": self._ledger.summary(),
                "people": sum(self._ledger.people.values()),
                "answers": dict(self._answers),
                "receipts": dict(self._webhooks.counts),
            }
        )

    async def people(self, request: web.Request) -> web.Response:
        """Each acceptance of one person, address or attempt."""
        wanted = {request.query.get("ref"), request.query.get("address")} - {None}
        attempt = request.query.get("attempt")
        rows = [
            {"provider": one.provider, "id": one.id, "attempt": one.attempt, "at": one.at}
            | {"address": to, "ref": ref}
            for one in read(self._ledger.path)
            for to, ref in one.people
            if one.attempt == attempt or wanted & {to, ref}
        ]
        return as_json({"people": rows})

    async def duplicates(self, request: web.Request) -> web.Response:
        """Who was accepted more than once, and how often."""
        told = times_told(self._ledger.path, _by(request), request.query.get("provider", ""))
        return as_json({who: count for who, count in told.items() if count > 1})

    async def counts(self, request: web.Request) -> web.Response:
        """How many people were accepted once, twice …: {"1": 10000} is what one wants to see."""
        told = times_told(self._ledger.path, _by(request), request.query.get("provider", ""))
        return as_json({str(times): count for times, count in Counter(told.values()).items()})


def _by(request: web.Request) -> By:
    return "address" if request.query.get("by") == "address" else "ref"

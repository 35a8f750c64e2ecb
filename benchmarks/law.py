"""Every law loaded, then one breach in ten places judged by all of them; CPU of one core."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.figures import Value
from incidents.rules.catalogue import LAW, load
from incidents.rules.duties import assess
from incidents.rules.facts import parse_facts
from playbooks.sample.story import learned_later, opening_body

ASSESSMENTS = 10_000
WHERE = "this machine"
TEN_PLACES = {
    "CN": 6_000, "DE": 1_500, "FR": 900, "GB": 700, "US-CA": 501, "US-TX": 250, "US-NY": 800,
    "JP": 1_001, "SG": 500, "BR": 300,
}  # fmt: skip


def measure(asked: Namespace) -> Iterator[Value]:
    """Loading all, judging once, and how much is owed."""
    began = time.process_time()
    catalogue = load.__wrapped__(LAW)
    rules = f"{len(catalogue.rules)} rules"
    yield Value(f"loading {rules}, ms", WHERE, (time.process_time() - began) * 1000)
    now = datetime.now(UTC)
    facts = opening_body(now)["facts"]
    for part in learned_later(now):
        facts |= part["facts"]
    people = {"people_by_place": TEN_PLACES, "people_count": sum(TEN_PLACES.values())}
    known = parse_facts(facts | people | {"data_categories": ["contact", "ssn", "health"]})
    began = time.process_time()
    for _ in range(ASSESSMENTS):
        duties = assess(known, catalogue, now)
    judged = (time.process_time() - began) / ASSESSMENTS
    yield Value(f"judging by {rules}, {len(TEN_PLACES)} places, ms", WHERE, judged * 1000)
    owed = sum(duty.status != "not_owed" for duty in duties)
    yield Value("duties of that breach", WHERE, owed)

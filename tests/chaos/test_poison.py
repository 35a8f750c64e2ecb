"""What spoils itself: a person who kills each worker, a provider that refuses everybody."""

from __future__ import annotations

import pytest

from incidents.rules.brake import Brake
from incidents.services.reconcile import MOST_BARREN
from incidents.work import TOCSIN
from tests.chaos import scene
from tests.chaos.scene import crew, installed, judge, launch

REFUSED = 193  # a number that ends so is refused at once (notifiers/rehearsal.py)


@pytest.fixture
def place(postgres, valkey, tmp_path):
    url = postgres.database()
    with installed(tmp_path, url, valkey.url, messages_per_lease=10) as made:
        made.fake.set_faults(receipts=False)
        yield made
    postgres.drop(url)


@pytest.mark.chaos
def test_what_kills_each_worker_is_parked_and_the_others_are_told(place):
    campaign = launch(place, scene.by_mail(20))
    with crew(place, workers=0) as workers:
        workers.start("opened=kill")

        def parked() -> bool:
            workers.replace_dead("opened=kill")
            return _held(place, campaign) == 1

        scene.wait_for(parked, 60)
        deaths = workers.kills
        for pid in list(workers.pids):
            workers.kill(pid)
        scene.join(place, campaign, scene.by_mail(100, first=20))
        workers.start()
        scene.wait_for(lambda: scene.accepted(place) == 100, 60)
        assert scene.release(place, campaign) == 1
        assert scene.finish(place, campaign)
    found = judge(place, campaign, 120)
    found.print("F24 poison message", deaths=deaths)
    assert deaths <= MOST_BARREN
    assert (found.lost, found.twice, found.unknown) == (0, 0, 0)


def _held(place, campaign) -> int:
    with place.office.look(TOCSIN) as work:
        return scene.held(work, campaign)


@pytest.mark.chaos
def test_a_provider_that_refuses_everybody_stops_the_campaign_by_itself(place):
    people = [{"email": "", "phone": f"+1{200 + n}5550{REFUSED}"} for n in range(700)]
    campaign = launch(place, people, "sms", "announcement", brake=Brake())
    with crew(place):
        scene.wait_for(lambda: scene.status(place, campaign) == "paused", 60)
    found = judge(place, campaign, 700)
    found.print("F24 poison campaign", asked=place.fake.ledger()["answers"])
    assert found.sent == 0
    assert found.buckets["exhausted"] <= 200

"""Letters through the whole pipeline: printed, taken by a print house, and some come back."""

from dataclasses import replace

import pytest

from incidents.rules.launch_options import LaunchOptions
from incidents.services import campaigns, equation, letters, sending
from incidents.wiring import couriers_for
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch
from notifiers.fake.faults import Dice, Faults
from notifiers.fake.ledger import Ledger, read
from notifiers.fake.print_house import PrintHouse
from tests import factories
from tests.services.telling import make_notice, make_people

PEOPLE = 12


@pytest.fixture
def post(office, tmp_path):
    """An office that sends letters, and the print house beside it."""
    settings = office.settings.model_copy(
        update={"letter_provider": "print_folder", "print_folder": tmp_path / "letters"}
    )
    ours = replace(office, settings=settings, routes={"live": {"letter": "print_folder"}})
    house = PrintHouse(tmp_path / "letters", Ledger(tmp_path / "ledger"), Dice(Faults()))
    return ours, house


def launched(office):
    people = [
        {"name": f"Person {n}", "post": f"{n} Sample Street, 10115 Berlin"} for n in range(PEOPLE)
    ]
    people.append({"name": "Wide", "post": f"{'W' * 40}, 10115 Berlin"})
    with office.work(TOCSIN) as work:
        incident = factories.make_incident(work)
        make_people(work, incident, people)
        notice = make_notice(work, incident)
    with office.work(TOCSIN) as work:
        return campaigns.launch(work, notice.id, LaunchOptions(["letter", "announcement"])).id


def buckets(office, campaign):
    with office.look(TOCSIN) as work:
        found = equation.equation(work, campaign)
    assert found.holds
    return {bucket: count for bucket, count in found.buckets.items() if count}


def test_letters_are_printed_and_whose_letter_comes_back_goes_on_to_the_next_rung(post, tmp_path):
    office, house = post
    campaign = launched(office)
    dispatch = Dispatch(couriers_for(office.settings, "live"))
    sending.pump(office, dispatch, mode="live")
    dispatch.close()
    house.collect()
    taken = [piece for one in read(tmp_path / "ledger") for piece, _ in one.people]
    assert len(taken) == len(set(taken)) == PEOPLE
    # The address that no window shows was refused before anything was printed.
    assert buckets(office, campaign) == {"accepted": PEOPLE, "exhausted": 1}
    assert letters.collect(office) == len(list((tmp_path / "letters/taken").iterdir()))
    with office.work(TOCSIN) as work:
        told = [f"{taken[0]},returned,,moved away\n", f"{taken[1]},delivered\n", "ABC,returned\n"]
        came = letters.take_statuses(work, ["piece,status,at,reason\n", *told])
    assert (came.new, came.unusable) == (2, 1)
    assert buckets(office, campaign) == {
        "accepted": PEOPLE - 2,
        "delivered": 1,
        "exhausted": 2,
    }
    with office.work(TOCSIN) as work:
        again = letters.take_statuses(work, ["piece,status\n", f"{taken[0]},returned\n"])
    assert (again.new, again.known) == (0, 1)


def test_a_list_that_cannot_be_used_is_put_aside(post, tmp_path):
    office, _ = post
    folder = tmp_path / "letters/statuses"
    folder.mkdir(parents=True)
    (folder / "odd.csv").write_text("name\nAda\n")
    assert letters.collect(office) == 0
    assert [path.name for path in folder.iterdir()] == ["odd.unusable"]

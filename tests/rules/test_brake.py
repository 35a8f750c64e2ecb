"""When a campaign must pause by itself."""

import pytest

from incidents.errors import InvalidInput
from incidents.rules.brake import Brake, Sample, checked_brake, trips

BRAKE = Brake()


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (Sample(accepted=1_000, failed=50), ""),
        (Sample(accepted=1_000, failed=51), "51 of 1,000 people could not be reached (5.1%, more"),
        (Sample(accepted=960, refused=40, failed=11), "51 of 1,000 people could not be reached"),
        (Sample(accepted=199, failed=199), ""),
        (Sample(accepted=1_000, complained=3), ""),
        (Sample(accepted=1_000, complained=4), "4 of 1,000 people complained (0.4%, more than 0.3"),
        (Sample(accepted=200, complained=2), ""),
        (Sample(refused=49), ""),
        (Sample(refused=50), "all of the first 50 people were refused"),
        (Sample(accepted=1, refused=50), ""),
    ],
)
def test_too_many_failures_complaints_or_refusals_trip_it(sample, why):
    found = trips(BRAKE, sample)
    assert found.startswith(why)
    assert bool(found) == bool(why)


@pytest.mark.parametrize(
    ("people", "failed"), [(20, 3), (50, 6), (75, 7), (100, 9), (150, 12), (199, 16)]
)
def test_a_canary_of_few_stops_it_where_chance_alone_does_not_explain_what_failed(people, failed):
    """One in a hundred of 10,000 is 100: the others would follow whatever came of them."""
    assert not trips(BRAKE, Sample(accepted=people, failed=failed - 1), is_canary=True)
    found = trips(BRAKE, Sample(accepted=people, failed=failed), is_canary=True)
    assert found.startswith(f"{failed} of {people} people could not be reached")
    assert not trips(BRAKE, Sample(accepted=people, failed=failed))  # nobody waits for them


def test_a_canary_of_few_stops_it_for_three_complaints_and_not_for_what_was_forgiven():
    assert not trips(BRAKE, Sample(accepted=100, complained=2), is_canary=True)
    assert "complained" in trips(BRAKE, Sample(accepted=100, complained=3), is_canary=True)
    assert not trips(BRAKE, Sample(failed=8, complained=8), is_canary=True)  # late, nobody new


def test_a_threshold_of_zero_is_left_out():
    off = Brake(failed_percent=0, complained_percent=0, refused_first=0)
    assert not trips(off, Sample(refused=10_000))
    assert not trips(off, Sample(accepted=10_000, failed=10_000, complained=10_000))
    assert not trips(off, Sample(accepted=50, failed=50, complained=50), is_canary=True)


def test_what_was_forgiven_does_not_count_again():
    before = Sample(accepted=1_000, failed=100)
    assert trips(BRAKE, before)
    assert not trips(BRAKE, Sample(accepted=2_000, failed=140).since(before))
    assert trips(BRAKE, Sample(accepted=2_000, failed=160).since(before))


@pytest.mark.parametrize("name", ["failed_percent", "after_people", "refused_first"])
def test_a_threshold_below_zero_is_refused(name):
    with pytest.raises(InvalidInput, match=name):
        checked_brake(Brake(**{name: -1}))

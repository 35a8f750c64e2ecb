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


def test_a_threshold_of_zero_is_left_out():
    off = Brake(failed_percent=0, complained_percent=0, refused_first=0)
    assert not trips(off, Sample(refused=10_000))
    assert not trips(off, Sample(accepted=10_000, failed=10_000, complained=10_000))


def test_what_was_forgiven_does_not_count_again():
    before = Sample(accepted=1_000, failed=100)
    assert trips(BRAKE, before)
    assert not trips(BRAKE, Sample(accepted=2_000, failed=140).since(before))
    assert trips(BRAKE, Sample(accepted=2_000, failed=160).since(before))


@pytest.mark.parametrize("name", ["failed_percent", "after_people", "refused_first"])
def test_a_threshold_below_zero_is_refused(name):
    with pytest.raises(InvalidInput, match=name):
        checked_brake(Brake(**{name: -1}))

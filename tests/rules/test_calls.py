from datetime import UTC, datetime, timedelta

from incidents.rules.calls import call_again_at

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_somebody_is_called_three_times_with_growing_pauses():
    assert call_again_at(1, NOW) == NOW + timedelta(minutes=30)
    assert call_again_at(2, NOW) == NOW + timedelta(hours=4)
    assert call_again_at(3, NOW) is None

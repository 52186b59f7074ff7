"""The scheduling rule (integration § 5) as properties."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_connectors.runtime.status import LONGEST_HEAL_MS, MINUTE_MS, heal_delay, refresh_due

MOMENT = st.integers(min_value=0, max_value=4_000_000_000_000)
MINUTES = st.floats(min_value=-10, max_value=100_000, allow_nan=False)


@given(now=MOMENT, interval=MINUTES)
def test_a_connector_never_refreshed_is_due_at_once(now: int, interval: float) -> None:
    assert refresh_due(now, None, interval)


@given(now=MOMENT, last=MOMENT, interval=st.floats(max_value=0, allow_nan=False, allow_infinity=False))
def test_an_interval_of_zero_or_less_refreshes_only_once(now: int, last: int, interval: float) -> None:
    assert not refresh_due(now, last, interval)


@given(last=MOMENT, interval=st.floats(min_value=0.001, max_value=100_000), wait=st.integers(0, 10**10))
def test_a_pass_is_due_exactly_when_more_than_the_interval_has_passed(last: int, interval: float, wait: int) -> None:
    assert refresh_due(last + wait, last, interval) == (wait > interval * MINUTE_MS)


@given(now=MOMENT, last=st.none() | MOMENT, interval=MINUTES, start=MOMENT, stop=MOMENT)
def test_outside_its_dates_nothing_is_due(now: int, last: int | None, interval: float, start: int, stop: int) -> None:
    if now < start or now > stop:
        assert not refresh_due(now, last, interval, start=start, stop=stop)
    else:
        assert refresh_due(now, last, interval, start=start, stop=stop) == refresh_due(now, last, interval)


@given(first=MOMENT, interval=st.floats(min_value=0.01, max_value=10), ticks=st.integers(1, 50))
def test_ticking_every_second_refreshes_once_per_interval(first: int, interval: float, ticks: int) -> None:
    last, passes = None, 0
    end = first + int(ticks * interval * MINUTE_MS)
    for now in range(first, end, 1_000):
        if refresh_due(now, last, interval):
            last, passes = now, passes + 1
    assert passes <= ticks
    # Each pass may begin up to one tick late.
    assert passes >= (end - first) // (int(interval * MINUTE_MS) + 1_000)


@given(failures=st.integers(1, 10_000))
def test_healing_waits_longer_each_time_up_to_a_limit(failures: int) -> None:
    assert 0 < heal_delay(failures) <= heal_delay(failures + 1) <= LONGEST_HEAL_MS

"""The scheduling rule (integration § 5): as properties, and over a simulated week of clocks that jump."""

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import ceil

from hypothesis import given, settings
from hypothesis import strategies as st

from omrs_connectors.runtime.schedule import LONGEST_HEAL_S, Schedule, Timing, heal_delay

SECONDS = st.floats(min_value=0, max_value=10**9)
MOMENT = st.integers(min_value=0, max_value=4_000_000_000_000)
INTERVAL = st.floats(min_value=-600, max_value=6_000_000, allow_nan=False)


def refreshed(interval: float, at: float, start: int | None = None, stop: int | None = None) -> Schedule:
    schedule = Schedule(Timing(interval, start, stop))
    schedule.passed(at)
    return schedule


@given(now=MOMENT, monotonic=SECONDS, interval=INTERVAL)
def test_a_connector_never_refreshed_is_due_at_once(now: int, monotonic: float, interval: float) -> None:
    assert Schedule(Timing(interval)).due(now, monotonic)


@given(now=MOMENT, last=SECONDS, wait=SECONDS, interval=st.floats(max_value=0, min_value=-600))
def test_an_interval_of_zero_or_less_refreshes_only_once(now: int, last: float, wait: float, interval: float) -> None:
    assert not refreshed(interval, last).due(now, last + wait)


@given(now=MOMENT, last=st.integers(0, 10**9), interval=st.integers(1, 10**6), wait=st.integers(0, 10**7))
def test_a_pass_is_due_exactly_when_more_than_the_interval_has_passed(
    now: int, last: int, interval: int, wait: int
) -> None:
    assert refreshed(interval, last).due(now, last + wait) == (wait > interval)


@given(now=MOMENT, wait=SECONDS, interval=INTERVAL, start=MOMENT, stop=MOMENT)
def test_outside_its_dates_nothing_is_due(now: int, wait: float, interval: float, start: int, stop: int) -> None:
    dated, undated = refreshed(interval, 0.0, start, stop), refreshed(interval, 0.0)
    assert dated.due(now, wait) == (start <= now <= stop and undated.due(now, wait))


@given(failures=st.integers(1, 10_000))
def test_healing_waits_longer_each_time_up_to_a_limit(failures: int) -> None:
    assert 0 < heal_delay(failures) <= heal_delay(failures + 1) <= LONGEST_HEAL_S


def test_after_a_failed_initialization_the_next_attempt_waits_and_a_pass_ends_the_counting() -> None:
    schedule = Schedule(Timing(60.0))
    schedule.failed_to_initialize(100.0)
    assert not schedule.due(0, 100.9)
    assert schedule.due(0, 101.0)
    schedule.initialized()
    schedule.failed_to_initialize(101.0)
    assert not schedule.due(0, 102.9)
    assert schedule.due(0, 103.0)
    schedule.initialized()
    schedule.passed(103.0)
    assert schedule.failures == 0
    assert not schedule.due(0, 163.0)
    assert schedule.due(0, 163.1)


# ---- a week, with many connectors ------------------------------------------------------------------------------------

TICK = 1.0
WEEK = 7 * 24 * 3_600.0
EPOCH = 1_774_659_600_000  # 28 March 2026, 01:00 UTC: the night in which Europe's clocks are set forward follows

JUMP = st.sampled_from([-7 * 86_400, -3_600, -60, -1, 1, 60, 3_600, 86_400, 30 * 86_400])  # seconds; DST and worse


class Wall:
    """A wall clock that somebody sets now and then. Epoch milliseconds."""

    def __init__(self, jumps: list[tuple[float, int]]) -> None:
        self._at = [at for at, _ in jumps]
        self._offsets = list(accumulate((by for _, by in jumps), initial=0))

    def __call__(self, now: float) -> int:
        return EPOCH + int((now + self._offsets[bisect_right(self._at, now)]) * 1_000)


@dataclass
class Simulated:
    """One connector: its passes as (began, ended) on the monotonic clock, the moments at which it was built."""

    interval: float
    duration: float
    restarts: list[float]
    passes: list[tuple[float, float]] = field(default_factory=list)
    lives: list[float] = field(default_factory=lambda: [0.0])

    def run(self, wall: Wall) -> None:
        """A week of ticks, one a second. Of those between two passes only the first and the last two are looked at, and
        one somewhere in the middle."""
        schedule = Schedule(Timing(self.interval))
        restarts = list(self.restarts)
        now = 0.0
        while now < WEEK:
            while restarts and restarts[0] <= now:
                restarts.pop(0)
                schedule.initialized()
                self.lives.append(now)
            if schedule.due(wall(now), now):
                self.passes.append((now, now + self.duration))
                now = ceil(now + self.duration)  # no tick begins another one meanwhile
                schedule.passed(self.passes[-1][1])
                now += TICK
                continue
            ended = self.passes[-1][1] if self.passes else now
            due = ended + self.interval - 2 * TICK if self.interval > 0 else WEEK
            middle = (now + due) // 2 if now - ended < due - now else due
            now = max(now + TICK, float(int(min([middle, *restarts[:1]]))))

    def check(self) -> None:
        """Of each life: one pass at once, then one whenever the interval has gone by since the last one ended."""
        assert all(later[0] >= earlier[1] for earlier, later in pairwise(self.passes))
        for begin, end in zip(self.lives, [*self.lives[1:], WEEK], strict=True):
            mine = [one for one in self.passes if begin <= one[0] < end]
            if end - begin > TICK:
                assert mine
                assert mine[0][0] - begin <= TICK
            if self.interval <= 0:
                assert len(mine) <= 1
                continue
            for earlier, later in pairwise(mine):
                assert self.interval < later[0] - earlier[1] <= self.interval + 2 * TICK
            assert not mine or end - mine[-1][1] <= self.interval + 2 * TICK + self.duration


CONNECTOR = st.builds(
    Simulated,
    interval=st.sampled_from([0.0, -60.0, 60.0, 90.5, 600.0, 3_600.0, 86_400.0]),
    duration=st.sampled_from([0.0, 0.4, 5.0, 130.0, 2_000.0]),
    restarts=st.lists(st.floats(0, WEEK - 10), max_size=4).map(sorted),
)


@settings(max_examples=30, deadline=None)
@given(
    connectors=st.lists(CONNECTOR, min_size=1, max_size=20),
    jumps=st.lists(st.tuples(st.floats(0, WEEK), JUMP), max_size=12).map(sorted),
)
def test_over_a_week_no_refresh_is_missed_or_doubled_whatever_the_wall_clock_does(
    connectors: list[Simulated], jumps: list[tuple[float, int]]
) -> None:
    wall = Wall(jumps)
    for connector in connectors:
        connector.run(wall)
        connector.check()

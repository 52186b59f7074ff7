"""The circuit breaker: when a member is asked, on a clock of the test's own."""

from hypothesis import given
from hypothesis import strategies as st

from omrs_streams.federation.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def breaker(failures: int = 3) -> tuple[Breaker, Clock]:
    clock = Clock()
    return Breaker(failures, pause=1.0, longest=4.0, clock=clock), clock


def fail(tried: Breaker, clock: Clock) -> bool:
    started = clock.now
    clock.now += 0.1
    return tried.failed(started)


def test_it_opens_after_failures_one_after_the_other() -> None:
    tried, clock = breaker()
    assert [fail(tried, clock) for _ in range(3)] == [False, False, True]
    assert tried.open
    assert not fail(tried, clock), "it is open already"


def test_an_answer_in_between_starts_the_count_again() -> None:
    tried, clock = breaker()
    for _ in range(5):
        fail(tried, clock)
        fail(tried, clock)
        tried.succeeded()
    assert not tried.open


def test_calls_under_way_at_the_same_time_count_as_one() -> None:
    tried, clock = breaker()
    started = clock.now
    clock.now += 5
    assert not any(tried.failed(started) for _ in range(50))
    assert not tried.open


def test_one_trial_at_a_time_after_a_pause_that_doubles() -> None:
    tried, clock = breaker(failures=1)
    fail(tried, clock)
    pauses = []
    for _ in range(4):
        pauses.append(tried.until_trial)
        assert not tried.begin_trial(), "not yet"
        clock.now += tried.until_trial
        assert tried.begin_trial()
        assert not tried.begin_trial(), "one is under way"
        tried.trial_failed()
    assert pauses == [1.0, 2.0, 4.0, 4.0]
    clock.now += 4
    assert tried.begin_trial()
    tried.succeeded()
    assert not tried.open and tried.until_trial == 0.0
    fail(tried, clock)
    assert tried.until_trial == 1.0, "the pause begins anew"


@given(st.lists(st.sampled_from(("answer", "failure", "trial", "wait")), max_size=60))
def test_a_member_that_is_left_out_is_tried_again_for_ever(steps: list[str]) -> None:
    tried, clock = breaker()
    for step in steps:
        if step == "answer" and not tried.open:
            tried.succeeded()
        elif step == "failure":
            fail(tried, clock)
        elif step == "trial" and tried.begin_trial():
            tried.trial_failed()
        else:
            clock.now += 0.7
    assert tried.until_trial <= 4.0
    clock.now += tried.until_trial
    assert tried.begin_trial() == tried.open

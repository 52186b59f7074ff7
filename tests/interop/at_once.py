"""One test body for every home at the same time: an Egeria member looks at its topics once a second, both ways, so
nearly all the time of a test is waiting."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import permutations

from cohort_of_three import HOMES, Cohort
from member import Member

Test = Callable[[Cohort], None]


def at_every_home(body: Callable[[Member, Cohort], None]) -> Test:
    """The test `body(home, cohort)` at each member; which one failed is noted on the error."""

    def test(cohort: Cohort) -> None:
        _together({name: partial(body, cohort.process(name).member, cohort) for name in HOMES})

    return _named(test, body)


def at_every_pair(body: Callable[[Member, Member, Cohort], None]) -> Test:
    """The test `body(home, other, cohort)` for each two members, in both orders."""

    def test(cohort: Cohort) -> None:
        _together(
            {
                f"{one} and {two}": partial(body, cohort.process(one).member, cohort.process(two).member, cohort)
                for one, two in permutations(HOMES, 2)
            }
        )

    return _named(test, body)


def _together(cases: Mapping[str, Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(cases)) as pool:
        running = {name: pool.submit(case) for name, case in cases.items()}
    failures = []
    for name, case in running.items():
        error = case.exception()
        if isinstance(error, Exception):
            error.add_note(f"at home: {name}")
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(cases)}", failures)


def _named(test: Test, body: Callable[..., None]) -> Test:
    # Not functools.wraps: pytest would look for fixtures of the names that `body` takes.
    test.__name__, test.__doc__, test.__module__ = body.__name__, body.__doc__, body.__module__
    return test

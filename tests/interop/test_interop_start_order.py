"""Our servers and a real Egeria register with one another in whatever order they start."""

from itertools import permutations

import pytest
from arriving import everybody_speaks
from cohort_of_three import HOMES, Founder

pytestmark = [pytest.mark.interop, pytest.mark.kafka, pytest.mark.timeout(900)]  # the first test may build Egeria


@pytest.mark.parametrize("order", list(permutations(HOMES)), ids="-".join)
def test_any_start_order(founder: Founder, order: tuple[str, ...]) -> None:
    """Each is there before the next one comes; in the end all have registered one another."""
    cohort = founder.cohort()
    with cohort.alive():
        for name in order:
            cohort.process(name).start()
        cohort.registered()
        times = {member.name: member.registration()["registrationTime"] for member in cohort.members}
        assert all(times.values()), times
        everybody_speaks(cohort)

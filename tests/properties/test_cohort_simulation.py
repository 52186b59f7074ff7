"""Four members, anything that may happen, and one mind in the end.

`long_cohort_simulation.py` runs as many more examples as one has time for.
"""

import pytest
from cohort_machine import CohortMachine
from hypothesis import HealthCheck, settings

# 2,000 examples take about a minute of one quiet core. They are the same each time (tests/conftest.py has its part in
# that): CI must not fail by chance.
EXAMPLES = 2_000
STEPS = 40

CohortMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


TestCohort = CohortMachine.TestCase
pytestmark = pytest.mark.timeout(1200)  # several minutes where other tests take the cores

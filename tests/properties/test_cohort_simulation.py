"""Four members, anything that may happen, and one mind in the end."""

import os

from cohort_machine import CohortMachine
from hypothesis import HealthCheck, settings

CohortMachine.TestCase.settings = settings(
    max_examples=int(os.environ.get("N", 200)),
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

TestCohort = CohortMachine.TestCase

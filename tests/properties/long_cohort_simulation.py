"""The simulated cohort for as long as one likes:

    python tests/properties/long_cohort_simulation.py --examples 20000 --seed 1

Examples are run in rounds, each with a seed of its own; a failure prints the seed and the shortest steps that show it.
"""

import argparse
import logging
import time
from pathlib import Path

from cohort_machine import CohortMachine
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

ROUND = 1_000  # examples of one seed; a round that fails can be repeated alone


def main() -> None:
    options = argparse.ArgumentParser(description=Path(__file__).name)
    options.add_argument("--examples", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1, help="of the first round; the next one has the next number")
    options.add_argument("--steps", type=int, default=40)
    chosen = options.parse_args()
    logging.disable(logging.WARNING)
    started = time.process_time()
    rounds = -(-chosen.examples // ROUND)
    for number in range(chosen.seed, chosen.seed + rounds):
        print(f"seed {number} ...", flush=True)
        run_state_machine_as_test(
            seed(number)(type(f"Round{number}", (CohortMachine,), {})),
            settings=settings(
                max_examples=min(ROUND, chosen.examples),
                stateful_step_count=chosen.steps,
                database=None,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    last = chosen.seed + rounds - 1
    print(
        f"{rounds * min(ROUND, chosen.examples)} examples of {chosen.steps} steps, seeds {chosen.seed} to {last}, "
        f"no counterexample, {time.process_time() - started:.0f} s of CPU"
    )


if __name__ == "__main__":
    main()

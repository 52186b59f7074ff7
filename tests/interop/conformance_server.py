"""Egeria's own conformance suite as a process: a cohort member that tries everything on another one and reports.

The suite is the repository workbench of release 4.2 (OMRS conformance § 1), from its released jars.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from omrs_schemas.typedefs.system import TypeSystem
from peer import JVM, QUIET, EgeriaPeer, built, class_path, require_java, run

PROJECT = Path(__file__).parent / "conformance"
MAIN = "interop.ConformanceServer"
WORKBENCH = "repository-workbench"

Bean = dict[str, Any]


class ConformanceServer(EgeriaPeer):
    """The suite, which begins when the server `under_test` joins its cohort. It knows the types of an archive only."""

    def __init__(
        self,
        root: Path,
        name: str,
        bootstrap_servers: str,
        cohort: str,
        types: TypeSystem,
        *,
        archive: Path,
        under_test: str,
        results: int,
    ) -> None:
        super().__init__(root, name, bootstrap_servers, cohort, types)
        self._archive = archive
        self._under_test = under_test
        self._results = results
        base = f"{self.member.url}/servers/{name}/open-metadata/conformance-suite/users/garygeeke"
        self._http = httpx.Client(base_url=base, timeout=120.0, trust_env=False)

    def close(self) -> None:
        self._http.close()
        self.member.close()

    def _program(self) -> list[str]:
        _, java = require_java()
        types = f"-Dtypes={self._archive}"
        return [java, *JVM, *QUIET, types, "-cp", suite_class_path(self.folder / "classes"), MAIN]

    def _options(self) -> dict[str, str]:
        return {**super()._options(), "tut": self._under_test, "results": str(self._results)}

    def _ready(self) -> str:
        return f"CONFORMANCE SERVER READY {self.name}"

    def finished(self) -> bool:
        """Whether every test has been made; what comes with events may still be added."""
        status = self._ask(f"/status/workbenches/{WORKBENCH}")["workbenchStatus"]
        return bool(status["workbenchComplete"])

    def summary(self) -> Bean:
        """The workbench's results: `profileSummaries` with the requirements' status, test cases by their outcome."""
        lab: Bean = self._ask("/report/summary")["testLabSummary"]
        [workbench] = lab["testSummariesFromWorkbenches"]
        found: Bean = workbench
        return found

    def failed(self) -> Sequence[Bean]:
        """Test cases with an assertion that failed, or that ended in an exception."""
        found: Sequence[Bean] = self._ask("/report/test-cases/failed").get("testCaseResults") or []
        return found

    def _ask(self, path: str) -> Bean:
        answer: Bean = self._http.get(path).raise_for_status().json()
        return answer


def suite_class_path(classes: Path) -> str:
    """The suite, compiled into the folder `classes`, before the member of which it is one more kind."""
    jars = sorted((built(PROJECT, "conformance-suite") / "dependency").glob("open-metadata-conformance-suite-*.jar"))
    needed = ":".join([*map(str, jars), class_path()])
    sources = sorted(str(path) for path in PROJECT.rglob("*.java"))
    run(["javac", "-parameters", "--release", "17", "-cp", needed, "-d", str(classes), *sources])
    return f"{classes}:{needed}"

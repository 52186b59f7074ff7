"""On what a run was made: figures without it say nothing."""

import os
import platform
from importlib.metadata import version
from typing import Any

import psutil

PACKAGES = ("faust-streaming", "aiokafka", "confluent-kafka", "fastavro", "rocksdict", "fastapi", "uvicorn", "duckdb")


def machine() -> dict[str, Any]:
    """Processor, cores, memory, load before the run, versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a Path would not read this file better
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def sentence(found: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    return (
        f"{found['processor']}, {found['cores']} cores, {found['memory_gb']} GB, load {found['load_before']} at first; "
        f"{found['system']}, Python {found['python']}; {packages}"
    )

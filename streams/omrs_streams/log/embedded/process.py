"""Background processes that outlive us: start detached, recognise again, stop; never touch a stranger's.

A pid alone says little, since numbers are used again. `birth` names the process for good: what the kernel says about
its start, which no other process with that number shares.
"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# Often enough not to be felt, seldom enough to cost nothing.
POLL_SECONDS = 0.05


def birth(pid: int) -> str | None:
    """What identifies the live process `pid`; None when there is none (a zombie counts as none)."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command name is in brackets and may hold anything, so count the fields behind the last bracket.
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        except OSError:
            return None
        state, start_ticks = fields[0], fields[19]
        return None if state in "ZX" else f"{boot}/{start_ticks}"
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def is_ours(pid: int | None, born: str | None) -> bool:
    """Whether `pid` is alive and still the process whose birth was recorded."""
    if pid is None or born is None:
        return False
    _reap(pid)
    return birth(pid) == born


def spawn(command: Sequence[str], environment: Mapping[str, str], output: Path) -> int:
    """Start `command` in a session of its own (no terminal, no Ctrl-C of ours), output appended to `output`."""
    with output.open("ab") as out, open(os.devnull, "rb") as nothing:  # noqa: PTH123
        return os.posix_spawn(
            command[0],
            list(command),
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, out.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, out.fileno(), 2),
            ],
            setsid=True,
        )


def terminate(processes: Sequence[tuple[int, str]], grace_seconds: float) -> list[int]:
    """SIGTERM to each (pid, birth) still alive, SIGKILL to those that remain after the grace. Returns the latter."""
    for pid, born in processes:
        _signal(pid, born, signal.SIGTERM)
    left = wait_gone(processes, grace_seconds)
    for pid, born in left:
        kill(pid, born)
    return [pid for pid, _ in left]


def kill(pid: int, born: str) -> None:
    """SIGKILL, and wait until it is gone (the kernel needs a moment to take a large process down)."""
    _signal(pid, born, signal.SIGKILL)
    wait_gone([(pid, born)], 10)


def wait_gone(processes: Sequence[tuple[int, str]], seconds: float) -> list[tuple[int, str]]:
    """Those that are still alive after at most `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        left = [(pid, born) for pid, born in processes if is_ours(pid, born)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(POLL_SECONDS)


def _signal(pid: int, born: str, number: signal.Signals) -> None:
    if is_ours(pid, born):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _reap(pid: int) -> None:
    """Collect the exit of a child of ours; somebody else's child is not ours to collect."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)

"""Connectors that do what they should not, as user code in a daemon process does it now and then."""

import os
import subprocess
import threading
import time
from itertools import count
from pathlib import Path

from omrs_connectors.sdk import IntegrationConnector


def note_the_time(connector: IntegrationConnector) -> None:
    """A line in the file that is the connector's endpoint."""
    with Path(connector.context.network_address).open("a") as out:
        out.write(f"{time.time()}\n")


class Sleeping(IntegrationConnector):
    """Never comes back, whoever asks."""

    def refresh(self) -> None:
        note_the_time(self)
        while True:
            time.sleep(3_600)


class Raising(IntegrationConnector):
    def refresh(self) -> None:
        raise RuntimeError("I always raise")


class Leaking(IntegrationConnector):
    """Keeps 1 GB, and never comes back."""

    def refresh(self) -> None:
        self.kept = []
        for _ in range(1_000):
            self.kept.append(bytearray(b"x" * (1 << 20)))
            time.sleep(0.001)
        time.sleep(3_600)


class Flooding(IntegrationConnector):
    """Creates as many terms as its configuration says, as fast as it can, and goes on until a file is there."""

    def refresh(self) -> None:
        wanted = int(self.context.configuration_properties["terms"])
        enough = Path(self.context.configuration_properties["until"])
        name = self.context.network_address
        for number in count():
            if number >= wanted and enough.exists():
                break
            self.context.create_entity("GlossaryTerm", {"qualifiedName": f"{name}-{number}"})


class Stubborn(IntegrationConnector):
    """Has all the time of the world, and does not look at `context.stopping`."""

    def refresh(self) -> None:
        threading.Event().wait(3_600)

    def disconnect(self) -> None:
        threading.Event().wait(3_600)


class Spinning(IntegrationConnector):
    """Takes a whole processor, and catches what it can."""

    def refresh(self) -> None:
        note_the_time(self)
        number = 0
        while True:
            try:
                number += 1
            except Exception:
                number = 0


class Exiting(IntegrationConnector):
    def refresh(self) -> None:
        raise SystemExit(1)


class Punctual(IntegrationConnector):
    """A good sibling: a line with the time for each refresh."""

    def refresh(self) -> None:
        note_the_time(self)


class Parent(IntegrationConnector):
    """Starts a program that takes an hour; the endpoint is a file for its process id and the connector's."""

    def refresh(self) -> None:
        program = subprocess.Popen(["sleep", "3600"])
        Path(self.context.network_address).write_text(f"{os.getpid()} {program.pid}")


class Unspeakable(IntegrationConnector):
    """Tells of a file whose name is no UTF-8, and of a file with a very long name."""

    def refresh(self) -> None:
        self.context.report.message("odd: caf\udce9.csv")
        self.context.report.count("caf\udce9")
        raise OSError(f"cannot read caf\udce9.csv, {'x' * 1_000_000}")

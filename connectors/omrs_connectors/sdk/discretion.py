"""Keeps secrets out of what people and topics are told: messages of errors, reports, log lines.

A connector may not know what its technology's driver writes into an exception. So every secret that it was handed is
remembered, in this process's memory only, and hidden wherever text leaves the connector; so are passwords in URLs.
"""

import logging
import re
import threading

from omrs_connectors.sdk.connections import HIDDEN, without_secrets

SHORTEST = 6  # characters: a shorter secret stands in ordinary words too, and hiding it would tell where it is

_lock = threading.Lock()
_handed: set[str] = set()
_pattern: re.Pattern[str] | None = None


def handed_out(secret: str) -> str:
    """Remembers a secret that a connector is given; returns it."""
    global _pattern
    if len(secret) >= SHORTEST and secret not in _handed:
        with _lock:
            _handed.add(secret)
            longest_first = sorted(_handed, key=len, reverse=True)
            _pattern = re.compile("|".join(map(re.escape, longest_first)))
    return secret


def discreet(text: str) -> str:
    """`text` without the secrets that were handed out, and without passwords in URLs.

    Names of files that are no UTF-8 come as lone surrogates, which no JSON and no log can hold: they are spelled out.
    """
    pattern = _pattern
    text = text.encode(errors="backslashreplace").decode()
    hidden: str = without_secrets(text if pattern is None else pattern.sub(HIDDEN, text))
    return hidden


class DiscreetFormatter(logging.Formatter):
    """Another formatter's lines, tracebacks included, without secrets."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return discreet(self._inner.format(record))


def hide_secrets_in_logs(*loggers: str) -> None:
    """From now on, in what the handlers of the root logger and of these write."""
    for name in (None, *loggers):
        for handler in logging.getLogger(name).handlers:
            if not isinstance(handler.formatter, DiscreetFormatter):
                handler.setFormatter(DiscreetFormatter(handler.formatter or logging.Formatter()))

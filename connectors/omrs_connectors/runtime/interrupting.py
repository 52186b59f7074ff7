"""Ending Python code that does not come back by itself."""

import ctypes
import threading


def interrupt(thread: threading.Thread) -> None:
    """Raises SystemExit in what `thread` runs, at its next step in Python: a connector that was given up and computes
    for ever would take a processor from all others. One that waits in a system call is not reached; it costs nothing.
    """
    if thread.ident is not None and thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))

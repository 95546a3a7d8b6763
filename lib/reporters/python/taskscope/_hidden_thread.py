"""A thread that the program does not notice."""

from __future__ import annotations

import _thread
import threading


class HiddenThread:
    """A daemon thread that ``threading.enumerate()`` does not list.

    A program may wait for all threads that are listed, or until their number is 1.
    """

    def __init__(self) -> None:
        self._running = threading.Lock()
        """A lock that is held while the thread runs."""
        self._starting = threading.Lock()
        """A lock that is held until the thread runs."""
        self._ident: int | None = None

    @property
    def is_alive(self) -> bool:
        return self._running.locked()

    @property
    def is_current(self) -> bool:
        """Whether the calling thread is this one."""
        return self._ident == threading.get_ident()

    def start(self) -> None:
        """Start the thread, and wait until it runs.

        :raises RuntimeError: if the system has no more threads, or the interpreter is exiting
        """
        self._running.acquire()
        self._starting.acquire()
        _thread.start_new_thread(self._start, ())
        self._starting.acquire()

    def join(self, seconds: float) -> None:
        """Wait until the thread has ended, or the time has passed."""
        if self._running.acquire(timeout=seconds):
            self._running.release()

    def run(self) -> None:
        """The code of the thread, which must not raise."""
        raise NotImplementedError

    def _start(self) -> None:
        self._ident = threading.get_ident()
        self._starting.release()
        try:
            self.run()
        finally:
            self._ident = None
            self._running.release()

"""Sends log records to the log of a task."""

from __future__ import annotations

import logging

from ._scope import innermost
from ._task import Task


_LEVELS = [
    (logging.CRITICAL, "fatal"),
    (logging.ERROR, "error"),
    (logging.WARNING, "warn"),
    (logging.INFO, "info"),
    (logging.DEBUG, "debug"),
]


class LogHandler(logging.Handler):
    """A handler for :mod:`logging` that appends each record to the log of the current task.

    Records outside of any task are not reported. The handler never raises :class:`TaskCancelled`.
    """

    def __init__(self, level: int | str = logging.NOTSET, *, task: Task | None = None) -> None:
        """Create a handler.

        :param level: the least level of the records to report
        :param task: the task that gets all records, instead of the current one
        """
        super().__init__(level)
        self._task = task

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and append a record, without the lock of the handler, which nothing here needs.

        A destructor that logs may run while tasks are locked, and must not wait for a thread that
        logs and waits for the tasks.
        """
        kept = self.filter(record)
        if kept:
            self.emit(kept if isinstance(kept, logging.LogRecord) else record)
        return bool(kept)

    def emit(self, record: logging.LogRecord) -> None:
        """Append a record to the log of its task."""
        task = self._task or innermost(lambda each: not each.is_bar)
        if task is None:
            return
        try:
            task._log(self.format(record), _level_of(record.levelno))
        except Exception:
            self.handleError(record)


def _level_of(number: int) -> str:
    return next((level for least, level in _LEVELS if number >= least), "trace")

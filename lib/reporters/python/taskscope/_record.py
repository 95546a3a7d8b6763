"""The pending changes of a task, and what to replay to a server that lost its data."""

from __future__ import annotations

import math
import threading
import time
from typing import Any, Callable

from ._limits import (
    LINE_CHARACTERS,
    LOG_LINE_LENGTH,
    MAX_LOG_CHARACTERS,
    MAX_REPORT_LINES,
    MAX_TASK_LOG_CHARACTERS,
    truncate,
)
from ._series import Series, add_points

LOCK = threading.RLock()
"""Guards all records and the reporter. The lock is reentrant, because signal handlers and
destructors may report, too."""

Change = dict[str, Any]
Lines = list[dict[str, Any]]
"""The time, text and perhaps the level of each line."""

_REPORT_CHARACTERS = 64 * 1024
"""The number of characters of log text at which a report is full."""

_log_characters = 0


class Record:
    """The changes of one task that are not sent yet. All methods need the lock.

    Updates are merged, and the newest value wins; state changes and log lines are not merged. So
    the size of a record does not depend on the rate of its updates.
    """

    __slots__ = (
        "client",
        "id",
        "parent",
        "is_cancelled",
        "is_closed",
        "is_refused",
        "is_inherited",
        "is_queued",
        "on_exit",
        "error_before",
        "first_child",
        "has_more_children",
        "progress",
        "current",
        "total",
        "draft",
        "draft_at",
        "_create",
        "_created_at",
        "_states",
        "_summary",
        "_lines",
        "_characters",
        "_dropped_lines",
        "_reported_lines",
        "_end",
        "_end_is_pending",
    )

    def __init__(self, client: str, id: str, parent: Record | None, create: Change) -> None:
        self.client = client
        self.id = id
        self.parent = parent
        self.is_cancelled: bool = parent is not None and parent.is_cancelled
        self.is_closed = False
        """Whether further changes are ignored."""
        self.is_refused = False
        """Whether the server refuses the task."""
        self.is_inherited = False
        """Whether the process that this one was forked from reports the task."""
        self.is_queued = False
        """Whether the reporter knows that there is something to send."""
        self.on_exit: Callable[[], object] | None = None
        """Makes a final update if the process exits while the task runs."""
        self.error_before: object = None
        """The identity of the last uncaught error when the task began."""
        self.first_child: Record | None = None
        self.has_more_children = False
        self.progress: float | None = None
        self.current: float | None = None
        self.total: float | None = None
        self.draft: Change | None = None
        """The merged updates that are not sent yet."""
        self.draft_at = 0.0
        self._create = create
        self._created_at = time.time()
        self._states: list[tuple[float, Change]] = []
        self._summary: Change = {}
        self._lines: Lines = []
        self._characters = 0
        self._dropped_lines = 0
        self._reported_lines = 0
        self._end: tuple[float, Change] | None = None
        self._end_is_pending = False
        self._queue_creation()

    @property
    def has_ended(self) -> bool:
        return self._end is not None

    @property
    def has_moved(self) -> bool:
        return self.has_ended or (self.progress or 0) > 0

    @property
    def has_pending(self) -> bool:
        return bool(self._states or self.draft is not None or self._lines or self._end_is_pending)

    def merge(self, field: str, value: object) -> None:
        """Report the value of a field of an update."""
        if self.draft is None:
            self.draft = {}
        self.draft[field] = value
        self.draft_at = time.time()

    def move(self, draft: Change, progress: float | None) -> None:
        """Set the progress, also in the update that a draft describes."""
        if progress is not None and not 0 <= progress <= 100:
            progress = min(100.0, max(0.0, progress))
        draft["progress"] = self.progress = progress

    def count(self, draft: Change) -> None:
        """Recompute the progress after a change of the counts, as the server does."""
        current, total = self.current, self.total
        if current is None:
            return
        progress = None
        # If more is done than the total, the total was wrong.
        if total is not None and 0 < total >= current:
            progress = 100.0 * current / total if current > 0 else 0.0
        # A total alone does not report progress, and must not replace progress that is calculated
        # from subtasks.
        if progress != self.progress:
            draft["progress"] = self.progress = progress

    def add_line(self, text: str, level: str | None) -> None:
        """Add a line to the log. The oldest lines are dropped if too many wait for the server."""
        text = truncate(text, LOG_LINE_LENGTH)
        line = {"at": time.time(), "text": text}
        self._lines.append(line if level is None else {**line, "level": level})
        self._count(len(text) + LINE_CHARACTERS)
        self._drop_excess()

    def end(self, change: Change) -> None:
        self._end = (time.time(), change)
        self._end_is_pending = True
        self.is_closed = True

    def request_cancel(self) -> None:
        """Report that the task was cancelled together with its parent."""
        self._states.append((time.time(), {"type": "request_cancel"}))

    def probe(self) -> None:
        """Send a report that changes nothing; a server without the task requests all of it."""
        self._states.append((time.time(), {"type": "start"}))

    def next_change(self, everything: bool) -> tuple[float, Change, Lines] | None:
        """Take the next pending change.

        :param everything: whether updates, log lines and the end are due, besides state changes
        :return: the time, the change, and the log lines in it; None if no change is due
        """
        if self._states:
            at, change = self._states.pop(0)
            return at, change, []
        if not everything:
            return None
        if self.draft is not None:
            draft, self.draft = self.draft, None
            self._remember(draft)
            return self.draft_at, {"type": "update", **draft}, []
        if self._lines:
            return self._next_lines()
        if self._end_is_pending and self._end is not None:
            self._end_is_pending = False
            at, change = self._end
            return at, change, []
        return None

    def restate(self, lines: Lines) -> None:
        """Report the whole task again.

        :param lines: the log lines that were sent but not committed
        """
        if self.draft is not None:
            self._remember(self.draft)
        self.draft = dict(self._summary) or None
        self._summary.pop("values", None)
        self._states = []
        self._queue_creation()
        self._add_notice()
        self._lines = lines + self._lines
        self._count(_characters_of(lines))
        self._drop_excess()
        self._reported_lines = 0
        self._end_is_pending = self._end is not None

    def discard(self) -> None:
        """Drop all pending changes, because the task will not be reported."""
        self.is_closed = True
        self._remove_lines(len(self._lines))
        self._states = []
        self._summary = {}
        self.draft = None
        self._end_is_pending = False

    def _queue_creation(self) -> None:
        self._states.append((self._created_at, {"type": "create", **self._create}))
        self._states.append((self._created_at, {"type": "start"}))
        if self.is_cancelled:
            self.request_cancel()

    def _remember(self, draft: Change) -> None:
        series: Series = self._summary.setdefault("values", {})
        for name, points in draft.get("values", {}).items():
            add_points(series, name, points)
        self._summary.update(draft)
        self._summary["values"] = series
        if not series:
            del self._summary["values"]
        metadata = self._summary.pop("metadata", None)
        if metadata is not None:
            merged = {**self._create.get("metadata", {}), **metadata}
            self._create["metadata"] = {
                key: value for key, value in merged.items() if value is not None
            }

    def _next_lines(self) -> tuple[float, Change, Lines]:
        self._add_notice()
        count = characters = 0
        for line in self._lines[:MAX_REPORT_LINES]:
            if count > 0 and characters + len(line["text"]) > _REPORT_CHARACTERS:
                break
            count += 1
            characters += len(line["text"])
        lines = self._remove_lines(count)
        first = self._reported_lines
        self._reported_lines += count
        return lines[0]["at"], {"type": "log", "first": first, "lines": lines}, lines

    def _add_notice(self) -> None:
        """Insert a line before the oldest one that says how many lines were dropped."""
        if self._dropped_lines == 0:
            return
        lines = "line" if self._dropped_lines == 1 else "lines"
        text = (
            f"({self._dropped_lines:,} {lines} left out: "
            "they came faster than they could be reported.)"
        )
        self._lines.insert(0, {"at": self._lines[0]["at"], "text": text})
        self._count(len(text) + LINE_CHARACTERS)
        self._dropped_lines = 0

    def _drop_excess(self) -> None:
        while len(self._lines) > 1 and (
            self._characters > MAX_TASK_LOG_CHARACTERS or _log_characters > MAX_LOG_CHARACTERS
        ):
            # Dropping an eighth of the lines at a time keeps the amortised cost of a line
            # constant.
            self._dropped_lines += len(self._remove_lines((len(self._lines) + 7) // 8))

    def _remove_lines(self, count: int) -> Lines:
        lines = self._lines[:count]
        del self._lines[:count]
        self._count(-_characters_of(lines))
        return lines

    def _count(self, characters: int) -> None:
        global _log_characters
        self._characters += characters
        _log_characters += characters


def amount_of(value: object) -> float | None:
    """Convert a number of any type to one that JSON can express.

    :raises ValueError: if the value is not a finite number
    """
    if value is None:
        return None
    number = float(value)  # type: ignore[arg-type]
    if isinstance(value, str) or not math.isfinite(number):
        raise ValueError
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _characters_of(lines: Lines) -> int:
    return sum(len(line["text"]) + LINE_CHARACTERS for line in lines)

"""Tasks: what the user's code reports to."""

from __future__ import annotations

import contextvars
import time
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from types import TracebackType
from typing import Any, TypeVar, overload

from ._errors import TaskCancelled, end_with
from ._fields import (
    KEEP,
    LOG_LEVELS,
    LARGEST,
    NUMBERS,
    Amount,
    Keep,
    LogLevel,
    amount_or_keep,
    is_between,
    length_of,
    merge_metadata,
    merge_values,
)
from ._limits import NAME_LENGTH, STATUS_LENGTH, UNIT_LENGTH, short_text_of, text_of
from ._process import open_record, reporter, task_ended
from ._record import LOCK, Change, Record
from ._values import bounded_json
from ._warnings import warn_once

Item = TypeVar("Item")
Self = TypeVar("Self", bound="Task")


class _Done:
    """An awaitable without a result that is already done."""

    def __await__(self) -> Generator[Any, Any, None]:
        return iter(())  # type: ignore[return-value]


_DONE = _Done()
scope: contextvars.ContextVar[Task | None] = contextvars.ContextVar("taskscope_task", default=None)
"""The innermost task whose block, function or progress bar surrounds the running code."""


class Task:
    """A task or subtask. As a context manager, it ends with the block.

    No method raises anything but :class:`TaskCancelled`, whatever happens to the server. All
    methods can be called from any thread; after the end of the task, they do nothing.
    """

    __slots__ = ("_record", "_outer", "_before", "_children", "_result")

    def __init__(self, record: Record, outer: Task | None) -> None:
        self._record = record
        self._outer = outer
        """The task that surrounds this one in the program."""
        self._before: Task | None = None
        """The task whose block surrounds the block of this task."""
        self._children: dict[Task, None] = {}
        """The subtasks that end together with this task."""
        self._result: object = None
        """The result to report at the end of the block."""

    @property
    def id(self) -> str:
        """The task's id."""
        return self._record.id

    @property
    def client(self) -> str:
        """The client that the task belongs to."""
        return self._record.client

    @property
    def is_bar(self) -> bool:
        """Whether the task stands for a progress bar."""
        return self._record.on_exit is not None

    @property
    def is_done(self) -> bool:
        """Whether the task accepts no more subtasks, although it has not ended."""
        return False

    @property
    def is_left(self) -> bool:
        """Whether code outside of the task's block has ended the block."""
        return False

    @property
    def is_outermost(self) -> bool:
        """Whether no unfinished task of this process surrounds the task."""
        return self._outer is None or self._outer._record.is_closed

    @property
    def cancelled(self) -> bool:
        """Whether someone has cancelled the task or one of its ancestors."""
        return self._record.is_cancelled

    def update(
        self,
        progress: Amount = KEEP,
        status: str | Keep = KEEP,
        *,
        current: Amount = KEEP,
        total: Amount = KEEP,
        unit: str | None | Keep = KEEP,
        metadata: Mapping[str, Any] | Keep = KEEP,
        values: Mapping[str, float] | Keep = KEEP,
    ) -> Awaitable[None]:
        """Report progress. Cheap enough for a tight loop, because updates are merged.

        An invalid value is ignored with a warning.

        :param progress: 0 to 100; None while it is indeterminate
        :param status: what the task is doing
        :param current: how many of the total are done
        :param total: how many there are to do; None if that is unknown
        :param unit: what they are, such as ``"files"`` or ``"B"``
        :param metadata: any other data, as JSON; a key that is None is removed
        :param values: numbers to chart over time, such as ``{"loss": 0.12}``, in at most 16 series
        :return: an awaitable that is already done, so that ``await task.update(…)`` works as well
        :raises TaskCancelled: if someone has cancelled the task
        """
        record = self._record
        with LOCK:
            if record.is_cancelled or record.is_closed:
                self._check()
                return _DONE
            draft = record.draft
            if draft is None:
                draft = record.draft = {}
            # Short texts and plain numbers are checked here: a call would make each update slower.
            if status is not KEEP:
                if type(status) is not str or 2 * len(status) > STATUS_LENGTH:
                    status = short_text_of(status, STATUS_LENGTH)
                draft["status"] = status
            if current is not KEEP:
                if type(current) not in NUMBERS or not abs(current) <= LARGEST:  # type: ignore
                    current = amount_or_keep(current, "current")
            if total is not KEEP:
                if type(total) not in NUMBERS or not abs(total) <= LARGEST:  # type: ignore
                    total = amount_or_keep(total, "total")
            if progress is not KEEP:
                if type(progress) not in NUMBERS or not abs(progress) <= LARGEST:  # type: ignore
                    progress = amount_or_keep(progress, "progress")
            if current is not KEEP:
                draft["current"] = record.current = current
            if total is not KEEP:
                draft["total"] = record.total = total
            if progress is not KEEP:
                record.move(draft, progress)
            elif current is not KEEP or total is not KEEP:
                record.count(draft)
            if unit is not KEEP:
                if unit is not None and (type(unit) is not str or 2 * len(unit) > UNIT_LENGTH):
                    unit = short_text_of(unit, UNIT_LENGTH)
                draft["unit"] = unit
            if metadata is not KEEP:
                merge_metadata(draft, metadata)
            if values is not KEEP:
                merge_values(draft, values)
            record.draft_at = time.time()
            if not record.is_queued:
                reporter().changed(record)
        return _DONE

    def log(self, line: str, level: LogLevel | None = None) -> None:
        """Append a line to the task's log.

        :param line: the line; text beyond 8,192 characters is cut off
        :param level: how severe it is
        :raises TaskCancelled: if someone has cancelled the task
        """
        self._check()
        self._log(line, level if level in LOG_LEVELS else None)

    @overload
    def track(
        self, items: AsyncIterable[Item], *, total: float | None = None, unit: str | None = None
    ) -> AsyncIterator[Item]:
        ...

    @overload
    def track(
        self, items: Iterable[Item], *, total: float | None = None, unit: str | None = None
    ) -> Iterator[Item]:
        ...

    def track(self, items: Any, *, total: float | None = None, unit: str | None = None) -> Any:
        """Iterate over items, and report each completed one as progress.

        :param items: the items, sync or async
        :param total: their number, if they have no ``len()``
        :param unit: what they are, such as ``"files"``
        :return: an iterator over the same items, which raises TaskCancelled once someone has
            cancelled the task
        """
        if total is None:
            total = length_of(items)
        unit_field: str | Keep = KEEP if unit is None else unit
        if hasattr(items, "__aiter__") and not hasattr(items, "__iter__"):
            return self._track_async(items, total, unit_field)
        return self._track(items, total, unit_field)

    def child(self, name: str, *, weight: float = 1, share: float | None = None) -> Task:
        """Start a subtask, which does a share of this task's work.

        Unless this task reports its own progress, its progress is computed from its subtasks. The
        subtask ends with its ``with`` block or ``finish()``, at the latest with this task.

        :param name: the name of the subtask
        :param weight: its weight, relative to its siblings without a share, which divide the rest
        :param share: the share of this task's work that it does, from 0 to 1, instead of a weight
        :raises TaskCancelled: if someone has cancelled the task
        """
        self._check()
        create: Change = {
            "name": short_text_of(name, NAME_LENGTH) or "subtask",
            "parent_id": self.id,
        }
        if is_between(weight, 0, LARGEST):
            create["weight"] = float(weight)
        if share is not None and is_between(share, 0, 1):
            create["share"] = float(share)
        child = Task(open_record(create, self.client, self._record), self)
        with LOCK:
            self._children[child] = None
        return child

    def expect(self, weight: float | None) -> None:
        """Declare the sum of the weights of all subtasks, including those that have not started.

        :param weight: the sum of the weights; None to withdraw an earlier declaration

        :raises TaskCancelled: if someone has cancelled the task
        """
        self._check()
        if weight is not None and not is_between(weight, 0, LARGEST):
            warn_once("Ignored an expected weight: wanted a number of at least 0 or None")
            return
        record = self._record
        with LOCK:
            if not record.is_closed:
                record.merge("expected_weight", None if weight is None else float(weight))
                reporter().changed(record)

    def finish(self, result: object = None) -> None:
        """End the task as ``FINISHED``.

        :param result: any value, of which the record gets a copy as JSON of at most 64 KiB
        """
        for child in self._unfinished_children():
            child.finish()
        copy, is_cut = bounded_json(result)
        if is_cut:
            self._log("The result was cut to fit the limits of a record")
        self._end({"type": "finish", "result": copy})

    def fail(self, error: BaseException | str) -> None:
        """End the task as ``ERROR``, or as ``CANCELLED`` if the error is a cancellation."""
        for child in self._unfinished_children():
            child.fail(error)
        self._end(end_with(error))

    def __enter__(self: Self) -> Self:
        self._enter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leave()
        if (
            error is None
            or isinstance(error, GeneratorExit)
            or (isinstance(error, SystemExit) and not error.code)
        ):
            self.finish(self._result)
        else:
            self.fail(error)

    async def __aenter__(self: Self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<taskscope.Task {self.id} of {self.client}>"

    def _enter(self) -> None:
        self._before = scope.get()
        scope.set(self)

    def _leave(self) -> None:
        # Not with ``scope.reset()``, whose token is invalid in another context, such as the one
        # that finalises an async generator.
        scope.set(self._before)
        # Callbacks that the block has scheduled keep this task alive, but not the one before it:
        # otherwise, a callback that schedules itself again would keep all tasks of its past alive.
        self._before = None

    def _suspend(self) -> Task | None:
        """Leave the block until it is resumed, and return the innermost task in it."""
        inner = scope.get()
        self._leave()
        return inner

    def _resume(self, inner: Task | None) -> None:
        """Enter the block again where it was suspended, perhaps from another place."""
        while inner is not None and inner.is_left:
            inner = inner._before
        self._before = scope.get()
        scope.set(inner)

    def _check(self) -> None:
        record = self._record
        if record.is_cancelled and not record.has_ended:
            raise TaskCancelled("The task was cancelled")

    def _log(self, line: object, level: str | None = None) -> None:
        """Append a line, also to a task that was cancelled."""
        record = self._record
        text = line if type(line) is str else text_of(line)
        with LOCK:
            if not record.is_closed:
                record.add_line(text, level)
                reporter().changed(record)

    def _track(
        self, items: Iterable[Item], total: float | None, unit: str | None | Keep
    ) -> Iterator[Item]:
        count = 0
        self.update(current=count, total=total, unit=unit)
        for item in items:
            self._check()
            yield item
            count += 1
            self.update(current=count)

    async def _track_async(
        self, items: AsyncIterable[Item], total: float | None, unit: str | None | Keep
    ) -> AsyncIterator[Item]:
        count = 0
        self.update(current=count, total=total, unit=unit)
        async for item in items:
            self._check()
            yield item
            count += 1
            self.update(current=count)

    def _unfinished_children(self) -> list[Task]:
        with LOCK:
            children, self._children = list(self._children), {}
        return [child for child in children if not child._record.has_ended]

    def _end(self, change: Change) -> None:
        record = self._record
        with LOCK:
            if self._outer is not None:
                self._outer._children.pop(self, None)
            if record.is_closed:
                return
            record.end(change)
            reporter().changed(record, is_urgent=True)
        task_ended(self.is_outermost)

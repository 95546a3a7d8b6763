"""Reports the progress bars of tqdm as tasks, and nested bars as subtasks."""

from __future__ import annotations

import math
import os
import sys
import weakref
from typing import Any, Callable

from ._errors import TaskCancelled
from ._fields import KEEP
from ._process import is_worker, reporter
from ._record import LOCK, Record
from ._series import is_value_name
from ._scope import TaskOptions, enclosing
from ._task import Task, scope
from ._warnings import warn_once

_NORMAL_ENDS = (StopIteration, StopAsyncIteration)


class BarTask(Task):
    """The task of a progress bar."""

    __slots__ = ("name", "has_status", "error_before", "_bar")

    def __init__(self, record: Record, bar: Any, name: str) -> None:
        super().__init__(record, enclosing())
        self.name = name
        self.has_status = False
        self.error_before = id(sys.exc_info()[1])
        """The identity of the exception that was being handled when the bar began."""
        self._bar = weakref.ref(bar)
        record.on_exit = self._show_last

    @property
    def is_done(self) -> bool:
        bar = self._bar()
        return bar is None or bar.disable or (bar.total is not None and bar.n >= bar.total)

    @property
    def is_left(self) -> bool:
        bar = self._bar()
        return bar is None or bar.disable

    def _show_last(self) -> None:
        bar = self._bar()
        if bar is not None:
            _show(bar)

    def finish_later(self) -> None:
        """End the task like the surrounding one if that ends soon, otherwise as ``FINISHED``."""
        if self.is_outermost and is_worker():
            # No error can follow: multiprocessing catches those of its workers.
            return self.finish()
        with LOCK:
            if self._outer is not None:
                siblings = self._outer._children
                for ended in [each for each in siblings if each._record.has_ended]:
                    del siblings[ended]
                siblings[self] = None
            reporter().end_later(self._record, {"type": "finish", "result": None})


def hooks(base: type) -> dict[str, Callable[..., Any]]:
    """Return the methods of a tqdm class, extended so that its bars report to a server."""
    refresh, update, set_postfix, close, leave = (
        getattr(base, name) for name in ("refresh", "update", "set_postfix", "close", "__exit__")
    )
    current = scope

    def reporting_refresh(self: Any, nolock: bool = False, lock_args: Any = None) -> Any:
        result = refresh(self, nolock=nolock, lock_args=lock_args)
        # With nolock, the caller holds tqdm's lock, under which no other lock may be taken.
        if not nolock and not self.disable:
            _safely(_show, self)
        return result

    def reporting_update(self: Any, n: Any = 1) -> Any:
        result = update(self, n)
        task = self.__dict__.get("_taskscope_bar")
        if task is not None:
            task._check()
        return result

    def reporting_set_postfix(
        self: Any, ordered_dict: Any = None, refresh: Any = True, **kwargs: Any
    ) -> Any:
        _safely(_keep_values, self, {**(ordered_dict or {}), **kwargs})
        return set_postfix(self, ordered_dict, refresh, **kwargs)

    def reporting_close(self: Any) -> Any:
        try:
            return close(self)
        finally:
            # While the interpreter exits, bars are closed after this module's globals are gone.
            task = self.__dict__.get("_taskscope_bar")
            if task is not None and current.get() is task:
                current.set(task._before)
            if task is not None and not task._record.is_closed:
                _safely(_end, self, task, sys.exc_info()[1])

    def reporting_exit(self: Any, kind: Any, error: Any, trace: Any) -> Any:
        task = self.__dict__.get("_taskscope_bar")
        if task is not None and error is not None:
            _safely(_end, self, task, error)
        return leave(self, kind, error, trace)

    return {
        "refresh": reporting_refresh,
        "update": reporting_update,
        "set_postfix": reporting_set_postfix,
        "close": reporting_close,
        "__exit__": reporting_exit,
    }


def patch_tqdm() -> None:
    """Make every tqdm bar of this process report, also those of libraries.

    Nested bars become subtasks. A bar raises :class:`TaskCancelled` after someone has cancelled
    its task. Bars that are disabled do not report.

    :raises ImportError: if tqdm is not installed
    """
    from tqdm.std import tqdm

    if not getattr(tqdm, "_reports_to_taskscope", False):
        for name, method in hooks(tqdm).items():
            setattr(tqdm, name, method)
        setattr(tqdm, "_reports_to_taskscope", True)


def reporting_tqdm() -> tuple[Any, Callable[..., Any]]:
    """Return a class of bars that report, and its ``trange``.

    :raises ImportError: if tqdm is not installed
    """
    from tqdm.auto import tqdm

    bars = type("tqdm", (tqdm,), hooks(tqdm))

    def trange(*args: Any, **kwargs: Any) -> Any:
        """Return ``tqdm(range(*args), **kwargs)``."""
        return bars(range(*args), **kwargs)

    return bars, trange


def _safely(report: Callable[..., None], *args: Any) -> None:
    """Call a function that reports a bar; if it raises, warn and let the bar continue."""
    try:
        report(*args)
    except Exception as error:
        warn_once(f"Cannot report a progress bar ({type(error).__name__})")


def _show(bar: Any) -> None:
    task = bar.__dict__.get("_taskscope_bar")
    if task is None:
        task = _begin(bar)
    scale = (
        bar.unit_scale
        if isinstance(bar.unit_scale, (int, float)) and bar.unit_scale not in (0, 1)
        else 1
    )
    total = None if bar.total is None else bar.total * scale
    try:
        task.update(
            current=bar.n * scale,
            total=total,
            unit=bar.unit,
            status=_status_of(bar, task),
            values=bar.__dict__.pop("_taskscope_values", KEEP),
        )
    except TaskCancelled:
        pass  # The bar's next update raises it.


def _keep_values(bar: Any, postfix: dict[str, Any]) -> None:
    """Keep the numbers of a bar's postfix until the bar is drawn, which reports them."""
    values = {
        name: float(value)
        for name, value in postfix.items()
        if is_value_name(name)
        and not isinstance(value, (str, bool))
        and hasattr(value, "__float__")
        and math.isfinite(float(value))
    }
    if values:
        bar._taskscope_values = values


def _begin(bar: Any) -> BarTask:
    name = _text_of(bar.desc)
    options = TaskOptions(name or os.path.basename(sys.argv[0] if sys.argv else "") or "tqdm")
    task = BarTask(options.open(), bar, name)
    task._enter()
    bar._taskscope_bar = task
    return task


def _status_of(bar: Any, task: BarTask) -> Any:
    description, postfix = _text_of(bar.desc), str(bar.postfix or "")
    parts = [part for part in (description if description != task.name else "", postfix) if part]
    task.has_status = task.has_status or bool(parts)
    return ", ".join(parts) if task.has_status else KEEP


def _text_of(description: Any) -> str:
    return str(description or "").strip().rstrip(":")


def _end(bar: Any, task: BarTask, error: BaseException | None) -> None:
    _show(bar)
    if id(error) == task.error_before or isinstance(error, _NORMAL_ENDS):
        error = None
    if error is not None and not isinstance(error, GeneratorExit):
        task.fail(error)
    elif error is not None or (bar.total is not None and bar.n < bar.total):
        # The loop was left early, by a break or an error; only the code around it knows which.
        task.finish_later()
    else:
        task.finish()

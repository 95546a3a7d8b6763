"""How errors end tasks."""

from __future__ import annotations

import asyncio
import sys

from ._record import Change
from ._values import error_of


class TaskCancelled(Exception):
    """Raised by the next call of a task's methods after someone has cancelled the task.

    The task of a function that raises it ends as ``CANCELLED``. Code that catches every exception
    should raise it again; otherwise, the next call raises another one.
    """


def end_with(error: BaseException | str) -> Change:
    """Return the end of a task with an error: a cancellation, or else a failure."""
    if isinstance(error, (TaskCancelled, asyncio.CancelledError, KeyboardInterrupt)):
        return {"type": "cancelled"}
    return {"type": "fail", "error": error_of(error)}


def last_error() -> BaseException | None:
    """Return the uncaught error that ended the program, or that an interactive session showed
    last.
    """
    error = getattr(sys, "last_value", None)
    return error if isinstance(error, BaseException) else None


def identity_of(error: BaseException | None) -> object:
    """Return a value that is equal only for the same error, and does not keep it alive."""
    if error is None:
        return None
    try:
        # The id() of an error that is gone may be reused, and most errors support no weak
        # references.
        return error.__dict__.setdefault("_taskscope_identity", object())
    except Exception:
        return id(error)

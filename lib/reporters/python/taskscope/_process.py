"""The reporter of this process: a forked child gets another one, and it is flushed at exit."""

from __future__ import annotations

import atexit
import os
import sys

from ._config import server_from_environment
from ._errors import end_with, identity_of, last_error
from ._identity import new_task_id
from ._record import LOCK, Change, Record
from ._reporter import Reporter
from ._warnings import reset_after_fork, silence

_EXIT_SECONDS = 1.5
"""How long an exiting process waits for the server before it stops the background thread."""
_COMMIT_SECONDS = 2.0
"""How long the end of a task waits for its commit, if the process may be killed afterwards."""

_reporter: Reporter | None = None


def reporter() -> Reporter:
    """Return the reporter of this process; it reads the environment when the first task starts."""
    global _reporter
    with LOCK:
        if _reporter is None:
            _reporter = Reporter(server_from_environment())
            _flush_at_exit_of_worker()
        return _reporter


def open_record(create: Change, client: str, parent: Record | None) -> Record:
    """Create a task and begin to report it.

    :param create: its name and other fields that do not change
    :param client: the client that it belongs to
    :param parent: the record of its parent, if this process reports that task
    """
    record = Record(client, new_task_id(), parent, create)
    record.error_before = identity_of(last_error())
    reporter().open(record)
    return record


def task_ended(is_outermost: bool) -> None:
    """Wait until the end of a task is committed, if this process may be killed without notice."""
    # A pool of multiprocessing kills its workers as soon as it has their results.
    if is_outermost and _reporter is not None and is_worker():
        _reporter.flush(_COMMIT_SECONDS)


def is_worker() -> bool:
    """Return whether multiprocessing started this process, and may kill it without notice."""
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _flush_at_exit_of_worker() -> None:
    util = sys.modules.get("multiprocessing.util")
    if util is not None and is_worker():
        # Processes of multiprocessing do not run atexit handlers.
        util.Finalize(None, _at_exit, exitpriority=-1_000)


def _at_exit() -> None:
    reporter = _reporter
    if reporter is None:
        return
    try:
        _end_unfinished(reporter)
        reporter.flush(_EXIT_SECONDS, is_last=True)
    except BaseException:
        pass  # Such as Ctrl+C, which ends the wait.
    silence()
    # Tasks that finalizers start later are not monitored: a thread that is started while the
    # interpreter exits keeps it from exiting (before Python 3.12).
    reporter.give_up("the process exits")
    reporter.suspend()


def _end_unfinished(reporter: Reporter) -> None:
    error = last_error()
    for record in reporter.unfinished():
        if record.on_exit is not None:
            record.on_exit()
        with LOCK:
            record.end(_change_at_exit(record, error))
            reporter.changed(record, is_urgent=True)


def _change_at_exit(record: Record, error: BaseException | None) -> Change:
    # In an interactive session, the error may be older than the task.
    if error is not None and identity_of(error) != record.error_before:
        return end_with(error)
    if record.on_exit is not None:
        return {"type": "finish", "result": None}
    return {
        "type": "fail",
        "error": {"type": "interrupted", "message": "The process exited while the task ran"},
    }


def _before_fork() -> None:
    # The forked process has only the thread that forks, so the background thread must not hold a
    # lock when it is copied.
    if _reporter is not None:
        _reporter.suspend()
    LOCK.acquire()


def _after_fork_in_parent() -> None:
    LOCK.release()
    if _reporter is not None:
        _reporter.resume()


def _after_fork_in_child() -> None:
    global _reporter
    if _reporter is not None:
        _reporter.inherit()
        _reporter = None
    reset_after_fork()
    LOCK.release()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )

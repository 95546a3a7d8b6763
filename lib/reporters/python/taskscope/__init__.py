"""Reports tasks of Python programs to a Taskscope server, which shows them live.

    import taskscope

    @taskscope.monitored
    def convert(files, task):
        for file in task.track(files, unit="files"):
            task.update(status=f"Reading {file}")

The server is at ``TASKSCOPE_SERVER``, by default ``http://127.0.0.1:8000``; ``TASKSCOPE_KEY`` is
its key or a token, and ``TASKSCOPE_CLIENT`` the client that tasks belong to. Whatever happens to
the server, results, errors and the exit status of a program stay the same.
"""

from ._bars import patch_tqdm
from ._errors import TaskCancelled
from ._log_handler import LogHandler
from ._monitored import monitored
from ._reflex import monitored_background_task
from ._scope import current_task, task
from ._task import Task

for _public in (LogHandler, Task, TaskCancelled):
    # So that tracebacks and pickles name the classes by the module that programs import.
    _public.__module__ = __name__

__version__ = "0.0.0"  # The build replaces this version.

__all__ = [
    "LogHandler",
    "Task",
    "TaskCancelled",
    "current_task",
    "monitored",
    "monitored_background_task",
    "patch_tqdm",
    "task",
]

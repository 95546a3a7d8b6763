"""Starts tasks as subtasks of the task in whose block or function the code runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ._config import CLIENT_RULE, default_client, is_client, surrounding_task_id
from ._limits import MAX_TAGS, METADATA_BYTES, NAME_LENGTH, TAG_LENGTH, truncate
from ._process import open_record
from ._record import Change, Record
from ._task import Task, scope
from ._values import metadata_of


class TaskOptions:
    """The options of a task to start, checked once."""

    def __init__(
        self,
        name: str,
        client: str | None = None,
        tags: Iterable[str] = (),
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        if client is not None and not is_client(client):
            raise ValueError(
                f"Cannot create task: the client must be {CLIENT_RULE}, received {client!r:.200}"
            )
        labels = list(tags)
        if isinstance(tags, str) or not all(
            isinstance(tag, str) and 0 < len(tag) <= TAG_LENGTH for tag in labels
        ):
            raise ValueError(
                f"Cannot create task: tags must be texts of 1 to {TAG_LENGTH} characters"
            )
        if len(labels) > MAX_TAGS:
            raise ValueError(
                f"Cannot create task: at most {MAX_TAGS} tags are possible, received {len(labels)}"
            )
        data = metadata_of(metadata or {})
        if data is None:
            raise ValueError(
                "Cannot create task: "
                f"metadata must be a JSON object of at most {METADATA_BYTES} bytes"
            )
        self._client = client
        self._create: Change = {
            "name": truncate(str(name), NAME_LENGTH) or "task",
            "tags": labels,
            "metadata": data,
        }

    def begin(self, client: str | None = None) -> Task:
        """Start a task. The task is a subtask of the surrounding task, unless it has another
        client.

        :param client: replaces the client of the options
        """
        return Task(self.open(client), enclosing())

    def open(self, client: str | None = None) -> Record:
        """Start a task as :meth:`begin` does, but return its record."""
        create = dict(self._create)
        client = client or self._client
        parent = innermost(lambda task: _adopts(task) and client in (None, task.client))
        if parent is not None:
            create["parent_id"] = parent.id
            return open_record(create, parent.client, parent._record)
        parent_id = surrounding_task_id()
        if parent_id is not None and client in (None, default_client()):
            create["parent_id"] = parent_id
        return open_record(create, client or default_client(), None)


def task(
    name: str,
    *,
    client: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Task:
    """Start a task, which ends with its ``with`` block, or with ``finish()`` or ``fail()``.

    Inside another task, it is a subtask of that task, unless it has another client.

    :param name: the name of the task
    :param client: the client that it belongs to; by default that of the surrounding task, else
        that of the environment
    :param tags: labels to filter by
    :param metadata: any other data, as JSON
    :raises ValueError: if the client, a tag or the metadata is invalid
    """
    return TaskOptions(name, client, tags, metadata).begin()


def current_task() -> Task:
    """Return the task of the ``@monitored`` function or the ``with`` block that this code runs in.

    :raises RuntimeError: if the code runs in no task
    """
    found = innermost(lambda task: not task.is_bar)
    if found is None:
        raise RuntimeError(
            "Cannot get current task: "
            "wanted a call inside a monitored function or the block of a task"
        )
    return found


def enclosing() -> Task | None:
    """Return the innermost unfinished task around the running code, except refused bars."""

    def is_over(task: Task) -> bool:
        return task._record.has_ended or (task.is_bar and task._record.is_refused)

    return innermost(lambda task: not is_over(task))


def innermost(accepts: Callable[[Task], bool]) -> Task | None:
    """Return the innermost task around the running code that a condition accepts."""
    task = scope.get()
    while task is not None and not accepts(task):
        task = task._outer
    return task


def _adopts(task: Task) -> bool:
    record = task._record
    return not (record.has_ended or record.is_refused or task.is_done)

"""The decorator of the template "Reflex Task Monitoring", under its old name."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Callable

from ._config import is_client
from ._monitored import name_of, task_parameter, wrap
from ._scope import TaskOptions


def monitored_background_task(
    function: Callable[..., Any] | str | None = None, *, name: str | None = None
) -> Any:
    """Make a task of each call of a method of a Reflex state, which gets the task after ``self``.

    Works as ``@monitored_background_task``, ``@monitored_background_task()`` and
    ``@monitored_background_task("name")``. The client of the task is the client token of the
    state's session, if it has one. If Reflex is imported, the method becomes a background event.

    :param function: the method, or the name of its tasks
    :param name: the name of its tasks; by default that of the method
    """
    if isinstance(function, str):
        function, name = None, function

    def decorate(method: Callable[..., Any]) -> Any:
        if not callable(method):
            raise TypeError(f"Cannot monitor {method!r:.200}: wanted a method")
        parameter = task_parameter(method) or _second_parameter(method)
        wrapped = wrap(method, TaskOptions(name or name_of(method)), parameter, _client_token)
        reflex = sys.modules.get("reflex")
        event = getattr(reflex, "event", None)
        return wrapped if event is None else event(background=True)(wrapped)

    return decorate if function is None else decorate(function)


def _second_parameter(method: Callable[..., Any]) -> str | None:
    names = list(inspect.signature(method).parameters)
    return names[1] if len(names) > 1 else None


def _client_token(args: tuple[Any, ...]) -> str | None:
    try:
        token = args[0].router.session.client_token
    except Exception:
        return None
    return token if isinstance(token, str) and is_client(token) else None

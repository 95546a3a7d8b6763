"""The decorator that makes a task of each call of a function."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Callable, TypeVar, get_args, overload

from ._scope import TaskOptions
from ._task import Task

if TYPE_CHECKING:
    from typing_extensions import Concatenate, ParamSpec

    Params = ParamSpec("Params")

Result = TypeVar("Result")
Instance = TypeVar("Instance")
Function = TypeVar("Function", bound=Callable[..., Any])
Inject = Callable[
    ["tuple[Any, ...]", "dict[str, Any]", Task], "tuple[tuple[Any, ...], dict[str, Any]]"
]


class Decorator:
    """The result of ``monitored(…)`` with options."""

    def __init__(self, options: Callable[[Any], TaskOptions]) -> None:
        self._options = options

    # mypy reports overlapping overloads; other type checkers take the first match.
    @overload
    def __call__(  # type: ignore[misc]
        self, function: Callable[Concatenate[Task, Params], Result]
    ) -> Callable[Params, Result]:
        ...

    @overload
    def __call__(  # type: ignore[misc]
        self, function: Callable[Concatenate[Instance, Task, Params], Result]
    ) -> Callable[Concatenate[Instance, Params], Result]:
        ...

    @overload
    def __call__(self, function: Function) -> Function:
        ...

    def __call__(self, function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(self(function.__func__))
        if isinstance(function, type) or not callable(function):
            raise TypeError(f"Cannot monitor {function!r:.200}: wanted a function or method")
        return wrap(function, self._options(function), task_parameter(function))


@overload
def monitored(  # type: ignore[misc]
    function: Callable[Concatenate[Task, Params], Result], /
) -> Callable[Params, Result]:
    ...


@overload
def monitored(  # type: ignore[misc]
    function: Callable[Concatenate[Instance, Task, Params], Result], /
) -> Callable[Concatenate[Instance, Params], Result]:
    ...


@overload
def monitored(function: Function, /) -> Function:
    ...


@overload
def monitored(
    *,
    name: str | None = None,
    client: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Decorator:
    ...


def monitored(
    function: Any = None,
    /,
    *,
    name: str | None = None,
    client: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """Make a task of each call of a function, coroutine function, generator function or method.

    The decorated function behaves as before: same kind, arguments, result and errors. Its code
    gets the task from :func:`current_task`, or for a parameter that callers leave out: one that is
    annotated with :class:`Task`, or that is named ``task`` and not annotated.

    The task of a generator begins with its first item, and ends with the generator.

    :param name: the name of the tasks; by default that of the function
    :param client: the client that they belong to; by default that of the surrounding task, else
        that of the environment
    :param tags: labels to filter by
    :param metadata: any other data, as JSON
    :raises ValueError: if the client, a tag or the metadata is invalid
    """
    labels = tuple(tags) if not isinstance(tags, str) else tags

    def options(decorated: Any) -> TaskOptions:
        return TaskOptions(name or name_of(decorated), client, labels, metadata)

    decorator = Decorator(options)
    return decorator if function is None else decorator(function)


def wrap(
    function: Callable[..., Any],
    options: TaskOptions,
    parameter: str | None,
    client_of: Callable[[tuple[Any, ...]], str | None] = lambda args: None,
) -> Callable[..., Any]:
    """Wrap a function in one of the same kind, whose calls are tasks.

    :param function: the function
    :param options: the options of its tasks
    :param parameter: the name of the parameter that gets the task, if any
    :param client_of: returns the client of a call from its arguments; None: that of the options
    """
    inject = _injector(function, parameter)

    def begin(args: tuple[Any, ...]) -> Task:
        return options.begin(client_of(args))

    if inspect.isasyncgenfunction(function):
        wrapper = _wrap_async_generator(function, begin, inject)
    elif inspect.isgeneratorfunction(function):
        wrapper = _wrap_generator(function, begin, inject)
    elif inspect.iscoroutinefunction(function):
        wrapper = _wrap_coroutine(function, begin, inject)
    else:
        wrapper = _wrap_function(function, begin, inject)
    functools.update_wrapper(wrapper, function)
    if parameter is not None:
        signature = _signature(function)
        others = [each for each in signature.parameters.values() if each.name != parameter]
        wrapper.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
    return wrapper


def name_of(function: Any) -> str:
    """Return the name of a function; of the wrapped function if it is a ``functools.partial``."""
    return getattr(getattr(function, "func", function), "__name__", "task")


def task_parameter(function: Callable[..., Any]) -> str | None:
    """Return the name of the parameter for the task; None if a function has none."""
    try:
        parameters = _signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    named = [
        each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    for each in named:
        if _is_task(each.annotation, function):
            return each.name
    for each in named:
        if each.name == "task" and each.annotation is each.empty:
            return each.name
    return None


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    if sys.version_info >= (3, 14):
        import annotationlib

        return inspect.signature(function, annotation_format=annotationlib.Format.FORWARDREF)
    return inspect.signature(function)


def _is_task(annotation: object, function: Callable[..., Any]) -> bool:
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, getattr(inspect.unwrap(function), "__globals__", {}))
        except Exception:
            return annotation == "taskscope.Task"
    return annotation is Task or Task in get_args(annotation)


def _injector(function: Callable[..., Any], parameter: str | None) -> Inject:
    """Return a function that adds the task to the arguments of a call."""
    if parameter is None:
        return lambda args, kwargs, task: (args, kwargs)
    name = parameter
    parameters = _signature(function).parameters
    if parameters[name].kind is inspect.Parameter.KEYWORD_ONLY:
        return lambda args, kwargs, task: (args, {name: task, **kwargs})
    index = list(parameters).index(name)

    def inject(
        args: tuple[Any, ...], kwargs: dict[str, Any], task: Task
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if name in kwargs:
            return args, kwargs
        if len(args) >= index:
            return args[:index] + (task,) + args[index:], kwargs
        return args, {name: task, **kwargs}

    return inject


def _wrap_function(
    function: Callable[..., Any], begin: Callable[[tuple[Any, ...]], Task], inject: Inject
) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with begin(args) as task:
            args, kwargs = inject(args, kwargs, task)
            task._result = result = function(*args, **kwargs)
        return result

    return wrapper


def _wrap_coroutine(
    function: Callable[..., Awaitable[Any]],
    begin: Callable[[tuple[Any, ...]], Task],
    inject: Inject,
) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        with begin(args) as task:
            args, kwargs = inject(args, kwargs, task)
            task._result = result = await function(*args, **kwargs)
        return result

    return wrapper


def _wrap_generator(
    function: Callable[..., Generator[Any, Any, Any]],
    begin: Callable[[tuple[Any, ...]], Task],
    inject: Inject,
) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        __tracebackhide__ = True
        with begin(args) as task:
            args, kwargs = inject(args, kwargs, task)
            generator = function(*args, **kwargs)
            resume: Callable[[Any], Any] = generator.send
            argument: Any = None
            while True:
                try:
                    item = resume(argument)
                except StopIteration as stop:
                    task._result = stop.value
                    return stop.value
                # The code that runs until the generator is resumed is not a part of the task.
                inner = task._suspend()
                try:
                    resume, argument = generator.send, (yield item)
                except GeneratorExit:
                    task._resume(inner)
                    generator.close()
                    raise
                except BaseException as error:
                    resume, argument = generator.throw, error
                task._resume(inner)

    return wrapper


def _wrap_async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]],
    begin: Callable[[tuple[Any, ...]], Task],
    inject: Inject,
) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        __tracebackhide__ = True
        with begin(args) as task:
            args, kwargs = inject(args, kwargs, task)
            generator = function(*args, **kwargs)
            resume: Callable[[Any], Awaitable[Any]] = generator.asend
            argument: Any = None
            while True:
                try:
                    item = await resume(argument)
                except StopAsyncIteration:
                    return
                inner = task._suspend()
                try:
                    resume, argument = generator.asend, (yield item)
                except GeneratorExit:
                    task._resume(inner)
                    await generator.aclose()
                    raise
                except BaseException as error:
                    resume, argument = generator.athrow, error
                task._resume(inner)

    return wrapper

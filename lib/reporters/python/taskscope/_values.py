"""Converts values of the user's code to JSON within the limits of a record.

Nothing here runs the user's code, except the ``__str__`` of exceptions.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import math
import numbers
import pathlib
import traceback
import uuid
from typing import Any, Iterable

from ._limits import (
    ERROR_MESSAGE_LENGTH,
    ERROR_STACK_LENGTH,
    ERROR_TYPE_LENGTH,
    JSON_DEPTH,
    METADATA_BYTES,
    RESULT_BYTES,
    text_of,
    truncate,
)

_TEXTS = (
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    pathlib.PurePath,
    uuid.UUID,
)
_MAX_SAFE_INTEGER = 2**53 - 1
_FLOAT_BYTES = 25
"""The maximum length, in bytes, of a number with a fraction in a server's JSON."""
_END_BYTES = 3_000
"""The bytes that notes at the end of shortened values may take in addition to the limit."""


def bounded_json(value: object, max_bytes: int = RESULT_BYTES) -> tuple[Any, bool]:
    """Copy a value as JSON.

    Dataclasses and named tuples become objects, lists, tuples and sets arrays; dates, paths,
    decimals and large integers become text; any other object the name of its class.

    :return: the copy, and whether it is cut to the limits
    """
    writer = _Writer(max_bytes - _END_BYTES)
    try:
        return writer.copy(value, JSON_DEPTH), writer.is_cut
    except Exception:
        # A subclass of a standard type, or another thread that changes the value, can raise
        # anything.
        return f"<{type(value).__name__}>", True


def metadata_of(value: object) -> dict[str, Any] | None:
    """Copy metadata as a JSON object; None if it can't be one, or exceeds the limit."""
    if not isinstance(value, dict):
        return None
    copy, is_cut = bounded_json(value, METADATA_BYTES)
    return None if is_cut else copy


def error_of(error: object) -> dict[str, str]:
    """Describe an exception, with the end of its traceback, or any other value. Never raises."""
    message = text_of(error)
    if not isinstance(error, BaseException):
        return {"message": truncate(message, ERROR_MESSAGE_LENGTH), "type": "Error"}
    if isinstance(error, SystemExit):
        message = f"Exited with status {message}"
    return {
        "message": truncate(message, ERROR_MESSAGE_LENGTH),
        "type": truncate(type(error).__name__, ERROR_TYPE_LENGTH),
        "stack": _stack_of(error),
    }


def _stack_of(error: BaseException) -> str:
    frames = error.__traceback__
    # The frames of the wrappers, which pytest hides as well, say nothing about the error.
    while frames is not None and frames.tb_frame.f_locals.get("__tracebackhide__"):
        frames = frames.tb_next
    try:
        stack = "".join(traceback.format_exception(type(error), error, frames))
    except Exception:
        return type(error).__name__
    # The end of a traceback says most.
    most = ERROR_STACK_LENGTH // 2
    return stack if len(stack) <= most else "…" + stack[1 - most :]


class _Writer:
    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._ancestors: list[int] = []
        self.is_cut = False

    def copy(self, value: object, depth: int) -> Any:
        if value is None or isinstance(value, bool):
            self._left -= 5
            return value
        if isinstance(value, enum.Enum):
            return self.copy(value.value, depth)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, numbers.Real):
            return self._number(value)
        if isinstance(value, (bytes, bytearray)):
            return self._text(bytes(value[: self._left]).decode("utf-8", "replace"))
        if isinstance(value, _TEXTS):
            return self._text(str(value))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            items = (
                (field.name, getattr(value, field.name, None))
                for field in dataclasses.fields(value)
            )
            return self._nest(value, depth, items, is_object=True)
        if isinstance(value, dict):
            return self._nest(value, depth, value.items(), is_object=True)
        names = getattr(value, "_fields", None)
        if isinstance(value, tuple) and isinstance(names, tuple):
            return self._nest(value, depth, zip(names, value), is_object=True)
        if isinstance(value, (list, tuple, set, frozenset)):
            return self._nest(value, depth, ((None, item) for item in value), is_object=False)
        return self._text(f"<{type(value).__module__}.{type(value).__qualname__}>")

    def _nest(
        self, value: Any, depth: int, items: Iterable[tuple[Any, Any]], is_object: bool
    ) -> Any:
        if id(value) in self._ancestors:
            return self._text("<circular>")
        if depth == 0:
            self.is_cut = True
            return self._text("…")
        self._ancestors.append(id(value))
        self._left -= 2
        copies: dict[str, Any] = {}
        for index, (name, item) in enumerate(items):
            if self._left <= 0:
                self.is_cut = True
                copies["…"] = f"… {len(value) - index} more" if hasattr(value, "__len__") else "…"
                break
            key = (
                self._text(name if isinstance(name, str) else str(self.copy(name, 0)))
                if is_object
                else str(index)
            )
            self._left -= 2
            copies[key] = self.copy(item, depth - 1)
        self._ancestors.pop()
        return copies if is_object else list(copies.values())

    def _number(self, value: Any) -> Any:
        if isinstance(value, numbers.Integral):
            number = int(value)
            if abs(number) <= _MAX_SAFE_INTEGER:
                self._left -= len(str(number))
                return number
            return self._text(str(number) if number.bit_length() < 1_000 else hex(number))
        self._left -= _FLOAT_BYTES
        real = float(value)
        return real if math.isfinite(real) else None

    def _text(self, text: str) -> str:
        text = text_of(text)
        if 6 * len(text) > self._left:
            text = self._cut(text)
        self._left -= _bytes_of(text)
        return text

    def _cut(self, text: str) -> str:
        left = max(self._left, 0)
        if len(text) <= left and _bytes_of(text) <= left:
            return text
        self.is_cut = True
        low, high = 0, min(len(text), left)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if _bytes_of(text[:middle]) <= left else (low, middle - 1)
        return text[:low] + "…"


def _bytes_of(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode("utf-8", "replace"))

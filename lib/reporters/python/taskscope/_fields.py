"""The fields of an update, and how their values are checked."""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args

from ._limits import MAX_SERIES
from ._record import Change, amount_of
from ._series import add_points, is_value_name
from ._values import metadata_of
from ._warnings import warn_once


class Keep(enum.Enum):
    KEEP = "keep"

    def __repr__(self) -> str:
        return "KEEP"


KEEP = Keep.KEEP
"""The default of an argument: the field keeps its value, while None sets it to unknown."""
LogLevel = Literal["trace", "debug", "info", "warn", "error", "fatal"]
LOG_LEVELS = get_args(LogLevel)
Amount = Union[float, None, Keep]

LARGEST = 1e308
"""The largest amount that is reported."""
NUMBERS = frozenset({int, float})
"""The types of amounts that JSON can express as they are."""


def amount_or_keep(value: object, field: str) -> Amount:
    """Return an amount as a number that JSON has; KEEP, with a warning, if the amount is
    invalid."""
    try:
        return amount_of(value)
    except Exception:
        warn_once(f'Ignored part of an update: wanted a finite number or None for "{field}"')
        return KEEP


def merge_metadata(draft: Change, metadata: object) -> None:
    """Merge metadata into a draft; ignore it with a warning if it is invalid."""
    merged = None
    try:
        if isinstance(metadata, Mapping):
            merged = metadata_of({**draft.get("metadata", {}), **metadata})
    except Exception:
        pass  # A mapping of the user's own class may raise when it is read.
    if merged is None:
        warn_once("Ignored part of an update: metadata must be a JSON object of at most 16 KiB")
    else:
        draft["metadata"] = merged


def merge_values(draft: Change, values: object) -> None:
    """Add values to a draft; ignore invalid ones with a warning."""
    now = time.time()
    series = draft.setdefault("values", {})
    try:
        for name, value in dict(values).items():  # type: ignore[call-overload]
            number = amount_of(value)
            if number is None or not is_value_name(name):
                raise ValueError
            if not add_points(series, name, [[now, number]]):
                warn_once(f"Ignored a value: a task has at most {MAX_SERIES} series of values")
    except Exception:
        warn_once(
            "Ignored values: wanted finite numbers, by names of 1 to 64 characters of "
            "A-Z a-z 0-9 _ . : / - and inner spaces"
        )
    if not series:
        del draft["values"]


def is_between(value: object, least: float, most: float) -> bool:
    """Return whether a value is a number in a range, limits included."""
    return isinstance(value, (int, float)) and least <= value <= most


def length_of(items: Any) -> float | None:
    """Return the length of a collection; None if it has none."""
    try:
        return len(items)
    except Exception:
        return None

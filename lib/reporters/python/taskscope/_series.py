"""The values of a task over time, until they are sent."""

from __future__ import annotations

import re
from typing import Any

from ._limits import MAX_SERIES, MAX_UNSENT_POINTS

Series = dict[str, list[list[float]]]
"""The points of each series, each a time and a value, oldest first."""

_NAME = re.compile(r"(?!__proto__\Z)[A-Za-z0-9_](?:[A-Za-z0-9_ .:/-]{0,62}[A-Za-z0-9_.:/-])?\Z")


def is_value_name(name: object) -> bool:
    """Return whether servers accept the name of a series."""
    return isinstance(name, str) and _NAME.match(name) is not None


def add_points(series: Series, name: str, points: list[list[float]]) -> bool:
    """Add points that are later than those of the series.

    Beyond the maximum number of points, the first and the last are kept, and the lowest and the
    highest of every four in between.

    :return: whether there is room for the series
    """
    if name not in series and len(series) == MAX_SERIES:
        return False
    kept = series.setdefault(name, [])
    kept.extend(points)
    while len(kept) > MAX_UNSENT_POINTS:
        kept[1:-1] = [
            point
            for start in range(1, len(kept) - 1, 4)
            for point in _extremes(kept[start : min(start + 4, len(kept) - 1)])
        ]
    return True


def _extremes(points: list[list[float]]) -> list[list[float]]:
    def value_of(point: Any) -> float:
        return point[1]

    lowest, highest = min(points, key=value_of), max(points, key=value_of)
    return [point for point in points if point is lowest or point is highest]

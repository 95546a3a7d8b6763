"""The limits of the fields of a record, and of the memory of a reporter."""

from __future__ import annotations

ID_LENGTH = 128
NAME_LENGTH = 200
STATUS_LENGTH = 1_000
UNIT_LENGTH = 32
LOG_LINE_LENGTH = 8_192
ERROR_MESSAGE_LENGTH = 4_096
ERROR_TYPE_LENGTH = 128
ERROR_STACK_LENGTH = 16_384
RESULT_BYTES = 65_536
METADATA_BYTES = 16_384
MAX_TAGS = 32
TAG_LENGTH = 64
JSON_DEPTH = 56
MAX_SERIES = 16
"""The maximum number of series of values of a task."""
MAX_UNSENT_POINTS = 64
"""The maximum number of unsent points of one series."""

MAX_TASKS = 10_000
"""The maximum number of tasks at a time, including ended ones that are not committed yet."""
MAX_REPORT_LINES = 1_000
"""The maximum number of log lines in one report."""
LINE_CHARACTERS = 64
"""The number of characters by which an unsent log line counts more than its text."""
MAX_TASK_LOG_CHARACTERS = 8 * 1024 * 1024
"""The maximum characters in the unsent log lines of a task; beyond it, the oldest are dropped."""
MAX_LOG_CHARACTERS = 64 * 1024 * 1024
"""The maximum characters in all unsent log lines; each task keeps at least its newest line."""


def truncate(text: str, most: int) -> str:
    """Shorten a text to a maximum length in UTF-16 code units, in which servers count."""
    if 2 * len(text) <= most:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= 2 * most:
        return text
    return units[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "…"


def text_of(value: object) -> str:
    """Convert any value to text. Never raises."""
    try:
        # The text of a member of a str enumeration is its value, not its name.
        return str.__str__(value) if isinstance(value, str) else str(value)
    except Exception:
        return "(not convertible to text)"


def short_text_of(value: object, most: int) -> str:
    """Convert any value to text of a maximum length in UTF-16 code units. Never raises."""
    if type(value) is str and 2 * len(value) <= most:
        return value
    return truncate(text_of(value), most)

"""Batches of reports: the unit that a server acknowledges."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Iterator

from ._record import Lines, Record

_MAX_REPORTS = 1_000
_MAX_CHARACTERS = 256 * 1024
"""The number of characters at which a batch is full. Even with one more report, it fits into the
1 MiB that servers accept."""


class Batch:
    """Reports that are sent, and resent, until the server has acknowledged them."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.records: dict[Record, None] = {}
        self.created: set[Record] = set()
        """The records that the batch creates; once it is acknowledged, the server knows them."""
        self._reports: list[str] = []
        self._characters = 0
        self._lines: dict[Record, Lines] = {}

    @property
    def is_empty(self) -> bool:
        return not self._reports

    @property
    def is_full(self) -> bool:
        return len(self._reports) >= _MAX_REPORTS or self._characters >= _MAX_CHARACTERS

    def add(self, record: Record, seq: int, everything: bool) -> bool:
        """Add the next pending change of a record; return False if it has none."""
        taken = record.next_change(everything)
        if taken is None:
            return False
        at, change, lines = taken
        report = {"client": record.client, "id": record.id, "at": at, "seq": seq, "change": change}
        text = json.dumps(report, separators=(",", ":"))
        self._reports.append(text)
        self._characters += len(text)
        self.records[record] = None
        if lines:
            self._lines.setdefault(record, []).extend(lines)
        if change["type"] == "create":
            self.created.add(record)
        return True

    def lines_of(self, record: Record) -> Lines:
        """Return the log lines of a record in this batch."""
        return self._lines.get(record, [])

    def body(self, secret: str) -> bytes:
        """Return the request body, which says when it was sent."""
        proof = json.dumps(secret)
        head = f'{{"secret":{proof},"batch":{self.number},"sent_at":{time.time()!r},"reports":['
        return (head + ",".join(self._reports) + "]}").encode()


class Outbox:
    """The records with something to send, in order.

    State changes go first: the progress of a task depends on which subtasks exist before the first
    one progresses.
    """

    def __init__(self) -> None:
        self._first: deque[tuple[Record, bool]] = deque()
        self._dirty: deque[Record] = deque()
        self._newest_batch = 0
        self._newest_seq = 0

    @property
    def is_empty(self) -> bool:
        return not self._first and not self._dirty

    def put_state(self, record: Record, everything: bool = False) -> None:
        """Queue a record whose state changes, or all changes, are sent before other records."""
        self._first.append((record, everything))

    def put(self, record: Record) -> None:
        """Add a record with pending changes, unless it is already there."""
        if not record.is_queued:
            # In this order, an interrupt in between may queue the record twice, but never lose it.
            self._dirty.append(record)
            record.is_queued = True

    def dirty(self) -> tuple[Record, ...]:
        """Return the records with pending changes other than state changes."""
        return tuple(self._dirty)

    def cut(self) -> Batch | None:
        """Take a batch; None if there is nothing to send."""
        batch = Batch(self._newest_batch + 1)
        for record, everything in self._in_order():
            while not batch.is_full and batch.add(record, self._newest_seq + 1, everything):
                self._newest_seq += 1
            if batch.is_full:
                break
        if batch.is_empty:
            return None
        self._newest_batch = batch.number
        return batch

    def _in_order(self) -> Iterator[tuple[Record, bool]]:
        # A record is removed only when the next one is requested, because some of its changes may
        # not fit into the batch.
        while self._first:
            yield self._first[0]
            self._first.popleft()
        while self._dirty:
            record = self._dirty[0]
            yield record, True
            record.is_queued = False
            self._dirty.popleft()

"""The reporter of a process: sends the changes of all tasks from one background thread."""

from __future__ import annotations

import random
import threading
import time
from typing import NamedTuple

from ._batch import Batch, Outbox
from ._config import Server
from ._hidden_thread import HiddenThread
from ._identity import new_identity
from ._limits import MAX_TASKS
from ._record import LOCK, Change, Record
from ._transport import Rejected, Reply, Transport, Unreachable
from ._warnings import warn_once

_INTERVAL_SECONDS = 0.05
"""The minimum time between two batches of updates; starts and ends are sent at once."""
_POLL_SECONDS = 0.5
"""The interval at which the server is polled for cancellations while nothing is reported."""
_IDLE_SECONDS = 1.0
"""How long the connection is kept open while there is no task."""
_FIRST_RETRY_SECONDS = 0.25
_MAX_RETRY_SECONDS = 5.0
_MAX_RETRY_NEVER_CONNECTED_SECONDS = 30.0
_FAST_ATTEMPTS = 10
"""The number of failures after which a server that was never reached is retried less often."""
_EXIT_RETRY_SECONDS = 0.1
_UNDECIDED_SECONDS = 1.0
"""How long the task of a loop that was left early is undecided: an error may still follow."""
_STOP_SECONDS = 0.3


class Reporter:
    """Keeps the records of a process until the server has committed them."""

    def __init__(self, server: Server | None) -> None:
        self._server = server
        self._identity = new_identity()
        self._records: dict[tuple[str, str], Record] = {}
        self._outbox = Outbox()
        self._batch: Batch | None = None
        """The batch that is sent, or resent, until it is acknowledged."""
        self._undecided: list[_Undecided] = []
        self._sender: _Sender | None = None
        self._progressed = threading.Condition(LOCK)
        self._is_urgent = False
        self._is_closing = False
        self._has_been_up = False
        self._is_silent = False
        """Whether a wait for the server timed out; nothing waits again until it responds."""
        self._attempts = 0
        self._acknowledged = 0
        """The number of batches that the server has committed."""
        self._failures = 0
        self._sent_at = 0.0
        self._retry_at = 0.0

    def open(self, record: Record) -> None:
        """Begin to report a task. Beyond the maximum number of tasks, it is not monitored."""
        with LOCK:
            if self._server is None or len(self._records) >= MAX_TASKS:
                self._refuse(record)
                if self._server is not None:
                    warn_once(
                        f"{MAX_TASKS} tasks wait for {self._server.address}, "
                        "so further ones run unmonitored"
                    )
                return
            self._records[record.client, record.id] = record
            self._end_undecided(threading.get_ident())
            if record.parent is not None:
                self._put_before_subtask(record.parent, record)
            self._outbox.put_state(record)
            self._send_soon(is_urgent=True)
            self.resume()

    def changed(self, record: Record, is_urgent: bool = False) -> None:
        """Send the pending changes of a task soon, or at once. Needs the lock."""
        if not record.is_refused and not record.is_inherited:
            self._outbox.put(record)
            self._send_soon(is_urgent)

    def end_later(self, record: Record, change: Change) -> None:
        """End a task unless something else ends it first. Needs the lock."""
        at = time.monotonic() + _UNDECIDED_SECONDS
        self._undecided.append(_Undecided(at, threading.get_ident(), record, change))

    def unfinished(self) -> list[Record]:
        """Return the tasks that have not ended, the newest first."""
        with LOCK:
            return [record for record in reversed(self._records.values()) if not record.has_ended]

    def inherit(self) -> None:
        """Leave the tasks to the process that this one was forked from."""
        for record in self._records.values():
            record.is_inherited = record.is_closed = True
        if self._sender is not None:
            self._sender.transport.close()

    def flush(self, seconds: float, is_last: bool = False) -> None:
        """Wait until everything is committed, the time has passed, or no server can be reached.

        :param seconds: the time to wait; if ``is_last``, each commit starts it anew
        :param is_last: whether the process exits; then a server that restarts is retried often
        """
        deadline = time.monotonic() + seconds
        with LOCK:
            if self._is_silent and not is_last:
                return
            self._is_closing = is_last
            attempts = self._attempts
            acknowledged = self._acknowledged
            self._retry_at = 0.0 if is_last else self._retry_at
            self._send_soon(is_urgent=True)
            while not self._is_settled:
                may_retry = is_last and (self._has_been_up or self._attempts == attempts)
                if is_last and self._acknowledged > acknowledged:
                    # The server has just come back: give it the whole time for the other batches.
                    acknowledged = self._acknowledged
                    deadline = time.monotonic() + seconds
                left = deadline - time.monotonic()
                self._is_silent = left <= 0
                if self._sender is None or left <= 0 or (self._failures > 0 and not may_retry):
                    return
                self._progressed.wait(left)

    def suspend(self) -> None:
        """Stop the background thread for a fork, or for good; wait briefly until it has ended."""
        sender = self._sender
        if sender is not None and not sender.is_current:
            sender.stop()
            sender.join(_STOP_SECONDS)

    def resume(self) -> None:
        """Start the background thread, unless it runs or is not needed."""
        with LOCK:
            runs = (
                self._sender is not None
                and self._sender.is_alive
                and not self._sender.is_stopped
            )
            if runs or self._server is None or (not self._records and self._is_settled):
                return
            self._sender = _Sender(self, Transport(self._server, self._identity.id))
            try:
                self._sender.start()
            except RuntimeError:
                # The interpreter is exiting, or the system has no more threads.
                self._sender = None
                self.give_up("it can't start a thread")

    # The background thread calls the following methods.

    def wait_seconds(self) -> float | None:
        """Return how long to wait for something to send; None if that is unlimited."""
        with LOCK:
            now = time.monotonic()
            if not self._records and self._is_settled:
                return None
            if self._failures > 0:
                return max(0.0, self._retry_at - now)
            if self._batch is not None or (self._is_urgent and not self._outbox.is_empty):
                return 0.0
            interval = _POLL_SECONDS if self._outbox.is_empty else _INTERVAL_SECONDS
            return max(0.0, self._sent_at + interval - now)

    def send(self, sender: _Sender) -> None:
        """Send the next batch, or an empty one, and apply the replies."""
        with LOCK:
            self._is_urgent = False
            self._end_undecided()
            if self._batch is None:
                self._batch = self._outbox.cut()
                # Changes that did not fit into the batch are sent without a pause.
                self._is_urgent = self._batch is not None and self._batch.is_full
            batch = self._batch or Batch(0)
            self._sent_at = time.monotonic()
        try:
            replies = sender.transport.post(batch.body(self._identity.secret))
        except Unreachable:
            with LOCK:
                if not sender.is_stopped:
                    self._failed()
        except Rejected as rejected:
            with LOCK:
                if not sender.is_stopped:
                    self._rejected(rejected)
        else:
            with LOCK:
                if not sender.is_stopped:
                    self._succeeded(batch, replies)
        with LOCK:
            self._attempts += 1
            self._progressed.notify_all()

    def give_up(self, reason: str) -> None:
        """Run all tasks unmonitored from now on."""
        with LOCK:
            if self._server is not None:
                warn_once(
                    f"{self._server.address} accepts no reports ({reason}), "
                    "so tasks run unmonitored"
                )
            self._server = None
            self._batch = None
            self._outbox = Outbox()
            for record in list(self._records.values()):
                self._refuse(record)
            self._progressed.notify_all()

    @property
    def _is_settled(self) -> bool:
        return self._batch is None and self._outbox.is_empty

    def _put_before_subtask(self, parent: Record, child: Record) -> None:
        """Send the changes that must precede the creation of a subtask."""
        if parent.draft is not None and "expected_weight" in parent.draft:
            self._outbox.put_state(parent, everything=True)
        if parent.first_child is None:
            parent.first_child = child
        elif not parent.has_more_children:
            # The server knows how much work there is only if all subtasks exist before one
            # progresses.
            parent.has_more_children = True
            first = parent.first_child
            for record in self._outbox.dirty():
                if record.has_moved and (record is first or _is_below(record, first)):
                    self._outbox.put_state(record, everything=True)

    def _send_soon(self, is_urgent: bool) -> None:
        self._is_urgent = self._is_urgent or is_urgent
        if self._sender is not None:
            self._sender.wake()

    def _end_undecided(self, thread: int | None = None) -> None:
        """End the undecided tasks that are due, and those of a thread that starts another task."""
        undecided, self._undecided = self._undecided, []
        for each in undecided:
            if each.thread != thread and each.at > time.monotonic():
                self._undecided.append(each)
            elif not each.record.is_closed:
                each.record.end(each.change)
                self.changed(each.record)

    def _succeeded(self, batch: Batch, replies: list[Reply]) -> None:
        was_down = self._failures > 0 and self._has_been_up
        self._has_been_up = True
        self._is_silent = False
        self._failures = 0
        for reply in replies:
            self._execute(batch, reply)
        if self._batch is batch:
            return self._failed()  # The server did not acknowledge the batch.
        if was_down:
            # The server may also have lost tasks without pending changes.
            for record in self._records.values():
                if not record.has_pending and record not in batch.records:
                    record.probe()
                    self._outbox.put(record)

    def _execute(self, batch: Batch, reply: Reply) -> None:
        kind = reply.get("type")
        if kind == "taken":
            if batch is self._batch and reply.get("batch") == batch.number:
                self._taken(batch)
            return
        record = self._records.get((str(reply.get("client")), str(reply.get("id"))))
        if record is None:
            return
        if kind == "cancel":
            self._cancel(record)
        elif kind == "unknown" and record not in batch.created:
            record.restate(batch.lines_of(record))
            self._outbox.put_state(record)
            self._outbox.put(record)
        elif kind == "refused":
            self._refuse(record)
            if reply.get("reason") is not None:
                warn_once(f'Task "{record.id}" runs unmonitored: {reply["reason"]}')

    def _taken(self, batch: Batch) -> None:
        self._batch = None
        self._acknowledged += 1
        for record in batch.records:
            if record.has_ended and not record.has_pending:
                self._records.pop((record.client, record.id), None)

    def _cancel(self, cancelled: Record) -> None:
        cancelled.is_cancelled = True
        for record in self._records.values():
            if not record.is_cancelled and _is_below(record, cancelled):
                record.is_cancelled = True
                record.request_cancel()
                self._outbox.put(record)

    def _refuse(self, record: Record) -> None:
        record.is_refused = True
        record.discard()
        self._records.pop((record.client, record.id), None)

    def _failed(self) -> None:
        if not self._has_been_up and self._server is not None:
            warn_once(
                f"No server answers at {self._server.address}, "
                "so tasks run unmonitored until one does"
            )
        is_known = self._has_been_up or self._failures < _FAST_ATTEMPTS
        most = _MAX_RETRY_SECONDS if is_known else _MAX_RETRY_NEVER_CONNECTED_SECONDS
        delay = min(_FIRST_RETRY_SECONDS * 2 ** min(self._failures, 10), most)
        # The jitter prevents all reporters from reconnecting at once after a restart of the
        # server.
        delay *= 0.5 + random.random() / 2
        self._failures += 1
        self._retry_at = time.monotonic() + (_EXIT_RETRY_SECONDS if self._is_closing else delay)

    def _rejected(self, rejected: Rejected) -> None:
        # While a known server restarts, a proxy may respond in its place.
        if self._has_been_up and not rejected.is_from_server:
            self._failed()
        else:
            self.give_up(str(rejected))


class _Undecided(NamedTuple):
    """A task that ends at a time, by the monotonic clock, unless something else ends it first."""

    at: float
    thread: int
    record: Record
    change: Change


class _Sender(HiddenThread):
    """The background thread. After a fork, a new thread replaces it."""

    def __init__(self, reporter: Reporter, transport: Transport) -> None:
        super().__init__()
        self.transport = transport
        self.is_stopped = False
        self._reporter = reporter
        # A lock as a binary semaphore: unlike an event, it can be released by a signal handler
        # that interrupts a release.
        self._signal = threading.Lock()

    def wake(self) -> None:
        try:
            self._signal.release()
        except RuntimeError:
            pass  # The thread is already awake.

    def stop(self) -> None:
        self.is_stopped = True
        self.wake()
        self.transport.interrupt()

    def run(self) -> None:
        try:
            self._run()
        except Exception as error:
            # Whatever goes wrong here must not reach the hook that prints the errors of threads.
            self._reporter.give_up(f"{type(error).__name__} in the reporter")
        finally:
            self.transport.close()

    def _run(self) -> None:
        while not self.is_stopped:
            seconds = self._reporter.wait_seconds()
            if seconds is None and not self._signal.acquire(timeout=_IDLE_SECONDS):
                self.transport.close()
                self._signal.acquire()
            elif seconds is not None and seconds > 0:
                self._signal.acquire(timeout=seconds)
            elif seconds is not None:
                self._reporter.send(self)


def _is_below(record: Record, ancestor: Record) -> bool:
    parent = record.parent
    while parent is not None and parent is not ancestor:
        parent = parent.parent
    return parent is not None

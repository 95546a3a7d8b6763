#!/usr/bin/env python3
"""Prints the checksums of files, and reports its progress to Taskscope. Uses only the standard library.

    tests/examples/report.py *.iso

    TASKSCOPE_SERVER   URL of the server, by default http://127.0.0.1:8000
    TASKSCOPE_CLIENT   client token of the task, by default "default"

Exits with 0 on success, 1 if a file cannot be read, 3 if the task was cancelled. A failed report affects neither the
exit status nor the output.
"""

import http.client
import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.request
import uuid
import zlib

TASKS = "{}/tasks/{}".format(
    os.environ.get("TASKSCOPE_SERVER", "http://127.0.0.1:8000"), os.environ.get("TASKSCOPE_CLIENT", "default")
)


class Stopped(Exception):
    """The task was cancelled."""


class Task:
    """A task in Taskscope, as a context manager that ends it. Never raises if a report fails."""

    def __init__(self, name, **fields):
        # An id chosen here makes the request idempotent: a retry does not create a second task.
        self.id = str(uuid.uuid4())
        self.result = None
        self.stop_requested = False
        self._seq = 0
        self._lines = []  # lines that the server has not acknowledged yet
        self._sent = 0  # number of acknowledged lines
        self._is_known = self._call("POST", "", dict(fields, id=self.id, name=name), patience=3) is not None

    def update(self, **fields):
        """Reports progress. A lost report does no harm, as the next one replaces it."""
        self._report("PATCH", f"/{self.id}", fields)

    def log(self, line):
        """Adds a log line. The line is resent until it is acknowledged; its position prevents duplicates."""
        self._lines.append(line)
        self._send_log()

    def check(self):
        """Raises Stopped if the task was cancelled."""
        if self.stop_requested:
            raise Stopped()

    def __enter__(self):
        return self

    def __exit__(self, _type, error, _traceback):
        if isinstance(error, Stopped):
            self._end("cancelled", {})
        elif error is not None:
            stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            fields = {"message": str(error)[:4096], "type": type(error).__name__[:128], "stack": stack[-16384:]}
            self._end("fail", {"error": fields})
        else:
            self._end("finish", {"result": self.result})

    def _end(self, how, fields):
        self._send_log(patience=60)
        # The final state must arrive: retry for a minute, in case the server is restarting.
        self._report("POST", f"/{self.id}/{how}", fields, patience=60)

    def _send_log(self, patience=1):
        if self._is_known and self._lines:
            body = {"first": self._sent, "lines": self._lines}
            if self._call("POST", f"/{self.id}/logs", body, patience) is not None:
                self._sent += len(self._lines)
                self._lines = []

    def _report(self, method, path, fields, patience=1):
        if self._is_known:
            # The server ignores reports that arrive late or twice, by their sequence number.
            self._seq += 1
            self._call(method, path, dict(fields, seq=self._seq), patience)

    def _call(self, method, path, body, patience=1):
        """Sends a request, with up to `patience` attempts. Returns the task, or None on failure."""
        data = json.dumps(body).encode()
        for attempt in range(patience):
            if attempt > 0:
                time.sleep(1)
            request = urllib.request.Request(TASKS + path, data, {"Content-Type": "application/json"}, method=method)
            try:
                try:
                    with urllib.request.urlopen(request, timeout=5) as response:
                        return self._read(json.load(response))
                except urllib.error.HTTPError as error:
                    with error:
                        if error.code < 500:
                            # An error response contains the task, which may have been cancelled in the meantime.
                            self._read(json.load(error).get("task") or {})
                            return None
            except (OSError, ValueError, http.client.HTTPException):
                pass  # There is no server, or the connection was lost.
        return None

    def _read(self, task):
        self.stop_requested = self.stop_requested or task.get("cancel_requested", False)
        return task


def checksum(path):
    with open(path, "rb") as file:
        return zlib.crc32(file.read())


def main(files):
    with Task("checksums", total=len(files), unit="files", stale_after=600) as task:
        for done, file in enumerate(files):
            task.update(current=done, status=f"Reading {file}")
            task.check()
            line = f"{checksum(file):08x} {file}"
            print(line, flush=True)
            task.log(line)
        task.result = len(files)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Stopped:
        print("Stopped", file=sys.stderr)
        sys.exit(3)
    except OSError as error:
        print(f"Cannot read {error.filename}", file=sys.stderr)
        sys.exit(1)

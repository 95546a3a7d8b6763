#!/usr/bin/env python3
"""Prints the checksums of files, and shows in Taskscope how far it is; with the standard library alone.

    tests/examples/report.py *.iso

    TASKSCOPE_SERVER   where Taskscope is; http://127.0.0.1:8000 by default
    TASKSCOPE_CLIENT   under which client token; "default" by default

The status is 0 where all is well, 1 where a file can't be read, 3 where somebody asked it to stop. What goes wrong
with the reports changes neither that nor what is printed.
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
    """Somebody asked the task to stop."""


class Task:
    """A task in Taskscope. Leaving its block is its end; no failure of a report gets out of here."""

    def __init__(self, name, **fields):
        # An id of our own, so that it is still one task when the request is sent again.
        self.id = str(uuid.uuid4())
        self.result = None
        self.stop_requested = False
        self._seq = 0
        self._lines = []  # those that the server may not have yet
        self._sent = 0  # how many it has for sure
        self._is_known = self._call("POST", "", dict(fields, id=self.id, name=name), patience=3) is not None

    def update(self, **fields):
        """Says how far it is. A report that is lost is made up for by the next."""
        self._report("PATCH", f"/{self.id}", fields)

    def log(self, line):
        """Adds a line. It is kept until it has arrived; its number keeps it from being there twice."""
        self._lines.append(line)
        self._send_log()

    def check(self):
        """Raises where somebody asked the task to stop."""
        if self.stop_requested:
            raise Stopped()

    def __enter__(self):
        return self

    def __exit__(self, _type, error, _traceback):
        if isinstance(error, Stopped):
            self._end("cancelled", {})
        elif error is not None:
            stack = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            told = {"message": str(error)[:4096], "type": type(error).__name__[:128], "stack": stack[-16384:]}
            self._end("fail", {"error": told})
        else:
            self._end("finish", {"result": self.result})

    def _end(self, how, fields):
        self._send_log(patience=60)
        # A server that is just restarted is waited for: the end has to arrive.
        self._report("POST", f"/{self.id}/{how}", fields, patience=60)

    def _send_log(self, patience=1):
        if self._is_known and self._lines:
            body = {"first": self._sent, "lines": self._lines}
            if self._call("POST", f"/{self.id}/logs", body, patience) is not None:
                self._sent += len(self._lines)
                self._lines = []

    def _report(self, method, path, fields, patience=1):
        if self._is_known:
            # With a number, a report that arrives late or twice changes nothing.
            self._seq += 1
            self._call(method, path, dict(fields, seq=self._seq), patience)

    def _call(self, method, path, body, patience=1):
        """Gives back the task; None where it was not to be had in so many attempts."""
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
                            # What refuses a report tells the task: it may have ended without us.
                            self._read(json.load(error).get("task") or {})
                            return None
            except (OSError, ValueError, http.client.HTTPException):
                pass  # Nobody there, or cut off in the middle.
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

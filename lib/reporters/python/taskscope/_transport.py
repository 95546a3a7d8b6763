"""Sends batches of reports to a server over HTTP."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from ._config import Server

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 20.0
"""The timeout of requests; longer than the server itself waits for a commit."""
_MAX_ANSWER_BYTES = 16 * 1024 * 1024

_TRANSIENT_STATUSES = frozenset({408, 425, 429})
_PERMANENT_STATUSES = frozenset({501, 505})

Reply = dict[str, Any]


class Unreachable(Exception):
    """Raised if the server cannot be reached, or is temporarily unavailable."""


class Rejected(Exception):
    """Raised if the server accepts no reports; the message is the reason."""

    def __init__(self, reason: str, is_from_server: bool) -> None:
        super().__init__(reason)
        self.is_from_server = is_from_server
        """Whether a Taskscope server gave the reason, and not, say, a proxy in its place."""


class Transport:
    """A connection to a server, without redirects and proxies: no other host gets the key."""

    def __init__(self, server: Server, reporter_id: str) -> None:
        self._server = server
        self._path = f"{server.path}/report?reporter={reporter_id}"
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> list[Reply]:
        """Send a batch, and return the server's replies.

        :raises Unreachable: if a retry may succeed
        :raises Rejected: if the server accepts no reports
        """
        try:
            connection = self._connection or self._connect()
            connection.request("POST", self._path, body, self._headers())
            with connection.getresponse() as response:
                status, text = response.status, response.read(_MAX_ANSWER_BYTES)
                location = response.getheader("Location")
            if response.will_close:
                self.close()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            # The cause is left out, because its text may contain the request.
            raise Unreachable(type(error).__name__) from None
        if not 200 <= status < 300:
            self.close()
            raise _refusal(status, text, location)
        return _replies_in(text)

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def interrupt(self) -> None:
        """Abort the request that another thread is making."""
        sock = getattr(self._connection, "sock", None)
        try:
            if sock is not None:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        except OSError:
            pass  # The connection is already closed.

    def _connect(self) -> http.client.HTTPConnection:
        server = self._server
        connection: http.client.HTTPConnection
        if server.scheme == "https":
            connection = http.client.HTTPSConnection(
                server.host, server.port, timeout=_CONNECT_SECONDS
            )
        else:
            connection = http.client.HTTPConnection(
                server.host, server.port, timeout=_CONNECT_SECONDS
            )
        self._connection = connection
        connection.connect()
        connection.sock.settimeout(_ANSWER_SECONDS)
        return connection

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self._server.key is not None:
            headers["Authorization"] = f"Bearer {self._server.key}"
        return headers


def _refusal(status: int, text: bytes, location: str | None) -> Exception:
    if (status >= 500 and status not in _PERMANENT_STATUSES) or status in _TRANSIENT_STATUSES:
        return Unreachable(f"status {status}")
    if status < 400 and location is not None:
        return Rejected(_redirection(location), is_from_server=False)
    problem = _json(text)
    if isinstance(problem.get("code"), str) and isinstance(problem.get("detail"), str):
        remedy = "; set TASKSCOPE_KEY" if problem["code"] == "key_needed" else ""
        return Rejected(problem["detail"] + remedy, is_from_server=True)
    return Rejected(f"it responded with status {status}", is_from_server=False)


def _redirection(location: str) -> str:
    """Say where a server redirects to, without the parts of the URL that may contain a secret."""
    try:
        scheme, host, path, _, _ = urlsplit(location)
    except ValueError:
        return "it redirects to an invalid URL"
    address = urlunsplit((scheme, host.rpartition("@")[2], path, "", ""))
    if address.startswith("http") and address.endswith("/report"):
        address = address[: -len("/report")]
        return f"it redirects to {address}; set TASKSCOPE_SERVER to that address"
    return f"it redirects to {address}"


def _replies_in(text: bytes) -> list[Reply]:
    replies = _json(text).get("replies")
    if isinstance(replies, list) and all(isinstance(reply, dict) for reply in replies):
        return replies
    raise Rejected("it is not a Taskscope server", is_from_server=False)


def _json(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}

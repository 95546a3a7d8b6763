"""The environment of a reporter: its server, key, client and surrounding task."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ._limits import ID_LENGTH
from ._warnings import warn_once

DEFAULT_SERVER = "http://127.0.0.1:8000"
DEFAULT_CLIENT = "default"

CLIENT_RULE = f"1 to {ID_LENGTH} characters of A-Z a-z 0-9 . _ - and not . or .."
_CLIENT = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,%d}\Z" % ID_LENGTH)
_TASK_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._:-]{1,%d}\Z" % ID_LENGTH)


@dataclass(frozen=True)
class Server:
    """A server, and its key or token, which is sent to no other server."""

    scheme: str
    host: str
    port: int
    path: str
    key: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address to show, such as ``http://127.0.0.1:8000``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def server_from_environment() -> Server | None:
    """Return the server that the environment names; None, with a warning, if it is invalid."""
    key = _variable("TASKSCOPE_KEY")
    if key is not None and not re.fullmatch(r"[\x20-\x7e]+", key):
        warn_once("TASKSCOPE_KEY has characters that no key has, so tasks run unmonitored")
        return None
    server = _parse_server(_variable("TASKSCOPE_SERVER") or DEFAULT_SERVER, key)
    if server is None:
        warn_once("TASKSCOPE_SERVER is not http(s)://host[:port][/path], so tasks run unmonitored")
    return server


def default_client() -> str:
    """Return the client that ``TASKSCOPE_CLIENT`` names, else ``default``."""
    named = _variable("TASKSCOPE_CLIENT")
    return named if named is not None and is_client(named) else DEFAULT_CLIENT


def surrounding_task_id() -> str | None:
    """Return the id of the task whose subtasks this process reports: ``TASKSCOPE_PARENT``."""
    named = _variable("TASKSCOPE_PARENT")
    return named if named is not None and _TASK_ID.match(named) else None


def is_client(text: str) -> bool:
    """Return whether a text is a valid name of a client."""
    return _CLIENT.match(text) is not None


def _variable(name: str) -> str | None:
    return os.environ.get(name) or None


def _parse_server(text: str, key: str | None) -> Server | None:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    is_plain = (
        url.scheme in ("http", "https")
        and "@" not in url.netloc
        and not url.query
        and not url.fragment
    )
    if not is_plain or not url.hostname or not re.fullmatch(r"[\x21-\x7e]*", url.path):
        return None
    if port is None:
        port = 443 if url.scheme == "https" else 80
    return Server(url.scheme, url.hostname, port, url.path.rstrip("/"), key)

"""Random ids of tasks and reporters."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import time
from typing import NamedTuple

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_counter = itertools.count()


class Identity(NamedTuple):
    """The identity of a reporter: a public id, and the secret that proves it to the server."""

    id: str
    secret: str


def new_identity() -> Identity:
    """Create a random identity, whose id is derived from its secret."""
    secret = os.urandom(32).hex()
    digest = base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode()
    return Identity("s-" + digest[:22], secret)


def new_task_id() -> str:
    """Create a ULID. ULIDs of the same process sort in the order of their creation."""
    number = time.time_ns() // 1_000_000
    number = number << 16 | next(_counter) & 0xFFFF
    number = number << 64 | int.from_bytes(os.urandom(8), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))

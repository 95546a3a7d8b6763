"""Warnings for the user, on stderr, because the background thread has no caller to raise to."""

from __future__ import annotations

import sys
import threading

_lock = threading.Lock()
_warned = False
_silent = False


def warn_once(message: str) -> None:
    """Write a warning, unless this process, or the one it was forked from, has written one."""
    global _warned
    # If another thread holds the lock, it is writing the warning: do not wait for it.
    if not _lock.acquire(blocking=False):
        return
    try:
        if _warned or _silent:
            return
        _warned = True
        sys.stderr.write(f"[taskscope] {message}\n")
        sys.stderr.flush()
    except Exception:
        # There is no stderr, or it is closed.
        pass
    finally:
        _lock.release()


def silence() -> None:
    """Suppress warnings: a thread that writes while the interpreter exits can crash it."""
    global _silent
    _silent = True
    # Wait for a warning that is being written, but not for long: stderr may have no reader.
    if _lock.acquire(timeout=0.1):
        _lock.release()


def reset_after_fork() -> None:
    """Replace the lock in a forked process, in which the thread that held it does not exist."""
    global _lock
    _lock = threading.Lock()

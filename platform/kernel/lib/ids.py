"""Identifiers made by the application: UUID version 7 (RFC 9562), in the order they were made."""

import os
import secrets
import threading
import time
import uuid
from datetime import UTC, datetime

_COUNTER_BITS = 42
_lock = threading.Lock()
_last_ms = 0
_counter = 0


def uuid7() -> uuid.UUID:
    """A new UUIDv7, greater than every one this process made before: in any thread, even if the clock steps back."""
    global _last_ms, _counter
    with _lock:
        now = time.time_ns() // 1_000_000
        if now > _last_ms:
            # The top bit starts clear to leave room for two thousand billion ids within the millisecond.
            _last_ms, _counter = now, secrets.randbits(_COUNTER_BITS - 1)
        else:
            _counter += 1
            if _counter >> _COUNTER_BITS:
                _last_ms, _counter = _last_ms + 1, secrets.randbits(_COUNTER_BITS - 1)
        ms, counter = _last_ms, _counter
    high, low = counter >> 30, counter & 0x3FFFFFFF
    return uuid.UUID(int=ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low << 32 | secrets.randbits(32))


def uuid7_of(moment: datetime) -> uuid.UUID:
    """A UUIDv7 of a moment that is past, for what is written down later."""
    ms = int(moment.timestamp() * 1000)
    return uuid.UUID(int=ms << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


def moment_of(pk: uuid.UUID) -> datetime:
    """When a UUIDv7 says that it was made."""
    return datetime.fromtimestamp((pk.int >> 80) / 1000, UTC)


def _start_anew_after_fork() -> None:
    # A forked worker would otherwise continue its parent's counter, and might inherit the lock while it is held.
    global _lock, _last_ms
    _lock, _last_ms = threading.Lock(), 0


os.register_at_fork(after_in_child=_start_anew_after_fork)

"""From where the request under way came: what is written meanwhile says so."""

from contextvars import ContextVar

asking_ip: ContextVar[str | None] = ContextVar("asking_ip", default=None)


def from_where() -> str | None:
    return asking_ip.get()

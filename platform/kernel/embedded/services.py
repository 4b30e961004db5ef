"""PostgreSQL and Valkey of one data folder, started and stopped together under the folder's lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.embedded import valkey
from kernel.embedded.postgres import Postgres
from kernel.embedded.process import Child, StartError
from kernel.embedded.state import Places, read_state, write_state


@contextmanager
def services(home: Path, *, fast: bool = False, port: int | None = None) -> Iterator[list[Child]]:
    """Runs both while the block lasts. `fast` gives up durability, for tests; `port` is told to other processes."""
    places = Places(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with places.lock.open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = read_state(home).get("pid", "?")
            raise StartError(
                f"The services of {home} already run (process {pid}). Stop that one first, or set PEYVAND_HOME to "
                "another folder."
            ) from None
        started: list[Child] = []
        try:
            started.append(Postgres(places, fast=fast).start())
            started.append(valkey.start(places))
            write_state(home, {"pid": os.getpid(), "port": port})
            yield started
        finally:
            places.state.unlink(missing_ok=True)
            for child in reversed(started):
                child.stop()

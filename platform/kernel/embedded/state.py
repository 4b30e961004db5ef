"""Where the embedded services of a data folder listen. Derived from the folder alone, so every process agrees."""

import fcntl
import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A Unix socket's path may have 107 bytes on Linux and 103 on macOS; ".s.PGSQL.5432" and a slash take 14 of them.
LONGEST_SOCKET_FOLDER = 88

PLATFORM_ROLE, PLATFORM_DATABASE = "peyvand_platform", "peyvand"
TENANT_ROLE, TENANT_DATABASE = "peyvand_tenant", "peyvand_cell1"


@dataclass(frozen=True)
class Places:
    """The paths below one PEYVAND_HOME."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey(self) -> Path:
        return self.home / "valkey"

    @property
    def sockets(self) -> Path:
        """The folder of both Unix sockets: inside the home, or a private temporary one when that path is too long."""
        inside = self.home / "sockets"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"peyvand-{os.getuid()}-{name}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def state(self) -> Path:
        return self.home / "services.json"

    @property
    def lock(self) -> Path:
        return self.home / "lock"

    @property
    def database_url(self) -> str:
        return f"postgresql://{TENANT_ROLE}@/{TENANT_DATABASE}?host={self.sockets}"

    @property
    def platform_database_url(self) -> str:
        return f"postgresql://{PLATFORM_ROLE}@/{PLATFORM_DATABASE}?host={self.sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.valkey_socket}?db=0"


def read_state(home: Path) -> dict[str, Any]:
    """What the running services wrote about themselves: their process and, under `make run`, the port of the web."""
    try:
        return dict(json.loads(Places(home).state.read_text()))
    except (OSError, ValueError):
        return {}


def write_state(home: Path, state: dict[str, Any]) -> None:
    target = Places(home).state
    draft = target.with_suffix(".new")
    draft.write_text(json.dumps(state, indent=1))
    draft.replace(target)


def is_running(home: Path) -> bool:
    """Whether a supervisor holds this folder's lock, which dies with it however it ends."""
    try:
        with Places(home).lock.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False

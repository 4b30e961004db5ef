"""A real installation for the browser: the process tree of `make run`, in a folder of its own that is removed after."""

import contextlib
import email
import email.policy
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PASSWORD = "peyvand-demo"
# What the runner of the tests says to itself, and must not say to the installation.
OWN = ("DATABASE_URL", "PLATFORM_DATABASE_URL", "REDIS_URL", "EMAIL_URL", "SENTRY_DSN", "PYTEST_VERSION", "DEBUG")


@dataclass(frozen=True)
class Instance:
    """Where it answers, and what it wrote. The demo workspaces are `acme` (English) and `nilgoon` (Persian)."""

    port: int
    home: Path

    def at(self, subdomain: str = "") -> str:
        return f"http://{subdomain}.localhost:{self.port}" if subdomain else f"http://localhost:{self.port}"

    def letter_to(self, address: str) -> str:
        """The text of the newest mail to this address, once it has come."""
        return str(wait_for(lambda: next(self._letters(address), None), f"No mail came to {address}.", seconds=20))

    def _letters(self, address: str) -> Iterator[str]:
        for file in sorted((self.home / "mail").glob("[0-9]*.eml"), reverse=True):
            message: Any = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if address in message["To"]:
                yield message.get_body(("plain", "html")).get_content()


def wait_for(condition: Callable[[], Any], otherwise: str, seconds: float) -> Any:
    """What the condition gives, as soon as it is something."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(otherwise)
        time.sleep(0.1)
    return found


@contextmanager
def running() -> Iterator[Instance]:
    """Starts everything with its demo workspaces and ends everything, whatever happens in between."""
    home = Path(tempfile.mkdtemp(prefix="peyvand-browser-"))
    instance = Instance(_free_port(), home)
    environment = {name: value for name, value in os.environ.items() if name not in OWN} | {
        "PEYVAND_HOME": str(home),
        "PORT": str(instance.port),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform")]),
        "WEB_WORKERS": "1",
        "WORKER_PROCESSES": "1",
        "OUTGOING_ALLOW": "127.0.0.1",  # where a journey runs a provider of its own
    }
    log = home / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.processes", "run"],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(lambda: process.poll() is not None or _answers(instance), "It did not start in time.", seconds=300)
        assert process.poll() is None, log.read_text(errors="replace")
        yield instance
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(instance: Instance) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=5)
    with contextlib.suppress(OSError), contextlib.closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False

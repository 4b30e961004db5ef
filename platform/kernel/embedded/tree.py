"""`make run`: one process tree in the foreground. When one process ends, the reason is shown and the rest stop."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

from kernel.embedded.process import Child, StartError, say, wait_until
from kernel.embedded.services import services

ROOT = Path(__file__).resolve().parents[3]
BIN = ROOT / "infra" / "bin"


class StopAsked(Exception):
    """Ctrl-C, or a polite end from outside."""


@contextmanager
def stop_signals() -> Iterator[None]:
    """Ctrl-C and SIGTERM raise StopAsked once; a second one doesn't disturb the clean end that has begun."""

    def ask(number: int, frame: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise StopAsked

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, ask)
    yield


def watch(children: Sequence[Child]) -> None:
    """Waits until one of them ends, and says why."""
    while True:
        for child in children:
            if not child.is_alive:
                time.sleep(0.3)
                last = "\n".join(f"    {line}" for line in child.tail)
                raise StartError(f"{child.name} {child.how_it_ended()}; stopping the rest. Its last lines:\n{last}")
        time.sleep(0.25)


def check_port(port: int) -> None:
    """Both loopback addresses must be free: browsers try either for names below localhost."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1)
            if probe.connect_ex((address, port)) == 0:
                raise StartError(
                    f"Port {port} is taken: another program listens on {address}:{port}. "
                    f"Stop it, or choose another port: PORT={port + 1} make run"
                )


def manage(*arguments: str) -> str:
    """Runs a management command; its output comes back, an error's output is shown."""
    result = subprocess.run(  # noqa: S603
        [str(BIN / "manage"), *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    for line in result.stderr.splitlines():
        say("peyvand", line)
    if result.returncode:
        for line in result.stdout.splitlines():
            say("peyvand", line)
        raise StartError(f"`manage.py {' '.join(arguments)}` failed.")
    return result.stdout


def run(home: Path, port: int, *, embedded: bool) -> None:
    """Services (unless others are configured), schema, demo data once, web, worker and beat; until told to stop."""
    check_port(port)
    started = time.monotonic()
    base: AbstractContextManager[list[Child]] = services(home, port=port) if embedded else contextlib.nullcontext([])
    with base as servers:
        for line in manage("upgrade").splitlines():
            say("peyvand", line)
        greeting = manage("demo", "ensure") if embedded else ""
        children = [
            Child("web", [str(BIN / "web")], env={"PORT": str(port)}),
            Child("worker", [str(BIN / "worker")]),
            Child("beat", [str(BIN / "beat")]),
        ]
        try:
            for child in children:
                child.start()
            wait_until(lambda: _serves(port), children[0], seconds=60)
            _greet(greeting, port, time.monotonic() - started, embedded=embedded)
            watch([*servers, *children])
        finally:
            # All are asked at once and waited for in turn: the worker finishes or hands back what it holds.
            say("peyvand", "Stopping.")
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.stop()


def _serves(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _greet(greeting: str, port: int, seconds: float, *, embedded: bool) -> None:
    lines = ["", f"Peyvand serves at http://localhost:{port}/ (started in {seconds:.1f} s; Ctrl-C stops it)"]
    if embedded:
        lines += [*greeting.splitlines(), f"Outgoing mail can be read at http://localhost:{port}/dev/mail"]
    for line in [*lines, ""]:
        say("peyvand", line)


def serve_only(home: Path) -> None:
    """`make services`: PostgreSQL and Valkey alone."""
    with services(home) as children:
        say("peyvand", f"PostgreSQL and Valkey of {home} run; Ctrl-C stops them.")
        watch(children)


def with_services(home: Path, command: Sequence[str]) -> int:
    """Runs a command beside services that give up durability for speed; its exit code is the answer."""
    with services(home, fast=True), subprocess.Popen(list(command)) as process:  # noqa: S603
        try:
            return process.wait()
        except StopAsked:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            raise


def main(action: Sequence[str], home: Path, port: int, *, embedded: bool) -> int:
    """The exit code of one of the actions: run, services, or with COMMAND…"""
    with stop_signals():
        try:
            match list(action):
                case ["run"]:
                    run(home, port, embedded=embedded)
                case ["services"]:
                    serve_only(home)
                case ["with", *command] if command:
                    return with_services(home, command)
                case _:
                    sys.stderr.write("Say one of: run, services, with COMMAND.\n")
                    return 2
        except StopAsked:
            say("peyvand", "Stopped.")
        except StartError as error:
            for line in str(error).splitlines():
                say("peyvand", line)
            return 1
    return 0

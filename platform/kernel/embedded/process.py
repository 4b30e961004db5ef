"""Child processes with a name: their output prefixed in one log, ended together with us however we end."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)  # loaded here, since loading isn't safe between fork and exec
_print_lock = threading.Lock()
_COLOURS = {"postgres": 34, "valkey": 36, "web": 32, "worker": 33, "beat": 35, "peyvand": 1}


def say(name: str, line: str) -> None:
    """One line of the common log."""
    prefix = f"{name:<8} | "
    if sys.stdout.isatty():
        prefix = f"\033[{_COLOURS.get(name, 0)}m{prefix}\033[0m"
    with _print_lock, contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{prefix}{line}\n")
        sys.stdout.flush()


@dataclass
class Child:
    """One process of the tree.

    `stop_signal` asks it to finish cleanly, `patience` is how long that may take; lines with a part of `noise` aren't
    worth showing.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    user: int | None = None
    group: int | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 20.0
    noise: tuple[str, ...] = ()
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    _process: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None
    _asked: bool = False

    def start(self) -> None:
        # A session of its own: Ctrl-C in the terminal reaches only us, and we stop the children in order.
        self._process = subprocess.Popen(  # noqa: S603 - the commands are our own
            list(self.command),
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            user=self.user,
            group=self.group,
            extra_groups=[] if self.user is not None else None,
            cwd="/" if self.user is not None else None,
            start_new_session=True,
            preexec_fn=self._die_with_parent if sys.platform == "linux" else None,
        )
        self._reader = threading.Thread(target=self._read, name=f"log of {self.name}", daemon=True)
        self._reader.start()

    def _die_with_parent(self) -> None:
        # Runs after the change of user, which would clear it. If we are killed -9, the children get their stop signal.
        _libc.prctl(_PR_SET_PDEATHSIG, int(self.stop_signal))

    def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        for line in self._process.stdout:
            text = line.rstrip()
            if not text or any(part in text for part in self.noise):
                continue
            self.tail.append(text)
            say(self.name, text)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def how_it_ended(self) -> str:
        code = self.exit_code
        if code is None:
            return "still runs"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def ask_to_stop(self) -> None:
        """Sends the stop signal once, without waiting."""
        if self.is_alive and not self._asked:
            self._asked = True
            assert self._process is not None
            self._process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Asks, waits, and only then insists, with the whole session of the process."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self.ask_to_stop()
            try:
                self._process.wait(self.patience)
            except subprocess.TimeoutExpired:
                say("peyvand", f"{self.name} didn't stop within {self.patience:.0f} s; killing it.")
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._reader:
            self._reader.join(1)


def wait_until(ready: Callable[[], bool], child: Child, seconds: float) -> None:
    """Waits for `ready()`; raises with the child's own last lines when it ends instead."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return
        if not child.is_alive:
            time.sleep(0.2)
            raise StartError(f"{child.name} {child.how_it_ended()} at its start:\n" + "\n".join(child.tail))
        time.sleep(0.05)
    raise StartError(f"{child.name} didn't answer within {seconds:.0f} s.")


class StartError(Exception):
    """Something of the tree couldn't start; the message is what to show."""


def processes_in(folder: Path) -> list[int]:
    """Processes whose working folder this is: for a data folder, PostgreSQL's (where the system has /proc)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == folder.resolve():
                found.append(int(entry.name))
    return found

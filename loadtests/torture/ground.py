"""What torture stands on: PgBouncer, processes of the product behind it, and two tenants full of canaries."""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from kernel.access.models import ApiKey, Member
from kernel.accounts.models import Identity
from kernel.accounts.sessions import SessionStore
from kernel.embedded.postgres import SYSTEM_USER
from kernel.embedded.state import PLATFORM_DATABASE, PLATFORM_ROLE, TENANT_DATABASE, TENANT_ROLE, Places
from kernel.tenancy.context import in_tenant
from tenants.lifecycle import remove
from tenants.models import Tenant
from tenants.provisioning import provision

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "torture-"
ROLES = ["admin", "manager", "rep", "support", "read-only"]


@dataclass
class Outcome:
    """A line of the table: how often something was tried and what came of it that must not."""

    name: str
    tried: int = 0
    wrong: list[str] = field(default_factory=list)
    note: str = ""

    def expect(self, is_right: bool, complaint: str) -> None:
        self.tried += 1
        if not is_right:
            self.wrong.append(complaint)


@dataclass
class Workspace:
    """A tenant of ours: a word that stands in all its records, a session for each role, a key of its administrator."""

    tenant: Any
    canary: str
    key: str
    sessions: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"{self.tenant.subdomain}.{settings.BASE_DOMAIN}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(is_so: Callable[[], Any], seconds: float, every: float = 0.1) -> Any:
    """The first true answer within so many seconds, else the last one."""
    end = time.monotonic() + seconds
    while not (answer := is_so()) and time.monotonic() < end:
        time.sleep(every)
    return answer


@contextlib.contextmanager
def process(command: list[str], log: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Ended at the end, with the processes it started."""
    with log.open("ab") as lines:
        running = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env}, stdout=lines, stderr=lines, start_new_session=True
        )
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.wait(30)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="peyvand-torture-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@contextlib.contextmanager
def pooler(at: Path) -> Iterator[dict[str, str]]:
    """PgBouncer in transaction mode with four connections for each database; the environment of who goes through it.

    Empty where PgBouncer is not installed.
    """
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        yield {}
        return
    sockets, port, config = Places(settings.HOME).sockets, free_port(), at / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n"
        f"{TENANT_DATABASE} = host={sockets} dbname={TENANT_DATABASE} user={TENANT_ROLE}\n"
        f"{PLATFORM_DATABASE} = host={sockets} dbname={PLATFORM_DATABASE} user={PLATFORM_ROLE}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 400\n"
    )
    # It refuses root, and the embedded server's sockets are for its own user alone.
    user = ["-u", SYSTEM_USER] if os.geteuid() == 0 and pwd.getpwnam(SYSTEM_USER) else []
    with process([binary, *user, str(config)], at / "pgbouncer.log", {}):
        until(lambda: _listens(port), 10)
        yield {
            "DATABASE_URL": f"postgresql://{TENANT_ROLE}@127.0.0.1:{port}/{TENANT_DATABASE}",
            "PLATFORM_DATABASE_URL": f"postgresql://{PLATFORM_ROLE}@127.0.0.1:{port}/{PLATFORM_DATABASE}",
            "DATABASE_POOLED": "1",
            "REDIS_URL": settings.REDIS_URL,
            "SECRET_KEY": settings.SECRET_KEY,
            "BASE_DOMAIN": settings.BASE_DOMAIN,
            "EMAIL_URL": f"file://{at}/mail",
            "HTTPS": "0",
        }


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def web(at: Path, env: dict[str, str]) -> Iterator[int]:
    """Two web processes of four threads each."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "config.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--threads", "4", "--worker-class", "gthread", "--timeout", "120", "--log-level", "warning",
    ]  # fmt: skip
    with process(command, at / "web.log", {"API_REQUESTS_PER_MINUTE": "100000000", **env}):
        until(lambda: _listens(port), 30)
        yield port


@contextlib.contextmanager
def worker(at: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with process([str(ROOT / "infra/bin/worker"), "--concurrency", "1"], at / "worker.log", env) as running:
        until(lambda: children_of(running.pid), 30)
        yield running


@contextlib.contextmanager
def beat(at: Path, env: dict[str, str]) -> Iterator[None]:
    with process([str(ROOT / "infra/bin/beat"), "--schedule", str(at / "beat")], at / "beat.log", env):
        yield


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


# -- tenants


def new_workspace(letter: str, language: str = "en") -> Workspace:
    """A tenant with a member for each role."""
    name = f"{PREFIX}{letter}-{secrets.token_hex(3)}"
    owner = f"admin@{name}.example"
    tenant = provision(name, name, owner, password=secrets.token_hex(12), language=language)
    for role in ROLES[1:]:
        values = {"email": f"{role}@{name}.example", "role": role, "password": secrets.token_hex(12), "json": True}
        with open(os.devnull, "w") as nowhere:
            call_command("member", "create", name, stdout=nowhere, **values)
    with in_tenant(tenant):
        member = Member.objects.get(email=owner)
        _key, secret = ApiKey.issue(name="torture", member=member)
    made = Workspace(tenant, f"canary{letter}{secrets.token_hex(6)}", secret)
    for role in ROLES:
        identity = Identity.objects.get(email=f"{role}@{name}.example")
        session = SessionStore()
        session.update({"identity": str(identity.pk), "tenant": str(tenant.pk), "epoch": identity.session_epoch})
        session.update({"ip": "127.0.0.1", "agent": "torture"})
        session.create()
        made.sessions[role] = str(session.session_key)
    return made


def clear_away() -> None:
    for tenant in Tenant.objects.filter(subdomain__startswith=PREFIX):
        remove(tenant)

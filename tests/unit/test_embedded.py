"""The embedded services: Persian words are found, data survives a kill -9, folders don't meet, the end is clean."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from kernel.embedded.postgres import check_persian
from kernel.embedded.process import Child, StartError
from kernel.embedded.secrets import embedded_secret_key
from kernel.embedded.services import services
from kernel.embedded.state import LONGEST_SOCKET_FOLDER, Places, is_running
from kernel.embedded.tree import check_port

pytestmark = pytest.mark.nodb
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def processes(*action: str, home: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """The process tree as `make` starts it."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    process = subprocess.Popen(
        [sys.executable, "-m", "config.processes", *action],
        env=kept | {"PEYVAND_HOME": str(home), "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


def wait_for(home: Path, process: subprocess.Popen[str], seconds: float = 60) -> dict[str, int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[0])
        if Places(home).state.exists():
            return dict(json.loads(Places(home).state.read_text()))
        time.sleep(0.05)
    raise AssertionError("The services didn't start.")


def query(home: Path, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(Places(home).database_url, autocommit=True) as connection:
        cursor = connection.execute(statement)  # type: ignore[call-overload]
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Services of their own for the tests that only look."""
    folder = tmp_path_factory.mktemp("home")
    with processes("services", home=folder) as process:
        wait_for(folder, process)
        yield folder


def test_persian_words_are_found(home):
    assert query(home, "SELECT cardinality(ext.show_trgm('پیوند')) > 0") == [(True,)]
    assert query(home, "SELECT ext.similarity('شرکت پیوند', 'شرکت پیوند') > 0.9") == [(True,)]


def test_order_is_by_code_point_on_every_machine(home):
    rows = query(home, "SELECT w FROM unnest(ARRAY['b', 'B', 'پ', 'a']) AS w ORDER BY w")
    assert [row[0] for row in rows] == ["B", "a", "b", "پ"]


def test_neither_side_may_open_the_other_sides_database(home):
    places = Places(home)
    for role, database in (("peyvand_platform", "peyvand_cell1"), ("peyvand_tenant", "peyvand")):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(host=str(places.sockets), user=role, dbname=database)


def test_a_connection_past_our_backend_sees_only_the_extensions(home):
    assert query(home, "SHOW search_path") == [("ext",)]


def test_nothing_listens_on_the_network(home):
    assert query(home, "SELECT current_setting('listen_addresses')") == [("",)]
    with redis.Redis(unix_socket_path=str(Places(home).valkey_socket)) as client:
        assert client.config_get("port") == {"port": "0"}
    assert Places(home).sockets.stat().st_mode & 0o077 == 0


def test_a_second_start_on_the_same_folder_is_refused(home):
    with pytest.raises(StartError, match="already run"), services(home):
        pass


def test_two_folders_serve_side_by_side(home, tmp_path):
    with processes("services", home=tmp_path) as process:
        wait_for(tmp_path, process)
        assert is_running(home) and is_running(tmp_path)
        query(tmp_path, "CREATE SCHEMA only_here")
        assert query(home, "SELECT 1 FROM pg_namespace WHERE nspname = 'only_here'") == []


def test_data_survives_a_kill_of_the_whole_tree(tmp_path):
    with processes("services", home=tmp_path) as process:
        wait_for(tmp_path, process)
        query(tmp_path, "CREATE SCHEMA kept")
        query(tmp_path, "CREATE TABLE kept.rows AS SELECT generate_series(1, 1000) AS n")
        postmaster = int((Places(tmp_path).data / "postmaster.pid").read_text().split("\n", 1)[0])
        process.kill()
        os.kill(postmaster, signal.SIGKILL)
        process.wait(10)
    assert not is_running(tmp_path)
    Places(tmp_path).state.unlink()
    with processes("services", home=tmp_path) as process:
        wait_for(tmp_path, process)
        assert query(tmp_path, "SELECT count(*) FROM kept.rows") == [(1000,)]


def test_services_end_when_only_their_parent_is_killed(tmp_path):
    with processes("services", home=tmp_path) as process:
        wait_for(tmp_path, process)
        process.kill()
        process.wait(10)
    deadline = time.monotonic() + 20
    while (Places(tmp_path).data / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not (Places(tmp_path).data / "postmaster.pid").exists()


def test_interrupt_stops_cleanly(tmp_path):
    with processes("services", home=tmp_path) as process:
        wait_for(tmp_path, process)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.rstrip().endswith("Stopped.")
    assert not (Places(tmp_path).data / "postmaster.pid").exists()
    assert not Places(tmp_path).state.exists()


def test_when_one_process_ends_the_reason_is_shown_and_the_rest_stop(tmp_path):
    with processes("services", home=tmp_path) as process:
        wait_for(tmp_path, process)
        with redis.Redis(unix_socket_path=str(Places(tmp_path).valkey_socket)) as client:
            pid = int(client.info("server")["process_id"])
        os.kill(pid, signal.SIGKILL)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "valkey was ended by SIGKILL; stopping the rest." in output
    assert not (Places(tmp_path).data / "postmaster.pid").exists()


def test_a_database_in_which_persian_is_not_found_is_refused():
    class Blind:
        def execute(self, statement: str) -> "Blind":
            return self

        def fetchone(self) -> tuple[int]:
            return (0,)

    with pytest.raises(StartError, match=r"C\.UTF-8"):
        check_persian(Blind())  # type: ignore[arg-type]


def test_a_taken_port_is_named():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} is taken"):
            check_port(port)
    check_port(port)


def test_a_long_path_gets_a_short_folder_for_sockets(tmp_path):
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    assert len(os.fsencode(Places(deep).sockets)) <= LONGEST_SOCKET_FOLDER
    assert Places(deep).sockets != Places(deep / "z").sockets


def test_output_carries_the_name_of_its_process(capfd):
    child = Child("talker", [sys.executable, "-c", "print('hello'); print('again')"])
    child.start()
    child._process.wait(10)  # type: ignore[union-attr]
    child.stop()
    assert capfd.readouterr().out.splitlines() == ["talker   | hello", "talker   | again"]
    assert child.how_it_ended() == "ended with exit code 0"


def test_the_secret_key_is_made_once(tmp_path):
    first = embedded_secret_key(tmp_path)
    assert embedded_secret_key(tmp_path) == first
    assert len(first) >= 50
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0

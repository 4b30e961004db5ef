"""How gunicorn serves: `gunicorn --config python:config.gunicorn config.wsgi`."""

import os
import shutil
import socket
from typing import Any

from config import env

_home = env.read("PEYVAND_HOME")
_port = env.read("PORT")

# Figures of all processes meet in files of this folder; the variable must be set before prometheus_client is imported.
_figures = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_home / "metrics"))
shutil.rmtree(_figures, ignore_errors=True)
os.makedirs(_figures, exist_ok=True)


def _has_ipv6_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


if env.embedded():
    # Loopback only: demo passwords and /dev/mail are not for the network.
    bind = [f"127.0.0.1:{_port}"]
    if _has_ipv6_loopback():
        bind.append(f"[::1]:{_port}")
else:
    bind = [f"0.0.0.0:{_port}"]

worker_class = "gthread"
workers = env.read("WEB_WORKERS")
threads = env.read("WEB_THREADS")
preload_app = True
timeout = 60
graceful_timeout = 15
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 - heartbeats stay off a slow disk
control_socket_disable = True
accesslog = None
loglevel = "warning"
proc_name = "peyvand-web"
# Who may say what scheme and address a request came by is settings.TRUST_PROXY's to decide, not gunicorn's.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}


def child_exit(server: Any, worker: Any) -> None:
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)

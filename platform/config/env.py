"""Every environment variable that Peyvand reads, each declared once: name, type, default and a sentence.

`manage.py env` prints this table and whether each is set, never a value. A missing or malformed variable stops the
start with a sentence that names it. Nothing else in the code base reads `os.environ` for configuration.
"""

import ipaddress
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]


class EnvError(ImproperlyConfigured):
    """A variable is missing or malformed; the message is the whole sentence to show."""


def text(value: str) -> str:
    return value


def secret(value: str) -> str:
    if len(value) < 50:
        raise ValueError("it must be at least 50 characters long")
    return value


def yes_no(value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("it must be 1 or 0")


def positive(value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("it must be a whole number above 0")
    return int(value)


def port(value: str) -> int:
    number = positive(value)
    if number > 65535:
        raise ValueError("it must be a port number, 1 to 65535")
    return number


def hostname(value: str) -> str:
    value = value.lower().strip(".")
    if not re.fullmatch(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*", value):
        raise ValueError("it must be a bare host name such as peyvand.example, without scheme, port or path")
    return value


def folder(value: str) -> Path:
    path = Path(value).expanduser()
    return path if path.is_absolute() else ROOT / path


def url_of(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if urlsplit(value).scheme not in schemes:
            raise ValueError(f"it must be an address that starts with {' or '.join(f'{s}:' for s in schemes)}")
        return value

    return parse


def networks(value: str) -> list[Any]:
    try:
        return [ipaddress.ip_network(part.strip()) for part in value.split(",") if part.strip()]
    except ValueError as error:
        raise ValueError("it must be a list of addresses or networks such as 10.0.0.0/8,127.0.0.1") from error


def log_level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("it must be DEBUG, INFO, WARNING or ERROR")
    return value.upper()


@dataclass(frozen=True)
class Variable:
    """One environment variable. `required` means: with services of your own (not the embedded ones)."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    sentence: str
    required: bool = False

    @property
    def is_set(self) -> bool:
        return bool(os.environ.get(self.name))

    def read(self) -> Any:
        raw = os.environ.get(self.name, "").strip()
        if not raw:
            if self.required and not embedded():
                raise EnvError(f"{self.name} is not set. {self.sentence}")
            return self.default() if callable(self.default) else self.default
        try:
            return self.parse(raw)
        except ValueError as error:
            raise EnvError(f"{self.name} can't be used: {error}. {self.sentence}") from error


POSTGRES = url_of("postgresql", "postgres")

VARIABLES = [
    Variable("DATABASE_URL", POSTGRES, None,
             "The database of tenants, as postgresql://user:password@host:5432/name. "
             "Without it and its two companions the embedded services of PEYVAND_HOME are used.", required=True),
    Variable("PLATFORM_DATABASE_URL", POSTGRES, None,
             "The control plane's database (tenants, sign-ins, sessions): another database than DATABASE_URL names, "
             "on the same server if you like.", required=True),
    Variable("REDIS_URL", url_of("redis", "rediss", "unix"), None,
             "Redis or Valkey for the queue and the cache, as redis://host:6379/0.", required=True),
    Variable("DATABASE_POOLED", yes_no, False,
             "Set it to 1 when DATABASE_URL points to PgBouncer in transaction mode."),
    Variable("TENANT_ROLES", yes_no, True,
             "Whether PostgreSQL itself keeps workspaces apart, by a role for each; 0 on Citus and beyond about 1,000 "
             "workspaces in one database. After a change run `manage.py upgrade`."),
    Variable("SECRET_KEY", secret, None,
             "Signs cookies, links and task headers: 50 random characters or more; keep it when you move.",
             required=True),
    Variable("SECRET_KEY_FALLBACKS", text, "",
             "Earlier SECRET_KEYs, separated by blanks: what they signed stays valid while you change the key."),
    Variable("BASE_DOMAIN", hostname, "localhost",
             "The domain of the public site; each workspace is a subdomain of it.", required=True),
    Variable("PORT", port, 8000, "The port that `make run` serves on."),
    Variable("PEYVAND_HOME", folder, lambda: ROOT / ".peyvand",
             "The folder of the embedded services' data, of mail and files without EMAIL_URL and S3_BUCKET."),
    Variable("HTTPS", yes_no, lambda: not embedded(),
             "Whether browsers reach this installation by https: 1 unless you serve a closed network without it."),
    Variable("TRUST_PROXY", yes_no, False,
             "Set it to 1 when a proxy of yours stands in front and sets X-Forwarded-Proto and X-Forwarded-For; "
             "never otherwise, since anybody can send these headers."),
    Variable("EMAIL_URL", url_of("smtp", "smtps", "smtp+starttls", "file", "console"), None,
             "The outgoing mail server, as smtp+starttls://user:password@host:587 (smtps: for TLS from the start).",
             required=True),
    Variable("EMAIL_FROM", text, lambda: f"Peyvand <no-reply@{read('BASE_DOMAIN')}>", "The sender of outgoing mail."),
    Variable("SUPPORT_EMAIL", text, lambda: f"support@{read('BASE_DOMAIN')}",
             "The address that the page of a suspended workspace names."),
    Variable("S3_BUCKET", text, None, "The bucket for files; without it they lie in the folder files of PEYVAND_HOME."),
    Variable("S3_ENDPOINT_URL", url_of("http", "https"), None, "The S3 service's address, when it is not Amazon's."),
    Variable("S3_REGION", text, None, "The region of S3_BUCKET."),
    Variable("S3_ACCESS_KEY_ID", text, None, "The S3 access key; without it boto3 looks where it always does."),
    Variable("S3_SECRET_ACCESS_KEY", text, None, "The secret that belongs to S3_ACCESS_KEY_ID."),
    Variable("FILE_MOST_MB", positive, 100, "The largest file that can be hung on a record, in megabytes."),
    Variable("SENTRY_DSN", url_of("http", "https"), None, "Where errors are reported; without it nowhere."),
    Variable("ENVIRONMENT", text, lambda: "development" if embedded() else "production",
             "The name of this installation in Sentry."),
    Variable("RELEASE", text, None, "The released version, shown in Sentry and at /healthz."),
    Variable("METRICS_ALLOW", networks, lambda: networks("127.0.0.0/8,::1"),
             "Addresses or networks, separated by commas, that may read /metrics."),
    Variable("OUTGOING_ALLOW", networks, list,
             "Addresses or networks, separated by commas, that workspaces may have us ask though they are private, and "
             "without TLS: for development, only with the embedded services."),
    Variable("LOG_LEVEL", log_level, "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Variable("API_REQUESTS_PER_MINUTE", positive, lambda: 60_000 if embedded() else 600,
             "How often one API key, or one member's browser, may call the API in a minute."),
    Variable("PAGE_REQUESTS_PER_MINUTE", positive, lambda: 60_000 if embedded() else 900,
             "How often one member may ask for pages and parts of pages in a minute."),
    Variable("WORKSPACE_REQUESTS_PER_MINUTE", positive, lambda: 600_000 if embedded() else 12_000,
             "How often the members and keys of one workspace together may ask in a minute."),
    Variable("WEB_WORKERS", positive, 2, "Web processes."),
    Variable("WEB_THREADS", positive, 4, "Threads in each web process."),
    Variable("WORKER_PROCESSES", positive, 2, "Processes of the Celery worker."),
    Variable("DEBUG", yes_no, False, "Django's debug pages: only with the embedded services."),
]  # fmt: skip

_BY_NAME = {variable.name: variable for variable in VARIABLES}


def embedded() -> bool:
    """Whether the embedded PostgreSQL and Valkey serve: none of the three addresses is given."""
    return not any(os.environ.get(name) for name in ("DATABASE_URL", "PLATFORM_DATABASE_URL", "REDIS_URL"))


def read(name: str) -> Any:
    """The parsed value of a declared variable, or its default; EnvError names what is missing or malformed."""
    return _BY_NAME[name].read()


def show(arguments: list[str]) -> int:
    """`manage.py env [--json]`: each variable's meaning and whether it is set; 1 when one is missing or malformed.

    Never a value: some are secrets. It runs without settings, since these need a sound environment.
    """
    wrong = {}
    for variable in VARIABLES:
        try:
            variable.read()
        except EnvError as error:
            wrong[variable.name] = str(error)
    rows = [
        {"name": v.name, "set": v.is_set, "required": v.required, "meaning": v.sentence, "problem": wrong.get(v.name)}
        for v in VARIABLES
    ]
    if "--json" in arguments:
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    else:
        for row in rows:
            state = "set" if row["set"] else "-"
            sys.stdout.write(f"{row['name']:<22} {'wrong' if row['problem'] else state:<6} {row['meaning']}\n")
    for sentence in dict.fromkeys(wrong.values()):
        sys.stderr.write(f"{sentence}\n")
    return 1 if wrong else 0

"""Django's settings, all of them; what differs between installations comes from `config.env` alone."""

import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from celery.schedules import crontab

from config import env
from config.logs import logging_config
from config.mail import mail_settings
from config.sentry import start_sentry
from kernel.embedded.secrets import embedded_secret_key
from kernel.embedded.state import Places, read_state

ROOT = env.ROOT
HOME: Path = env.read("PEYVAND_HOME")
EMBEDDED = env.embedded()
TESTING = "PYTEST_VERSION" in os.environ

# Values ---------------------------------------------------------------------------------------------------------------

SECRET_KEY: str = env.read("SECRET_KEY") or embedded_secret_key(HOME)
SECRET_KEY_FALLBACKS: list[str] = env.read("SECRET_KEY_FALLBACKS").split()
DEBUG: bool = env.read("DEBUG") and EMBEDDED
BASE_DOMAIN: str = env.read("BASE_DOMAIN")
HTTPS: bool = env.read("HTTPS")
RELEASE: str | None = env.read("RELEASE")
METRICS_ALLOW = env.read("METRICS_ALLOW")
OUTGOING_ALLOW: list[Any] = env.read("OUTGOING_ALLOW") if EMBEDDED else []
TRUST_PROXY: bool = env.read("TRUST_PROXY")
# What stands behind the host in links that leave the site (mail, printed addresses).
PORT: int = read_state(HOME).get("port") or env.read("PORT")
LINK_SCHEME = "https" if HTTPS else "http"
LINK_PORT = f":{PORT}" if EMBEDDED else ""

# Databases ------------------------------------------------------------------------------------------------------------


def postgres(url: str) -> dict[str, Any]:
    """Django's settings for a postgresql:// address."""
    parts = urlsplit(url)
    options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or parts.hostname or "",
        "PORT": parts.port or "",
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


POOLED: bool = env.read("DATABASE_POOLED")
TENANT_DATABASE = postgres(env.read("DATABASE_URL") or Places(HOME).database_url)
DATABASES = {
    # This order: a test that really commits empties the databases in it, the tenant side first.
    "default": TENANT_DATABASE
    | {
        "ENGINE": "kernel.tenancy.backend",
        # What is asked often is planned once for a connection (kernel.tenancy.backend.plans); behind a pooler, whose
        # servers change from transaction to transaction, never.
        "KEEPS_PLANS": not POOLED,
        "DISABLE_SERVER_SIDE_CURSORS": POOLED,
        "TEST": {"DEPENDENCIES": ["platform"]},
    },
    "platform": postgres(env.read("PLATFORM_DATABASE_URL") or Places(HOME).platform_database_url)
    | {
        "ENGINE": "django.db.backends.postgresql",
        "DISABLE_SERVER_SIDE_CURSORS": POOLED,
        "TEST": {"DEPENDENCIES": []},
    },
}
DATABASE_ROUTERS = ["kernel.tenancy.router.AliasRouter", "django_tenants.routers.TenantSyncRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PG_EXTRA_SEARCH_PATHS = ["ext"]
SKIP_PG_EXTRA_VALIDATION = True
TENANT_STATEMENT_TIMEOUT_MS = 10_000
# Whether each tenant's transactions run as a PostgreSQL role of its own (kernel.tenancy.database_roles).
TENANT_ROLES: bool = env.read("TENANT_ROLES")

# Applications ---------------------------------------------------------------------------------------------------------

PLATFORM_APPS = [
    "kernel.tenancy",  # before django_tenants: its commands of the same names win
    "django_tenants",
    "tenants",
    "kernel.accounts",
]
TENANT_APPS = [
    "kernel.access",
    "kernel.events",
    "kernel.runs",
    "kernel.files",
    "kernel.records",
    "kernel.attachments",
    "kernel.transfer",
    "kernel.privacy",
    "kernel.api",
    "crm_core.contacts",
    "crm_core.sales",
    "crm_core.activities",
    "crm_core.teamwork",
    "crm_core.leads",
    "crm_core.reporting",
]
SHARED_APPS = PLATFORM_APPS
INSTALLED_APPS = [
    *PLATFORM_APPS,
    *TENANT_APPS,
    "kernel.ui",
    "kernel.web",
    "kernel.web.accounts",
    "kernel.web.settings",
    "tenants.signup",
    "rest_framework",
    "django_htmx",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.contenttypes",  # django-tenants imports its model; neither side has its table
]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
AUTH_USER_MODEL = "access.Member"
PASSWORD_HASHERS = ["kernel.accounts.passwords.Hasher"]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]

# Requests -------------------------------------------------------------------------------------------------------------

MIDDLEWARE = [
    "kernel.web.requests.RequestMiddleware",  # request id, access log, metrics
    "kernel.web.health.HealthMiddleware",  # answers on any host, before a tenant is looked for
    "django.middleware.security.SecurityMiddleware",
    "kernel.web.security.SecurityHeaders",
    "kernel.web.compress.CompressPages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kernel.accounts.middleware.LocaleMiddleware",  # a stranger's language; all that answers below has one
    "kernel.tenancy.middleware.TenantMiddleware",  # host -> tenant; sets and resets the one variable
    "django.contrib.sessions.middleware.SessionMiddleware",  # platform side, saved after the tenant's commit
    "kernel.accounts.middleware.IdentityMiddleware",
    "kernel.web.limits.BodyLimit",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "kernel.web.toasts.ToastMiddleware",
    "kernel.tenancy.middleware.TenantTransaction",  # the outer transaction: whatever reads the member stands below
    "kernel.web.members.MemberMiddleware",
]
ROOT_URLCONF = "config.urls_tenant"
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
# The host decides the tenant, and TenantMiddleware answers unknown ones with a page of their own.
ALLOWED_HOSTS = [BASE_DOMAIN, f".{BASE_DOMAIN}"]
if EMBEDDED:
    ALLOWED_HOSTS += ["127.0.0.1", "[::1]"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_PERMISSIONS = 0o640
# The largest file that can be hung on a record.
FILE_MOST_BYTES = env.read("FILE_MOST_MB") * 1024 * 1024

# A cookie without a domain belongs to one host, so one tenant's cookies never reach another.
SESSION_ENGINE = "kernel.accounts.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "kernel.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # framing is refused by the content security policy of kernel.web.security
]

# Templates, languages, time -------------------------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "kernel.ui.context.ui",
                "kernel.web.toasts.toasts",
                "kernel.web.nav.nav",
                "kernel.web.shortcuts.context",
            ],
        },
    }
]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGE_COOKIE_NAME = "language"
LANGUAGES = [("en", "English"), ("fa", "فارسی")]
LOCALE_PATHS = [ROOT / "locale"]

# Assets and files -----------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "build/static"]
STATIC_ROOT = ROOT / "var/static"
# The manifest's names, and esbuild's own hashed chunks.
_HASHED = re.compile(r"^.+[.-][0-9a-f]{12}\..+$|^.+/js/.+-[A-Z0-9]{8}\.js$")


def WHITENOISE_IMMUTABLE_FILE_TEST(path: str, url: str) -> bool:
    return bool(_HASHED.match(url))


S3_BUCKET: str | None = env.read("S3_BUCKET")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": HOME / "files"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.read("S3_ENDPOINT_URL"),
            "region_name": env.read("S3_REGION"),
            "access_key": env.read("S3_ACCESS_KEY_ID"),
            "secret_key": env.read("S3_SECRET_ACCESS_KEY"),
            "signature_version": "s3v4",
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": False,
        },
    }
if TESTING:
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_AUTOREFRESH = True  # no walk through the folder of assets for each test client

# Cache, queue ---------------------------------------------------------------------------------------------------------

REDIS_URL: str = env.read("REDIS_URL") or Places(HOME).redis_url
_CACHE: dict[str, Any] = {
    "BACKEND": "kernel.tenancy.cache.Valkey",
    "LOCATION": REDIS_URL,
    "KEY_PREFIX": "cache",
}
if TESTING:
    _CACHE = {"BACKEND": "kernel.tenancy.cache.Memory"}
CACHES = {
    "default": _CACHE | {"KEY_FUNCTION": "kernel.tenancy.cache.key"},  # of the current tenant
    "platform": _CACHE | {"KEY_FUNCTION": "kernel.tenancy.cache.platform_key"},  # of the whole installation
}

# Celery's name for a Redis behind a Unix socket; the database number travels as virtual_host there.
CELERY_BROKER_URL = REDIS_URL
if REDIS_URL.startswith("unix:"):
    CELERY_BROKER_URL = f"redis+socket://{urlsplit(REDIS_URL).path}?virtual_host=0"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A task of a killed worker comes back after this time; work that matters is a Run, whose lease lapses much earlier.
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "global_keyprefix": "celery:",
    # Publishing inside a request fails soon when the broker is gone; the sweeper picks up what was not published.
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600  # below the visibility timeout, or a long task would be started a second time
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY: int = env.read("WORKER_PROCESSES")
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000
CELERY_DB_REUSE_MAX = sys.maxsize  # connections are kept from task to task, see celery.py
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": {"task": "kernel.tenancy.tasks.sweep", "schedule": 15, "options": {"expires": 30}},
    "forget-expired": {"task": "kernel.accounts.tasks.forget_expired", "schedule": crontab(hour=3, minute=17)},
    "sweep-all": {"task": "kernel.tenancy.tasks.sweep_all", "schedule": 3600, "options": {"expires": 600}},
    "restock": {"task": "tenants.tasks.restock", "schedule": 60, "options": {"expires": 60}},
    "provisioning": {"task": "tenants.tasks.sweep_provisioning", "schedule": 30, "options": {"expires": 30}},
}

# Mail, logs, API ------------------------------------------------------------------------------------------------------

_MAIL = mail_settings(env.read("EMAIL_URL"), HOME)
EMAIL_BACKEND: str = _MAIL["EMAIL_BACKEND"]
EMAIL_FILE_PATH: str | None = _MAIL.get("EMAIL_FILE_PATH")  # where mail goes that is not sent; read at /dev/mail
EMAIL_HOST: str = _MAIL.get("EMAIL_HOST", "localhost")
EMAIL_PORT: int = _MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER: str = _MAIL.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD: str = _MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL: bool = _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_USE_TLS: bool = _MAIL.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL: str = env.read("EMAIL_FROM")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
SUPPORT_EMAIL: str = env.read("SUPPORT_EMAIL")
LOGGING = logging_config(env.read("LOG_LEVEL"), json_lines=not EMBEDDED)
LOGGING_CONFIG = "logging.config.dictConfig"

API_REQUESTS_PER_MINUTE: int = env.read("API_REQUESTS_PER_MINUTE")
PAGE_REQUESTS_PER_MINUTE: int = env.read("PAGE_REQUESTS_PER_MINUTE")
WORKSPACE_REQUESTS_PER_MINUTE: int = env.read("WORKSPACE_REQUESTS_PER_MINUTE")
REST_FRAMEWORK = {
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DATETIME_FORMAT": "iso-8601",
    "COERCE_DECIMAL_TO_STRING": True,
}

if SENTRY_DSN := env.read("SENTRY_DSN"):
    start_sentry(SENTRY_DSN, environment=env.read("ENVIRONMENT"), release=RELEASE)

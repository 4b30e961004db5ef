"""What the log says and how: one readable line in development, one JSON object per line in production."""

from typing import Any


def logging_config(level: str, *, json_lines: bool) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "kernel.web.logs.ContextFilter"}},
        "formatters": {
            "line": {"()": "kernel.web.logs.LineFormatter"},
            "json": {"()": "kernel.web.logs.JsonFormatter"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if json_lines else "line",
                "filters": ["context"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # These would repeat what the access log and the reported exception already say.
            "django.server": {"handlers": [], "propagate": False},
            "django.request": {"level": "ERROR"},
            "django.security.DisallowedHost": {"handlers": [], "propagate": False},
            "celery.app.trace": {"level": "WARNING"},
        },
    }

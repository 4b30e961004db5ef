"""EMAIL_URL as Django's mail settings."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


def mail_settings(url: str | None, home: Path) -> dict[str, Any]:
    """`smtp:`, `smtps:` (TLS from the start) and `smtp+starttls:` send; without an address mail is written to files."""
    if url is None or url.startswith("file:"):
        folder = Path(urlsplit(url).path) if url else home / "mail"
        return {"EMAIL_BACKEND": "kernel.web.mail.FileBackend", "EMAIL_FILE_PATH": str(folder)}
    parts = urlsplit(url)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or {"smtps": 465, "smtp+starttls": 587}.get(parts.scheme, 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+starttls",
    }

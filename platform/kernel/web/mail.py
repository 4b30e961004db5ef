"""Outgoing mail of an installation without a mail server: one file per message, read at /dev/mail."""

import email
import email.policy
import ipaddress
import time
import uuid
from collections.abc import Sequence
from email.message import EmailMessage as ParsedMessage
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from kernel.accounts.doors import public

SHOWN = 50


class FileBackend(BaseEmailBackend):
    """Writes each message to EMAIL_FILE_PATH; the name sorts by time."""

    def __init__(self, fail_silently: bool = False, **kwargs: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        self.folder = Path(settings.EMAIL_FILE_PATH or settings.HOME / "mail")

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}.eml"
            draft = self.folder / f".{name}"
            draft.write_bytes(message.message().as_bytes())
            draft.rename(self.folder / name)
        return len(email_messages)


def latest(limit: int = SHOWN) -> list[dict[str, str]]:
    """The newest messages first, as plain text."""
    folder = Path(settings.EMAIL_FILE_PATH or settings.HOME / "mail")
    files = sorted(folder.glob("[0-9]*.eml"), reverse=True)[:limit] if folder.is_dir() else []
    return [_summary(file) for file in files]


def _summary(file: Path) -> dict[str, str]:
    message = email.message_from_bytes(file.read_bytes(), _class=ParsedMessage, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    return {
        "id": file.stem,
        "to": str(message["To"] or ""),
        "from": str(message["From"] or ""),
        "subject": str(message["Subject"] or ""),
        "date": str(message["Date"] or ""),
        "text": body.get_content().strip() if body else "",
    }


@public
@require_safe
def dev_mail(request: HttpRequest) -> HttpResponse:
    """The page, or JSON for scripts. It exists only with the embedded services, and only from this machine."""
    try:
        is_local = ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        is_local = False
    if not (settings.EMBEDDED and is_local and settings.EMAIL_FILE_PATH):
        raise Http404
    messages = latest()
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"results": messages}, json_dumps_params={"ensure_ascii": False})
    return render(request, "web/dev_mail.html", {"messages": messages})

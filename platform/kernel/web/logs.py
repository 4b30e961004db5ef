"""Log lines that say which workspace and which request they belong to. They carry no personal data: no address, no
query string, no member; the request id leads from a line to everything else about it."""

import json
import logging
import time
from contextvars import ContextVar
from typing import Any

from celery import current_task

from kernel.tenancy.context import current_tenant

request_id: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "tenant", "request_id", "color_message"}


class ContextFilter(logging.Filter):
    """Puts `tenant` (the subdomain) and `request_id` (of the request, else the Celery task) on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        tenant = current_tenant.get()
        # The access log speaks after the tenant was reset and brings it along.
        if not hasattr(record, "tenant"):
            record.tenant = getattr(tenant, "subdomain", "") if tenant else ""
        task = current_task.request.id if current_task else ""
        record.request_id = request_id.get() or task or ""
        return True


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {
        key: value
        for key, value in vars(record).items()
        if key not in _STANDARD and isinstance(value, str | int | float | bool)
    }


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "tenant": getattr(record, "tenant", ""),
            "request_id": getattr(record, "request_id", ""),
            **_extras(record),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in line.items() if value != ""}, ensure_ascii=False)


class LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        where = "/".join(
            part for part in (getattr(record, "tenant", ""), getattr(record, "request_id", "")[:8]) if part
        )
        parts = [time.strftime("%H:%M:%S", time.localtime(record.created)), record.levelname, record.name]
        if where:
            parts.append(f"[{where}]")
        parts.append(record.getMessage())
        text = " ".join(parts)
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text

"""Errors to Sentry: with tenant and release, without anything personal."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import LoggingIntegration


def start_sentry(dsn: str, *, environment: str, release: str | None) -> None:
    """Called once, by settings, when SENTRY_DSN is given."""
    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        send_default_pii=False,
        # Both would carry customers' records.
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=20,
        integrations=[
            # No middleware spans and no signals: only errors are reported.
            DjangoIntegration(middleware_spans=False, signals_spans=False, cache_spans=False),
            CeleryIntegration(propagate_traces=False),
            LoggingIntegration(level=None, event_level=None),
        ],
        before_send=without_personal_data,
    )


def without_personal_data(event: Any, hint: dict[str, Any]) -> Any:
    """Tags the tenant; drops what may name a person: query string, cookies, headers, secrets in paths, the user."""
    from kernel.tenancy.context import current_tenant
    from kernel.web.logs import request_id

    tenant = current_tenant.get()
    tags = event.setdefault("tags", {})
    if tenant is not None:
        tags["tenant"] = getattr(tenant, "subdomain", "")
    if request_id.get():
        tags["request_id"] = request_id.get()
    event.pop("user", None)
    request = event.get("request")
    if isinstance(request, dict):
        # The path may hold an invitation's secret; the transaction names the view.
        event["request"] = {"method": request.get("method", "")}
    event.pop("breadcrumbs", None)
    return event

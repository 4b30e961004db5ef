"""The tenant on every log line."""

import logging

from kernel.tenancy.context import current_tenant


class TenantFilter(logging.Filter):
    """Puts `tenant` on each record: the current tenant's subdomain, or "-"."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.tenant = getattr(current_tenant.get(), "subdomain", "-")
        return True

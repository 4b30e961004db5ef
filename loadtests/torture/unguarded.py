"""The product's settings without the transaction that binds a request to its tenant: nothing may be answered then."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE as GUARDED

MIDDLEWARE = [name for name in GUARDED if name != "kernel.tenancy.middleware.TenantTransaction"]

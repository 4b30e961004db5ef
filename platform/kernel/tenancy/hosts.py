"""Which tenant a host name belongs to, remembered for half a minute in each process.

Whoever changes a tenant calls `forget()`: this process forgets at once, the others within a second, by a version
number in the shared cache.
"""

import logging
import threading
import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import caches
from django_tenants.utils import get_tenant_domain_model, get_tenant_model

from kernel.tenancy.cache import host_key
from kernel.tenancy.context import tenant_only

SECONDS = 30.0
LOOK_EVERY = 1.0
MOST = 10_000  # hosts remembered, so that made-up names can't fill the memory
logger = logging.getLogger(__name__)


class Remembered:
    """A bounded map whose entries lapse, and all of which go when the shared version moves on."""

    def __init__(self) -> None:
        self._entries: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
        self._lock = threading.Lock()
        self._version: Any = None
        self._looked_at = float("-inf")

    def get(self, key: Any) -> tuple[bool, Any]:
        self._follow_version()
        with self._lock:
            until, value = self._entries.get(key, (0.0, None))
            return (True, value) if until > time.monotonic() else (False, None)

    def put(self, key: Any, value: Any) -> None:
        with self._lock:
            self._entries[key] = (time.monotonic() + SECONDS, value)
            self._entries.move_to_end(key)
            while len(self._entries) > MOST:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._looked_at = float("-inf")

    def _follow_version(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY:
            return
        self._looked_at = now
        try:
            version = caches["platform"].get(host_key())
        except Exception:  # noqa: BLE001 - without the cache a change is seen after SECONDS
            logger.warning("The shared cache does not answer; host names are remembered for %s s.", SECONDS)
            return
        if version != self._version:
            with self._lock:
                self._entries.clear()
                self._version = version


remembered = Remembered()


def tenant_by_host(host: str) -> Any:
    """The tenant that a host belongs to, in any status, or None."""
    return _look_up(("host", host), lambda: _find(host))


def tenant_by_id(tenant_id: UUID) -> Any:
    """A tenant by its id, in any status, or None."""
    return _look_up(("id", tenant_id), lambda: get_tenant_model().objects.filter(pk=tenant_id).first())


def forget() -> None:
    """Have every process look tenants up again: their status, name or host has changed."""
    remembered.clear()
    try:
        caches["platform"].set(host_key(), time.time_ns(), timeout=None)
    except Exception:  # noqa: BLE001 - see Remembered: it lapses by itself
        logger.warning("The shared cache does not answer; other processes see the change after %s s.", SECONDS)


def _look_up(key: Any, find: Any) -> Any:
    known, tenant = remembered.get(key)
    if not known:
        with tenant_only(None):
            tenant = find()
        remembered.put(key, tenant)
    return tenant


def _find(host: str) -> Any:
    label, _, rest = host.partition(".")
    if rest == settings.BASE_DOMAIN:
        return get_tenant_model().objects.filter(subdomain=label).first()
    domain = get_tenant_domain_model().objects.select_related("tenant").filter(domain=host).first()
    return domain.tenant if domain else None

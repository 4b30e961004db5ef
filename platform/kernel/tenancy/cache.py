"""Cache keys: those of the `default` cache carry the tenant, those of the `platform` cache belong to all."""

from django.conf import settings

from kernel.tenancy.context import get_tenant


def key(key: str, key_prefix: str, version: int) -> str:
    """KEY_FUNCTION of the cache alias `default`: NoTenant where no tenant is set."""
    return f"{key_prefix}:t:{get_tenant().pk}:{version}:{key}"


def platform_key(key: str, key_prefix: str, version: int) -> str:
    """KEY_FUNCTION of the cache alias `platform`."""
    return f"{key_prefix}:p:{version}:{key}"


def host_key() -> str:
    return f"hosts:{settings.BASE_DOMAIN}"

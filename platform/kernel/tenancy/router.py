"""Which database a model lives in: the platform's (control plane) or, in a schema of each tenant, `default`."""

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings

from kernel.tenancy.context import current_tenant

PLATFORM = "platform"
TENANT = "default"


@cache
def side(app_label: str) -> str | None:
    """The alias that an app's tables are in; None for an app that has no tables of ours."""
    name = apps.get_app_config(app_label).name
    if name in settings.PLATFORM_APPS:
        return PLATFORM
    return TENANT if name in settings.TENANT_APPS else None


def app_labels(alias: str) -> set[str]:
    return {config.label for config in apps.get_app_configs() if side(config.label) == alias}


class AliasRouter:
    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return side(model._meta.app_label)

    db_for_write = db_for_read

    def allow_relation(self, left: Any, right: Any, **hints: Any) -> bool:
        return side(left._meta.app_label) == side(right._meta.app_label)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        if side(app_label) != db:
            return False
        return db == PLATFORM or current_tenant.get() is not None

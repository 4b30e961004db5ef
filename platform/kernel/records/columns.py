"""Model columns whose meaning the database type alone does not tell."""

from typing import Any

from django.db import models

from kernel.tenancy.context import get_tenant


class MoneyField(models.DecimalField):
    """An amount in the tenant's currency: NUMERIC(24,4), never a float."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_digits": 24, "decimal_places": 4, **options})


class PercentField(models.DecimalField):
    """A percentage: 12.5 means 12.5 %."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_digits": 7, "decimal_places": 4, **options})


class PhoneField(models.CharField):
    """A telephone number in E.164."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_length": 16, **options})


def tenant_currency() -> str:
    """Every amount of a record is in one currency, kept beside it: the tenant's."""
    return str(get_tenant().currency)


class CurrencyField(models.CharField):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max_length": 3, "default": tenant_currency, "editable": False, **options})

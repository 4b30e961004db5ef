"""Which fields a tenant has given to its types, as one number: read along with whoever is acting.

`kernel.records.own_fields` keeps what it made of the fields for as long as the number stays.
"""

from typing import Any

from django.db import connections

from kernel.tenancy.context import get_tenant

# Order does not matter to a sum, and a row that changes takes another version: no two states have one stamp. With the
# transaction that wrote it: one that was rolled back may have used the version which the next change takes.
SQL = (
    "(SELECT coalesce(sum(hashtextextended(id::text || xmin::text, version)), 0)::text"
    " FROM records_customfield WHERE deleted_at IS NULL)"
)


def stamp() -> str:
    """The stamp of the current transaction, which asks for it once unless it was told."""
    memo = _memo()
    key = ("stamp", get_tenant().schema_name)
    if key not in memo:
        with connections["default"].cursor() as cursor:
            cursor.execute(f"SELECT {SQL}")
            memo[key] = cursor.fetchone()[0]
    found: str = memo[key]
    return found


def tell(value: str) -> None:
    """What a statement read on its way, with SQL among its columns."""
    _memo()["stamp", get_tenant().schema_name] = value


def forget() -> None:
    """The fields were changed in this transaction."""
    _memo().clear()


def _memo() -> dict[Any, Any]:
    memo: dict[Any, Any] = connections["default"].memo  # type: ignore[attr-defined]
    return memo

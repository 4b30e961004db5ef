"""Work that must not be done twice at the same moment waits in line: within one tenant, until the transaction ends."""

from django.db import connection

from kernel.tenancy.context import get_tenant

# The half of PostgreSQL's advisory lock numbers that is ours; the other half is the tenant and what is done.
SPACE = 0x52454344


def hold(what: str) -> None:
    """Wait until nobody else in this tenant holds `what`, then hold it. Take it before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [SPACE, f"{get_tenant().pk}:{what}"])

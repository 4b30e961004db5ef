"""One PostgreSQL role per tenant: it may read and write the rows of its own schema, and nothing else.

`SET LOCAL ROLE` takes it on with the binding of each transaction (`kernel.tenancy.backend`), so that a statement which
names another schema, or changes a table, is refused by PostgreSQL. Schemas belong to the role that the installation
connects as; making, migrating and removing them goes on as that one (`as_owner`, session scopes). Roles are known to
the whole server, so a role carries its schema's name, which is random and never used twice.
"""

from hashlib import sha256
from typing import Any

from django.apps import apps
from django.conf import settings

from kernel.tenancy.catalog import quoted

ROWS = "SELECT, INSERT, UPDATE, DELETE"
# Roles outlive a database that is dropped and may be made by two at once: somebody else's is as good.
_ROLE = """
DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$
"""
# By default privileges, before there is any table: each table that comes later, by a migration too, is under them.
_FIRST = [
    _ROLE,
    "GRANT {role} TO CURRENT_USER",
    "GRANT USAGE ON SCHEMA {role} TO {role}",
    f"ALTER DEFAULT PRIVILEGES IN SCHEMA {{role}} GRANT {ROWS} ON TABLES TO {{role}}",
]
_LATER = f"GRANT {ROWS} ON ALL TABLES IN SCHEMA {{role}} TO {{role}}"


def rights_hash() -> str:
    """Stands for what a tenant's role may do; empty where tenants have none."""
    return sha256("\n".join([*_FIRST, _LATER, *_last()]).encode()).hexdigest() if settings.TENANT_ROLES else ""


def first_rights(schema_name: str) -> list[str]:
    """The statements that make a role for a schema in which there is no table yet."""
    return [_of(statement, schema_name) for statement in _FIRST] if settings.TENANT_ROLES else []


def last_rights(schema_name: str) -> list[str]:
    """What tables whose rows stay as they were written take back from it, once they are there."""
    return [_of(statement, schema_name) for statement in _last()] if settings.TENANT_ROLES else []


def _last() -> list[str]:
    """A model says by APPEND_ONLY which of its columns may still change."""
    found = []
    for model in apps.get_models():
        if (columns := getattr(model, "APPEND_ONLY", None)) is not None:
            table = f"{{role}}.{quoted(model._meta.db_table)}"
            found.append(f"REVOKE UPDATE, DELETE ON {table} FROM {{role}}")
            found += [f"GRANT UPDATE ({quoted(column)}) ON {table} TO {{role}}" for column in columns]
    return found


def give_rights(cursor: Any, schema_name: str) -> None:
    """The role of a schema that has been there longer. Done twice it does nothing."""
    later = [_of(_LATER, schema_name)] if settings.TENANT_ROLES else []
    for statement in [*first_rights(schema_name), *later, *last_rights(schema_name)]:
        cursor.execute(statement)


def remove_role(cursor: Any, schema_name: str) -> None:
    """After its schema is gone. A role with rights in another database of the server, such as a copy, stays."""
    cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [schema_name])
    if cursor.fetchone() is not None:
        cursor.execute(
            f"DO $$ BEGIN DROP ROLE IF EXISTS {quoted(schema_name)};"
            " EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$"
        )


def _of(statement: str, schema_name: str) -> str:
    return statement.format(role=quoted(schema_name)).strip()

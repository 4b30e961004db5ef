"""Which tables there are: of one tenant, without reading of all the others."""

from typing import Any

from django.db.backends.postgresql.introspection import DatabaseIntrospection, TableInfo


class Introspection(DatabaseIntrospection):
    """Lists the tables of the current schema alone.

    Found through pg_depend's index by namespace: Django's own query scans the whole of pg_class, which holds the
    tables of every tenant.
    """

    def get_table_list(self, cursor: Any) -> list[Any]:
        cursor.execute(
            """
            SELECT c.relname, CASE WHEN c.relkind IN ('m', 'v') THEN 'v' WHEN c.relispartition THEN 'p' ELSE 't' END,
                   obj_description(c.oid, 'pg_class')
            FROM pg_depend d JOIN pg_class c ON c.oid = d.objid
            WHERE d.refclassid = 'pg_namespace'::regclass AND d.classid = 'pg_class'::regclass
              AND d.refobjid = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
              AND c.relkind IN ('f', 'm', 'p', 'r', 'v')
            """
        )
        return [TableInfo(*row) for row in cursor.fetchall() if row[0] not in self.ignored_tables]

"""Reading PostgreSQL's catalog: what one schema holds, in SQL that makes it again in another.

The SQL keeps to what Citus distributes (docs/tenancy.md): identity columns inline in CREATE TABLE, one constraint in
each ALTER, one statement in each string, every name without its schema.
"""

from dataclasses import dataclass
from typing import Any

TABLES = """
SELECT c.oid::int8, c.relname, array_to_string(c.reloptions, ', ')
FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' ORDER BY c.relname
"""
COLUMNS = """
SELECT a.attrelid::int8, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity::text,
       a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(l.collname) END
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation l ON l.oid = a.attcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum
"""
# From PostgreSQL 18 on NOT NULL is a constraint as well (contype n); it is read with the columns instead.
# Indexes in the order they were made in: of two that a row violates, PostgreSQL tells the older one.
CONSTRAINTS = """
SELECT k.conrelid::int8, k.conname, k.contype::text, pg_get_constraintdef(k.oid)
FROM pg_constraint k
WHERE k.connamespace = current_schema()::regnamespace AND k.conrelid <> 0 AND k.contype <> 'n'
ORDER BY k.conrelid, array_position(ARRAY['p', 'u', 'x', 'c', 'f'], k.contype::text),
         CASE WHEN k.contype IN ('p', 'u', 'x') THEN k.conindid END, k.conname
"""
# Without those over a tenant's own fields, which are beside the template (kernel.records.own_indexes).
# The pretty form names the table as the search path shows it: without its schema.
INDEXES = """
SELECT i.indrelid::int8, x.relname, pg_get_indexdef(i.indexrelid, 0, true), i.indisvalid
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid AND x.relnamespace = current_schema()::regnamespace
WHERE NOT EXISTS (
    SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  AND x.relname !~ '^cf_[0-9a-f]{32}'
ORDER BY i.indrelid, i.indexrelid
"""
# Whatever the compiler does not know how to make again. A sequence may only belong to an identity column (deptype i).
OTHERS = """
SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                      WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'type' END, c.relname
FROM pg_class c
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind NOT IN ('r', 'i', 't')
  AND NOT (c.relkind = 'S' AND EXISTS (
    SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'))
UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
UNION ALL SELECT 'type', typname FROM pg_type
  WHERE typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'd', 'r')
UNION ALL SELECT 'trigger', g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
  WHERE c.relnamespace = current_schema()::regnamespace AND NOT g.tgisinternal
UNION ALL SELECT 'rule', r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
UNION ALL SELECT 'statistics', stxname FROM pg_statistic_ext WHERE stxnamespace = current_schema()::regnamespace
UNION ALL SELECT 'inheriting table', c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
UNION ALL SELECT 'comment', c.relname FROM pg_description s JOIN pg_class c ON c.oid = s.objoid
  WHERE s.classoid = 'pg_class'::regclass AND c.relnamespace = current_schema()::regnamespace
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_required: bool
    identity: str
    generated: str
    default: str | None
    collation: str | None

    @property
    def sql(self) -> str:
        parts = [quoted(self.name), self.type]
        if self.collation:
            parts.append(f"COLLATE {self.collation}")
        if self.is_required:
            parts.append("NOT NULL")
        if self.identity:
            parts.append(f"GENERATED {'ALWAYS' if self.identity == 'a' else 'BY DEFAULT'} AS IDENTITY")
        elif self.generated:
            parts.append(f"GENERATED ALWAYS AS ({self.default}) STORED")
        elif self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        return " ".join(parts)


@dataclass(frozen=True)
class Constraint:
    name: str
    kind: str
    sql: str


@dataclass(frozen=True)
class Index:
    name: str
    sql: str
    is_valid: bool


@dataclass(frozen=True)
class Table:
    name: str
    options: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[Index, ...]


@dataclass(frozen=True)
class Schema:
    tables: tuple[Table, ...]
    others: tuple[tuple[str, str], ...]
    """Kind and name of what else is there."""


def read_schema(cursor: Any) -> Schema:
    """What the current schema holds: two schemas are the same when what is read of them is equal."""
    columns = _by_table(cursor, COLUMNS, Column)
    constraints = _by_table(cursor, CONSTRAINTS, Constraint)
    indexes = _by_table(cursor, INDEXES, Index)
    cursor.execute(TABLES)
    tables = [
        Table(name, options or "", *(tuple(parts.get(oid, ())) for parts in (columns, constraints, indexes)))
        for oid, name, options in cursor.fetchall()
    ]
    cursor.execute(OTHERS)
    return Schema(tuple(tables), tuple((kind, name) for kind, name in cursor.fetchall()))


def compiled(schema: Schema) -> list[str]:
    """The statements that make this schema's tables in whatever schema is current."""
    if schema.others:
        named = ", ".join(f"{kind} {name}" for kind, name in schema.others)
        raise ValueError(f"A schema may hold tables and indexes only; these can't be compiled: {named}.")
    tables = schema.tables
    return [
        *(_create(table) for table in tables),
        *(index.sql for table in tables for index in table.indexes),
        *(
            f"ALTER TABLE {quoted(table.name)} ADD CONSTRAINT {quoted(constraint.name)} {constraint.sql}"
            for table in tables
            for constraint in table.constraints
            if constraint.kind == "f"
        ),
    ]


def refuse_rows(cursor: Any) -> None:
    """Raise where a schema that only migrations have touched holds rows: compiled, it would be without them."""
    for table in read_schema(cursor).tables:
        if table.name != "django_migrations":
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {quoted(table.name)})")  # noqa: S608 - read from the catalog
            if cursor.fetchone()[0]:
                raise ValueError(
                    f"A migration put rows into {table.name}, but of a new schema only the tables are kept: rows that "
                    "a new tenant needs belong to a subscriber of tenant.provisioned, those of tenants that are there "
                    "to a starter, the platform's own to the code that asks for them."
                )


def quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _create(table: Table) -> str:
    inside = [
        *(column.sql for column in table.columns),
        *(f"CONSTRAINT {quoted(k.name)} {k.sql}" for k in table.constraints if k.kind != "f"),
    ]
    options = f" WITH ({table.options})" if table.options else ""
    lines = ",\n    ".join(inside)
    return f"CREATE TABLE {quoted(table.name)} (\n    {lines}\n){options}"


def _by_table(cursor: Any, query: str, make: Any) -> dict[int, list[Any]]:
    cursor.execute(query)
    found: dict[int, list[Any]] = {}
    for oid, *row in cursor.fetchall():
        found.setdefault(oid, []).append(make(*row))
    return found

"""What a tenant's schema must keep to, so that it can be moved to a Citus cluster as it is.

Each rule is a query that answers the offenders; `:own` stands for the schema in question, the current one.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps

from kernel.tenancy.router import TENANT, side


@dataclass(frozen=True)
class Rule:
    sentence: str
    query: str


RULES = [
    Rule(
        "has no primary key: Citus can't move it, having no replica identity",
        """SELECT c.relname FROM pg_class c WHERE c.relnamespace = :own AND c.relkind IN ('r', 'p') AND NOT EXISTS (
            SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')""",
    ),
    Rule(
        "is a key that is neither UUID nor bigint: an int sequence fails on Citus' workers",
        """SELECT c.relname || '.' || a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
            WHERE k.connamespace = :own AND k.contype IN ('p', 'f')
              AND a.atttypid NOT IN ('uuid'::regtype, 'bigint'::regtype) GROUP BY 1""",
    ),
    Rule(
        "is a foreign key that leaves the schema",
        """SELECT k.conname FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid
            WHERE k.connamespace = :own AND k.contype = 'f' AND t.relnamespace <> :own""",
    ),
    Rule(
        "is a trigger: Citus refuses them, and what follows from a change belongs to the change",
        """SELECT c.relname || '.' || g.tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
            WHERE c.relnamespace = :own AND NOT g.tgisinternal""",
    ),
    Rule(
        "is a sequence that is not an identity column's own",
        """SELECT c.relname FROM pg_class c WHERE c.relnamespace = :own AND c.relkind = 'S' AND NOT EXISTS (
            SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
              AND d.deptype = 'i' AND d.refclassid = 'pg_class'::regclass)""",
    ),
    Rule(
        "has a default or a generated value that calls on something outside the schema",
        """SELECT c.relname || '.' || a.attname FROM pg_attrdef e
            JOIN pg_class c ON c.oid = e.adrelid AND c.relnamespace = :own
            JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
            JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid
            LEFT JOIN pg_class r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
            LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
            WHERE r.relnamespace <> :own OR p.pronamespace NOT IN (:own, 'pg_catalog'::regnamespace)""",
    ),
    Rule(
        "is a default that names a sequence by a string, which a Citus worker would look up without our path",
        """SELECT c.relname || '.' || a.attname FROM pg_attrdef e
            JOIN pg_class c ON c.oid = e.adrelid AND c.relnamespace = :own
            JOIN pg_attribute a ON a.attrelid = e.adrelid AND a.attnum = e.adnum
            WHERE pg_get_expr(e.adbin, e.adrelid) LIKE '%regclass%'""",
    ),
    Rule(
        "is neither a plain table nor an index: only those can be made from the template",
        """SELECT c.relname FROM pg_class c WHERE c.relnamespace = :own AND c.relkind NOT IN ('r', 'i', 't', 'S')
            UNION ALL SELECT p.proname FROM pg_proc p WHERE p.pronamespace = :own
            UNION ALL SELECT y.typname FROM pg_type y WHERE y.typnamespace = :own AND y.typtype IN ('e', 'd', 'r')""",
    ),
    Rule(
        "inherits from another table",
        """SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
            WHERE c.relnamespace = :own AND c.relkind = 'r'""",
    ),
    Rule(
        "is an extension outside the schema ext",
        """SELECT extname FROM pg_extension
           WHERE extnamespace NOT IN ('ext'::regnamespace, 'pg_catalog'::regnamespace)""",
    ),
]


def offences(cursor: Any) -> list[str]:
    """One sentence for each thing in the current schema that breaks a rule."""
    found = []
    for rule in RULES:
        cursor.execute(rule.query.replace(":own", "current_schema()::regnamespace"))
        found += [f"{name} {rule.sentence}." for (name,) in sorted(cursor.fetchall())]
    return found


def model_offences() -> list[str]:
    """Relations declared between a tenant's table and one of the platform."""
    return [
        f"{model._meta.label}.{field.name} points from a tenant's table to one of the platform."
        for model in apps.get_models()
        if side(model._meta.app_label) == TENANT
        for field in model._meta.get_fields()
        if field.is_relation
        and isinstance(field.related_model, type)
        and side(field.related_model._meta.app_label) != TENANT
    ]

"""A schema made of the compiled template, which comes from its file, is as the migrations make it, object by object."""

import re
import secrets

import pytest
from django.db import connection, connections
from same_schema import as_reparsed, settled

from kernel.tenancy.apart import apart
from kernel.tenancy.catalog import compiled, quoted, read_schema
from kernel.tenancy.head import head_hash, head_migrations
from kernel.tenancy.models import TemplateSchema
from kernel.tenancy.template import (
    compile_structure,
    ensure_template,
    migrate_current_schema,
    template_statements,
)

# The migrations are run once, in one process, however many there are.
pytestmark = pytest.mark.xdist_group("structure")


def read_migrated():
    """What the migrations make of an empty schema, and what they note about themselves."""
    name = f"scratch_{secrets.token_hex(4)}"
    wrapper = connections["default"]
    with wrapper.session_scope(name), wrapper.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {quoted(name)}")
        try:
            migrate_current_schema(wrapper)
            return read_schema(cursor), applied(cursor)
        finally:
            cursor.execute(f"DROP SCHEMA {quoted(name)} CASCADE")


def applied(cursor):
    cursor.execute("SELECT app, name FROM django_migrations")
    return sorted(cursor.fetchall())


@pytest.fixture(scope="module")
def migrated(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return apart(read_migrated)


@pytest.fixture
def replayed(owner_in_a):
    with connection.cursor() as cursor:
        yield read_schema(cursor), applied(cursor)


def test_the_same_tables(migrated, replayed):
    assert [table.name for table in replayed[0].tables] == [table.name for table in migrated[0].tables]
    assert len(replayed[0].tables) > 10


@pytest.mark.parametrize("part", ["options", "columns", "constraints", "indexes"])
def test_the_same_parts_of_each_table(migrated, replayed, part):
    for ours, theirs in zip(replayed[0].tables, migrated[0].tables, strict=True):
        assert getattr(settled(ours), part) == getattr(settled(theirs), part), ours.name


def test_nothing_else(migrated, replayed):
    assert replayed[0].others == migrated[0].others == ()


def test_the_same_migrations_are_noted(migrated, replayed):
    assert replayed[1] == migrated[1] == sorted(head_migrations())


def test_a_difference_would_be_seen(replayed):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE access_team ALTER COLUMN name DROP NOT NULL")
        assert read_schema(cursor) != replayed[0]


def test_compiling_what_was_replayed_gives_the_same_statements(replayed):
    statements = [as_reparsed(statement) for statement in template_statements(head_hash())]
    assert [as_reparsed(statement) for statement in compiled(replayed[0])] == statements[:-1]


def test_no_statement_names_a_schema_or_holds_two():
    for statement in template_statements(head_hash()):
        assert not re.search(r"\b(t_|scratch_|public\.)\w+\.", statement)
        assert statement.count(" ADD CONSTRAINT ") <= 1
        assert ";" not in statement


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE SEQUENCE t_stray",
        "CREATE VIEW t_stray AS SELECT 1",
        "CREATE TYPE t_stray AS ENUM ('x')",
        "CREATE FUNCTION t_stray() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE STATISTICS t_stray ON name, label FROM access_team",
    ],
)
def test_what_cannot_be_compiled_is_refused_rather_than_left_out(owner_in_a, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        with pytest.raises(ValueError, match="t_stray"):
            compiled(read_schema(cursor))


def test_rows_that_a_migration_leaves_are_refused(monkeypatch):
    from kernel.tenancy import template

    def as_if_migrated(wrapper):
        with wrapper.cursor() as cursor:
            for statement in template_statements(head_hash()):
                cursor.execute(statement)
        _fill(wrapper)

    monkeypatch.setattr(template, "migrate_current_schema", as_if_migrated)
    with pytest.raises(ValueError, match="put rows into access_role"):
        apart(compile_structure)


def _fill(wrapper):
    with wrapper.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_role (id, version, created_at, updated_at, label, label_key, search, text_keys, custom,"
            " tags, code, name, rules) VALUES"
            " (gen_random_uuid(), 1, now(), now(), '', '', '', '{}', '{}', '{}', 'x', 'x', '{}')"
        )


def test_the_template_is_compiled_once(django_assert_num_queries):
    ensure_template()
    with django_assert_num_queries(1, using="platform"):
        ensure_template()
    assert TemplateSchema.objects.get().pk == head_hash()

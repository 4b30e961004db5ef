"""A tenant's transactions run as a PostgreSQL role of its own, which reaches its own rows and nothing else."""

import pytest
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone
from fleets import behind, fleet_of, sql

from kernel.events.models import Event
from kernel.tenancy.context import as_owner, in_tenant
from kernel.tenancy.fleet import migrate_fleet, tenants_behind
from kernel.tenancy.models import SchemaVersion
from tenants.lifecycle import remove

ROWS = ["SELECT", "INSERT", "UPDATE", "DELETE"]
ON_ALL = {"SELECT", "INSERT"}  # not every table lets its rows be changed
ALL = [*ROWS, "TRUNCATE", "REFERENCES", "TRIGGER"]


def ask(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall()


def who():
    return ask("SELECT current_user")[0][0]


def rights_of(role, schema):
    """What a role may do with the tables of a schema: each right, and with how many of them."""
    rows = sql(
        "SELECT p, count(*) FILTER (WHERE has_table_privilege(%s, t.oid, p)), count(*)"
        " FROM pg_class t, unnest(%s::text[]) AS p"
        " WHERE t.relnamespace = to_regnamespace(%s) AND t.relkind = 'r' GROUP BY p",
        role,
        ALL,
        schema,
    )
    return {right for right, held, _all in rows if held}, {right for right, held, every in rows if held == every}


def drop_role(name):
    """As if the tenant had been made before there were roles."""
    for statement in (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {0} REVOKE ALL ON TABLES FROM {0}",
        "REVOKE ALL ON ALL TABLES IN SCHEMA {0} FROM {0}",
        "REVOKE ALL ON SCHEMA {0} FROM {0}",
        "DROP ROLE {0}",
    ):
        sql(statement.format(name))


def test_each_transaction_runs_as_its_tenants_role(tenant_a, tenant_b):
    for tenant in (tenant_a, tenant_b, tenant_a):
        with in_tenant(tenant):
            assert who() == tenant.schema_name


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM t_b.access_member",
        "SELECT count(*) FROM t_b.django_migrations",
        "INSERT INTO t_b.access_team SELECT * FROM access_team",
        "UPDATE t_b.access_team SET name = 'x'",
        "DELETE FROM t_b.access_team",
    ],
)
def test_another_tenants_table_is_refused(in_a, statement):
    with pytest.raises(ProgrammingError, match="permission denied for schema t_b"), transaction.atomic():
        ask(statement)


def test_a_platform_table_in_the_other_database_is_refused(in_a):
    database = connections["platform"].settings_dict["NAME"]
    with pytest.raises(Exception, match="cross-database references"), transaction.atomic():
        ask(f'SELECT * FROM "{database}".public.accounts_identity')


def test_a_platform_table_in_the_same_database_would_be_refused(tenant_a):
    with as_owner(), in_tenant(tenant_a), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.accounts_identity AS SELECT 'secret' AS password")
    with in_tenant(tenant_a), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        ask("SELECT * FROM public.accounts_identity")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE stray (id uuid)",
        "CREATE TABLE public.stray (id uuid)",
        "CREATE TABLE ext.stray (id uuid)",
        "CREATE TABLE t_b.stray (id uuid)",
        "CREATE SCHEMA stray",
        "CREATE ROLE stray",
        "CREATE FUNCTION stray() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE INDEX stray ON access_team (name)",
        "ALTER TABLE access_team ADD COLUMN stray text",
        "DROP TABLE access_team CASCADE",
        "DROP SCHEMA t_a CASCADE",
        "TRUNCATE access_team CASCADE",
    ],
)
def test_nothing_but_rows_can_be_changed(in_a, statement):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        ask(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events_event SET changes = '{}'",
        "UPDATE events_event SET member_id = NULL, fanned_out_at = now()",
        "DELETE FROM events_event",
        "TRUNCATE events_event CASCADE",
    ],
)
def test_what_happened_stays_as_it_was_written(in_a, statement):
    with pytest.raises(ProgrammingError, match="permission denied for table events_event"), transaction.atomic():
        ask(statement)


def test_that_an_event_was_handed_on_may_be_noted(in_a):
    assert Event.objects.update(fanned_out_at=timezone.now()) == Event.objects.count()


def test_the_role_is_taken_on_again_after_a_savepoint_was_rolled_back(tenant_a):
    with in_tenant(tenant_a):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert who() == "t_a"  # bound inside the savepoint, and so undone with it
            raise ZeroDivisionError
        assert who() == "t_a"


def test_making_and_removing_go_on_as_the_installations_role(tenant_a):
    with as_owner(), in_tenant(tenant_a):
        assert who() == connection.settings_dict["USER"]
    with in_tenant(tenant_a):
        assert who() == "t_a"


def test_a_setting_turns_it_off(settings, tenant_a):
    settings.TENANT_ROLES = False
    with in_tenant(tenant_a):
        # Under test the transaction is the one in which another role may have been taken on before.
        assert ask("SELECT session_user")[0][0] == connection.settings_dict["USER"]
        assert "ROLE" not in connection._binding("t_a")


@pytest.mark.parametrize("tenant", ["t_a", "t_b"])
def test_a_role_has_the_rows_of_its_own_tables_and_none_of_others(tenant):
    held, held_of_all = rights_of(tenant, tenant)
    assert (held, held_of_all) == (set(ROWS), ON_ALL)
    for schema in {"t_a", "t_b", "ext", "public"} - {tenant}:
        assert rights_of(tenant, schema)[0] == set()


@pytest.mark.django_db(transaction=True)
def test_no_role_stays_on_the_connection(tenant_a):
    with in_tenant(tenant_a):
        assert who() == "t_a"
    with connection.bare():
        assert who() == connection.settings_dict["USER"]


@pytest.mark.django_db(transaction=True)
def test_a_role_comes_and_goes_with_its_tenant():
    with fleet_of("walled") as (tenant,):
        assert rights_of(tenant.schema_name, tenant.schema_name)[1] == ON_ALL
        remove(tenant)
        assert sql("SELECT FROM pg_roles WHERE rolname = %s", tenant.schema_name) == []


@pytest.mark.django_db(transaction=True)
def test_tenants_without_a_role_are_given_one_and_those_that_fail_are_taken_up(monkeypatch):
    from kernel.tenancy import fleet

    with fleet_of("walled-one", "walled-two") as tenants:
        for tenant in tenants:
            drop_role(tenant.schema_name)
        SchemaVersion.objects.filter(tenant__in=tenants).update(rights_hash="")
        give = fleet.give_rights
        monkeypatch.setattr(
            fleet, "give_rights", lambda cursor, name: give(cursor, name) if name == tenants[0].schema_name else 1 / 0
        )
        assert [row.tenant for row in migrate_fleet()] == [tenants[1]]
        assert tenants_behind() == [tenants[1]]
        monkeypatch.undo()
        assert migrate_fleet() == []
        for tenant in tenants:
            assert rights_of(tenant.schema_name, tenant.schema_name)[1] == ON_ALL


@pytest.mark.django_db(transaction=True)
def test_tables_that_a_migration_makes_are_reached():
    with fleet_of("walled") as (tenant,):
        behind(tenant, "events")
        assert migrate_fleet() == []
        assert rights_of(tenant.schema_name, tenant.schema_name)[1] == ON_ALL

"""Statements whose plans are kept answer each tenant from its own schema, and obey the rules of every other query."""

import psycopg
import pytest
from django.db import connection
from rows import new_team

from kernel.access.models import Team
from kernel.tenancy.backend import plans
from kernel.tenancy.context import NoTenant, OutsideTransaction, in_tenant, tenant_only

NAMES = "SELECT name FROM access_team WHERE name = %s"


def test_a_kept_plan_answers_each_tenant_from_its_own_schema(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        new_team("t:a")
    for _turn in range(8):  # beyond the threshold, so that both plans are kept on this one connection
        with in_tenant(tenant_a):
            assert connection.rows_of(NAMES, ["t:a"]) == [("t:a",)]
        with in_tenant(tenant_b):
            assert connection.rows_of(NAMES, ["t:a"]) == []
    with in_tenant(tenant_a), connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE statement LIKE %s", ["SELECT name FROM%"])
        kept = {row[0].rpartition(" ")[2] for row in cursor.fetchall()}
    assert {tenant_a.schema_name, tenant_b.schema_name} <= kept


def test_a_kept_statement_without_a_tenant_is_refused():
    with pytest.raises(NoTenant):
        connection.rows_of(NAMES, ["t:a"])


def test_a_kept_statement_outside_a_transaction_is_refused(tenant_a):
    with tenant_only(tenant_a), pytest.raises(OutsideTransaction):
        connection.rows_of(NAMES, ["t:a"])


def test_a_kept_statement_sees_what_its_own_transaction_wrote(tenant_a):
    with in_tenant(tenant_a):
        team = new_team("t:before")
        Team.objects.filter(pk=team.pk).update(name="t:after")
        assert connection.rows_of(NAMES, ["t:after"]) == [("t:after",)]


@pytest.fixture
def bare():
    """A connection of its own, without a tenant."""
    mine = connection.copy()
    mine.ensure_connection()
    yield mine.connection
    mine.close()


@pytest.mark.parametrize(("keeps", "left"), [(True, 1), (False, 0)])
def test_only_the_plans_that_were_asked_last_are_kept_and_behind_a_pooler_none(bare, monkeypatch, keeps, left):
    monkeypatch.setattr(plans, "MOST", 2)  # of which one is the question at the end
    kept = plans.Plans(bare, keeps=keeps)
    for number in range(4):
        for _turn in range(8):
            assert kept.rows(f"SELECT {number} WHERE %s = 'x'", ["x"]) == [(number,)]
    assert kept.rows("SELECT count(*) FROM pg_prepared_statements", []) == [(left,)]


def test_a_connection_that_the_server_has_closed_is_told_without_asking():
    mine = connection.copy()
    mine.ensure_connection()
    assert mine.is_usable()
    with psycopg.connect(mine.connection.info.dsn, password=mine.settings_dict["PASSWORD"] or None) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine.connection.info.backend_pid])
    assert not mine.is_usable()

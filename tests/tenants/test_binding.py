"""A tenant's query is answered from that tenant's schema, inside a transaction of its own, or not at all."""

import contextvars
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django_tenants.utils import schema_context, tenant_context
from rows import made, new_team

from kernel.access.models import Member, Role, Team
from kernel.tenancy.context import (
    NoTenant,
    OutsideTransaction,
    TenantSwitch,
    current_tenant,
    get_tenant,
    in_tenant,
    on_commit,
    statements_within,
    stream,
    tenant_only,
)
from tenants.models import Tenant


def test_a_query_without_a_tenant_is_refused():
    with pytest.raises(NoTenant):
        Team.objects.count()


def test_a_query_without_a_tenant_is_refused_inside_a_transaction_too():
    with transaction.atomic(), pytest.raises(NoTenant):
        Team.objects.count()


def test_a_query_outside_a_transaction_is_refused(tenant_a):
    with tenant_only(tenant_a), pytest.raises(OutsideTransaction):
        Team.objects.count()


def test_get_tenant_refuses_to_guess(tenant_a):
    with pytest.raises(NoTenant):
        get_tenant()
    with in_tenant(tenant_a):
        assert get_tenant() == tenant_a


def test_rows_land_in_their_own_tenant(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        new_team("t:a")
    with in_tenant(tenant_b):
        assert made() == []
        new_team("t:b")
    with in_tenant(tenant_a):
        assert made() == ["t:a"]


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_is_rolled_back(in_a, time):
    assert made() == []
    new_team("t:left behind")


def test_one_tenant_cannot_be_entered_inside_another(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        new_team("t:a")
        with pytest.raises(TenantSwitch), in_tenant(tenant_b):
            pass
        assert made() == ["t:a"]


def test_one_tenant_cannot_be_entered_inside_another_before_the_first_query_either(tenant_a, tenant_b):
    with in_tenant(tenant_a), pytest.raises(TenantSwitch), in_tenant(tenant_b):
        pass


def test_the_variable_cannot_be_changed_inside_a_transaction(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        Team.objects.count()
        with tenant_only(tenant_b), pytest.raises(TenantSwitch):
            Team.objects.count()
        with tenant_only(None), pytest.raises(NoTenant):
            Team.objects.count()
        assert made() == []


def test_entering_the_same_tenant_again_is_a_savepoint(tenant_a):
    with in_tenant(tenant_a):
        new_team("t:outer")
        with pytest.raises(ValueError, match="inner"), in_tenant(tenant_a):
            new_team("t:inner")
            raise ValueError("inner")
        assert made() == ["t:outer"]


def test_the_variable_is_reset_after_an_error(tenant_a):
    with pytest.raises(ZeroDivisionError), in_tenant(tenant_a):
        raise ZeroDivisionError
    assert current_tenant.get() is None


def test_a_failed_block_leaves_nothing_and_the_next_tenant_is_right(tenant_a, tenant_b):
    with pytest.raises(ZeroDivisionError), in_tenant(tenant_a):
        new_team("t:gone")
        raise ZeroDivisionError
    with in_tenant(tenant_b):
        assert made() == []
    with in_tenant(tenant_a):
        assert made() == []


def test_rolling_back_to_a_savepoint_binds_again(tenant_a):
    with in_tenant(tenant_a):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            new_team("t:undone")  # the first query, so that the binding itself is rolled back
            raise ZeroDivisionError
        assert made() == []
        new_team("t:kept")
        assert made() == ["t:kept"]


def test_rolling_back_to_a_savepoint_keeps_the_owner(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            new_team("t:undone")
            raise ZeroDivisionError
        with tenant_only(tenant_b), pytest.raises(TenantSwitch):
            Team.objects.count()


def test_a_database_error_in_a_savepoint_leaves_the_transaction_usable(tenant_a):
    with in_tenant(tenant_a):
        Role.objects.create(code="t-once")
        with pytest.raises(IntegrityError), transaction.atomic():
            Role.objects.create(code="t-once")
        assert Role.objects.filter(code="t-once").count() == 1


def test_a_decorated_function_serves_each_tenant_in_turn(tenant_a, tenant_b):
    @transaction.atomic
    def count() -> int:
        return len(made())

    with in_tenant(tenant_a):
        new_team("t:a")
    with tenant_only(tenant_a):
        assert count() == 1
    with tenant_only(tenant_b):
        assert count() == 0


def test_raw_sql_sees_the_tenants_schema_and_the_extensions_alone(in_a):
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone() == ("t_a, ext",)


def test_raw_sql_cannot_name_a_table_of_the_platform(in_a):
    with connection.cursor() as cursor, pytest.raises(Exception, match="accounts_identity"), transaction.atomic():
        cursor.execute("SELECT * FROM accounts_identity")


def test_a_statement_is_bounded_in_time(in_a, settings):
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("10s",)


def test_the_bound_can_be_set_for_long_work(tenant_a):
    with statements_within(120_000), in_tenant(tenant_a), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("2min",)


def test_binding_costs_no_query_that_django_counts(in_a, django_assert_num_queries):
    with django_assert_num_queries(1):
        Team.objects.count()


def test_entering_a_tenant_without_a_query_sends_nothing(tenant_a, django_assert_num_queries):
    with django_assert_num_queries(1), in_tenant(tenant_a):  # the savepoint of this test
        pass


def test_a_block_that_failed_leaves_what_the_one_before_it_wrote(in_a):
    with transaction.atomic():
        new_team("t:kept")
    with pytest.raises(IntegrityError), transaction.atomic():
        new_team("t:lost")
        raise IntegrityError
    assert made() == ["t:kept"]


def test_a_block_that_failed_takes_back_the_blocks_inside_it_that_did_not(in_a):
    with pytest.raises(IntegrityError), transaction.atomic():
        with transaction.atomic():
            new_team("t:inside")
        raise IntegrityError
    with transaction.atomic():
        new_team("t:after")
    assert made() == ["t:after"]


def test_blocks_one_after_the_other_cost_one_command_each(in_a, django_assert_num_queries):
    with django_assert_num_queries(3):
        for _number in range(3):
            with transaction.atomic():
                pass


def test_iterators_and_named_cursors_stay_in_the_tenant(in_a):
    for number in range(5):
        new_team(f"t:{number}")
    assert len([*Team.objects.filter(name__startswith="t:").iterator(chunk_size=2)]) == 5


def test_a_bare_thread_has_no_tenant_and_a_copied_context_has(tenant_a):
    answers = []

    def ask() -> None:
        try:
            with transaction.atomic():
                answers.append(Member.objects.count())
        except NoTenant:
            answers.append("no tenant")
        finally:
            connections.close_all()

    with in_tenant(tenant_a):
        for target, args in ((ask, ()), (contextvars.copy_context().run, (ask,))):
            thread = threading.Thread(target=target, args=args)
            thread.start()
            thread.join()
    assert answers == ["no tenant", 6]


def test_a_threads_first_connection_does_not_wipe_the_tenant(tenant_a):
    """django-tenants' wrapper resets to the public schema when it is made."""

    def first() -> None:
        with in_tenant(tenant_a):
            seen.append((Member.objects.count(), current_tenant.get().subdomain))
        connections.close_all()

    seen: list = []
    thread = threading.Thread(target=first)
    thread.start()
    thread.join()
    assert seen == [(6, "a")]


def test_on_commit_runs_in_the_tenant(tenant_a, django_capture_on_commit_callbacks):
    seen = []
    with django_capture_on_commit_callbacks(execute=True), in_tenant(tenant_a):
        new_team("t:committed")
        on_commit(lambda: seen.append((get_tenant().subdomain, made())))
    assert seen == [("a", ["t:committed"])]


def test_on_commit_needs_a_tenant():
    with pytest.raises(NoTenant):
        on_commit(lambda: None)


def test_a_stream_makes_each_chunk_inside_and_hands_it_out_outside(tenant_a):
    with in_tenant(tenant_a):
        new_team("t:1")
    chunks = stream(tenant_a, (team.name for _i in range(2) for team in Team.objects.filter(name="t:1")))
    seen = []
    for chunk in chunks:
        seen.append(chunk)
        assert current_tenant.get() is None
    assert seen == ["t:1", "t:1"]


def test_with_tenant_is_banned(tenant_a):
    with pytest.raises(RuntimeError, match="in_tenant"), tenant_a:
        pass


def test_deleting_a_tenants_row_alone_is_banned(tenant_a):
    with pytest.raises(RuntimeError, match="lifecycle"):
        tenant_a.delete()


def test_django_tenants_own_contexts_follow_the_variable(tenant_a):
    with tenant_context(tenant_a), transaction.atomic():
        new_team("t:stock")
    with schema_context("t_b"), transaction.atomic():
        assert made() == []
    assert current_tenant.get() is None


def test_models_of_the_platform_are_reached_with_and_without_a_tenant(tenant_a):
    assert Tenant.objects.count() == 2
    with in_tenant(tenant_a):
        assert Tenant.objects.count() == 2


def test_a_relation_across_the_sides_is_refused(tenant_a):
    from kernel.accounts.models import Identity
    from kernel.tenancy.router import AliasRouter

    assert not AliasRouter().allow_relation(Identity(), Member())
    assert AliasRouter().allow_relation(Role(), Member())


def test_no_table_is_in_two_databases():
    from django.apps import apps

    from kernel.tenancy.router import TENANT, app_labels, side

    assert not {model for model in apps.get_models() if side(model._meta.app_label) is None} - {
        model for model in apps.get_models() if model._meta.app_label == "contenttypes"
    }
    assert "accounts" not in app_labels(TENANT)


def test_a_command_runs_in_a_tenant(capsys):
    call_command("in_tenant", "b", "dumpdata", "access.member", "--format", "json")
    assert "eve@b.example" in capsys.readouterr().out


def test_a_command_in_an_unknown_tenant_is_refused():
    with pytest.raises(CommandError, match="no tenant nowhere"):
        call_command("in_tenant", "nowhere", "dumpdata")


def test_django_tenants_own_migration_command_is_out_of_the_way():
    with pytest.raises(CommandError, match="upgrade"):
        call_command("migrate_schemas")

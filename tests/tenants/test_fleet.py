"""Bringing every tenant to the newest migrations: resumable, past those that fail, and free when nothing is to do."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from fleets import behind, fleet_of, open_transaction_on, tables_of

from kernel.tenancy import fleet
from kernel.tenancy.fleet import migrate_fleet, tenants_behind, tenants_due
from kernel.tenancy.head import head_hash
from kernel.tenancy.models import SchemaVersion
from kernel.tenancy.upgrade import upgrade

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def three():
    with fleet_of("fleet-one", "fleet-two", "fleet-three") as tenants:
        yield tenants


def test_a_tenant_at_the_head_is_skipped():
    assert tenants_behind() == []
    assert migrate_fleet() == []


def test_tenants_behind_are_brought_to_the_head(three):
    for tenant in three:
        behind(tenant)
    assert "api_idempotentanswer" not in tables_of(three[0])
    assert migrate_fleet() == []
    for tenant in three:
        assert "api_idempotentanswer" in tables_of(tenant)
    assert {row.head_hash for row in SchemaVersion.objects.all()} == {head_hash()}


def test_one_that_fails_keeps_nobody_else_behind(three, monkeypatch):
    for tenant in three:
        behind(tenant)
    bring = fleet._bring_to_head

    def fail_for_the_second(tenant):
        if tenant == three[1]:
            raise ZeroDivisionError("as if a migration failed")
        bring(tenant)

    monkeypatch.setattr(fleet, "_bring_to_head", fail_for_the_second)
    failed = migrate_fleet()
    assert [row.tenant for row in failed] == [three[1]]
    assert failed[0].error == "ZeroDivisionError: as if a migration failed"
    assert tenants_behind() == [three[1]]

    monkeypatch.setattr(fleet, "_bring_to_head", bring)
    assert migrate_fleet() == []
    row = SchemaVersion.objects.get(tenant=three[1])
    assert (row.state, row.error, row.attempts) == ("ok", "", 2)


def test_a_table_that_somebody_holds_is_given_up_after_a_while(three, monkeypatch):
    monkeypatch.setattr(fleet, "LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(fleet, "TRIES", 2)
    monkeypatch.setattr(fleet.random, "uniform", lambda low, high: 0)
    for tenant in three:
        behind(tenant)
    with open_transaction_on(three[0], "access_member"):
        failed = migrate_fleet()
    assert [row.tenant for row in failed] == [three[0]]
    assert "lock timeout" in failed[0].error
    assert migrate_fleet() == []


def test_a_runner_killed_midway_is_taken_up(three):
    behind(three[0])
    SchemaVersion.objects.filter(tenant=three[0]).update(state="running")
    SchemaVersion.objects.filter(tenant=three[1]).update(state="running")
    assert migrate_fleet() == []
    assert tenants_behind() == []


def test_several_at_the_same_time(three):
    for tenant in three:
        behind(tenant)
    assert migrate_fleet(jobs=3) == []
    assert tenants_behind() == []


def test_only_those_asked_for(three):
    for tenant in three:
        behind(tenant)
    migrate_fleet([three[2]])
    assert set(tenants_behind()) == {three[0], three[1]}
    migrate_fleet()


def test_starters_run_once_for_each_code_of_theirs(tenant_a, monkeypatch):
    ran = []
    monkeypatch.setattr(fleet, "start_all", ran.append)
    SchemaVersion.objects.filter(tenant=tenant_a).update(starters_hash="older")
    assert tenants_behind() == []
    assert migrate_fleet() == []
    assert ran == [tenant_a]
    assert migrate_fleet() == []
    assert ran == [tenant_a]


def test_a_tenant_serves_while_its_starters_run_and_is_taken_up_where_they_failed(tenant_a, monkeypatch):
    SchemaVersion.objects.filter(tenant=tenant_a).update(starters_hash="older")
    seen = []

    def fail(tenant):
        seen.append(tenants_behind())
        raise ZeroDivisionError

    monkeypatch.setattr(fleet, "start_all", fail)
    assert [row.tenant for row in migrate_fleet()] == [tenant_a]
    assert seen == [[]]
    monkeypatch.undo()
    assert migrate_fleet() == []
    assert tenants_due() == []


def test_upgrade_can_be_repeated():
    lines: list[str] = []
    assert upgrade() == []
    assert upgrade(say=lines.append) == []
    assert lines == ["Platform database", "Extensions", "Template of a tenant", "Tenants"]


def test_upgrade_answers_one_document():
    out = io.StringIO()
    call_command("upgrade", "--json", stdout=out, stderr=io.StringIO())
    assert json.loads(out.getvalue())["failed"] == []


def test_upgrade_says_which_tenants_are_left_behind(tenant_b, monkeypatch):
    SchemaVersion.objects.filter(tenant=tenant_b).update(head_hash="older")

    def fail(tenant):
        raise ZeroDivisionError

    monkeypatch.setattr(fleet, "_bring_to_head", fail)
    with pytest.raises(CommandError, match="newest migrations: b"):
        call_command("upgrade", stdout=io.StringIO())
    monkeypatch.undo()
    migrate_fleet()


def test_a_second_upgrade_waits_for_the_first():
    """The lock that it takes is held by the connection of whoever upgrades."""
    other = connections["platform"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [fleet.LOCK_SPACE])
            cursor.execute("SELECT pg_try_advisory_lock(%s, 0)", [fleet.LOCK_SPACE])
        with connections["platform"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
            with pytest.raises(Exception, match="lock timeout"):
                upgrade()
            cursor.execute("SET lock_timeout = 0")
    finally:
        other.close()
    assert upgrade() == []

"""`manage.py tenant …`, as the contract has it: one JSON document on stdout, or a sentence and exit code 1."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from kernel.tenancy.models import SchemaVersion
from tenants.models import Tenant


def run(*args):
    out = io.StringIO()
    call_command("tenant", *args, stdout=out)
    return out.getvalue()


def answer(*args):
    return json.loads(run(*args, "--json"))


CREATE = ("create", "willow", "--name", "Willow", "--owner", "vera@willow.example")


def test_create_answers_what_was_made(settings):
    made = answer(*CREATE, "--language", "fa")
    tenant = Tenant.objects.get(subdomain="willow")
    seconds = made.pop("seconds")
    assert made == {
        "subdomain": "willow",
        "schema": tenant.schema_name,
        "url": f"http://willow.localhost{settings.LINK_PORT}",
        "owner": "vera@willow.example",
    }
    assert seconds > 0


def test_create_takes_what_the_tenant_shall_be():
    answer(*CREATE, "--language", "fa", "--calendar", "gregorian", "--currency", "EUR", "--timezone", "Asia/Baku",
           "--plan", "pro", "--password", "a long new password")  # fmt: skip
    tenant = Tenant.objects.get(subdomain="willow")
    assert (tenant.language, tenant.calendar, tenant.currency, tenant.timezone, tenant.plan) == (
        "fa", "gregorian", "EUR", "Asia/Baku", "pro"
    )  # fmt: skip


def test_create_says_why_not():
    with pytest.raises(CommandError, match=r"subdomain: This address is reserved\. Choose another\."):
        run("create", "www", "--name", "Willow", "--owner", "vera@willow.example")


def test_create_of_what_is_there_says_so():
    run(*CREATE)
    with pytest.raises(CommandError, match="This address is taken"):
        run(*CREATE)


def test_list_names_every_tenant():
    assert [(entry["subdomain"], entry["status"]) for entry in answer("list")] == [("a", "active"), ("b", "active")]


def test_show_answers_one(tenant_b):
    shown = answer("show", "b")
    assert (shown["subdomain"], shown["language"], shown["currency"], shown["schema_state"]) == ("b", "fa", "IRR", "ok")


def test_suspend_and_resume(tenant_a):
    assert answer("suspend", "a", "--reason", "Unpaid.")["status"] == "suspended"
    assert answer("show", "a")["suspended_reason"] == "Unpaid."
    assert answer("resume", "a")["status"] == "active"
    with pytest.raises(CommandError, match="only a suspended tenant"):
        run("resume", "a")


@pytest.mark.parametrize("verb", [["show", "x"], ["suspend", "x", "--reason", "y"], ["resume", "x"], ["migrate", "x"]])
def test_a_tenant_that_is_not_there_is_named(verb):
    with pytest.raises(CommandError, match="There is no tenant x"):
        run(*verb)


def test_migrate_with_nothing_to_do_says_so():
    assert answer("migrate") == []
    assert run("migrate") == "Every tenant is at the newest migrations.\n"


def test_migrate_fails_when_a_tenant_does(monkeypatch):
    rows = [SchemaVersion(tenant=Tenant.objects.get(subdomain="a"), state="failed", error="LockNotAvailable")]

    def migrate(tenants, *, jobs, tell):
        tell(rows[0].tenant, rows[0].error)
        return rows

    from tenants.management.commands import tenant

    monkeypatch.setattr(tenant, "migrate_fleet", migrate)
    with pytest.raises(CommandError, match="1 of 1 tenants could not be migrated"):
        run("migrate")

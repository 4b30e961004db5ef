"""Schemas made ahead: taken by new tenants, each once, never one of other migrations, and none is left lying."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from kernel.access.models import Member
from kernel.tenancy.context import as_owner, in_tenant
from kernel.tenancy.template import replay
from tenants import provisioning, spares
from tenants.models import SpareSchema
from tenants.provisioning import provision
from tenants.spares import restock


def new(subdomain="willow"):
    return provision(subdomain, "Willow & Co", "vera@willow.example", owner_name="Vera")


def is_there(name):
    with connection.bare(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [name])
        return cursor.fetchone()[0]


def left_lying(stamp, minutes=0):
    spare = SpareSchema.objects.create(stamp=stamp, began_at=timezone.now() - datetime.timedelta(minutes=minutes))
    with as_owner(), in_tenant(spare):
        replay()
    return spare.pk


@pytest.fixture(autouse=True)
def one_is_kept(monkeypatch):
    monkeypatch.setattr(spares, "KEPT", 1)


def test_a_new_tenant_takes_a_schema_that_was_made_ahead(monkeypatch):
    restock()
    spare = SpareSchema.objects.get().pk
    monkeypatch.setattr(provisioning, "replay", lambda: pytest.fail("A schema was made though one was there."))
    tenant = new()
    assert tenant.schema_name == spare
    assert not SpareSchema.objects.exists()
    with in_tenant(tenant):
        assert Member.objects.get().name == "Vera"


def test_one_is_made_at_a_time_until_none_is_missing(monkeypatch):
    monkeypatch.setattr(spares, "KEPT", 2)
    asked = []
    monkeypatch.setattr(restock, "delay", lambda: asked.append(SpareSchema.objects.count()))
    assert (restock(), restock(), restock()) == (1, 0, 0)
    assert asked == [1]
    assert SpareSchema.objects.count() == 2


def test_a_crowd_asks_for_the_next_once(monkeypatch, django_capture_on_commit_callbacks):
    asked = []
    monkeypatch.setattr(restock, "delay", lambda: asked.append(1))
    with django_capture_on_commit_callbacks(using="platform", execute=True):
        for number in range(3):
            new(f"willow-{number}")
    assert len(asked) == 1
    restock()
    with django_capture_on_commit_callbacks(using="platform", execute=True):
        new("willow-3")
    assert len(asked) == 2


def test_a_tenant_that_is_refused_leaves_the_spare():
    new()
    restock()
    spare = SpareSchema.objects.get().pk
    with pytest.raises(ValidationError):
        new()
    assert SpareSchema.objects.get().pk == spare


def test_a_spare_of_other_migrations_is_not_taken_but_dropped():
    old = left_lying("of older code")
    assert new().schema_name != old
    restock()
    assert not is_there(old)
    assert SpareSchema.objects.get().pk != old


def test_a_spare_that_is_being_made_is_neither_taken_nor_dropped():
    begun = left_lying("", minutes=1)
    assert new().schema_name != begun
    restock()
    assert is_there(begun)
    assert SpareSchema.objects.get().pk == begun


def test_what_a_killed_process_left_is_dropped():
    lost = left_lying("", minutes=11)
    restock()
    assert not is_there(lost)
    assert SpareSchema.objects.exists()

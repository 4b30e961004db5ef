"""Whoever makes a tenant is killed by the system, between two steps or in the midst of one. On committed data."""

import datetime
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone
from fleets import schemas

from kernel.access.models import Member, Role
from kernel.accounts.models import Membership
from kernel.events.models import Event
from kernel.tenancy.context import in_tenant
from tenants import owner, provisioning
from tenants.lifecycle import remove
from tenants.models import Provisioning, Tenant
from tenants.tasks import sweep_provisioning

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
BETWEEN = ["reserve", *(step.__name__ for step in provisioning.STEPS)]
# The schema is there and the owner is in it, but neither is committed yet.
WITHIN = ["replay", "settle"]


@pytest.fixture(autouse=True)
def cleared_away():
    yield
    for tenant in Tenant.objects.exclude(subdomain__in=["a", "b"]):
        remove(tenant)


@pytest.fixture(scope="module")
def beginner(django_db_setup):
    """A program that begins tenants and stands still where it is told."""
    names = [str(connections[alias].settings_dict["NAME"]) for alias in ("default", "platform")]
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests/tenants/paused.py"), *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=ROOT,
        text=True,
        bufsize=1,
    ) as program:
        yield program


@pytest.fixture
def kill_at(beginner):
    """Have a tenant begun and kill whoever makes it at a place: SIGKILL, which nothing can catch."""

    def kill(place):
        print(place, "willow", file=beginner.stdin)
        os.kill(int(beginner.stdout.readline()), signal.SIGKILL)
        assert int(beginner.stdout.readline()) == -signal.SIGKILL

    return kill


def lease_lapses():
    Provisioning.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))


@pytest.mark.parametrize("place", BETWEEN + WITHIN)
def test_the_sweeper_finishes_what_was_killed(place, kill_at):
    before = schemas()
    kill_at(place)
    is_done = place == "activate"
    assert Tenant.objects.get(subdomain="willow").status == ("active" if is_done else "provisioning")
    lease_lapses()
    assert sweep_provisioning() == (0 if is_done else 1)
    tenant = Tenant.objects.get(subdomain="willow")
    assert tenant.status == "active"
    assert schemas() - before == {tenant.schema_name}
    with in_tenant(tenant):
        assert list(Member.objects.values_list("name", flat=True)) == ["Vera"]
        assert Role.objects.count() == 5
        assert Event.objects.filter(name="tenant.provisioned").count() == 1
    assert Membership.objects.filter(tenant=tenant).count() == 1
    assert not Provisioning.objects.exists()
    assert sweep_provisioning() == 0


@pytest.mark.parametrize("place", [name for name in BETWEEN + WITHIN if name != "activate"])
def test_what_cannot_be_finished_after_it_was_killed_is_removed_whole(place, kill_at, monkeypatch):
    def broken(tenant, row):
        raise ZeroDivisionError("as if a seed were broken")

    before = schemas()
    kill_at(place)
    monkeypatch.setattr(owner, "settle", broken)
    for _attempt in range(provisioning.ATTEMPTS):
        lease_lapses()
        assert sweep_provisioning() == 1
    assert schemas() == before
    assert not Tenant.objects.filter(subdomain="willow").exists()
    assert not Membership.objects.filter(identity__email="vera@willow.example").exists()
    assert not Provisioning.objects.exists()

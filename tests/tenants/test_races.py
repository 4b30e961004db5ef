"""Many at once, with real commits: on tenants of these tests' own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from fleets import schemas

from kernel.accounts.models import Membership
from kernel.tenancy.context import in_tenant
from kernel.tenancy.models import SchemaVersion
from tenants.lifecycle import remove
from tenants.models import Provisioning, Tenant
from tenants.provisioning import provision

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def cleared_away():
    yield
    for tenant in Tenant.objects.exclude(subdomain__in=["a", "b"]):
        remove(tenant)


def at_once(threads, work, items):
    """Call work(item) for each item, the first of each thread at the same moment."""
    barrier = Barrier(threads)

    def run(item):
        if item[0] < threads:
            barrier.wait()
        try:
            return work(item[1])
        except ValidationError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, enumerate(items)))


def test_of_fifty_who_want_one_address_one_gets_it():
    before = schemas()
    spellings = ["willow", "WILLOW", "Willow", "wil1ow", "wіllow"]  # the last one with a Cyrillic letter
    wanted = [(spellings[number % 5], f"p{number}@willow.example") for number in range(50)]
    answers = at_once(16, lambda item: provision(item[0], "Willow", item[1]), wanted)
    won = [answer for answer in answers if isinstance(answer, Tenant)]
    lost = [answer for answer in answers if isinstance(answer, ValidationError)]
    assert len(won) == 1
    assert len(lost) == 49
    assert all(list(error.error_dict) == ["subdomain"] for error in lost)
    assert schemas() - before == {won[0].schema_name}
    assert Membership.objects.filter(tenant=won[0]).count() == 1
    assert Membership.objects.filter(identity__email__endswith="@willow.example").count() == 1


def test_twenty_tenants_in_parallel_all_succeed():
    answers = at_once(10, lambda name: provision(name, name, f"{name}@example.com"), [f"herd-{n}" for n in range(20)])
    assert [answer for answer in answers if not isinstance(answer, Tenant)] == []
    assert Tenant.objects.filter(status="active", subdomain__startswith="herd-").count() == 20
    assert SchemaVersion.objects.filter(state="ok").count() == 22
    assert not Provisioning.objects.exists()


def test_one_owner_may_make_several_at_once():
    answers = at_once(6, lambda name: provision(name, name, "vera@example.com"), [f"herd-{n}" for n in range(6)])
    assert all(isinstance(answer, Tenant) for answer in answers)
    assert Membership.objects.filter(identity__email="vera@example.com").count() == 6


def test_two_who_finish_the_same_tenant_at_once_do_it_once():
    from kernel.access.models import Member
    from tenants.provisioning import finish, reserve

    tenant = reserve("willow", "Willow", "vera@willow.example")
    at_once(4, lambda _n: finish(Tenant.objects.get(pk=tenant.pk)), range(4))
    with in_tenant(tenant):
        assert Member.objects.count() == 1


def test_removing_leaves_nothing_and_may_be_done_twice():
    before = schemas()
    tenant = provision("willow", "Willow", "vera@willow.example")
    assert schemas() - before == {tenant.schema_name}
    for _time in range(2):
        remove(tenant)
    assert schemas() == before
    assert not Tenant.objects.filter(subdomain="willow").exists()

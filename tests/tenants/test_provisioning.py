"""From a name to a workspace: whole, or not at all, whatever happens in between."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone, translation

from kernel.access.models import Member
from kernel.accounts.models import Identity, Membership
from kernel.events.models import Event
from kernel.tenancy.context import as_owner, in_tenant
from kernel.tenancy.head import head_hash
from tenants import owner, provisioned, provisioning
from tenants.lifecycle import WrongStatus, resume, suspend
from tenants.models import Provisioning, Tenant
from tenants.provisioning import provision, reserve
from tenants.tasks import sweep_provisioning


class Killed(BaseException):
    """What stands for kill -9: nothing of ours catches it."""


@pytest.fixture
def own_seeds(monkeypatch):
    """No seeds but those the test registers."""
    monkeypatch.setattr(provisioned, "_seeds", [])


def new(subdomain="willow", **more):
    return provision(subdomain, "Willow & Co", "vera@willow.example", owner_name="Vera", **more)


def schema_is_there(tenant):
    with connection.bare(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s) IS NOT NULL", [tenant.schema_name])
        return cursor.fetchone()[0]


def lease_lapses():
    Provisioning.objects.update(lease_until=timezone.now() - datetime.timedelta(seconds=1))


def test_a_new_tenant_is_ready_to_be_used():
    tenant = new()
    assert tenant.status == "active"
    assert Tenant.objects.get(subdomain="willow").schema_version.head_hash == head_hash()
    assert not Provisioning.objects.exists()


def test_its_schema_has_an_opaque_name():
    tenant = new()
    assert tenant.schema_name.startswith("t_")
    assert "willow" not in tenant.schema_name


def test_its_owner_is_a_member_with_an_identity():
    tenant = new()
    with in_tenant(tenant):
        member = Member.objects.get()
    assert (member.name, member.email, member.active) == ("Vera", "vera@willow.example", True)
    assert Membership.objects.get(tenant=tenant).identity_id == member.identity


def test_it_notes_that_it_was_provisioned():
    with in_tenant(new()):
        assert Event.objects.filter(name="tenant.provisioned").count() == 1


def test_the_password_is_set_for_a_new_identity():
    new(password="a long new password")
    assert Identity.objects.get(email="vera@willow.example").check_password("a long new password")


def test_the_password_of_somebody_who_is_known_stays(tenant_a):
    from standing import CAST, PASSWORD

    provision("willow", "Willow", CAST["reza"].email, password="another password")
    assert Identity.objects.get(email=CAST["reza"].email).check_password(PASSWORD)
    assert Membership.objects.filter(identity=CAST["reza"].identity_id).count() == 2


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, ("en", "gregorian", "USD", "", "UTC", "US")),
        ({"language": "fa"}, ("fa", "jalali", "IRR", "toman", "Asia/Tehran", "IR")),
        ({"language": "fa", "calendar": "gregorian"}, ("fa", "gregorian", "IRR", "toman", "Asia/Tehran", "IR")),
        ({"language": "fa", "currency": "EUR"}, ("fa", "jalali", "EUR", "", "Asia/Tehran", "IR")),
        ({"currency": "eur"}, ("en", "gregorian", "EUR", "", "UTC", "DE")),
        ({"language": "fa", "money_unit": "", "currency": ""}, ("fa", "jalali", "IRR", "toman", "Asia/Tehran", "IR")),
    ],
)
def test_what_was_not_said_follows_from_the_language(wishes, expected):
    tenant = reserve("willow", "Willow", "vera@willow.example", **wishes)
    kept = (tenant.language, tenant.calendar, tenant.currency, tenant.money_unit, tenant.timezone, tenant.country)
    assert kept == expected


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"subdomain": "www"}, "subdomain"),
        ({"subdomain": "a_b"}, "subdomain"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"owner_email": "nobody"}, "email"),
        ({"currency": "DOLLARS"}, "currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"language": "de"}, "language"),
        ({"calendar": "lunar"}, "calendar"),
    ],
)
def test_what_will_not_do_is_said_by_field(wrong, field):
    with pytest.raises(ValidationError) as refused:
        reserve(**{"subdomain": "willow", "name": "Willow", "owner_email": "vera@willow.example"} | wrong)
    assert list(refused.value.message_dict) == [field]
    assert not Tenant.objects.filter(subdomain="willow").exists()


@pytest.mark.parametrize("subdomain", ["willow", "WILLOW", "wil1ow"])
def test_an_address_that_is_taken_or_passes_for_one_is_refused(subdomain):
    reserve("willow", "Willow", "vera@willow.example")
    with pytest.raises(ValidationError) as refused:
        reserve(subdomain, "Another", "max@willow.example")
    assert refused.value.error_dict["subdomain"][0].code == "taken"
    assert not Identity.objects.filter(email="max@willow.example").exists()


def test_seeds_run_in_order_in_the_tenant_and_its_language(own_seeds):
    seen = []
    provisioned.on_provisioned(lambda tenant, owner: seen.append(("late", translation.get_language())))
    provisioned.on_provisioned(order=1)(
        lambda tenant, owner: seen.append(("early", owner.name, Member.objects.count()))
    )
    new(language="fa")
    assert seen == [("early", "Vera", 1), ("late", "fa")]


def test_a_seed_that_fails_leaves_nothing_and_frees_the_address(own_seeds):
    def broken(tenant, owner):
        raise ZeroDivisionError

    provisioned.on_provisioned(broken)
    with pytest.raises(ZeroDivisionError):
        new()
    assert not Tenant.objects.filter(subdomain="willow").exists()
    assert not Membership.objects.filter(identity__email="vera@willow.example").exists()


STEPS = [step.__name__ for step in provisioning.STEPS]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
def test_whoever_is_killed_is_followed_by_the_sweeper(monkeypatch, step, moment, at):
    steps = list(provisioning.STEPS)

    def killed(tenant):
        if moment == "after":
            steps[step](tenant)
        raise Killed

    monkeypatch.setattr(provisioning, "STEPS", [*steps[:step], killed, *steps[step + 1 :]])
    with pytest.raises(Killed):
        new()
    is_done = (step, moment) == (STEPS.index("activate"), "after") or step > STEPS.index("activate")
    assert Tenant.objects.get(subdomain="willow").status == ("active" if is_done else "provisioning")
    if not is_done:
        assert at("willow").get("/").status_code == 503

    monkeypatch.setattr(provisioning, "STEPS", steps)
    lease_lapses()
    assert sweep_provisioning() == (0 if is_done else 1)
    tenant = Tenant.objects.get(subdomain="willow")
    assert tenant.status == "active"
    with in_tenant(tenant):
        assert Member.objects.count() == 1
        assert Event.objects.filter(name="tenant.provisioned").count() == 1
    assert sweep_provisioning() == 0


def test_whoever_is_only_slow_is_left_alone():
    reserve("willow", "Willow", "vera@willow.example")
    assert sweep_provisioning() == 0
    assert Tenant.objects.get(subdomain="willow").status == "provisioning"


def test_a_tenant_that_cannot_be_finished_is_removed(monkeypatch):
    def broken(tenant, row):
        raise ZeroDivisionError("as if a seed were broken")

    tenant = reserve("willow", "Willow", "vera@willow.example")
    monkeypatch.setattr(owner, "settle", broken)
    for attempt in range(1, provisioning.ATTEMPTS + 1):
        lease_lapses()
        assert sweep_provisioning() == 1
        row = Provisioning.objects.filter(tenant=tenant).first()
        assert (row.attempts, row.error) == (attempt, "ZeroDivisionError: as if a seed were broken") if row else True
    assert not Tenant.objects.filter(subdomain="willow").exists()
    assert not Membership.objects.filter(identity__email="vera@willow.example").exists()
    assert not schema_is_there(tenant)
    assert reserve("willow", "Willow", "vera@willow.example")


def test_a_removal_that_was_killed_is_finished(monkeypatch):
    tenant = reserve("willow", "Willow", "vera@willow.example")
    Tenant.objects.filter(pk=tenant.pk).update(status="deleting")
    lease_lapses()
    sweep_provisioning()
    assert not Tenant.objects.filter(subdomain="willow").exists()


def test_a_schema_that_was_not_noted_is_made_anew():
    tenant = reserve("willow", "Willow", "vera@willow.example")
    with as_owner(), in_tenant(tenant), connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{tenant.schema_name}"')
    provisioning.finish(tenant)
    with in_tenant(tenant):
        assert Member.objects.count() == 1


def test_two_sweepers_do_not_take_up_the_same_tenant(monkeypatch):
    reserve("willow", "Willow", "vera@willow.example")
    lease_lapses()
    row = Provisioning.objects.get()
    taken = []

    def also_sweep(tenant):
        taken.append(sweep_provisioning())
        return True

    from tenants import tasks

    monkeypatch.setattr(tasks, "finish_or_remove", also_sweep)
    assert sweep_provisioning() == 1
    assert taken == [0]
    assert Provisioning.objects.get().lease_until > row.lease_until


def test_only_what_is_active_can_be_suspended_and_only_that_resumed():
    tenant = reserve("willow", "Willow", "vera@willow.example")
    with pytest.raises(WrongStatus):
        suspend(tenant, "Too early.")
    with pytest.raises(WrongStatus):
        resume(tenant)

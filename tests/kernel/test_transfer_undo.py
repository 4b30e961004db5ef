"""Taking an import back: whole, once, for thirty days, and never over what somebody changed since."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from importing import carry_out, import_text, make, reasons, records

from crm_core.contacts.models import Company
from crm_core.sales.models import Deal, DealLine
from kernel.access.actor import actor_for
from kernel.events.models import Event
from kernel.records.change import edit
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.transfer import imports


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


def take_back(tenant, actor, run):
    undoing = carry_out(tenant, imports.undo_import(run, actor))
    run.refresh_from_db()
    return undoing


def test_created_records_go_to_the_trash_and_updated_ones_get_their_values_back(sara, tenant_a):
    make(sara.member, "companies", "Acme", city="Rome", industry="retail")
    make(sara.member, "products", "GTX")
    run = import_text(tenant_a, sara, "companies", "name,city\nAcme,Oslo\nNova,Bern\n")
    deals = import_text(tenant_a, sara, "deals", "name,company,product,amount\nD,Acme,GTX,5\n")
    undoing = take_back(tenant_a, sara, run)
    assert (undoing.status, undoing.counts) == ("done", {"undone": 2, "conflicts": 0})
    assert list(records("companies").values_list("name", "city")) == [("Acme", "Rome")]
    assert Company.objects.get(name="Nova").deleted_at
    assert Deal.objects.get().deleted_at is None
    take_back(tenant_a, sara, deals)
    assert Deal.objects.get().deleted_at
    assert DealLine.objects.count() == 1
    assert Event.objects.filter(change_set=undoing.pk, via="import").count() == 2


def test_what_the_import_created_on_the_way_goes_too(sara, tenant_a):
    run = import_text(tenant_a, sara, "deals", "name,company\nA,Nova\n", create_missing=["company"])
    take_back(tenant_a, sara, run)
    assert not records("companies").exists()
    assert not records("deals").exists()


def test_lines_come_back_as_they_were(sara, tenant_a):
    for name in ("Old", "New"):
        make(sara.member, "products", name)
    import_text(tenant_a, sara, "deals", "name,product,amount\nD,Old,7\n")
    run = import_text(tenant_a, sara, "deals", "name,product,amount\nD,New,9\n")
    take_back(tenant_a, sara, run)
    line = DealLine.objects.get()
    assert (line.product.name, line.price, Deal.objects.get().amount) == ("Old", Decimal(7), Decimal(7))


def test_later_changes_are_kept_and_told(sara, tenant_a):
    make(sara.member, "companies", "Acme", city="Rome", industry="retail")
    run = import_text(tenant_a, sara, "companies", "name,city,industry\nAcme,Oslo,toys\nNova,Bern,food\n")
    access = sara.access(registry["companies"])
    for name in ("Acme", "Nova"):
        edit(access, Company.objects.get(name=name), {"city": "Paris"})
    undoing = take_back(tenant_a, sara, run)
    assert undoing.counts == {"undone": 0, "conflicts": 2}
    assert all("city" in reason for reason in reasons(undoing))
    acme = Company.objects.get(name="Acme")
    assert (acme.city, acme.industry) == ("Paris", "retail")
    assert Company.objects.get(name="Nova").deleted_at is None


def test_it_is_taken_back_once_and_within_thirty_days(sara, tenant_a):
    run = import_text(tenant_a, sara, "companies", "name\nAcme\n")
    take_back(tenant_a, sara, run)
    with pytest.raises(ValidationError, match="already"):
        imports.undo_import(run, sara)
    old = import_text(tenant_a, sara, "companies", "name\nNova\n")
    Run.objects.filter(pk=old.pk).update(finished_at=timezone.now() - timedelta(days=31))
    old.refresh_from_db()
    with pytest.raises(ValidationError, match="30 days"):
        imports.undo_import(old, sara)


def test_many_created_records_are_taken_back_in_few_statements(sara, tenant_a, django_assert_max_num_queries):
    run = import_text(tenant_a, sara, "companies", "name\n" + "".join(f"C{n}\n" for n in range(150)))
    undoing = imports.undo_import(run, sara)
    with django_assert_max_num_queries(60):
        carry_out(tenant_a, undoing)
    assert not records("companies").exists()
    assert Event.objects.filter(change_set=undoing.pk, name="company.deleted").count() == 150

"""The end of the trash: by hand, all at once, by itself; and what goes with a record."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.utils import timezone

from crm_core.activities.models import Note
from crm_core.contacts.models import Company
from crm_core.sales.models import Deal, Product
from kernel.access.actor import actor_for
from kernel.attachments.keeping import keep
from kernel.attachments.models import File
from kernel.events.models import Event
from kernel.files.models import StoredFile
from kernel.records.change import create, delete
from kernel.records.purge import empty, purge, sweep_trash
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


def made(actor, slug, **values):
    return create(actor.access(registry[slug]), values)


def trashed(actor, slug, **values):
    record = made(actor, slug, **values)
    return delete(actor.access(registry[slug]), record)


def test_what_hangs_on_a_purged_record_goes_with_it_and_its_history_stays(
    sara, django_capture_on_commit_callbacks
) -> None:
    import io

    deal = made(sara, "deals", name="Roof")
    about = {"type": "deals", "id": str(deal.pk)}
    made(sara, "notes", body="hello", about=about)
    file = keep(sara, io.BytesIO(b"plan"), "plan.txt", about)
    key = StoredFile.objects.get(pk=file.stored_id).key
    access = sara.access(registry["deals"])
    delete(access, deal)
    with django_capture_on_commit_callbacks(execute=True, using="default"):
        assert purge(access, [deal]) == 0
    assert not Deal.objects.filter(pk=deal.pk).exists()
    assert not Note.objects.filter(about_id=deal.pk).exists()
    assert not File.objects.filter(about_id=deal.pk).exists()
    assert not default_storage.exists(key)
    last = Event.objects.filter(record_id=deal.pk).order_by("-pk").first()
    assert (last.name, last.changes["name"][0]) == ("deal.purged", "Roof")


def test_relations_to_a_purged_record_are_emptied(sara) -> None:
    company = made(sara, "companies", name="Aster")
    deal = made(sara, "deals", name="Roof", company=company.pk)
    delete(sara.access(registry["companies"]), company)
    purge(sara.access(registry["companies"]), [company])
    assert not Company.objects.filter(pk=company.pk).exists()
    assert Deal.objects.get(pk=deal.pk).company_id is None


def test_what_others_cannot_do_without_stays(sara) -> None:
    product = made(sara, "products", name="Panel")
    made(sara, "deals", name="Roof", lines=[{"product": product.pk, "quantity": 1, "price": 5, "discount": 0}])
    delete(sara.access(registry["products"]), product)
    assert purge(sara.access(registry["products"]), [product]) == 1
    assert Product.objects.filter(pk=product.pk).exists()


def test_what_is_not_in_the_trash_is_not_purged(sara) -> None:
    deal = made(sara, "deals", name="Roof")
    purge(sara.access(registry["deals"]), [deal])
    assert Deal.objects.filter(pk=deal.pk).exists()


def test_it_takes_the_right_to_delete_everything(in_a, sara, member) -> None:
    deal = trashed(sara, "deals", name="Roof")
    with pytest.raises(PermissionDenied):
        purge(actor_for(member("reza"), "page").access(registry["deals"]), [deal])


def test_what_people_choose_from_is_never_purged(sara) -> None:
    reason = trashed(sara, "lost-reasons", name="Price")
    with pytest.raises(PermissionDenied):
        purge(sara.access(registry["lost-reasons"]), [reason])


def test_after_thirty_days_the_trash_empties_itself(sara) -> None:
    old, young = trashed(sara, "deals", name="Old"), trashed(sara, "deals", name="Young")
    Deal.objects.filter(pk=old.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    Deal.objects.filter(pk=young.pk).update(deleted_at=timezone.now() - timedelta(days=29))
    sweep_trash()
    assert set(Deal.objects.filter(pk__in=[old.pk, young.pk]).values_list("pk", flat=True)) == {young.pk}


def test_a_full_trash_is_emptied_by_a_run(sara, monkeypatch) -> None:
    monkeypatch.setattr("kernel.records.purge.AT_ONCE", 1)
    trashed(sara, "deals", name="One"), trashed(sara, "deals", name="Two")
    assert empty(sara.access(registry["deals"])).kind == "empty-trash"


def test_the_page_asks_first_and_then_purges(client_for, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        deal = trashed(actor_for(member("sara"), "page"), "deals", name="Roof")
    sara = client_for("sara")
    assert f"/trash/deals/{deal.pk}" in sara.get("/trash?type=deals").content.decode()
    assert "Roof" in sara.get(f"/trash/deals/{deal.pk}").content.decode()
    assert sara.post(f"/trash/deals/{deal.pk}").status_code in (302, 303)
    with in_tenant(tenant_a):
        assert not Deal.objects.filter(pk=deal.pk).exists()
    assert client_for("reza").get("/trash/deals").status_code == 403

"""Merging records and taking that apart: what goes along, what is told, where the old addresses lead."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from crm_core.teamwork.models import Follow
from kernel.access.actor import actor_for, operator
from kernel.events.models import Event
from kernel.events.subscribers import subscribers
from kernel.lib.ids import uuid7
from kernel.records.change import NotFound, create, delete, edit, snapshot
from kernel.records.merge import merge, survivor_of, unmerge
from kernel.records.timeline import Timeline
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

MERGED = [rtype.slug for rtype in registry.values() if rtype.duplicate_keys]


def access(slug: str, actor: Any = None) -> Any:
    return (actor or operator()).access(registry[slug])


def make(slug: str, **values: Any) -> Any:
    return create(access(slug), values)


def now(record: Any) -> Any:
    return type(record).objects.get(pk=record.pk)


def world() -> dict[Any, Any]:
    """Every value of every record there is, and whether it is in the trash."""
    return {
        (rtype.slug, record.pk): (bool(record.deleted_at), snapshot(rtype, record), points(rtype, record))
        for rtype in registry.values()
        if not rtype.is_setting
        for record in rtype.model.objects.all()
    }


def points(rtype: Any, record: Any) -> Any:
    return {n: spec.canonical(record) for n, spec in rtype.specs().items() if spec.kind.has_table}


def pair(slug: str) -> tuple[Any, Any]:
    """Two records of a type that differ in what they can differ in, each with all that may point at it."""
    tags = [make("tags", name=name).pk for name in ("First", "Second")]
    values: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "companies": ({"name": "Nova", "city": "Oslo"}, {"name": "Nova Ltd", "website": "https://nova.example"}),
        "contacts": ({"last_name": "Sun", "phone": "+14155550101"}, {"last_name": "Sunn", "phone": "+14155550102"}),
        "leads": ({"name": "Moon", "email": "moon@x.example"}, {"name": "Moon", "phone": "+14155550103"}),
        "products": ({"name": "Chair", "code": "C1"}, {"name": "Chair", "code": "C2"}),
    }
    first, second = (make(slug, **given, tags=[tag]) for given, tag in zip(values[slug], tags, strict=True))
    for number, record in enumerate((first, second)):
        make("notes", body=f"Note {number}", about={"type": slug, "id": str(record.pk)})
        gone = make("tasks", subject=f"Task {number}", about={"type": slug, "id": str(record.pk)})
        delete(access("tasks"), gone)
        if slug in ("companies", "contacts"):
            make("deals", name=f"Deal {number}", **{slug_field(slug): record.pk})
        if slug == "companies":
            make("contacts", last_name=f"Person {number}", company=record.pk)
            make("companies", name=f"Branch {number}", parent=record.pk)
        if slug == "products":
            make(
                "deals", name=f"Deal {number}", lines=[{"product": record.pk, "quantity": 2, "price": 5, "discount": 0}]
            )
    return first, second


def slug_field(slug: str) -> str:
    return {"companies": "company", "contacts": "contact"}[slug]


@pytest.mark.parametrize("slug", MERGED)
class TestEveryType:
    def test_nothing_points_at_the_other_afterwards(self, in_a: Any, slug: str) -> None:
        first, second = pair(slug)
        merge(access(slug), first, [second])
        said = [
            (key, values, more)
            for key, (_gone, values, more) in world().items()
            if str(second.pk) in repr((values, more))
        ]
        assert not said
        assert now(second).deleted_at and not now(first).deleted_at
        assert len(now(first).tags) == 2

    def test_taking_apart_puts_everything_back(self, in_a: Any, slug: str) -> None:
        first, second = pair(slug)
        before = world()
        merge(access(slug), first, [second])
        assert world() != before
        assert unmerge(access(slug), now(first)) == []
        assert world() == before


class TestMerging:
    def test_chosen_values_stay_and_numbers_are_united(self, in_a: Any) -> None:
        first, second = pair("contacts")
        merge(access("contacts"), first, [second], {"last_name": first.pk, "phone": first.pk})
        kept = now(first)
        assert (kept.last_name, kept.phone) == ("Sun", "+14155550101")
        assert set(kept.points.values_list("value", flat=True)) == {"+14155550101", "+14155550102"}

    def test_the_newest_value_is_proposed(self, in_a: Any) -> None:
        first, second = pair("contacts")
        merge(access("contacts"), first, [second])
        assert (now(first).last_name, now(first).phone) == ("Sunn", "+14155550102")

    def test_several_at_once(self, in_a: Any) -> None:
        records = [make("contacts", last_name=f"Sun {number}") for number in range(4)]
        merge(access("contacts"), records[0], records[1:])
        assert [bool(now(record).deleted_at) for record in records] == [False, True, True, True]

    def test_it_takes_the_right_to_delete_the_others(self, in_a: Any, member: Any) -> None:
        first, second = pair("contacts")
        with pytest.raises(PermissionDenied):
            merge(access("contacts", actor_for(member("kian"), "page")), first, [second])
        reza = actor_for(member("reza"), "page")
        mine = create(reza.access(registry["contacts"]), {"last_name": "Mine"})
        with pytest.raises((PermissionDenied, NotFound)):
            merge(reza.access(registry["contacts"]), mine, [second])

    def test_what_the_merger_cannot_see_goes_along(self, in_a: Any, member: Any) -> None:
        reza = actor_for(member("reza"), "page")
        first, second = (create(reza.access(registry["contacts"]), {"last_name": name}) for name in "AB")
        deal = make("deals", name="Not reza's", contact=second.pk, owner=member("mina").pk)
        assert not reza.access(registry["deals"]).records().filter(pk=deal.pk).exists()
        merge(reza.access(registry["contacts"]), first, [second])
        assert now(deal).contact_id == first.pk

    def test_followers_follow_the_one_that_stays(self, in_a: Any, member: Any) -> None:
        first, second = pair("contacts")
        Follow.objects.create(record_type="contacts", record_id=second.pk, member=member("kian"))
        change_set = merge(access("contacts"), first, [second])
        event = Event.objects.get(name="contact.merged", change_set=change_set)
        for subscriber in subscribers[event.name]:
            subscriber(event)
        assert Follow.objects.filter(record_id=first.pk, member=member("kian"), is_on=True).exists()

    def test_a_record_is_not_merged_with_itself(self, in_a: Any) -> None:
        first, _second = pair("contacts")
        with pytest.raises(ValidationError):
            merge(access("contacts"), first, [first])

    def test_a_hidden_field_cannot_be_chosen(self, in_a: Any, member: Any) -> None:
        first, second = pair("contacts")
        with pytest.raises(ValidationError):
            merge(access("contacts"), first, [second], {"no_such": first.pk})

    def test_the_history_of_all_is_shown(self, in_a: Any) -> None:
        first, second = pair("contacts")
        edit(access("contacts"), second, {"city": "Oslo"})
        merge(access("contacts"), first, [second])
        entries, _more = Timeline(access("contacts"), now(first)).page(50)
        assert {entry.event.record_id for entry in entries} >= {first.pk, second.pk}
        assert any(entry.event.name == "contact.merged" for entry in entries)
        assert "contact.deleted" not in {entry.event.name for entry in entries}


class TestTakingApart:
    def test_what_was_changed_since_stays_and_is_told(self, in_a: Any) -> None:
        first, second = pair("contacts")
        merge(access("contacts"), first, [second])
        edit(access("contacts"), now(first), {"last_name": "Since"})
        conflicts = unmerge(access("contacts"), now(first))
        assert now(first).last_name == "Since"
        assert any("last_name" in conflict.fields for conflict in conflicts)
        assert not now(second).deleted_at

    def test_what_was_made_since_stays(self, in_a: Any) -> None:
        first, second = pair("contacts")
        merge(access("contacts"), first, [second])
        deal = make("deals", name="Since", contact=first.pk)
        unmerge(access("contacts"), now(first))
        assert now(deal).contact_id == first.pk

    def test_one_after_the_other(self, in_a: Any) -> None:
        first, second = pair("contacts")
        third = make("contacts", last_name="Third")
        merge(access("contacts"), first, [second])
        merge(access("contacts"), third, [now(first)])
        assert survivor_of(access("contacts"), second.pk) == third.pk
        unmerge(access("contacts"), now(third))
        assert survivor_of(access("contacts"), second.pk) == first.pk
        unmerge(access("contacts"), now(first))
        assert survivor_of(access("contacts"), second.pk) is None

    def test_nothing_to_take_apart(self, in_a: Any) -> None:
        with pytest.raises(ValidationError):
            unmerge(access("contacts"), make("contacts", last_name="Alone"))

    def test_a_redirect_of_the_other_tenant_leads_nowhere(self, tenant_a: Any, tenant_b: Any) -> None:
        with in_tenant(tenant_a):
            first, second = pair("contacts")
            merge(access("contacts"), first, [second])
        with in_tenant(tenant_b):
            assert survivor_of(access("contacts"), second.pk) is None
            assert survivor_of(access("contacts"), uuid7()) is None

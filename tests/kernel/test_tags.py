"""Tags on records: read, written, filtered, told, merged, and gone."""

import pytest

from crm_core.sales.models import Deal
from kernel.access.actor import actor_for, operator
from kernel.records.aggregate import aggregate, read_group, read_measures, total
from kernel.records.change import create, delete, edit
from kernel.records.find import find
from kernel.records.models import Tag
from kernel.records.purge import purge
from kernel.records.tagging import merge, uses
from kernel.records.types import registry
from kernel.records.undo import events_of, undo
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


def tag(actor, name, color="blue"):
    return create(actor.access(registry["tags"]), {"name": name, "color": color})


def deal(actor, name, *tags):
    return create(actor.access(registry["deals"]), {"name": name, "tags": [one.pk for one in tags]})


def names(actor, **params):
    return {row.label for row in find(actor.access(registry["deals"]), params).page().rows}


def test_a_list_is_filtered_by_any_all_and_none(sara) -> None:
    vip, cold = tag(sara, "VIP"), tag(sara, "Cold")
    deal(sara, "both", vip, cold), deal(sara, "vip", vip), deal(sara, "bare")
    assert names(sara, tags=str(vip.pk)) == {"both", "vip"}
    assert names(sara, tags__in=f"{vip.pk},{cold.pk}") == {"both", "vip"}
    assert names(sara, tags__all=f"{vip.pk},{cold.pk}") == {"both"}
    assert names(sara, tags__not_in=str(cold.pk)) == {"vip", "bare"}
    assert names(sara, tags__empty="true") == {"bare"}


def test_a_record_counts_in_the_group_of_each_of_its_tags_and_once_in_all(sara) -> None:
    vip, cold = tag(sara, "VIP"), tag(sara, "Cold")
    deal(sara, "both", vip, cold), deal(sara, "vip", vip), deal(sara, "bare")
    found = find(sara.access(registry["deals"]), {})
    measures, by = read_measures(found, "count"), read_group(found, "tags")
    groups = aggregate(found, measures, by)
    assert {group.label: group.figures["count"] for group in groups} == {"VIP": 2, "Cold": 1, "None": 1}
    assert total(found, measures, by, groups).figures["count"] == 3


def test_names_are_matched_however_they_are_spelt(sara) -> None:
    vip = tag(sara, "مشتری")
    spec = registry["deals"].specs()["tags"]
    assert spec.parse("مشتري", sara.access(registry["deals"])) == [vip.pk]


def test_a_second_tag_of_a_name_is_the_first(client_for, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        vip = tag(actor_for(member("sara"), "page"), "مشتری")
    made = client_for("reza").post("/r/tags/options", {"label": "مشتري"})
    assert made.json()["id"] == str(vip.pk)


def test_a_rep_makes_a_tag_and_a_reader_does_not(client_for) -> None:
    assert client_for("reza").post("/r/tags/options", {"label": "Fresh"}).status_code == 201
    assert client_for("kian").post("/r/tags/options", {"label": "Stale"}).status_code == 403


def test_the_api_gives_colour_and_takes_ids_and_labels(api_for) -> None:
    reza = api_for("reza")
    vip = reza.post("/api/v1/tags", {"name": "VIP", "color": "red"}).json()
    made = reza.post("/api/v1/deals", {"name": "Roof", "tags": [{"label": "vip"}]}).json()
    assert made["tags"] == [{"id": vip["id"], "label": "VIP", "color": "red"}]
    again = reza.patch(f"/api/v1/deals/{made['id']}", {"tags": []}).json()
    assert again["tags"] == []
    assert reza.patch(f"/api/v1/deals/{made['id']}", {"tags": [{"label": "nobody"}]}).status_code == 400


def test_tags_cost_the_same_however_many(sara, django_assert_num_queries) -> None:
    from kernel.records.show import Shown

    some = [tag(sara, f"t{i}") for i in range(5)]
    rows = [deal(sara, f"d{i}", *some[: i % 5]) for i in range(10)]
    spec = registry["deals"].specs()["tags"]
    with django_assert_num_queries(1):
        shown = Shown(sara.access(registry["deals"]), rows, [spec])
        assert [shown.cell(row, spec) for row in rows][4] == "t0; t1; t2; t3"


def test_taking_a_change_back_gives_the_tags_back(sara) -> None:
    vip = tag(sara, "VIP")
    roof = deal(sara, "Roof", vip)
    from kernel.lib.ids import uuid7

    change_set = uuid7()
    edit(sara.access(registry["deals"]), roof, {"tags": []}, change_set=change_set)
    assert list(undo(sara, events_of(change_set), uuid7())) == []
    assert Deal.objects.get(pk=roof.pk).tags == [vip.pk]


def test_a_merged_tag_is_replaced_on_every_record(sara, transactionless_runs) -> None:
    old, new = tag(sara, "customer"), tag(sara, "Customer of ours")
    one, both = deal(sara, "one", old), deal(sara, "both", old, new)
    transactionless_runs(merge(sara, old, new))
    assert Deal.objects.get(pk=one.pk).tags == [new.pk]
    assert Deal.objects.get(pk=both.pk).tags == [new.pk]
    assert uses([new.pk], operator())[new.pk] == 2


def test_a_tag_gone_for_good_is_shown_nowhere_and_leaves_the_records(sara, transactionless_runs) -> None:
    vip = tag(sara, "VIP")
    roof = deal(sara, "Roof", vip)
    tags = sara.access(registry["tags"])
    delete(tags, vip)
    purge(tags, [vip])
    access = sara.access(registry["deals"])
    from kernel.records.show import Shown

    spec = registry["deals"].specs()["tags"]
    assert Shown(access, [roof], [spec]).json(roof, spec) == []
    transactionless_runs(Run.objects.get(kind="retag"))
    assert Deal.objects.get(pk=roof.pk).tags == []
    assert not Tag.objects.filter(pk=vip.pk).exists()


@pytest.fixture
def transactionless_runs():
    """Works a run at once, inside the test's own transaction."""
    return lambda run: work.run(str(run.pk))


def test_the_settings_tell_where_a_tag_is_used(client_for, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        actor = actor_for(member("sara"), "page")
        vip = tag(actor, "VIP")
        deal(actor, "Roof", vip)
    page = client_for("sara").get("/settings/tags").content.decode()
    assert "on 1 record" in page
    assert client_for("sara").post(f"/settings/tags/{vip.pk}/archive").status_code in (302, 303)
    assert "Archived" in client_for("sara").get("/settings/tags").content.decode()
    assert client_for("reza").get("/settings/tags").status_code == 403


def test_a_name_holds_nothing_that_parts_names(api_for) -> None:
    assert api_for("sara").post("/api/v1/tags", {"name": "a, b"}).status_code == 400

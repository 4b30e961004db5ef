"""A tree never becomes a ring: whatever type has one, and whichever door the change comes through."""

import pytest
from importing import import_text, reasons

from kernel.access.actor import actor_for, operator
from kernel.records.change import create, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

TREES = sorted(slug for slug, rtype in registry.items() if rtype.tree)


@pytest.fixture(params=TREES)
def slug(request):
    return request.param


@pytest.fixture
def line(tenant_a, slug):
    """Three records, each below the one before."""
    with in_tenant(tenant_a):
        access, rtype, made = operator().access(registry[slug]), registry[slug], []
        for name in ("Top", "Middle", "Bottom"):
            values = {rtype.tree: made[-1].pk} if made else {}
            made.append(create(access, {rtype.label_field: name, **values}))
        return made


def test_every_field_of_a_type_that_points_at_itself_is_a_tree():
    pointing = {
        slug
        for slug, rtype in registry.items()
        if any(spec.kind.name == "relation" and spec.related == slug for spec in rtype.specs().values())
    }
    assert pointing == set(TREES)


def test_the_api_refuses_a_ring_on_the_field(api_for, slug, line):
    top, _middle, bottom = line
    field = registry[slug].tree
    answer = api_for("sara").patch(f"/api/v1/{slug}/{top.pk}", {field: str(bottom.pk)})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert (error["field"], error["code"]) == (field, "cycle")
    assert "“Bottom” is already below this" in error["message"]


def test_nothing_stands_below_itself(api_for, slug, line):
    field = registry[slug].tree
    answer = api_for("sara").patch(f"/api/v1/{slug}/{line[0].pk}", {field: str(line[0].pk)})
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_page_refuses_a_ring_on_the_field(client_for, slug, line):
    rtype = registry[slug]
    url = f"/settings/{slug}/{line[0].pk}" if rtype.is_setting else f"/r/{slug}/{line[0].pk}/edit"
    answer = client_for("sara").post(url, {rtype.label_field: "Top", rtype.tree: str(line[2].pk)})
    assert answer.status_code == 422
    assert f'href="#f-{rtype.tree}"' in answer.content.decode()


def test_an_import_refuses_the_row(tenant_a, member, slug, line):
    rtype = registry[slug]
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        text = f"{rtype.label_field},{rtype.tree}\nTop,Bottom\nMiddle,\n"
        run = import_text(tenant_a, sara, slug, text, {n: n for n in (rtype.label_field, rtype.tree)}, match="name")
        assert run.counts["refused"] == 1
        assert "“Bottom” is already below this" in reasons(run)[0]
        assert getattr(rtype.model.objects.get(pk=line[0].pk), f"{rtype.tree}_id") is None


def test_two_rows_of_a_file_make_no_ring_together(tenant_a, member, slug):
    rtype = registry[slug]
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        text = f"{rtype.label_field},{rtype.tree}\nOne,Two\nTwo,One\n"
        run = import_text(tenant_a, sara, slug, text, {n: n for n in (rtype.label_field, rtype.tree)}, match="name")
        assert run.counts["incomplete"] == 1
        rows = rtype.model.objects.filter(name__in=["One", "Two"])
        assert sorted(getattr(row, f"{rtype.tree}_id") is None for row in rows) == [False, True]


def test_a_branch_moves_with_all_below_it(tenant_a, slug, line):
    with in_tenant(tenant_a):
        access = operator().access(registry[slug])
        _top, middle, bottom = line
        edit(access, middle, {registry[slug].tree: None})
        edit(access, line[0], {registry[slug].tree: bottom.pk})
        assert getattr(line[0], f"{registry[slug].tree}_id") == bottom.pk

"""What is in reach is the same whichever way it is asked: by a query, or by a statement that is not built anew."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from kernel.access.actor import actor_for
from kernel.access.rules import SCOPES, Rules
from kernel.records.find import find
from kernel.records.statements import attributes_of, one, rows_of, table
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

SLUGS = sorted(registry)


def under(person: Any, slug: str, scope: str, edit: str = "none") -> Any:
    """What this member may do with a type, seeing `scope` of it and editing `edit`."""
    rules = {"types": {"*": {"verbs": {"*": "all"}}, slug: {"verbs": {"view": scope, "edit": edit, "*": "none"}}}}
    return replace(actor_for(person, "api"), rules=Rules([rules])).access(registry[slug])


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("scope", SCOPES)
def test_the_condition_of_a_scope_lets_pass_what_its_query_does(slug, scope, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        for name in ("reza", "leila"):
            access = under(member(name), slug, "all" if scope == "none" else scope, scope)
            condition = access.condition("edit")
            if condition is None:
                assert registry[slug].parent
                continue
            where, params = condition
            ids = {pk for (pk,) in rows_of(f"SELECT id FROM {table(registry[slug].model).name} WHERE {where}", params)}
            assert ids == set(access.records("edit").values_list("pk", flat=True))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_row_read_by_its_statement_is_the_row_that_a_query_reads(slug, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        access = under(member("sara"), slug, "all")
        for record in access.records()[:5]:
            found = one(access, record.pk)
            values = {field.attname: getattr(found, field.attname) for field in record._meta.concrete_fields}
            assert values == {name: getattr(record, name) for name in values}
            assert not found.is_new


def test_a_row_in_the_trash_is_not_found(tenant_a, member) -> None:
    with in_tenant(tenant_a):
        access = under(member("sara"), "teams", "all")
        team = access.records()[0]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_team SET deleted_at = now() WHERE id = %s", [team.pk])
        assert one(access, team.pk) is None


@pytest.mark.parametrize("slug", SLUGS)
def test_pages_of_some_columns_are_the_pages_of_whole_rows(slug, tenant_a, member) -> None:
    """For every order, forwards to the end: the same rows, the same way on."""
    with in_tenant(tenant_a):
        access = under(member("sara"), slug, "all")
        columns = attributes_of(access, access.readable().values())
        for name, spec in access.readable().items():
            if not spec.kind.is_sortable:
                continue
            for sort in (name, f"-{name}"):
                cursor: str | None = None
                for _turn in range(20):
                    found = find(access, {"sort": sort})
                    whole, some = found.page(2, cursor), found.page(2, cursor, columns)
                    assert [row.pk for row in some.rows] == [row.pk for row in whole.rows], sort
                    assert [row.sort_value for row in some.rows] == [row.sort_value for row in whole.rows], sort
                    assert (some.next, some.previous) == (whole.next, whole.previous), sort
                    cursor = whole.next
                    if cursor is None:
                        break

"""Roles are what everybody's rights hang on: none is taken away under those who have it."""

from typing import Any

import pytest

from kernel.access.models import ApiKey, Role
from kernel.tenancy.context import in_tenant


@pytest.fixture
def url(tenant_a: Any) -> Any:
    def of(code: str) -> str:
        with in_tenant(tenant_a):
            return f"/api/v1/roles/{Role.objects.get(code=code).pk}"

    return of


@pytest.mark.parametrize("code", ["admin", "rep"])
def test_a_role_that_members_have_is_not_deleted(api_for: Any, url: Any, code: str) -> None:
    sara = api_for("sara")
    answer = sara.delete(url(code))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "in_use"
    assert sara.get(url(code)).status_code == 200


def test_a_role_that_a_key_stands_under_is_not_deleted(api_for: Any, tenant_a: Any, member: Any) -> None:
    sara = api_for("sara")
    with in_tenant(tenant_a):
        role = Role.objects.create(name="Guest", label="Guest", code="guest", rules={"types": {}})
        pk = role.pk
        key, _secret = ApiKey.issue(name="k", member=member("sara"), role=role)
    assert sara.delete(f"/api/v1/roles/{pk}").status_code == 400
    with in_tenant(tenant_a):
        key.delete()
    assert sara.delete(f"/api/v1/roles/{pk}").status_code == 204


def test_the_code_of_a_role_stays(api_for: Any, url: Any) -> None:
    sara = api_for("sara")
    assert sara.patch(url("admin"), {"code": "boss"}).status_code == 400
    assert sara.patch(url("admin"), {"name": "Boss", "code": "admin"}).json()["name"] == "Boss"

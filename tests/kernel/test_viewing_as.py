"""Looking at the workspace through a member's eyes."""

import pytest

from kernel.access.actor import operator
from kernel.events.models import Event
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def deals(tenant_a, member):
    with in_tenant(tenant_a):
        access = operator().access(registry["deals"])
        return {name: create(access, {"name": f"Of {name}", "owner": member(name).pk}) for name in ("mina", "reza")}


@pytest.fixture
def as_mina(client_for, tenant_a, member):
    with in_tenant(tenant_a):
        pk = member("mina").pk
    sara = client_for("sara")
    assert sara.post(f"/settings/members/{pk}/view-as").status_code == 302
    return sara


def test_one_sees_what_they_see(as_mina, deals):
    text = as_mina.get("/r/deals").content.decode()
    assert "Of mina" in text
    assert "Of reza" not in text
    assert "Mina Rep" in text
    assert "Back to my own view" in text
    assert as_mina.get(f"/r/deals/{deals['reza'].pk}").status_code == 404
    assert as_mina.get(f"/api/v1/deals/{deals['reza'].pk}").status_code == 404


def test_nothing_is_changed_meanwhile(as_mina, deals):
    deal = deals["mina"]
    for path in (f"/r/deals/{deal.pk}/delete", "/r/deals/new", f"/r/deals/{deal.pk}/cell/name", "/settings/profile"):
        assert as_mina.post(path, {"name": "Other"}).status_code == 403, path
    assert as_mina.patch(f"/api/v1/deals/{deal.pk}", {"name": "x"}, content_type="application/json").status_code == 403
    assert as_mina.get(f"/api/v1/deals/{deal.pk}").json()["version"] == deal.version


def test_what_is_theirs_alone_stays_so(as_mina):
    for path in ("/settings/profile", "/settings/keys", "/notifications"):
        assert as_mina.get(path).status_code == 403


def test_one_comes_back(as_mina, deals):
    assert as_mina.post("/settings/view-as/leave").status_code == 302
    assert "Of reza" in as_mina.get("/r/deals").content.decode()


def test_signing_out_ends_it(as_mina):
    answer = as_mina.post("/logout")
    assert answer.cookies["view_as"].value == ""


def test_the_history_says_so(as_mina, tenant_a):
    with in_tenant(tenant_a):
        assert Event.objects.filter(name="member.viewed_as").exists()


@pytest.mark.parametrize("name", ["leila", "mina", "kian"])
def test_only_an_administrator_does(client_for, tenant_a, member, name):
    with in_tenant(tenant_a):
        pk = member("reza").pk
    assert client_for(name).post(f"/settings/members/{pk}/view-as").status_code == 403


def test_a_cookie_is_good_for_nobody_else(as_mina, client_for):
    value = as_mina.cookies["view_as"].value
    for name in ("leila", "eve"):
        other = client_for(name)
        other.cookies["view_as"] = value
        assert "Back to my own view" not in other.get("/r/deals").content.decode()


def test_with_the_role_the_view_ends(as_mina, tenant_a, member):
    with in_tenant(tenant_a):
        member("sara").roles.clear()
    assert "Back to my own view" not in as_mina.get("/").content.decode()

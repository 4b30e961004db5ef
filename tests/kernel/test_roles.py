"""Roles are what everybody's rights hang on: none is taken away under those who have it."""

from typing import Any

import pytest

from kernel.access.models import ApiKey, Role
from kernel.events.models import Event
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


# -- nobody hands out more than they have

PEOPLE = {
    "types": {
        "*": {"verbs": {"*": "none", "view": "all"}, "fields": {"*": "read"}},
        "@settings": {"verbs": {"*": "all"}, "fields": {"*": "edit"}},
    },
    "system": ["members", "roles", "keys"],
}
READS = {"types": {"*": {"verbs": {"*": "none", "view": "all"}, "fields": {"*": "read"}}}}


@pytest.fixture
def kian(tenant_a: Any, member: Any, api_for: Any) -> Any:
    """Kian looks after members and roles, and sees records without changing any."""
    with in_tenant(tenant_a):
        role = Role.objects.create(name="People", label="People", code="people", rules=PEOPLE)
        member("kian").roles.set([role])
    return api_for("kian")


@pytest.fixture
def role_of(tenant_a: Any) -> Any:
    def of(code: str) -> str:
        with in_tenant(tenant_a):
            return str(Role.objects.get(code=code).pk)

    return of


def member_url(tenant: Any, member: Any, name: str) -> str:
    with in_tenant(tenant):
        return f"/api/v1/members/{member(name).pk}"


@pytest.mark.parametrize("wanted", ["admin", "manager", "rep"])
def test_a_wider_role_is_not_given(kian: Any, tenant_a: Any, member: Any, role_of: Any, wanted: str) -> None:
    for name in ("kian", "mina"):
        answer = kian.patch(member_url(tenant_a, member, name), {"roles": [role_of(wanted)]})
        assert answer.status_code == (200 if (name, wanted) == ("mina", "rep") else 400), (name, wanted)
    assert kian.post("/api/v1/members", {"name": "New", "roles": [role_of(wanted)]}).status_code == 400


def test_a_wider_role_is_not_taken_either(kian: Any, tenant_a: Any, member: Any, role_of: Any) -> None:
    assert kian.patch(member_url(tenant_a, member, "leila"), {"roles": []}).status_code == 400


def test_a_role_that_allows_no_more_is_given(kian: Any, role_of: Any) -> None:
    assert kian.post("/api/v1/members", {"name": "New", "roles": [role_of("read-only")]}).status_code == 201


def test_the_address_of_somebody_with_a_wider_role_stays(kian: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        leila = member("leila")
        leila.identity = None
        leila.save()
    assert kian.patch(member_url(tenant_a, member, "leila"), {"email": "kian2@a.example"}).status_code == 400


def test_nobody_puts_themselves_into_a_team(kian: Any, tenant_a: Any, member: Any) -> None:
    sara = kian.get("/api/v1/teams").json()["results"]
    teams = [team["id"] for team in sara]
    assert kian.patch(member_url(tenant_a, member, "kian"), {"teams": teams}).status_code == 400
    assert kian.patch(f"/api/v1/teams/{teams[0]}", {"lead": "me"}).status_code == 400


def test_a_role_is_not_widened_beyond_ones_own(kian: Any, url: Any) -> None:
    made = kian.post("/api/v1/roles", {"name": "Guests", "code": "guests", "rules": READS})
    assert made.status_code == 201
    mine = f"/api/v1/roles/{made.json()['id']}"
    wider = {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}}}
    assert kian.patch(mine, {"rules": wider}).json()["errors"][0]["field"] == "rules"
    assert kian.patch(mine, {"rules": {"types": {}, "system": ["export"]}}).status_code == 400
    assert kian.patch(url("people"), {"rules": {**PEOPLE, "system": ["*"]}}).status_code == 400
    assert kian.get(mine).json()["rules"] == READS


@pytest.mark.parametrize("code", ["admin", "manager", "rep"])
def test_a_role_wider_than_ones_own_is_not_touched(kian: Any, url: Any, code: str) -> None:
    assert kian.patch(url(code), {"rules": {"types": {}}}).status_code == 400
    assert kian.patch(url(code), {"name": "Mine"}).status_code == 400


def test_keys_are_made_for_roles_that_allow_no_more(kian: Any, client_for: Any, role_of: Any) -> None:
    text = client_for("kian").get("/settings/keys").content.decode()
    assert role_of("read-only") in text
    assert role_of("admin") not in text
    assert role_of("rep") not in text


def test_the_last_administrators_role_stays_one(api_for: Any, url: Any) -> None:
    assert api_for("sara").patch(url("admin"), {"rules": READS}).json()["errors"][0]["code"] == "last_admin"


def test_rules_are_unknown_to_whoever_does_not_look_after_roles(kian: Any, url: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        Role.objects.filter(code="people").update(rules={**PEOPLE, "system": ["members"]})
    assert "rules" not in kian.get(url("rep")).json()
    assert "rules" not in kian.get("/api/v1/schema").json()["components"]["schemas"]["Role"]["properties"]
    answer = kian.patch(url("read-only"), {"rules": READS})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown")


def test_a_change_of_rules_is_told_with_what_they_were(api_for: Any, url: Any, tenant_a: Any) -> None:
    before = api_for("sara").get(url("support")).json()["rules"]
    assert api_for("sara").patch(url("support"), {"rules": READS}).status_code == 200
    with in_tenant(tenant_a):
        event = Event.objects.filter(record_type="roles", name="role.rules_changed").latest("pk")
    assert event.changes["rules"] == [before, READS]


def test_a_saved_change_holds_from_the_next_request(api_for: Any, client_for: Any, url: Any) -> None:
    mina, key = client_for("mina"), api_for("mina")
    assert mina.get("/r/companies").status_code == 200
    api_for("sara").patch(url("rep"), {"rules": {"types": {"deals": READS["types"]["*"]}}})
    assert mina.get("/r/companies").status_code == 403
    assert key.get("/api/v1/companies").status_code == 403
    assert mina.get("/r/deals").status_code == 200


def test_a_file_of_more_than_a_role_may_take_is_refused(api_for: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        role = Role.objects.get(code="manager")
        Role.objects.filter(pk=role.pk).update(rules={**role.rules, "limits": {"export": 1}})
    sara, leila = api_for("sara"), api_for("leila")
    for name in ("One", "Two"):
        assert sara.post("/api/v1/companies", {"name": name}).status_code == 201
    asked = {"type": "companies", "format": "csv"}
    assert leila.post("/api/v1/exports", asked).status_code == 403
    assert leila.post("/api/v1/exports", {**asked, "query": {"name": "One"}}).status_code == 202
    assert sara.post("/api/v1/exports", asked).status_code == 202


@pytest.mark.parametrize("changed_role", ["wide", "wider"])
def test_a_key_ends_when_a_role_makes_it_do_more_than_its_member(
    api_for: Any, tenant_a: Any, member: Any, changed_role: str
) -> None:
    """Mina may read all; her key stands under another role that says the same, until one of the two says otherwise."""
    rules = {"wide": {"types": {}}, "wider": {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}}}}
    with in_tenant(tenant_a):
        held, named = (Role.objects.create(name=n, label=n, code=n, rules=READS) for n in ("wide", "wider"))
        member("mina").roles.set([held])
        key, _secret = ApiKey.issue(name="k", member=member("mina"), role=named)
        other, _secret = ApiKey.issue(name="all", member=member("sara"), role=named)
        changed = {"wide": held, "wider": named}[changed_role].pk
    sara = api_for("sara")
    assert sara.patch(f"/api/v1/roles/{changed}", {"name": "Renamed"}).status_code == 200
    with in_tenant(tenant_a):
        key.refresh_from_db()
        assert key.revoked_at is None
    assert sara.patch(f"/api/v1/roles/{changed}", {"rules": rules[changed_role]}).status_code == 200
    with in_tenant(tenant_a):
        key.refresh_from_db()
        other.refresh_from_db()
        assert key.revoked_at is not None
        assert other.revoked_at is None

"""The settings' pages of roles: the matrix, a change seen before it is saved, two compared, and why somebody can."""

import json
import re

import pytest

from kernel.access.actor import operator
from kernel.access.models import Role
from kernel.records.change import create
from kernel.records.explaining import explain
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def role(tenant_a):
    def of(code):
        with in_tenant(tenant_a):
            return Role.objects.get(code=code)

    return of


def url(role, *more):
    return "/".join((f"/settings/roles/{role.pk}", *more))


def hidden(page):
    """What the page of a review sends on."""
    text = page.content.decode()
    values = {}
    for name in ("rules", "version", "back"):
        found = re.search(rf'name="{name}" value="([^"]*)"', text)
        values[name] = found[1].replace("&quot;", '"').replace("&#x27;", "'")
    return values


@pytest.mark.parametrize("path", ["/settings/roles", "/settings/roles/new", "/settings/roles/why"])
def test_only_who_looks_after_roles_opens_their_pages(client_for, path):
    assert client_for("sara").get(path).status_code == 200
    for name in ("leila", "mina", "kian", "nima"):
        assert client_for(name).get(path).status_code == 403


def test_every_role_and_every_type_has_its_page(client_for, role):
    sara = client_for("sara")
    for code in ("admin", "manager", "rep", "support", "read-only"):
        text = sara.get(url(role(code))).content.decode()
        assert all(f'/types/{slug}"' in text for slug, rtype in registry.items() if not rtype.right), code
    for slug in (*registry, "records", "settings"):
        assert sara.get(url(role("rep"), "types", slug)).status_code == 200
    assert sara.get(url(role("rep"), "types", "nonsense")).status_code == 404


def test_a_field_is_found_in_the_matrix(client_for, role):
    text = client_for("sara").get(url(role("rep")) + "?q=cost").content.decode()
    assert "/types/products?q=cost" in text
    assert "Hidden" in text


def test_a_change_is_shown_with_whom_it_takes_what_from_and_holds_when_it_is_saved(client_for, api_for, role):
    sara, rep = client_for("sara"), role("rep")
    page = sara.post(url(rep, "types", "companies"), {"f-industry": "none", "v-view": "own"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "They lose" in text
    assert "Mina Rep" in text
    assert "They gain" not in text
    assert "industry" in str(api_for("mina").get("/api/v1/schema").json()["components"]["schemas"]["Company"])
    assert role("rep").rules == rep.rules
    assert sara.post(url(rep, "save"), hidden(page)).status_code == 303
    held = role("rep").rules["types"]["companies"]
    assert held == {"fields": {"industry": "none"}, "verbs": {"view": "own"}}
    assert "industry" not in str(api_for("mina").get("/api/v1/schema").json()["components"]["schemas"]["Company"])


def test_what_another_role_of_theirs_allows_nobody_loses(client_for, role, tenant_a, member):
    with in_tenant(tenant_a):
        member("mina").roles.add(role("manager"))
    text = client_for("sara").post(url(role("rep"), "types", "companies"), {"f-industry": "none"}).content.decode()
    assert "Reza Rep" in text
    assert "Mina Rep" not in text


def test_what_a_page_did_not_ask_stays(client_for, role):
    sara, rep = client_for("sara"), role("rep")
    page = sara.post(url(rep, "types", "products"), {"f-price": "masked"})
    rules = json.loads(hidden(page)["rules"])
    assert rules["types"]["products"]["fields"] == {"*": "edit", "cost": "none", "price": "masked"}
    assert rules["types"]["products"]["verbs"] == rep.rules["types"]["products"]["verbs"]


def test_rights_beside_records_and_their_limit_are_saved(client_for, role):
    sara, rep = client_for("sara"), role("rep")
    page = sara.post(url(rep, "system"), {"s-export": "1", "l-export": "۵۰۰"})
    sara.post(url(rep, "save"), hidden(page))
    assert (role("rep").rules["system"], role("rep").rules["limits"]) == (["export"], {"export": 500})


def test_two_who_change_a_role_at_once_do_not_undo_each_other(client_for, role):
    sara, rep = client_for("sara"), role("rep")
    first = sara.post(url(rep, "types", "companies"), {"f-industry": "none"})
    second = sara.post(url(rep, "types", "companies"), {"f-city": "none"})
    sara.post(url(rep, "save"), hidden(first))
    sara.post(url(rep, "save"), hidden(second))
    assert role("rep").rules["types"]["companies"]["fields"] == {"industry": "none"}


def test_a_role_is_made_as_a_copy_and_deleted(client_for, role):
    sara = client_for("sara")
    assert "Copy of Support" in sara.get(f"/settings/roles/new?base={role('support').pk}").content.decode()
    assert sara.post("/settings/roles/new", {"name": "Helpers", "base": str(role("support").pk)}).status_code == 303
    made = role("helpers")
    assert made.rules == role("support").rules
    assert sara.post(url(made, "name"), {"name": "Aides", "version": made.version}).status_code == 303
    assert role("helpers").name == "Aides"
    sara.post(url(made, "delete"))
    assert role("helpers").deleted_at


def test_two_roles_are_compared(client_for, role):
    sara = client_for("sara")
    text = sara.get(f"/settings/roles/compare?a={role('rep').pk}&b={role('support').pk}").content.decode()
    assert "Hidden" in text
    same = sara.get(f"/settings/roles/compare?a={role('rep').pk}&b={role('rep').pk}").content.decode()
    assert "No difference" in same


def test_what_a_role_said_before_is_told(client_for, role):
    sara, rep = client_for("sara"), role("rep")
    sara.post(url(rep, "save"), hidden(sara.post(url(rep, "types", "companies"), {"f-industry": "masked"})))
    text = sara.get(url(rep)).content.decode()
    assert "Last changes" in text
    assert "Masked" in text


# -- why


@pytest.fixture
def deals(tenant_a, member):
    with in_tenant(tenant_a):
        access = operator().access(registry["deals"])
        return {name: create(access, {"name": f"Of {name}", "owner": member(name).pk}) for name in ("mina", "reza")}


def test_it_is_told_which_role_and_rule_says_so(in_a, member, deals):
    def ask(who, verb, field="", record=None):
        return explain(member(who), registry["deals"], verb, field, record)

    own = ask("mina", "edit", record=deals["mina"])
    assert (own.may, own.reach, own.sayings[0].role.code, own.sayings[0].entry) == (True, "own", "rep", "*:edit")
    other = ask("mina", "view", record=deals["reza"])
    assert (other.may, other.reach) == (False, "")
    hidden_one = ask("nima", "view", "amount", deals["mina"])
    assert (hidden_one.may, hidden_one.field_sayings[0].entry) == (False, "deals.amount")
    assert ask("leila", "edit", "amount", deals["mina"]).reach == "all"
    assert not ask("kian", "edit").may


def test_a_page_says_it_in_sentences(client_for, deals, tenant_a, member):
    with in_tenant(tenant_a):
        who = member("nima").pk
    asked = f"/settings/roles/why?member={who}&type=deals&verb=view&field=amount&record={deals['mina'].pk}"
    text = client_for("sara").get(asked).content.decode()
    assert "Support" in text
    assert "Hidden" in text
    assert "what it says of Deals" in text

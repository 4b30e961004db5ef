"""Operator commands about members, roles, keys, record types and events."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from kernel.access.models import Member, Role
from kernel.accounts.models import Identity, Membership
from kernel.tenancy.context import in_tenant


def run(*args):
    out = StringIO()
    call_command(*args, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_key_that_works_and_whose_prefix_is_told(settings, tenant_a):
    answer = run("apikey", "create", "a", "--member", "reza@a.example", "--name", "Sync")
    assert set(answer) == {"key", "prefix"}
    assert answer["key"].startswith(answer["prefix"])
    api = Client(HTTP_HOST=f"a.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {answer['key']}")
    assert api.get("/api/v1/me").json()["email"] == "reza@a.example"


def test_a_key_with_a_role_of_its_own(settings, tenant_a):
    key = run("apikey", "create", "a", "--member", "sara@a.example", "--name", "Sync", "--role", "read-only")["key"]
    api = Client(HTTP_HOST=f"a.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {key}")
    assert [role["code"] for role in api.get("/api/v1/me").json()["roles"]] == ["read-only"]


@pytest.mark.parametrize(
    "args",
    [
        ("apikey", "create", "a", "--member", "nobody@a.example", "--name", "x"),
        ("apikey", "create", "nonesuch", "--member", "reza@a.example", "--name", "x"),
        ("apikey", "create", "a", "--member", "reza@a.example", "--name", "x", "--role", "nonesuch"),
        ("member", "create", "a", "--email", "reza@a.example", "--role", "rep"),
        ("member", "create", "a", "--email", "nonsense", "--role", "rep"),
        ("member", "create", "a", "--email", "new@a.example", "--role", "nonesuch"),
        ("member", "create", "a", "--email", "new@a.example", "--role", "rep", "--password", "123"),
        ("role", "set", "a", "rep", "deals.nonesuch=none"),
        ("role", "set", "a", "rep", "nonesuch.name=none"),
        ("role", "set", "a", "rep", "deals.amount=sometimes"),
        ("role", "set", "a", "rep", "deals"),
        ("records", "nonesuch"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(tenant_a, args):
    with pytest.raises(CommandError):
        run(*args)


def test_a_member_with_a_password_can_sign_in(tenant_a):
    args = ("--name", "New Rep", "--password", "correct horse staple")
    answer = run("member", "create", "a", "--email", "New@a.example", "--role", "rep", *args)
    identity = Identity.objects.get(email="new@a.example")
    assert identity.check_password("correct horse staple")
    assert Membership.objects.filter(identity=identity, tenant=tenant_a).exists()
    with in_tenant(tenant_a):
        member = Member.objects.get(pk=answer["id"])
        assert (member.identity, member.name, answer["role"]) == (identity.pk, "New Rep", "rep")


def test_a_member_without_a_password_waits_to_be_invited(tenant_a):
    answer = run("member", "create", "a", "--email", "new@a.example", "--role", "rep")
    assert set(answer) == {"id", "email", "role"}
    with in_tenant(tenant_a):
        assert Member.objects.get(pk=answer["id"]).identity is None


def test_a_role_set_hides_a_field_and_forbids_a_verb(api_for, tenant_a):
    run("role", "set", "a", "rep", "deals.amount=none", "deals:win=none")
    data = api_for("reza").get("/api/v1/me").json()["types"]["deals"]
    assert "amount" not in data["fields"] and "name" in data["fields"]
    assert data["verbs"]["win"] == "none" and data["verbs"]["lose"] == "own"


def test_a_new_role_begins_with_anothers_rules(tenant_a):
    answer = run("role", "set", "a", "junior", "--base", "rep", "deals:delete=none")
    assert answer["code"] == "junior"
    with in_tenant(tenant_a):
        junior, rep = Role.objects.get(code="junior"), Role.objects.get(code="rep")
        assert junior.rules["types"]["deals"] == {"verbs": {"delete": "none"}}
        assert junior.rules["types"]["*"] == rep.rules["types"]["*"]


def test_records_tells_what_a_declaration_yields():
    assert {"deals", "contacts"} <= {entry["type"] for entry in run("records")}
    deals = run("records", "deals")
    assert deals["urls"]["api_list"] == "/api/v1/deals"
    assert "deal.won" in deals["events"]
    assert "win" in {verb["name"] for verb in deals["verbs"]}


def test_events_tells_every_event_with_its_sentence():
    events = {entry["name"]: entry for entry in run("events")}
    assert events["deal.won"]["sentence"]
    assert all(entry["sentence"] for entry in events.values())


def test_seeding_tells_what_it_made(tenant_a):
    answer = run("demo", "seed", "a", "--companies", "1", "--contacts", "2", "--deals", "3")
    assert answer.pop("seconds") >= 0
    assert answer == {"companies": 1, "contacts": 2, "deals": 3}

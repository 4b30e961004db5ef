"""Signing in, failing to, and what people do about their ways in stand in the history of their workspaces."""

import json
from io import StringIO

import pyotp
import pytest
from django.core.management import call_command
from django.utils import timezone
from standing import CAST, PASSWORD

from kernel.access.models import ApiKey, Member
from kernel.accounts import devices, factors
from kernel.accounts.models import Identity, Membership
from kernel.api.refused_keys import write_refusal
from kernel.events.models import Event
from kernel.tenancy.context import in_tenant

REZA, EVE = CAST["reza"], CAST["eve"]
FRESH = "seven green bicycles"


@pytest.fixture
def told(tenant_a):
    """What the history says of reza's ways in: the end of each name, how, and who did it."""

    def told(tenant=tenant_a, person=REZA):
        with in_tenant(tenant):
            member = Member.objects.get(identity=person.identity_id).pk
            rows = Event.objects.filter(record_type="members", record_id=member).order_by("pk")
            return [
                (e.name.partition(".")[2], e.changes.get("way", [None, ""])[1], e.member_id == member) for e in rows
            ]

    return told


@pytest.fixture
def sign_in(at, posting):
    def sign_in(email=REZA.email, password=PASSWORD, client=None):
        with posting():
            return (client or at("a")).post("/login", {"email": email, "password": password})

    return sign_in


def identity():
    return Identity.objects.get(pk=REZA.identity_id)


def test_a_sign_in_tells_how_and_from_where(sign_in, told, tenant_a):
    assert sign_in().status_code == 302
    assert told() == [("signed_in", "password", True)]
    with in_tenant(tenant_a):
        assert Event.objects.get(name="member.signed_in").ip == "127.0.0.1"


def test_a_wrong_password_is_told_of_a_member_and_is_nowhere(sign_in, told, tenant_a):
    sign_in(password="hunter2-hunter2")
    assert told() == [("sign_in_failed", "password", False)]
    with in_tenant(tenant_a):
        assert "hunter2" not in json.dumps(list(Event.objects.values_list("changes", flat=True)))


@pytest.mark.parametrize("email", ["nobody@a.example", EVE.email])
def test_addresses_of_nobody_here_are_counted_and_are_nowhere(sign_in, tenant_a, monkeypatch, email):
    monkeypatch.setattr("kernel.web.accounts.history.UNKNOWN_MANY", 2)
    for _time in range(5):
        sign_in(email, "wrong")
    with in_tenant(tenant_a):
        events = list(Event.objects.filter(name__contains="sign_in").order_by("pk"))
        assert [(e.name, e.record_id, e.changes) for e in events] == [
            ("sign_in.unknown", None, {"count": [None, 2]}),
            ("sign_in.unknown", None, {"count": [None, 4]}),
        ]


def test_being_shut_out_is_told_once(sign_in, told):
    for _time in range(11):
        sign_in(password="wrong")
    assert [name for name, *_rest in told()] == ["sign_in_failed"] * 8 + ["sign_in_locked"]


def test_a_second_step_tells_which_and_a_wrong_code_too(sign_in, told, at, posting):
    secret = factors.begin(identity())
    step = pyotp.TOTP(secret)
    codes = factors.confirm(identity(), step.at(int(timezone.now().timestamp())))
    client = at("a")
    assert sign_in(client=client)["Location"] == "/login/code"
    with posting():
        client.post("/login/code", {"code": "000000"})
    with posting():
        client.post("/login/code?recovery", {"code": codes[0]})
    assert told() == [("sign_in_failed", "totp", False), ("signed_in", "recovery", True)]


def test_what_is_done_about_an_account_is_told_in_each_workspace_of_its_owner(client_for, told, posting, tenant_b):
    Membership.objects.create(identity=identity(), tenant=tenant_b)
    with in_tenant(tenant_b):
        Member.objects.create(name="رضا", email=REZA.email, identity=REZA.identity_id, label="رضا")
    with posting():
        client_for("reza").post("/settings/security/password", {"current": PASSWORD, "password": FRESH})
    for tenant in (None, tenant_b):
        assert told(*filter(None, [tenant])) == [("password_changed", "", True)]


def test_from_where_is_told_in_the_workspace_alone_in_which_it_was_done(client_for, posting, tenant_a, tenant_b):
    Membership.objects.create(identity=identity(), tenant=tenant_b)
    with in_tenant(tenant_b):
        Member.objects.create(name="رضا", email=REZA.email, identity=REZA.identity_id, label="رضا")
    with posting():
        client_for("reza").post("/settings/security/password", {"current": PASSWORD, "password": FRESH})
    found = []
    for tenant in (tenant_a, tenant_b):
        with in_tenant(tenant):
            found.append(Event.objects.get(name="member.password_changed").ip)
    assert found == ["127.0.0.1", None]


def test_devices_signed_out_are_told(client_for, told, posting):
    here, _there = client_for("reza"), client_for("reza")
    other = next(d for d in devices.devices_of(identity(), None) if d.handle)
    with posting():
        here.post("/settings/security/devices/end", {"device": "nonsense"})
    assert told() == []
    with posting():
        devices.end(identity(), other.handle)
    with posting():
        client_for("reza").post("/settings/security/devices/end-all")
    assert [name for name, *_rest in told()] == ["session_ended", "signed_out_everywhere"]


def test_factors_added_and_removed_are_told(told, posting):
    with posting():
        secret = factors.begin(identity())
        factors.confirm(identity(), pyotp.TOTP(secret).at(int(timezone.now().timestamp())))
    with posting():
        factors.drop(identity())
        factors.drop(identity())
    assert told() == [("factor_added", "totp", True), ("codes_made", "", True), ("factor_removed", "", True)]


def test_a_key_that_is_refused_is_told_once_and_one_that_nobody_has_is_not(api_for, at, told, monkeypatch, tenant_a):
    reza, asked = api_for("reza"), []
    monkeypatch.setattr(write_refusal, "delay", lambda *args: asked.append(args))
    with in_tenant(tenant_a):
        ApiKey.objects.update(networks=["10.0.0.0/8"])
    assert [reza.get("/api/v1/me").status_code for _time in range(2)] == [401, 401]
    assert at("a").get("/api/v1/me", headers={"Authorization": "Bearer nonsense"}).status_code == 401
    with in_tenant(tenant_a):
        for args in asked:
            write_refusal(*args)
    assert [name for name, *_rest in told()] == ["key_refused"]


@pytest.fixture
def keys_told(tenant_a):
    def told():
        with in_tenant(tenant_a):
            rows = Event.objects.filter(name__contains=".key_").order_by("pk")
            return [(e.name.partition("_")[2], e.record_id, e.via) for e in rows]

    return told


def test_a_key_is_told_when_it_is_made_and_when_it_ends_by_whichever_way(client_for, keys_told, tenant_a):
    call_command("apikey", "create", "a", "--member", REZA.email, "--name", "Sync", "--role", "rep", stdout=StringIO())
    call_command("apikey", "create", "a", "--member", REZA.email, "--name", "Till", stdout=StringIO())
    with in_tenant(tenant_a):
        till = ApiKey.objects.get(name="Till")
    call_command("apikey", "revoke", "a", "--prefix", till.prefix, stdout=StringIO())
    assert keys_told() == [
        ("created", REZA.member_id, "operator"),
        ("created", REZA.member_id, "operator"),
        ("revoked", REZA.member_id, "operator"),
    ]
    client_for("sara").post(f"/settings/members/{REZA.member_id}/deactivate", {"version": "1"})
    assert keys_told()[3:] == [("revoked", REZA.member_id, "page")]

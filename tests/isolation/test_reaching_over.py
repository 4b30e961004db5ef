"""Everything A holds (cookie, key, message, id, address) is worth nothing at B."""

import logging
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connection, connections
from django.test import Client
from standing import CAST

from kernel.access.models import ApiKey, Member, Team
from kernel.accounts.models import Session
from kernel.tenancy.context import NoTenant, in_tenant, tenant_only
from kernel.web.logs import ContextFilter
from tenants.lifecycle import suspend

ME = "/api/v1/me"


def moved(client: Client, host: str) -> Client:
    """The same browser, with the same cookies, at another host."""
    client.defaults["HTTP_HOST"] = host
    return client


def key_of(name: str, tenant) -> str:
    with in_tenant(tenant):
        return ApiKey.issue(name="test", member=Member.objects.get(pk=CAST[name].member_id))[1]


def test_a_session_is_good_at_its_own_host(client_for):
    assert client_for("reza").get(ME).status_code == 200
    assert client_for("eve").get(ME).status_code == 200


@pytest.mark.parametrize("host", ["b.localhost", "B.localhost:8000", "b.localhost."])
def test_a_cookie_of_a_is_nobody_at_b(client_for, host, settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert moved(client_for("reza"), host).get(ME).status_code == 401


def test_a_cookie_of_a_opens_no_page_of_b(client_for):
    response = moved(client_for("reza"), "b.localhost").get("/r/members")
    assert response.status_code == 302
    assert "/login" in response["Location"]


def test_a_cookie_of_a_is_nobody_at_the_public_site(client_for):
    response = moved(client_for("reza"), "localhost").get("/")
    assert b"Reza" not in response.content
    assert b"Aster" not in response.content


def test_a_session_whose_tenant_was_rewritten_is_nobody(client_for, tenant_b):
    client = client_for("reza")
    Session.objects.filter(identity=CAST["reza"].identity_id).update(tenant=tenant_b)
    assert moved(client, "b.localhost").get(ME).status_code == 401


def test_a_member_of_both_is_asked_to_sign_in_at_each(client_for, tenant_b):
    from kernel.accounts.models import Membership

    client = client_for("reza")
    Membership.objects.create(identity_id=CAST["reza"].identity_id, tenant=tenant_b)
    assert moved(client, "b.localhost").get(ME).status_code == 401


def test_no_cookie_is_set_for_a_whole_domain(at):
    for path in ("/login", "/"):
        for cookie in at("a").get(path).cookies.values():
            assert cookie["domain"] == ""


def test_a_key_of_a_is_nobody_at_b(tenant_a):
    key = key_of("sara", tenant_a)
    for host, status in (("a.localhost", 200), ("b.localhost", 401)):
        assert Client(HTTP_HOST=host, HTTP_AUTHORIZATION=f"Bearer {key}").get(ME).status_code == status


def test_a_key_of_a_with_a_cookie_of_b_is_nobody(client_for, tenant_a):
    key = key_of("sara", tenant_a)
    assert client_for("eve").get(ME, HTTP_AUTHORIZATION=f"Bearer {key}").status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        {"HTTP_X_FORWARDED_HOST": "b.localhost"},
        {"HTTP_X_HOST": "b.localhost"},
        {"HTTP_FORWARDED": "host=b.localhost"},
        {"HTTP_X_ORIGINAL_HOST": "b.localhost"},
    ],
    ids=lambda header: next(iter(header)),
)
def test_no_other_header_names_the_tenant(client_for, header):
    answer = client_for("reza").get(ME, **header)
    assert answer.status_code == 200
    assert answer.json()["email"] == CAST["reza"].email


def test_an_absolute_address_in_the_request_line_does_not_either(client_for):
    assert client_for("reza").get(ME, PATH_INFO=ME, SERVER_NAME="b.localhost").json()["email"] == CAST["reza"].email


def test_an_id_of_b_is_not_found_at_a(api_for, tenant_b):
    with in_tenant(tenant_b):
        team = Team.objects.create(name="t:b", label="t:b")
    api = api_for("sara")
    for path in (f"/api/v1/teams/{team.pk}", f"/api/v1/members/{CAST['eve'].member_id}"):
        assert api.get(path).status_code == 404
    assert api.get(f"/api/v1/members/{CAST['reza'].member_id}").status_code == 200


def test_a_page_of_bs_record_is_not_found_at_a(client_for):
    assert client_for("sara").get(f"/r/members/{CAST['eve'].member_id}").status_code == 404


def test_lists_of_a_hold_nothing_of_b(api_for):
    emails = {row["email"] for row in api_for("sara").get("/api/v1/members").json()["results"]}
    assert emails == {person.email for person in CAST.values() if person.tenant == "a"}


def test_a_session_of_a_suspended_tenant_opens_nothing(client_for, tenant_a):
    client = client_for("sara")
    suspend(tenant_a, "Unpaid.")
    assert client.get(ME).status_code == 403
    assert client.get("/").status_code == 403


def test_the_same_cache_key_is_another_in_each_tenant(tenant_a, tenant_b):
    key = str(uuid4())
    with tenant_only(tenant_a):
        caches["default"].set(key, "of a")
    with tenant_only(tenant_b):
        assert caches["default"].get(key) is None
        caches["default"].set(key, "of b")
    with tenant_only(tenant_a):
        assert caches["default"].get(key) == "of a"


def test_the_tenants_cache_is_refused_without_a_tenant():
    with pytest.raises(NoTenant):
        caches["default"].get("anything")


def test_the_platforms_cache_is_one_for_all(tenant_a):
    key = str(uuid4())
    caches["platform"].set(key, "of all")
    with tenant_only(tenant_a):
        assert caches["platform"].get(key) == "of all"


def test_log_lines_name_the_tenant(tenant_a):
    with tenant_only(tenant_a):
        inside = logging.makeLogRecord({})
        ContextFilter().filter(inside)
    outside = logging.makeLogRecord({})
    ContextFilter().filter(outside)
    assert (inside.tenant, outside.tenant) == ("a", "")


def test_sql_of_a_tenant_reads_no_other_schema_by_its_path(in_a):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM access_member")
        assert cursor.fetchone() == (6,)
        cursor.execute("SELECT current_schemas(false)")
        assert cursor.fetchone() == (["t_a", "ext"],)


def test_a_connection_that_nobody_bound_sees_no_table():
    wrapper = connections["default"]
    with wrapper.bare(), wrapper.cursor() as cursor:
        cursor.execute("SELECT to_regclass('access_member')")
        assert cursor.fetchone() == (None,)


def test_the_two_sides_are_two_databases():
    assert settings.DATABASES["default"]["NAME"] != settings.DATABASES["platform"]["NAME"]

"""What holds when transactions really commit."""

import pytest
from django.db import connection
from probes import LOG
from rows import made, new_team

from kernel.access.models import Member
from kernel.accounts.models import Session
from kernel.tenancy.context import in_tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def probes(settings):
    settings.ROOT_URLCONF = "probes"
    settings.PUBLIC_SCHEMA_URLCONF = "public_probes"


@pytest.mark.parametrize("time", [1, 2])
def test_callbacks_after_the_commit(at, time):
    LOG.clear()
    at("a").get("/late")
    assert LOG == ["OutsideTransaction", ["t:late"]]


def test_what_fails_after_the_commit_does_not_fail_the_request(at, tenant_a):
    assert at("a").get("/late_failure").status_code == 200
    with in_tenant(tenant_a):
        assert made() == ["t:kept"]


def test_a_failed_view_leaves_nothing(at, tenant_a):
    at("a", raise_request_exception=False).get("/fail")
    with in_tenant(tenant_a):
        assert made() == []


def test_the_cast_is_back_after_a_test_that_committed(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        assert Member.objects.count() == 6
        assert made() == []
    with in_tenant(tenant_b):
        assert Member.objects.count() == 1


def test_a_commit_that_fails_keeps_no_session(at, tenant_a):
    before = Session.objects.count()
    assert at("a", raise_request_exception=False).get("/deferred").status_code == 500
    assert Session.objects.count() == before


def test_a_session_is_saved_once_the_tenant_has_committed(at):
    before = Session.objects.count()
    assert at("a").get("/touch").status_code == 200
    assert Session.objects.count() == before + 1


def test_nothing_of_the_tenant_stays_on_the_connection(tenant_a):
    with in_tenant(tenant_a):
        new_team("t:committed")
    with connection.bare(), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('search_path'), current_setting('statement_timeout')")
        path, timeout = cursor.fetchone()
    assert "t_a" not in path
    assert timeout == "0"


def test_a_reused_connection_serves_the_next_tenant(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        new_team("t:a")
        first = connection.connection
    with in_tenant(tenant_b):
        assert connection.connection is first
        assert made() == []


def test_a_live_server_finds_the_tenant(live_server):
    import http.client

    host, port = live_server.thread.host, live_server.thread.port
    client = http.client.HTTPConnection(host, port)
    client.request("GET", "/who", headers={"Host": "a.localhost"})
    assert b'"t_a, ext"' in client.getresponse().read()
    client.close()

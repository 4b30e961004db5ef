"""From the host of a request to its tenant, and one transaction around all it does there."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import caches
from django.db import connections
from django.test import Client
from rows import made, new_team

from kernel.tenancy import hosts
from kernel.tenancy.context import NoTenant, current_tenant, in_tenant
from tenants.lifecycle import resume, suspend
from tenants.models import Domain, Tenant


@pytest.fixture(autouse=True)
def probes(settings):
    settings.ROOT_URLCONF = "probes"
    settings.PUBLIC_SCHEMA_URLCONF = "public_probes"


def test_each_host_answers_from_its_own_tenant(at, tenant_a, tenant_b):
    with in_tenant(tenant_a):
        new_team("t:a")
    assert at("a").get("/names").content == b"t:a"
    assert at("b").get("/names").content == b""
    assert current_tenant.get() is None


def test_the_public_site_has_no_tenant(at):
    assert at("").get("/").content == b"public None None"


def test_a_tenants_query_on_the_public_site_is_refused(at):
    with pytest.raises(NoTenant):
        at("").get("/slip")


@pytest.mark.parametrize("host", ["A.localhost", "a.localhost:8000", "a.localhost.", "A.LOCALHOST.:8000"])
def test_a_host_is_known_however_it_is_written(host, settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert Client(HTTP_HOST=host).get("/who").json()["tenant"] == "a"


@pytest.mark.parametrize("host", ["nobody.localhost", "a.b.localhost", "console.localhost", "xn--a-.localhost"])
def test_an_unknown_subdomain_is_told_so(host):
    response = Client(HTTP_HOST=host).get("/")
    assert response.status_code == 404
    assert f"Nobody has set up a workspace at {host}." in response.content.decode()


@pytest.mark.parametrize("host", ["a.example.com", "a.localhost.example.com", "bad_host!", "", "a.localhost@evil"])
def test_a_forged_host_is_no_tenant(host):
    response = Client(HTTP_HOST=host).get("/who")
    assert response.status_code in (400, 404)
    assert b"t_a" not in response.content


def test_an_unknown_host_writes_nothing_and_is_looked_up_once(at, django_assert_num_queries):
    client = at("nobody")
    with django_assert_num_queries(1, using="platform") as queries:
        client.get("/")
        client.get("/")
    assert queries.captured_queries[0]["sql"].startswith("SELECT")


def test_made_up_hosts_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(hosts, "MOST", 3)
    for number in range(10):
        hosts.tenant_by_host(f"made-up-{number}.localhost")
    assert len(hosts.remembered._entries) == 3


def test_a_domain_of_the_tenants_own_is_known(tenant_a, settings):
    settings.ALLOWED_HOSTS = ["*"]
    Domain.objects.create(domain="crm.aster.example", tenant=tenant_a)
    assert Client(HTTP_HOST="crm.aster.example").get("/who").json()["tenant"] == "a"


def test_the_page_of_an_unknown_host_speaks_persian(at):
    response = at("nobody").get("/", HTTP_ACCEPT_LANGUAGE="fa")
    assert 'dir="rtl"' in response.content.decode()


def test_the_api_of_an_unknown_host_answers_a_problem(at):
    response = at("nobody").get("/api/v1/deals")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_a_suspended_tenant_is_told_why_and_whom_to_ask(at, tenant_a, settings):
    suspend(tenant_a, "The invoice of March is unpaid.")
    response = at("a").get("/names")
    page = response.content.decode()
    assert response.status_code == 403
    assert "The invoice of March is unpaid." in page
    assert settings.SUPPORT_EMAIL in page


def test_a_resumed_tenant_answers_again(at, tenant_a):
    suspend(tenant_a, "A mistake.")
    assert at("a").get("/names").status_code == 403
    resume(tenant_a)
    assert at("a").get("/names").status_code == 200


def test_a_tenant_that_is_being_set_up_asks_for_patience(at, tenant_a):
    Tenant.objects.filter(pk=tenant_a.pk).update(status="provisioning")
    response = at("a").get("/names")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"


def test_a_tenant_that_is_being_erased_is_unknown(at, tenant_a):
    Tenant.objects.filter(pk=tenant_a.pk).update(status="deleting")
    assert at("a").get("/names").status_code == 404


def test_a_change_made_by_another_process_is_seen(at, tenant_a, monkeypatch):
    monkeypatch.setattr(hosts, "LOOK_EVERY", 0)
    assert at("a").get("/names").status_code == 200
    Tenant.objects.filter(pk=tenant_a.pk).update(status="suspended")
    assert at("a").get("/names").status_code == 200  # remembered
    caches["platform"].set(hosts.host_key(), "as another process does")
    assert at("a").get("/names").status_code == 403


def test_hosts_are_still_known_while_the_cache_is_away(at, monkeypatch):
    class Away:
        def get(self, *args, **kwargs):
            raise ConnectionError

    monkeypatch.setattr(hosts, "caches", {"platform": Away()})
    monkeypatch.setattr(hosts, "LOOK_EVERY", 0)
    assert at("a").get("/names").status_code == 200


def test_a_request_that_succeeds_commits(at, tenant_a):
    at("a").get("/add")
    with in_tenant(tenant_a):
        assert made() == ["t:added"]


@pytest.mark.parametrize(("path", "status"), [("/fail", 500), ("/missing", 404), ("/add?status=503", 503)])
def test_a_request_that_fails_leaves_nothing(at, tenant_a, path, status):
    assert at("a", raise_request_exception=False).get(path).status_code == status
    with in_tenant(tenant_a):
        assert made() == []


def test_an_answer_that_the_view_chose_commits(at, tenant_a):
    assert at("a").get("/add?status=422").status_code == 422
    with in_tenant(tenant_a):
        assert made() == ["t:added"]


def test_savepoints_in_a_view(at):
    assert at("a").get("/outer_and_inner").content == b"t:outer"


def test_entering_the_tenant_again_in_a_view(at, tenant_a):
    with in_tenant(tenant_a):
        new_team("t:1")
    assert at("a").get("/nested").content == b"t:1"


def test_a_stream_reads_its_tenant(at, tenant_a):
    with in_tenant(tenant_a):
        new_team("t:1")
        new_team("t:2")
    assert b"".join(at("a").get("/well_streamed").streaming_content) == b"t:1t:2"


def test_a_body_read_after_the_request_has_no_tenant(at):
    response = at("a").get("/badly_streamed")
    with pytest.raises(NoTenant):
        b"".join(response.streaming_content)


def test_a_failed_request_leaves_no_tenant_behind(at):
    at("a", raise_request_exception=False).get("/fail")
    assert current_tenant.get() is None


def test_one_thread_serves_tenants_in_turn(at):
    paths = [at(name).get("/who").json()["path"] for name in ("a", "b", "a", "b")]
    assert paths == ["t_a, ext", "t_b, ext", "t_a, ext", "t_b, ext"]


def test_many_threads_serve_their_own_tenants(at):
    def ask(number: int) -> bool:
        name = "ab"[number % 2]
        try:
            return at(name).get("/who").json() == {"tenant": name, "path": f"t_{name}, ext"}
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(80)))


def test_without_the_transaction_requests_fail_rather_than_answer(at, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "TenantTransaction" not in name]
    assert at("a", raise_request_exception=False).get("/names").status_code == 500


def test_health_answers_on_any_host():
    for host in ("nobody.localhost", "10.0.0.7", "localhost", "a.localhost"):
        assert Client(HTTP_HOST=host).get("/healthz").status_code == 200

"""Who may call, in which words problems come, and what repeats and floods get."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from standing import CAST

from kernel.access.models import ApiKey, Member, Role
from kernel.api.idempotency import forget_answers
from kernel.api.models import IdempotentAnswer
from kernel.tenancy.context import in_tenant

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def sara(api_for):
    return api_for("sara")


class TestCallers:
    def test_without_a_key_401_and_how_to_call(self, at):
        answer = at("a").get("/api/v1/deals")
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_key_of_another_tenant_is_401(self, api_for, settings):
        eve = api_for("eve")
        assert eve.get("/api/v1/me").status_code == 200
        assert eve.get("/api/v1/me", HTTP_HOST=f"a.{settings.BASE_DOMAIN}").status_code == 401

    @pytest.mark.parametrize("header", ["Bearer", "Bearer nonsense", "Basic c2FyYTpwdw==", "Bearer \x00"])
    def test_a_wrong_key_is_401(self, at, header):
        assert at("a").get("/api/v1/me", HTTP_AUTHORIZATION=header).status_code == 401

    def test_a_wrong_key_is_401_even_with_a_session(self, client_for):
        assert client_for("sara").get("/api/v1/me", HTTP_AUTHORIZATION="Bearer x").status_code == 401

    def test_a_session_may_read(self, client_for):
        assert client_for("reza").get("/api/v1/me").json()["name"] == "Reza Rep"

    def test_a_session_without_csrf_token_may_not_write(self, client_for):
        browser = client_for("sara", enforce_csrf_checks=True)
        answer = browser.post("/api/v1/companies", {"name": "A"}, content_type="application/json")
        assert answer.status_code == 403
        assert answer["Content-Type"] == "application/problem+json"

    def test_a_session_with_csrf_token_may_write(self, client_for):
        browser = client_for("sara", enforce_csrf_checks=True)
        token = "a" * 32
        browser.cookies["csrf"] = token
        answer = browser.post(
            "/api/v1/companies", {"name": "A"}, content_type="application/json", HTTP_X_CSRFTOKEN=token
        )
        assert answer.status_code == 201

    def test_a_keys_own_role_takes_the_place_of_the_members(self, tenant_a, settings):
        with in_tenant(tenant_a):
            member = Member.objects.get(pk=CAST["sara"].member_id)
            _key, secret = ApiKey.issue(name="t", member=member, role=Role.objects.get(code="read-only"))
        api = Client(HTTP_HOST=f"a.{settings.BASE_DOMAIN}", HTTP_AUTHORIZATION=f"Bearer {secret}")
        assert api.get("/api/v1/me").json()["roles"][0]["code"] == "read-only"
        answer = api.post("/api/v1/companies", {"name": "A"}, content_type="application/json")
        assert answer.status_code == 403

    def test_use_is_noted(self, sara, tenant_a, django_capture_on_commit_callbacks):
        with django_capture_on_commit_callbacks(execute=True):
            sara.get("/api/v1/me")
        with in_tenant(tenant_a):
            assert ApiKey.objects.get().last_used_at is not None

    def test_me_tells_rights_without_hidden_fields(self, api_for):
        data = api_for("nima").get("/api/v1/me").json()
        assert data["types"]["deals"]["verbs"]["view"] == "all"
        assert "amount" not in data["types"]["deals"]["fields"]
        assert data["tenant"]["currency"] == "USD"


PROBLEMS = [
    ("get", "/api/v1/nonesuch", None, 404),
    ("get", "/api", None, 404),
    ("get", "/api/v2/x/y", None, 404),
    ("get", "/api/v1/deals/x/y/z", None, 404),
    ("get", "/api/v1/deals/nonesuch", None, 404),
    ("put", "/api/v1/deals", b"{}", 405),
    ("delete", "/api/v1/deals", None, 405),
    ("post", "/api/v1/deals", b"{", 400),
    ("post", "/api/v1/deals", b"[]", 400),
    ("post", "/api/v1/deals", b"\xff", 400),
    ("post", "/api/v1/deals", b'{"name": NaN}', 400),
    ("post", "/api/v1/deals", b'{"name": "\\ud800"}', 400),
    ("post", "/api/v1/deals", b'{"name": "\\u0000"}', 400),
    ("post", "/api/v1/deals", b'{"name": "a", "amount": 1e999999999}', 400),
    ("post", "/api/v1/deals", b'{"name": "a", "amount": 1e30}', 400),
    ("post", "/api/v1/deals", b'{"name": "a", "stage": {"label": "\\u0000"}}', 400),
    ("post", "/api/v1/companies", b'{"name": "a", "kind": []}', 400),
    ("post", "/api/v1/notes", b'{"body": "a", "about": {"type": [], "id": "x"}}', 400),
    ("post", "/api/v1/deals", b"[" * 100_000, 400),
    ("post", "/api/v1/deals", b'{"name": "' + b"a" * 6_000_000 + b'"}', 413),
    ("get", "/api/v1/deals?cursor=xx", None, 400),
    ("get", "/api/v1/deals?count=maybe", None, 400),
    ("get", "/api/v1/deals/aggregate?group=created_at:month&calendar=mayan", None, 400),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), PROBLEMS)
def test_what_goes_wrong_is_a_problem_document(sara, method, path, body, status):
    more = {} if body is None else {"data": body, "content_type": "application/json"}
    answer = getattr(sara, method)(path, **more)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "errors"} <= set(answer.json())


def test_another_content_type_is_415(sara):
    assert sara.post("/api/v1/deals", "name=a", content_type="application/x-www-form-urlencoded").status_code == 415


def test_an_error_of_ours_is_a_problem_without_trace(sara, monkeypatch):
    def fail(*args, **more):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("kernel.api.records.find", fail)
    sara.raise_request_exception = False
    answer = sara.get("/api/v1/deals")
    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert b"secret detail" not in answer.content


class TestLanguage:
    def test_accept_language_decides(self, sara):
        answer = sara.post("/api/v1/companies", {}, HTTP_ACCEPT_LANGUAGE="fa-IR,en;q=0.5")
        assert answer["Content-Language"] == "fa"

    def test_else_the_members_own(self, api_for):
        assert api_for("eve").post("/api/v1/companies", {})["Content-Language"] == "fa"

    def test_a_stranger_too_is_refused_in_it(self, at):
        client = at("a")
        for path, status in (("deals", 401), ("deals/x/y/z", 404)):
            answer = client.get(f"/api/v1/{path}", headers={"Accept-Language": "fa"})
            assert answer.status_code == status
            assert not answer.json()["title"].isascii()

    def test_the_next_caller_is_not_spoken_to_in_it(self, sara):
        sara.get("/api/v1/me", HTTP_ACCEPT_LANGUAGE="fa")
        assert sara.get("/api/v1/me")["Content-Language"] == "en"


class TestIdempotency:
    def post(self, api, name="A", key="k-1"):
        return api.post("/api/v1/companies", {"name": name}, HTTP_IDEMPOTENCY_KEY=key)

    def test_the_first_answer_comes_again_and_nothing_twice(self, sara):
        first, again = self.post(sara), self.post(sara)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again["Location"] == first["Location"]
        assert again["ETag"] == first["ETag"]
        assert sara.get("/api/v1/companies").json()["count"] == 1

    def test_another_body_is_409(self, sara):
        self.post(sara)
        assert self.post(sara, name="B").status_code == 409

    def test_another_members_same_key_is_their_own(self, sara, api_for):
        first = self.post(sara)
        assert self.post(api_for("leila"), name="Other").status_code == 201
        assert self.post(sara).json()["id"] == first.json()["id"]

    def test_a_refused_request_may_be_put_right(self, sara):
        assert self.post(sara, name="").status_code == 400
        assert self.post(sara, name="A").status_code == 201

    def test_after_a_day_it_is_forgotten(self, sara, tenant_a):
        self.post(sara)
        with in_tenant(tenant_a):
            IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
        assert self.post(sara, name="B").status_code == 201
        with in_tenant(tenant_a):
            IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
            forget_answers()
            assert not IdempotentAnswer.objects.exists()


class TestBatch:
    URL = "/api/v1/companies/batch"

    def test_creates_changes_and_deletes_under_one_change_set(self, sara):
        one = sara.post("/api/v1/companies", {"name": "One"}).json()
        two = sara.post("/api/v1/companies", {"name": "Two"}).json()
        operations = [
            {"op": "create", "values": {"name": "Three"}},
            {"op": "update", "id": one["id"], "version": 1, "values": {"name": "Eins"}},
            {"op": "delete", "id": two["id"]},
        ]
        answer = sara.post(self.URL, {"operations": operations})
        assert answer.status_code == 200, answer.content
        assert [result["status"] for result in answer.json()["results"]] == [201, 200, 204]
        names = [row["name"] for row in sara.get("/api/v1/companies?sort=name").json()["results"]]
        assert names == ["Eins", "Three"]

    def test_all_or_nothing(self, sara):
        operations = [{"op": "create", "values": {"name": "A"}}, {"op": "create", "values": {}}]
        answer = sara.post(self.URL, {"operations": operations})
        assert answer.status_code == 400
        assert [(e["operation"], e["field"]) for e in answer.json()["errors"]] == [(1, "name")]
        assert sara.get("/api/v1/companies").json()["count"] == 0

    def test_each_by_itself(self, sara):
        operations = [{"op": "create", "values": {}}, {"op": "create", "values": {"name": "A"}}, {"op": "explode"}]
        data = sara.post(self.URL, {"operations": operations, "mode": "each"}).json()
        assert [result["status"] for result in data["results"]] == [400, 201, 400]
        assert (data["done"], data["refused"]) == (1, 2)

    def test_a_stale_version_is_told(self, sara):
        one = sara.post("/api/v1/companies", {"name": "One"}).json()
        operation = {"op": "update", "id": one["id"], "version": 9, "values": {"name": "B"}}
        assert sara.post(self.URL, {"operations": [operation]}).status_code == 412

    @pytest.mark.parametrize("body", [{}, {"operations": []}, {"operations": [{}] * 1001}, {"operations": [3]}])
    def test_what_is_no_batch_is_400(self, sara, body):
        assert sara.post(self.URL, body).status_code == 400

    def test_it_takes_the_right_to_bulk_work(self, api_for):
        assert api_for("reza").post(self.URL, {"operations": [{"op": "create"}]}).status_code == 403


def test_too_many_calls_are_429_with_retry_after(sara, settings):
    settings.API_REQUESTS_PER_MINUTE = 2
    codes = [sara.get("/api/v1/me").status_code for _ in range(4)]
    assert codes[-1] == 429
    answer = sara.get("/api/v1/me")
    assert re.fullmatch(r"\d+", answer["Retry-After"])
    assert json.loads(answer.content)["status"] == 429

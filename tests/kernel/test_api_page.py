"""The API's page in the settings: drawn from the document, so it shows what this member may do and nothing else."""

import gzip
import re

import pytest
from standing import CAST

from kernel.access.models import Member, Role
from kernel.tenancy.context import in_tenant
from kernel.web.settings.reading import part_of
from kernel.web.settings.snippets import KEY


def text_of(answer):
    assert answer.status_code == 200, answer.request["PATH_INFO"]
    return answer.content.decode()


def test_every_part_of_the_document_has_a_page_within_the_budget(client_for, api_for):
    sara = client_for("sara")
    paths = api_for("sara").get("/api/v1/schema").json()["paths"]
    index = text_of(sara.get("/settings/api"))
    for key in {part_of(path) for path in paths}:
        address = f"/settings/api/{key}"
        assert f'href="{address}"' in index
        page = text_of(sara.get(address))
        assert len(gzip.compress(page.encode(), 6)) < 25_000, key
        assert page.count("<") - page.count("</") < 1500, key


@pytest.mark.parametrize("language", ["curl", "python", "javascript"])
def test_each_call_of_a_type_has_an_example_with_the_real_address(client_for, api_for, language):
    client = client_for("sara")
    page = text_of(client.get(f"/settings/api/deals?in={language}"))
    paths = api_for("sara").get("/api/v1/schema").json()["paths"]
    calls = [
        method
        for path, item in paths.items()
        if re.match(r"/deals(/|$)", path)
        for method in item
        if method != "parameters"
    ]
    codes = re.findall(r"<pre[^>]*><code data-text>(.*?)</code>", page, re.DOTALL)
    assert len(codes) == len(calls)
    assert all(KEY in code and f"http://{client.defaults['HTTP_HOST']}/api/v1/deals" in code for code in codes)


def test_python_examples_can_be_read_by_python(client_for, api_for):
    import ast
    import html

    client = client_for("sara")
    keys = {part_of(path) for path in api_for("sara").get("/api/v1/schema").json()["paths"]}
    for key in keys:
        page = text_of(client.get(f"/settings/api/{key}?in=python"))
        for code in re.findall(r"<pre[^>]*><code data-text>(.*?)</code>", page, re.DOTALL):
            ast.parse(html.unescape(code))


def test_a_hidden_field_is_in_no_page_and_not_found(client_for):
    hidden = client_for("nima")
    assert "amount" not in text_of(hidden.get("/settings/api/deals"))
    assert 'id="f-amount"' in text_of(client_for("sara").get("/settings/api/deals"))
    assert "deals.amount" not in text_of(hidden.get("/settings/api?q=amount"))
    assert "deals.amount" in text_of(client_for("sara").get("/settings/api?q=amount"))


def test_a_type_that_is_not_mine_to_see_is_none(client_for, tenant_a):
    with in_tenant(tenant_a):
        role = Role.objects.get(code="support")
        role.rules["types"]["companies"] = {"verbs": {"*": "none"}}
        role.save()
    nima = client_for("nima")
    assert nima.get("/settings/api/companies").status_code == 404
    assert "/settings/api/companies" not in text_of(nima.get("/settings/api"))


def test_custom_fields_stand_among_the_others(client_for, api_for):
    made = api_for("sara").post(
        "/api/v1/custom-fields",
        {"record_type": "companies", "name": "Tier", "kind": "choice", "choices": [{"label": "Gold"}]},
    )
    assert made.status_code == 201
    page = text_of(client_for("sara").get("/settings/api/companies"))
    assert 'id="f-custom.tier"' in page


def test_a_field_is_found_by_its_persian_name(client_for, tenant_a):
    with in_tenant(tenant_a):
        Member.objects.filter(pk=CAST["sara"].member_id).update(language="fa")
    page = text_of(client_for("sara").get("/settings/api?q=مبلغ"))
    assert "deals.amount" in page

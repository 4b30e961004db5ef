"""What nobody would type: each is refused in words, never with an error of ours."""

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

CSV = b"name,city\nOne,Paris\n"


@pytest.fixture
def sara(api_for: Any) -> Any:
    return api_for("sara")


@pytest.fixture
def deal(sara: Any) -> str:
    return str(sara.post("/api/v1/deals", {"name": "Deal"}).json()["id"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "1" * 30),
        ("amount", 10**25),
        ("amount", {"amount": "1" * 39, "currency": "USD"}),
        ("probability", "1" * 30),
        ("next_step_at", "9999-12-31T23:59:59-14:00"),
        ("next_step_at", "9999-12-31T23:59:59Z"),
        ("next_step_at", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_what_no_column_holds_is_a_field_error(sara, deal, field, value):
    answer = sara.patch(f"/api/v1/deals/{deal}", {field: value})
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": "9" * 20, "price": "9" * 20},
        {"quantity": "9999999999", "price": "9" * 20},
        {"quantity": "0", "price": "1"},
        {"quantity": "-5", "price": "1"},
    ],
)
def test_a_line_out_of_bounds_is_an_error_of_the_lines(sara, deal, line):
    product = sara.post("/api/v1/products", {"name": "Bolt"}).json()["id"]
    answer = sara.patch(f"/api/v1/deals/{deal}", {"lines": [{"product": product, **line}]})
    assert answer.status_code == 400, answer.content
    assert {error["field"] for error in answer.json()["errors"]} <= {"lines", "amount", None}


def test_null_in_a_line_stands_for_the_default(sara, deal):
    product = sara.post("/api/v1/products", {"name": "Bolt"}).json()["id"]
    line = {"product": product, "quantity": None, "price": "3", "discount": None}
    answer = sara.patch(f"/api/v1/deals/{deal}", {"lines": [line]})
    assert answer.status_code == 200, answer.content
    assert answer.json()["amount"]["amount"] == "3.0000"


@pytest.mark.parametrize("sort", ["name", "stage", "amount"])
def test_half_a_character_in_a_cursor_is_a_broken_link(sara, sort):
    import base64

    raw = json.dumps([sort, "\ud800", str(uuid4())]).encode()
    answer = sara.get(f"/api/v1/deals?sort={sort}&cursor={base64.urlsafe_b64encode(raw).decode()}")
    assert answer.status_code == 400, answer.content


def test_a_name_whose_key_grows_beyond_the_column(sara):
    answer = sara.post("/api/v1/companies", {"name": "\ufdfa" * 190})
    assert answer.status_code in (201, 400), answer.content


def upload(api: Any, file: bytes = CSV, name: str = "a.csv", slug: str = "companies", **fields: str) -> Any:
    content = io.BytesIO(file)
    content.name = name
    data = encode_multipart(BOUNDARY, {"file": content, "type": slug, **fields})
    return api.generic("POST", "/api/v1/imports", data, MULTIPART_CONTENT)


@pytest.mark.parametrize(
    "options",
    [
        '{"header_row": "abc"}', '{"header_row": [1]}', '{"header_row": NaN}', '{"header_row": Infinity}',
        '{"delimiter": ["a"]}', '{"delimiter": "\\ud800"}', '{"encoding": {"a": 1}}', '{"match": ["name"]}',
        '{"match": {"a": 1}}', '{"values": {"name": {"a": "\\u0000"}}}', '{"\\ud800": 1}',
        "[" * 50_000, '{"a":' * 50_000,
    ],
)  # fmt: skip
def test_odd_options_of_an_import(sara, options):
    answer = upload(sara, options=options)
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize(
    "mapping",
    [
        '[{"column": "name", "field": "name", "values": {"a": "\\ud800"}}]',
        '[{"column": "\\ud800", "field": "name"}]',
        '[{"column": "name", "field": "\\ud800"}]',
        '[{"column": "name", "field": "name", "values": {"\\u0000": "b"}}]',
        '{"name": "owner_id"}',
        '{"name": "version"}',
    ],
)
def test_odd_mappings_of_an_import(sara, mapping):
    answer = upload(sara, mapping=mapping)
    assert answer.status_code == 400, answer.content


def test_nothing_is_imported_into_what_may_only_be_read(sara):
    assert upload(sara, mapping='{"name": "created_by"}').status_code == 403


RELS = '<Relationships><Relationship Id="r1" Target="{}"/></Relationships>'
BOOK = '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="r1"/></sheets></workbook>'


def workbook(target: str = "worksheets/s.xml", book: str = BOOK, sheet: str = "") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", book)
        archive.writestr("xl/_rels/workbook.xml.rels", RELS.format(target))
        archive.writestr("xl/worksheets/s.xml", sheet or "<worksheet/>")
    return content.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        workbook("../../../../etc/worksheets/passwd"),
        workbook(book='<workbook><sheets><sheet name="S"/></sheets></workbook>'),
        workbook(sheet="<worksheet>" + "<a>" * 200_000),
        workbook(book=BOOK + " " * 20_000_000),
    ],
    ids=["outside", "no id", "deep", "swollen outline"],
)
def test_odd_workbooks(sara, file):
    answer = upload(sara, file, "a.xlsx")
    assert answer.status_code == 400, answer.content


@pytest.mark.parametrize(
    "body",
    [
        {"type": "deals", "query": {"q": "\x00"}},
        {"type": "deals", "query": {"measure": "\x00"}},
        {"type": ["deals"]},
        {"type": "deals", "fields": ["\x00"]},
    ],
)
def test_odd_exports(sara, body):
    assert sara.post("/api/v1/exports", body).status_code == 400


def test_a_field_named_many_times_is_one_column(sara, tenant_a):
    from kernel.runs.models import Run

    run = sara.post("/api/v1/exports", {"type": "deals", "fields": ["name"] * 10_000}).json()
    with in_tenant(tenant_a):
        assert Run.objects.get(pk=run["id"]).params["fields"] == ["name"]


@pytest.mark.parametrize("body", [{"by": ["owner"]}, {"by": {"a": 1}}, {"period": ["this_year"]}, {"from": {"a": 1}}])
def test_odd_reports(sara, body):
    assert sara.post("/api/v1/report-runs", body).status_code == 400


def test_a_far_date_is_shown_in_every_zone(client_for, tenant_b, member):
    with in_tenant(tenant_b):
        deals = actor_for(member("eve"), "page").access(registry["deals"])
        pk = create(deals, {"name": "Far"}).pk
    page = client_for("eve").post(f"/r/deals/{pk}/edit", {"next_step_at": "9999-12-31 23:59"})
    assert page.status_code == 422

"""Exporting: the file says what the list shows this member, no more; and signed links belong to one person."""

import csv
import io
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import translation
from importing import carry_out, import_text, make
from openpyxl import load_workbook

from kernel.access.actor import actor_for
from kernel.events.models import Event
from kernel.files.links import LIFETIME, download_url, file_of
from kernel.files.models import StoredFile
from kernel.files.storing import ForeignFile, open_file, store
from kernel.records.change import create
from kernel.records.find import find
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting


@pytest.fixture
def sara(in_a, member):
    return actor_for(member("sara"), "page")


def export(tenant, actor, slug, **asked):
    return carry_out(tenant, exporting.start(actor, slug, **asked))


def content(run) -> bytes:
    with open_file(StoredFile.objects.get(pk=run.result["file"])) as stream:
        return stream.read()


def table(run) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(run).decode("utf-8-sig"))))


def deals(actor, *rows):
    access = actor.access(registry["deals"])
    for name, amount, owner in rows:
        create(access, {"name": name, "amount": Decimal(amount), "owner": owner})


def test_the_file_holds_what_the_list_shows(sara, tenant_a, member):
    deals(sara, ("A", 10, member("reza").pk), ("B", "20.50", member("mina").pk), ("C", 30, None))
    deal = find(sara.access(registry["deals"]), {"q": "C"}).page().rows[0]
    assert deal.name == "C"
    query = {"amount__gte": "15", "sort": "-amount", "cursor": "x", "limit": "1"}
    run = export(tenant_a, sara, "deals", query=query, fields=["id", "name", "amount", "owner", "created_at"])
    rows = table(run)
    assert [(row["name"], row["amount"], row["currency"], row["owner"]) for row in rows] == [
        ("C", "30", "USD", "Sara Admin"),
        ("B", "20.5", "USD", "Mina Rep"),
    ]
    assert rows[0]["id"] == str(deal.pk)
    assert rows[0]["created_at"].endswith("Z")
    assert run.result["rows"] == 2
    event = Event.objects.get(name="export.finished")
    assert event.changes["count"] == [None, 2]
    assert event.changes["query"][1]["amount__gte"] == "15"


def test_an_excel_file_has_numbers_and_labels(sara, tenant_a):
    deals(sara, ("A", 10, None))
    run = export(tenant_a, sara, "deals", file_format="xlsx", fields=["name", "amount"], headers="labels")
    sheet = load_workbook(io.BytesIO(content(run))).active
    rows = list(sheet.iter_rows(values_only=True))
    assert [str(cell).lower() for cell in rows[0]] == ["name", "amount", "currency"]
    assert rows[1] == ("A", 10, "USD")


@pytest.mark.parametrize(
    ("headers", "language", "heading", "cell"),
    [
        ("names", "fa", "status", "open"),
        ("labels", "en", "Status", "Open"),
        ("labels", "fa", "وضعیت", "باز"),
    ],
)
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_choices_are_written_for_whoever_reads_the_headers(
    sara, tenant_a, headers, language, heading, cell, file_format
):
    deals(sara, ("A", 10, None))
    with translation.override(language):
        run = exporting.start(sara, "deals", file_format=file_format, fields=["name", "status"], headers=headers)
    run = carry_out(tenant_a, run)
    if file_format == "csv":
        rows = list(csv.reader(io.StringIO(content(run).decode("utf-8-sig"))))
    else:
        rows = list(load_workbook(io.BytesIO(content(run))).active.iter_rows(values_only=True))
    assert [row[1] for row in rows] == [heading, cell]


def test_an_export_from_the_page_speaks_in_labels(tenant_a, member, client_for):
    with in_tenant(tenant_a):
        deals(actor_for(member("sara"), "page"), ("A", 10, None))
    client_for("sara").post("/exports", {"type": "deals", "format": "xlsx"})
    with in_tenant(tenant_a):
        run = Run.objects.get(kind="export")
    with in_tenant(tenant_a):
        run = carry_out(tenant_a, run)
        rows = list(load_workbook(io.BytesIO(content(run))).active.iter_rows(values_only=True))
    assert dict(zip(rows[0], rows[1], strict=True))["Status"] == "Open"


def test_formulas_are_written_as_text(sara, tenant_a):
    make(sara.member, "companies", "=HYPERLINK(1)")
    row = table(export(tenant_a, sara, "companies", fields=["name"]))[0]
    assert row["name"] == "'=HYPERLINK(1)"
    again = import_text(tenant_a, sara, "companies", "name,city\n'=HYPERLINK(1),Oslo\n")
    assert again.counts["updated"] == 1


def test_rows_and_fields_out_of_reach_are_not_in_the_file(in_a, tenant_a, member):
    leila, reza = (actor_for(member(name), "page") for name in ("leila", "reza"))
    deals(leila, ("A", 10, member("reza").pk), ("B", 20, member("mina").pk))
    reza.rules = type(reza.rules)([*reza.rules._rules, {"system": ["export"]}])
    with pytest.raises(PermissionDenied):
        exporting.start(actor_for(member("reza"), "page"), "deals")
    run = exporting.start(reza, "deals", fields=["name"])
    assert run.params["fields"] == ["name"]
    reza.member.roles.get().rules["system"].append("export")
    role = reza.member.roles.get()
    role.rules["system"] = ["import", "export"]
    role.save()
    assert [row["name"] for row in table(carry_out(tenant_a, run))] == ["A"]
    with pytest.raises(ValidationError, match="no such field"):
        exporting.start(reza, "products", fields=["name", "cost"])
    assert "cost" not in table_header(export(tenant_a, reza, "products"))


def table_header(run) -> list[str]:
    return next(csv.reader(io.StringIO(content(run).decode("utf-8-sig"))))


@pytest.mark.parametrize("asked", [{"file_format": "pdf"}, {"headers": "x"}, {"query": {"x": "1"}}, {"fields": ["x"]}])
def test_a_wrong_question_is_refused_at_once(sara, asked):
    with pytest.raises(ValidationError):
        exporting.start(sara, "deals", **asked)


# -- files


def test_a_link_opens_for_its_member_alone_and_for_minutes(in_a, member, tenant_b, client_for):
    file = store(io.BytesIO(b"secret"), "a.csv", content_type="text/csv", member=member("sara"))
    token = download_url(file, member("sara")).rpartition("/")[2]
    assert file_of(token, member("sara")) == file
    assert file_of(token, member("reza")) is None
    assert file_of(token, None) is None
    assert file_of(token[:-2] + "xx", member("sara")) is None
    assert LIFETIME <= 300


def test_the_download_is_an_attachment_that_runs_nothing(tenant_a, member, client_for, api_for):
    with in_tenant(tenant_a):
        file = store(io.BytesIO(b"<script>"), "../../evil\n.html", content_type="text/html", member=member("sara"))
        url = download_url(file, member("sara"))
    response = client_for("sara").get(url)
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == b"<script>"
    assert response["Content-Disposition"].startswith("attachment")
    assert "/" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert client_for("reza").get(url).status_code == 404
    assert client_for("eve").get(url).status_code == 404
    assert api_for("sara").get(url).status_code == 200
    assert api_for("eve").get(url).status_code == 404


def test_a_link_is_dead_after_its_minutes(in_a, member):
    from unittest import mock

    file = store(io.BytesIO(b"x"), "a.csv", member=member("sara"))
    token = download_url(file, member("sara")).rpartition("/")[2]
    with mock.patch("django.core.signing.time.time", return_value=__import__("time").time() + LIFETIME + 2):
        assert file_of(token, member("sara")) is None


def test_a_key_outside_the_tenants_prefix_is_not_opened(tenant_a, tenant_b, member):
    with in_tenant(tenant_a):
        foreign = store(io.BytesIO(b"secret"), "a.csv")
        key = foreign.key
    with in_tenant(tenant_b):
        swapped = StoredFile.objects.create(key=key, name="a.csv", content_type="text/csv", size=6)
        with pytest.raises(ForeignFile):
            open_file(swapped)

"""The import's pages: every step without JavaScript, clear refusals, nothing of others. And the export's."""

import io
import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from importing import carry_out, records

from crm_core.sales.models import Deal
from kernel.events.models import Event
from kernel.files.models import StoredFile
from kernel.runs.models import Run
from kernel.tenancy.context import in_tenant
from kernel.transfer.drafts import discard, sweep_drafts


def upload(client, slug, text, name="file.csv"):
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    file.name = name
    return client.post("/imports/new", {"type": slug, "file": file})


def follow(tenant, response):
    """The page that came of a step, its import carried on where it is under way."""
    pk = re.search(r"/imports/([0-9a-f-]{36})", response["Location"])[1]
    with in_tenant(tenant):
        run = Run.objects.get(pk=pk)
    return carry_out(tenant, run) if run.is_open else run


def test_a_deal_file_is_walked_through_from_upload_to_undo(client_for, tenant_a):
    sara = client_for("sara")
    step = upload(sara, "deals", "opportunity_id,deal_stage,account\nX1,Engaging,Nova\nX2,Won,Nova\n")
    assert step.status_code == 302
    run = follow(tenant_a, step)
    base = f"/imports/{run.pk}"
    page = sara.get(f"{base}/columns").content.decode()
    assert "opportunity_id" in page
    assert "Engaging" in page
    step = sara.post(f"{base}/columns", {"field-0": "name", "field-1": "stage", "field-2": "company", "match": "name"})
    assert step["Location"] == f"{base}/values"
    page = sara.get(f"{base}/values").content.decode()
    assert "Engaging" in page
    offered = re.findall(r'value="use:[0-9a-f-]+"[^>]*>([^<]+)<', page)
    assert offered[:4] == ["New", "Qualified", "Proposal", "Negotiation"]
    chosen = re.search(r'value="(use:[0-9a-f-]+)"[^>]*>Qualified<', page)[1]
    step = sara.post(f"{base}/values", {"stage-0": chosen, "company-0": ""})
    assert step["Location"] == f"{base}/preview"
    page = sara.get(f"{base}/preview").content.decode()
    assert "X1" in page
    assert "Qualified" in page
    with in_tenant(tenant_a):
        assert not records("deals").exists()
        assert not Event.objects.filter(change_set=run.pk).exists()
    run = follow(tenant_a, sara.post(f"{base}/preview"))
    page = sara.get(base).content.decode()
    assert run.status == "waiting"
    assert "Create “Nova”" in page
    run = follow(tenant_a, sara.post(f"{base}/answers", {"company-0": "create"}))
    assert run.counts["created"] == 2
    with in_tenant(tenant_a):
        assert dict(Deal.objects.values_list("name", "stage__name")) == {"X1": "Qualified", "X2": "Won"}
    page = sara.get(base).content.decode()
    assert f"{base}/undo" in page
    assert "Done" in sara.get("/imports").content.decode()
    assert sara.get(f"{base}/undo").status_code == 200
    sara.post(f"{base}/undo")
    with in_tenant(tenant_a):
        undoing = Run.objects.get(kind="undo")
    assert "Taken back" not in sara.get(base).content.decode()
    assert "Taken back" not in sara.get("/imports").content.decode()
    carry_out(tenant_a, undoing)
    assert "Taken back" in sara.get(base).content.decode()
    with in_tenant(tenant_a):
        assert not records("deals").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"%PDF-1.4 x", "neither a CSV nor an XLSX"), (b'name\n"Acme\nNova\n', "quotation mark")],
)
def test_an_unreadable_file_is_told_on_the_field(client_for, content, words):
    response = upload(client_for("sara"), "companies", content)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_a_file_must_be_chosen(client_for):
    response = client_for("sara").post("/imports/new", {"type": "companies"})
    assert response.status_code == 422
    assert "Choose a file first" in response.content.decode()


def test_two_columns_in_one_field_are_refused_and_the_choice_stays(client_for, tenant_a):
    sara = client_for("sara")
    run = follow(tenant_a, upload(sara, "companies", "firm,also\nA,B\n"))
    response = sara.post(f"/imports/{run.pk}/columns", {"field-0": "name", "field-1": "name"})
    assert response.status_code == 422
    assert "Two columns" in response.content.decode()


def test_the_unit_of_money_must_be_said_where_toman_is_shown(client_for, tenant_b):
    eve = client_for("eve")
    run = follow(tenant_b, upload(eve, "deals", "name,amount\nA,5\n"))
    columns = {"field-0": "name", "field-1": "amount", "match": "name"}
    assert eve.post(f"/imports/{run.pk}/columns", columns).status_code == 422
    assert eve.post(f"/imports/{run.pk}/columns", {**columns, "money_unit": "toman"}).status_code == 302
    follow(tenant_b, eve.post(f"/imports/{run.pk}/preview"))
    with in_tenant(tenant_b):
        assert Deal.objects.get().amount == 50


def test_the_file_is_read_again_in_another_way(client_for, tenant_b):
    eve = client_for("eve")
    text = "نام شرکت;شهر\nالف;تهران\n".replace("ی", "ي").encode("windows-1256")
    run = follow(tenant_b, upload(eve, "companies", text))
    read = {"encoding": "windows-1252", "delimiter": ",", "header_row": "0"}
    assert eve.post(f"/imports/{run.pk}/file", read).status_code == 302
    with in_tenant(tenant_b):
        assert Run.objects.get(pk=run.pk).params["header"] == ["A"]
    assert eve.post(f"/imports/{run.pk}/file", {**read, "header_row": "x"}).status_code == 422
    assert eve.post(f"/imports/{run.pk}/file", {"encoding": "windows-1256", "delimiter": ";"}).status_code == 302
    assert "تهران" in eve.get(f"/imports/{run.pk}/file").content.decode()


def test_refused_rows_are_shown_and_come_as_a_file(client_for, tenant_a):
    sara = client_for("sara")
    run = follow(tenant_a, upload(sara, "companies", "name,employees\nGood,1\nBad,many\n"))
    page = sara.get(f"/imports/{run.pk}/preview").content.decode()
    assert "not a number" in page
    run = follow(tenant_a, sara.post(f"/imports/{run.pk}/preview"))
    assert "not a number" in sara.get(f"/imports/{run.pk}").content.decode()
    response = sara.get(f"/imports/{run.pk}/problems")
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    assert "Bad,many" in body
    assert "attachment" in response["Content-Disposition"]


def test_imports_of_others_are_not_there(client_for, tenant_a):
    run = follow(tenant_a, upload(client_for("leila"), "companies", "name\nA\n"))
    parts = ("", "/file", "/columns", "/values", "/preview", "/status", "/undo", "/problems")
    for name in ("reza", "eve"):
        client = client_for(name)
        assert {client.get(f"/imports/{run.pk}{part}").status_code for part in parts} == {404}
        assert {client.post(f"/imports/{run.pk}/{part}").status_code for part in ("cancel", "answers", "undo")} == {404}
        assert "file.csv" not in client.get("/imports").content.decode()


@pytest.mark.parametrize("name", ["kian", "nima"])
def test_whoever_may_not_import_sees_none_of_it(client_for, name):
    client = client_for(name)
    assert client.get("/imports").status_code == 403
    assert client.get("/imports/new").status_code == 403
    assert "/imports" not in client.get("/r/companies").content.decode()


def test_a_rep_is_offered_only_what_a_rep_may_import(client_for):
    page = client_for("reza").get("/imports/new").content.decode()
    assert 'value="deals"' in page
    assert 'value="members"' not in page
    assert 'value="products"' not in page


def test_a_draft_stands_apart_and_is_continued_or_discarded(client_for, tenant_a):
    sara = client_for("sara")
    run = follow(tenant_a, upload(sara, "companies", "name\nA\n"))
    page = sara.get("/imports").content.decode()
    assert "Not begun yet" in page
    assert "<table" not in page
    assert f'href="/imports/{run.pk}"' in page
    assert sara.post(f"/imports/{run.pk}/cancel")["Location"] == "/imports"
    with in_tenant(tenant_a):
        assert not Run.objects.filter(pk=run.pk).exists()
        assert not StoredFile.objects.exists()
    assert "Not begun yet" not in sara.get("/imports").content.decode()


def test_drafts_go_after_a_week_and_begun_imports_stay(client_for, tenant_a):
    sara = client_for("sara")
    old, new, begun = (follow(tenant_a, upload(sara, "companies", f"name\n{name}\n")) for name in "ABC")
    sara.post(f"/imports/{begun.pk}/preview")
    with in_tenant(tenant_a):
        long_ago = timezone.now() - timedelta(days=7, seconds=1)
        Run.objects.filter(pk__in=[old.pk, begun.pk]).update(created_at=long_ago)
        sweep_drafts()
        assert set(Run.objects.values_list("pk", flat=True)) == {new.pk, begun.pk}
        assert StoredFile.objects.count() == 2


def test_what_was_begun_meanwhile_is_not_discarded(client_for, tenant_a):
    sara = client_for("sara")
    run = follow(tenant_a, upload(sara, "companies", "name\nA\n"))
    sara.post(f"/imports/{run.pk}/preview")
    with in_tenant(tenant_a), pytest.raises(ValidationError, match="begun already"):
        discard(run)


def test_a_list_is_exported_as_it_is_filtered(client_for, tenant_a):
    sara = client_for("sara")
    run = follow(tenant_a, upload(sara, "companies", "name,city\nAcme,Oslo\nNova,Bern\n"))
    follow(tenant_a, sara.post(f"/imports/{run.pk}/preview"))
    assert 'action="/exports"' in sara.get("/r/companies").content.decode()
    referer = "http://" + sara.defaults["HTTP_HOST"] + "/r/companies?city=Oslo&cursor=abc"
    begun = sara.post("/exports", {"type": "companies", "format": "csv"}, headers={"Referer": referer})
    assert begun.status_code == 302, begun.content
    with in_tenant(tenant_a):
        export = Run.objects.get(kind="export")
    carry_out(tenant_a, export)
    assert sara.get(f"/exports/{export.pk}").status_code == 200
    link = sara.get(f"/exports/{export.pk}/download")["Location"]
    body = b"".join(sara.get(link).streaming_content).decode("utf-8-sig")
    assert "Acme" in body
    assert "Nova" not in body
    assert client_for("leila").get(f"/exports/{export.pk}/download").status_code == 404


def test_an_export_without_the_right_is_refused(client_for):
    reza = client_for("reza")
    assert 'action="/exports"' not in reza.get("/r/companies").content.decode()
    assert reza.post("/exports", {"type": "companies"}).status_code == 403

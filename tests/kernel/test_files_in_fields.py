"""A tenant's own field that holds a file: through every door, with its rights, its trash and its way back."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT
from django.utils import timezone
from importing import carry_out
from own_fields import SAMPLE, make, waiting

from kernel.access.actor import actor_for
from kernel.attachments.models import File
from kernel.attachments.uploads import sweep_uploads
from kernel.files.models import StoredFile
from kernel.files.storing import open_file
from kernel.lib.ids import uuid7
from kernel.records.change import create, edit
from kernel.records.find import find
from kernel.records.merge import merge, unmerge
from kernel.records.purge import purge
from kernel.records.types import registry
from kernel.records.undo import events_of, undo
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting


@pytest.fixture
def contract(tenant_a) -> Any:
    """The definition of the field: a contract of each company."""
    with in_tenant(tenant_a):
        return make("file", "Contract")


def sent(api: Any, name: str = "contract.txt", to: str = "companies.custom.contract") -> Any:
    data = {"file": SimpleUploadedFile(name, SAMPLE), "for": to}
    return api.post("/api/v1/files", data, MULTIPART_CONTENT)


def access(member: Any, slug: str = "companies") -> Any:
    return actor_for(member, "page").access(registry[slug])


def held(record: Any) -> Any:
    record.refresh_from_db()
    return record.custom.get("contract")


def test_a_file_is_sent_for_a_field_and_given_to_a_new_record_over_the_api(api_for, contract) -> None:
    api = api_for("sara")
    file = sent(api)
    assert file.status_code == 201, file.content
    assert file.json()["about"] is None
    made = api.post("/api/v1/companies", {"name": "A", "custom": {"contract": file.json()["id"]}})
    assert made.status_code == 201, made.content
    assert made.json()["custom"]["contract"] == {"id": file.json()["id"], "label": "contract.txt"}
    told = api.get(f"/api/v1/files/{file.json()['id']}").json()
    assert told["about"]["id"] == made.json()["id"]
    assert api.get(f"/api/v1/files/{file.json()['id']}/content").status_code == 302


def test_a_form_shows_what_was_sent_for_it_saves_it_and_a_cell_replaces_it(
    client_for, contract, tenant_a, member
) -> None:
    sara = client_for("sara")
    assert 'data-for="companies.custom.contract"' in sara.get("/r/companies/new").content.decode()
    begun = sara.post("/uploads", {"for": "companies.custom.contract", "name": "old.txt", "size": len(SAMPLE)}).json()
    sara.put(begun["parts"][0]["url"], SAMPLE, content_type="application/octet-stream")
    file = sara.post(begun["url"]).json()
    wrong = sara.post("/r/companies/new", {"name": "", "custom.contract": file["id"]})
    assert wrong.status_code == 422
    assert "old.txt" in wrong.content.decode()
    made = sara.post("/r/companies/new", {"name": "A", "custom.contract": file["id"]})
    assert made.status_code == 303, made.content.decode()
    page = sara.get(made["Location"]).content.decode()
    assert page.count("old.txt") >= 2  # beside its field and among the files
    with in_tenant(tenant_a):
        other = waiting(actor_for(member("sara"), "page"), contract, "new.txt")
    cell = sara.post(f"{made['Location']}/cell/custom.contract", {"custom.contract": other, "version": "1"})
    assert cell.status_code == 200, cell.content.decode()
    assert "new.txt" in cell.content.decode()
    assert "old.txt" in sara.get("/trash").content.decode()


@pytest.mark.parametrize("to", ["companies.name", "companies.custom.none", "nothing.custom.contract", "companies"])
def test_a_file_is_sent_only_for_a_field_that_holds_files(to: str, api_for, client_for, contract) -> None:
    assert sent(api_for("sara"), to=to).status_code == 400
    assert client_for("sara").post("/uploads", {"for": to, "name": "a.txt", "size": 3}).status_code == 404


def test_no_file_is_in_two_places_or_in_another_field(api_for, contract, tenant_a, member) -> None:
    api = api_for("sara")
    with in_tenant(tenant_a):
        other = waiting(actor_for(member("sara"), "page"), make("file", "Plan"))
    file = sent(api).json()["id"]
    assert api.post("/api/v1/companies", {"name": "A", "custom": {"contract": other}}).status_code == 400
    first = api.post("/api/v1/companies", {"name": "A", "custom": {"contract": file}}).json()
    assert api.post("/api/v1/companies", {"name": "B", "custom": {"contract": file}}).status_code == 400
    again = api.patch(f"/api/v1/companies/{first['id']}", {"custom": {"contract": file}})
    assert again.status_code == 200
    loose = api.post("/api/v1/companies", {"name": "C"}).json()
    data = {"file": SimpleUploadedFile("loose.txt", SAMPLE), "about": f"companies:{loose['id']}"}
    loose_file = api.post("/api/v1/files", data, MULTIPART_CONTENT).json()["id"]
    refused = api.patch(f"/api/v1/companies/{loose['id']}", {"custom": {"contract": loose_file}})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "custom.contract"


def test_until_it_is_given_to_a_record_a_file_is_its_uploader_s_alone(api_for, contract) -> None:
    reza, sara = api_for("reza"), api_for("sara")
    file = sent(reza).json()["id"]
    assert reza.get(f"/api/v1/files/{file}").status_code == 200
    for url in (f"/api/v1/files/{file}", f"/api/v1/files/{file}/content"):
        assert sara.get(url).status_code == 404
    assert sara.post("/api/v1/companies", {"name": "A", "custom": {"contract": file}}).status_code == 400


def test_a_waiting_file_that_nobody_took_is_swept_with_its_bytes(contract, in_a, member) -> None:
    pk = waiting(actor_for(member("sara"), "page"), contract)
    assert sweep_uploads() is True
    assert File.objects.filter(pk=pk).exists()
    stored = File.objects.get(pk=pk).stored_id
    File.objects.update(updated_at=timezone.now() - timedelta(days=4))
    assert sweep_uploads() is False
    assert not StoredFile.objects.filter(pk=stored).exists()


def test_what_a_file_takes_the_place_of_is_trashed_and_taking_it_back_brings_it_back(contract, in_a, member) -> None:
    actor = actor_for(member("sara"), "page")
    sara = actor.access(registry["companies"])
    old, new = waiting(actor, contract, "old.txt"), waiting(actor, contract, "new.txt")
    record = create(sara, {"name": "A", "custom.contract": File.objects.get(pk=old).pk})
    replacing = uuid7()
    edit(sara, record, {"custom.contract": File.objects.get(pk=new).pk}, change_set=replacing)
    assert File.objects.get(pk=old).deleted_at is not None
    taking_back = uuid7()
    assert undo(actor, events_of(replacing), taking_back) == []
    assert held(record) == old
    assert File.objects.get(pk=old).deleted_at is None
    assert File.objects.get(pk=new).about_id is None
    assert undo(actor, events_of(taking_back), uuid7()) == []
    assert held(record) == new
    assert File.objects.get(pk=new).about_id == record.pk


def test_a_company_that_was_made_with_a_file_is_taken_back_whole(contract, in_a, member) -> None:
    actor = actor_for(member("sara"), "page")
    making = uuid7()
    file = File.objects.get(pk=waiting(actor, contract))
    record = create(actor.access(registry["companies"]), {"name": "A", "custom.contract": file.pk}, change_set=making)
    assert undo(actor, events_of(making), uuid7()) == []
    record.refresh_from_db()
    assert record.deleted_at is not None


def test_having_a_file_is_a_filter_and_a_deleted_one_is_none(api_for, client_for, contract) -> None:
    api = api_for("sara")
    file = sent(api).json()["id"]
    for name, value in (("With", file), ("Without", None)):
        api.post("/api/v1/companies", {"name": name, "custom": {"contract": value}})

    def named(asked: str) -> list[str]:
        return [row["name"] for row in api.get(f"/api/v1/companies?{asked}").json()["results"]]

    assert named("custom.contract__empty=false") == ["With"]
    assert named("custom.contract__empty=true") == ["Without"]
    assert named("custom.contract.name__starts=contract") == ["With"]
    assert 'name="custom.contract__empty"' in client_for("sara").get("/r/companies/filters").content.decode()
    assert api.delete(f"/api/v1/files/{file}").status_code == 204
    assert named("custom.contract__empty=false") == []
    assert api.post(f"/api/v1/files/{file}/restore").status_code == 200
    assert named("custom.contract__empty=false") == ["With"]


def _level(member: Any, level: str) -> None:
    role = member.roles.get()
    role.rules["types"]["companies"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "custom.contract": level}}
    role.rules["types"]["files"] = {"verbs": {"*": "all"}}
    role.save()


def test_a_file_in_a_hidden_field_is_nowhere(api_for, client_for, contract, tenant_a, member) -> None:
    sara, reza = api_for("sara"), api_for("reza")
    file = sent(sara, "zqx.txt").json()["id"]
    company = sara.post("/api/v1/companies", {"name": "A", "custom": {"contract": file}}).json()["id"]
    with in_tenant(tenant_a):
        _level(member("reza"), "none")
    for url in (f"/api/v1/files/{file}", f"/api/v1/files/{file}/content", f"/api/v1/files/{file}/versions"):
        assert reza.get(url).status_code == 404
    for url in ("/api/v1/files", f"/api/v1/companies/{company}", f"/api/v1/companies/{company}/timeline",
                "/api/v1/search?q=zqx"):  # fmt: skip
        assert b"zqx.txt" in sara.get(url).content, url
        assert b"zqx.txt" not in reza.get(url).content
    assert "zqx" not in client_for("reza").get(f"/r/companies/{company}").content.decode()
    assert sent(reza).status_code == 400


def test_a_file_in_a_field_that_may_only_be_read_is_fetched_but_not_changed(
    api_for, contract, tenant_a, member
) -> None:
    sara, reza = api_for("sara"), api_for("reza")
    file = sent(sara).json()["id"]
    sara.post("/api/v1/companies", {"name": "A", "custom": {"contract": file}})
    with in_tenant(tenant_a):
        _level(member("reza"), "read")
    assert sara.get(f"/api/v1/files/{file}/content").status_code == 302
    data = {"file": SimpleUploadedFile("other.txt", SAMPLE)}
    assert reza.post(f"/api/v1/files/{file}/versions", data, MULTIPART_CONTENT).status_code == 403
    assert reza.patch(f"/api/v1/files/{file}", {"name": "other.txt"}).status_code == 403
    assert reza.delete(f"/api/v1/files/{file}").status_code == 403
    assert sent(reza).status_code == 400


def test_a_file_is_not_taken_off_its_record(api_for, contract) -> None:
    api = api_for("sara")
    file = sent(api).json()["id"]
    api.post("/api/v1/companies", {"name": "A", "custom": {"contract": file}})
    assert api.patch(f"/api/v1/files/{file}", {"about": None}).status_code == 400


@pytest.mark.parametrize("headers", ["names", "labels"])
def test_an_export_tells_the_name_and_the_link(headers: str, contract, in_a, tenant_a, member) -> None:
    actor = actor_for(member("sara"), "page")
    file = waiting(actor, contract)
    create(actor.access(registry["companies"]), {"name": "A", "custom.contract": File.objects.get(pk=file).pk})
    create(actor.access(registry["companies"]), {"name": "B"})
    run = exporting.start(
        actor, "companies", fields=["name", "custom.contract"], headers=headers, query={"sort": "name"}
    )
    run = carry_out(tenant_a, run)
    with open_file(StoredFile.objects.get(pk=run.result["file"])) as stream:
        header, first, second = csv.reader(io.StringIO(stream.read().decode("utf-8-sig")))
    assert header[1:] == (["custom.contract", "custom.contract.url"] if headers == "names" else
                          ["Contract", "Contract (link)"])  # fmt: skip
    assert first[1:] == ["contract.txt", f"{tenant_a.url}/r/files/{file}/content"]
    assert second[1:] == ["", ""]


def test_an_import_refuses_files_and_says_where_they_come_from(api_for, contract) -> None:
    api = api_for("sara")
    data = {
        "file": SimpleUploadedFile("a.csv", b"name,contract\nA,contract.txt\n"), "type": "companies",
        "mapping": '{"name": "name", "contract": "custom.contract"}',
    }  # fmt: skip
    refused = api.post("/api/v1/imports", data, MULTIPART_CONTENT)
    assert refused.status_code == 400
    assert "Files cannot come out of a table" in refused.content.decode()


def test_a_field_of_files_starts_empty_and_repeats_freely(in_a) -> None:
    for more in ({"default": "x"}, {"unique": True}):
        with pytest.raises(ValidationError) as refused:
            make("file", "Plan", **more)
        assert list(refused.value.message_dict) == list(more)


def test_merging_takes_the_chosen_file_along_and_taking_apart_gives_it_back(contract, in_a, member) -> None:
    actor = actor_for(member("sara"), "page")
    sara = actor.access(registry["companies"])
    files = [File.objects.get(pk=waiting(actor, contract, name)) for name in ("one.txt", "two.txt")]
    one, two = (create(sara, {"name": n, "custom.contract": f.pk}) for n, f in zip("AB", files, strict=True))
    merge(sara, one, [two], {"custom.contract": two.pk})
    assert held(one) == str(files[1].pk)
    assert find(sara, {"custom.contract.name": "two.txt"}).count() == 1
    assert File.objects.get(pk=files[0].pk).deleted_at is None  # nothing is lost by merging
    assert unmerge(sara, one) == []
    assert (held(one), held(two)) == (str(files[0].pk), str(files[1].pk))
    assert [File.objects.alive().get(pk=f.pk).about_id for f in files] == [one.pk, two.pk]


def test_what_hangs_on_a_record_holds_files_too_and_takes_them_along_when_it_goes(api_for, tenant_a, member) -> None:
    with in_tenant(tenant_a):
        make("file", "Plan", "tasks")
    sara = api_for("sara")
    company = sara.post("/api/v1/companies", {"name": "A"}).json()["id"]
    file = sent(sara, to="tasks.custom.plan").json()["id"]
    values = {"subject": "Draw", "about": {"type": "companies", "id": company}, "custom": {"plan": file}}
    made = sara.post("/api/v1/tasks", values)
    assert made.status_code == 201, made.content
    assert made.json()["custom"]["plan"]["label"] == "contract.txt"
    assert sara.get(f"/api/v1/files/{file}/content").status_code == 302
    loose = {"file": SimpleUploadedFile("a.txt", SAMPLE), "about": f"tasks:{made.json()['id']}"}
    assert sara.post("/api/v1/files", loose, MULTIPART_CONTENT).status_code == 400
    assert sara.delete(f"/api/v1/companies/{company}").status_code == 204
    assert sara.get(f"/api/v1/files/{file}").status_code == 404
    with in_tenant(tenant_a):
        gone = registry["companies"].model.objects.get(pk=company)
        assert purge(access(member("sara")), [gone]) == 0
        assert not File.objects.filter(pk=file).exists()


def test_whether_many_files_may_be_changed_is_asked_of_none_of_their_records(
    api_for, contract, tenant_a, member, django_assert_num_queries
) -> None:
    api = api_for("sara")
    for name in "ABC":
        given = {"name": name, "custom": {"contract": sent(api).json()["id"]}}
        assert api.post("/api/v1/companies", given).status_code == 201
    with in_tenant(tenant_a):
        files, rows = access(member("sara"), "files"), list(File.objects.filter(field=contract.pk))
        assert files.may("edit", rows[0])
        with django_assert_num_queries(0):
            assert [files.may(verb, row) for row in rows for verb in ("edit", "delete")] == [True] * 6

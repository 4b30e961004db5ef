"""Files on records: uploading in parts, versions, what is refused, and who may fetch what."""

import io
import struct
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import MULTIPART_CONTENT

from kernel.access.actor import actor_for
from kernel.attachments.keeping import keep
from kernel.attachments.models import File, FileVersion, Upload
from kernel.attachments.uploads import sweep_uploads
from kernel.events.models import Event
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 3, 2, 8, 6, 0, 0, 0) + b"\0" * 40


@pytest.fixture
def deal(tenant_a, member):
    """A deal of reza's."""
    with in_tenant(tenant_a):
        return create(actor_for(member("reza"), "page").access(registry["deals"]), {"name": "Roof"})


def begin(client, deal, name="plan.txt", size=5, **more):
    data = {"about": f"deals:{deal.pk}", "name": name, "size": size, **more}
    return client.post("/uploads", data, headers={"accept": "application/json"})


def upload(client, deal, content=b"hello", name="plan.txt", **more):
    state = begin(client, deal, name, len(content), **more).json()
    for part in state["parts"]:
        at = (part["number"] - 1) * state["part_size"]
        body = content[at : at + part["size"]]
        assert client.put(part["url"], body, content_type="application/octet-stream").status_code == 204
    return client.post(state["url"])


def fetched(client, url):
    """The bytes behind an address that leads to a signed link."""
    link = client.get(url)
    assert link.status_code == 302, link.status_code
    return client.get(link["Location"])


def body_of(response):
    return b"".join(response.streaming_content)


def test_no_form_makes_a_file(client_for) -> None:
    sara = client_for("sara")
    assert sara.get("/r/files/new").status_code == 404
    assert "/r/files/new" not in sara.get("/palette").content.decode()


def test_a_file_that_is_uploaded_hangs_on_its_record_and_is_fetched_again(client_for, deal) -> None:
    reza = client_for("reza")
    made = upload(reza, deal)
    assert made.status_code == 201
    assert "plan.txt" in reza.get(f"/r/deals/{deal.pk}").content.decode()
    response = fetched(reza, f"/r/files/{made.json()['id']}/content")
    assert body_of(response) == b"hello"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


def test_a_large_file_goes_in_parts_and_is_taken_up_after_the_last_that_arrived(client_for, deal, monkeypatch) -> None:
    monkeypatch.setattr("kernel.attachments.uploads.PART", 4)
    reza = client_for("reza")
    state = begin(reza, deal, size=10).json()
    assert [part["size"] for part in state["parts"]] == [4, 4, 2]
    assert reza.put(state["parts"][0]["url"], b"0123", content_type="application/octet-stream").status_code == 204
    assert [part["number"] for part in reza.get(state["url"]).json()["parts"]] == [2, 3]
    reza.put(state["parts"][1]["url"], b"4567", content_type="application/octet-stream")
    assert reza.post(state["url"]).status_code == 422
    reza.put(state["parts"][2]["url"], b"89", content_type="application/octet-stream")
    made = reza.post(state["url"]).json()
    assert body_of(fetched(reza, f"/r/files/{made['id']}/content")) == b"0123456789"


def test_a_part_that_is_cut_short_is_not_kept(client_for, deal) -> None:
    reza = client_for("reza")
    state = begin(reza, deal, size=10).json()
    for wrong in (b"012345678", b"0123456789x"):
        assert reza.put(state["parts"][0]["url"], wrong, content_type="application/octet-stream").status_code == 422
    assert len(reza.get(state["url"]).json()["parts"]) == 1


def test_an_upload_is_its_members_alone(client_for, deal) -> None:
    state = begin(client_for("reza"), deal).json()
    assert client_for("sara").get(state["url"]).status_code == 404
    assert client_for("eve").get(state["url"]).status_code == 404


def test_an_upload_nobody_went_on_with_is_swept(client_for, deal, tenant_a) -> None:
    state = begin(client_for("reza"), deal).json()
    with in_tenant(tenant_a):
        Upload.objects.filter(pk=state["id"]).update(touched_at="2020-01-01T00:00Z")
        sweep_uploads()
        assert not Upload.objects.filter(pk=state["id"]).exists()


def test_a_file_too_large_is_refused_before_it_is_sent(client_for, api_for, deal, settings) -> None:
    settings.FILE_MOST_BYTES = 10
    assert begin(client_for("reza"), deal, size=11).status_code == 422
    assert begin(client_for("reza"), deal, size=0).status_code == 422
    form = "multipart/form-data; boundary=x"
    answer = api_for("reza").generic("POST", "/api/v1/files", b"", form, CONTENT_LENGTH="99999999")
    assert answer.json()["errors"][0]["code"] == "file_size"


@pytest.mark.parametrize("name", ["run.exe", "run.pdf.exe", "run.exe.", "x.JS", "a.scr", "x.ps1 "])
def test_what_a_double_click_would_run_is_refused(name, client_for, deal) -> None:
    assert begin(client_for("reza"), deal, name).status_code == 422


@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"\x7fELF\x02", b"#!/bin/sh\n"])
def test_a_program_under_another_name_is_refused(content, client_for, deal) -> None:
    assert upload(client_for("reza"), deal, content, "notes.txt").status_code == 422


def test_a_page_that_calls_itself_a_picture_is_refused(client_for, deal) -> None:
    assert upload(client_for("reza"), deal, b"<html><script>alert(1)</script>", "photo.png").status_code == 422


@pytest.mark.parametrize(("name", "content"), [("a.svg", b"<svg onload='alert(1)'/>"), ("a.html", b"<html></html>")])
def test_what_could_run_in_a_page_is_never_shown_in_one(name, content, client_for, deal) -> None:
    reza = client_for("reza")
    made = upload(reza, deal, content, name).json()
    response = fetched(reza, f"/r/files/{made['id']}/content?view=1")
    assert response["Content-Disposition"].startswith("attachment")


def test_a_picture_is_shown_in_place_by_what_its_bytes_are(client_for, deal) -> None:
    reza = client_for("reza")
    made = upload(reza, deal, PNG, "photo.jpg").json()
    response = fetched(reza, f"/r/files/{made['id']}/content?view=1")
    assert response["Content-Type"] == "image/png"
    assert response["Content-Disposition"].startswith("inline")
    assert "attachments/" in reza.get(f"/r/files/{made['id']}").content.decode()


def test_a_small_picture_that_unfolds_to_a_huge_one_is_not_shown(client_for, deal) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + zlib.compress(b"\0" * 10_000)
    reza = client_for("reza")
    made = upload(reza, deal, bomb, "bomb.png").json()
    assert "attachments/" not in reza.get(f"/r/files/{made['id']}").content.decode()
    response = fetched(reza, f"/r/files/{made['id']}/content?view=1")
    assert response["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\plan.txt", "plan.txt"),
        ("invoice\u202etxt.cod", "invoicetxt.cod"),
        ("a\x00b.txt", "ab.txt"),
        ("گزارش\u200cها.txt", "گزارش\u200cها.txt"),
    ],
)
def test_hostile_names_are_tamed(given, kept, client_for, deal, tenant_a) -> None:
    made = upload(client_for("reza"), deal, name=given)
    assert made.status_code == 201
    with in_tenant(tenant_a):
        assert File.objects.get(pk=made.json()["id"]).name == kept


def test_a_very_long_name_keeps_its_ending(client_for, deal, tenant_a) -> None:
    made = upload(client_for("reza"), deal, name="x" * 300 + ".txt").json()
    with in_tenant(tenant_a):
        name = File.objects.get(pk=made["id"]).name
    assert len(name) <= 200
    assert name.endswith(".txt")


def test_uploading_again_makes_a_version_and_an_older_one_comes_back(client_for, deal) -> None:
    reza = client_for("reza")
    made = upload(reza, deal, b"first").json()
    again = upload(reza, deal, b"second", file=made["id"]).json()
    assert (again["id"], again["number"]) == (made["id"], 2)
    assert body_of(fetched(reza, f"/r/files/{made['id']}/content")) == b"second"
    assert body_of(fetched(reza, f"/r/files/{made['id']}/content?version=1")) == b"first"
    assert reza.post(f"/r/files/{made['id']}/versions/1").status_code in (302, 303)
    assert body_of(fetched(reza, f"/r/files/{made['id']}/content")) == b"first"


def test_two_new_versions_get_numbers_of_their_own(tenant_a, member, deal, client_for) -> None:
    made = upload(client_for("reza"), deal).json()
    with in_tenant(tenant_a):
        actor = actor_for(member("reza"), "page")
        one, other = File.objects.get(pk=made["id"]), File.objects.get(pk=made["id"])
        keep(actor, io.BytesIO(b"mine"), "plan.txt", {}, one)
        keep(actor, io.BytesIO(b"theirs"), "plan.txt", {}, other)
        assert list(FileVersion.objects.filter(file=one).order_by("number").values_list("number", flat=True)) == [
            1,
            2,
            3,
        ]


def test_a_link_opens_for_its_member_alone_and_not_for_long(client_for, deal, monkeypatch) -> None:
    reza = client_for("reza")
    made = upload(reza, deal).json()
    link = reza.get(f"/r/files/{made['id']}/content")["Location"]
    assert client_for("sara").get(link).status_code == 404
    assert client_for("eve").get(link).status_code == 404
    monkeypatch.setattr("kernel.attachments.links.LIFETIME", -1)
    assert reza.get(link).status_code == 404


def test_a_link_is_worth_nothing_once_rights_shrank(client_for, deal, tenant_a, member) -> None:
    nima = client_for("nima")
    made = upload(client_for("reza"), deal).json()
    link = nima.get(f"/r/files/{made['id']}/content")["Location"]
    assert nima.get(link).status_code == 200
    with in_tenant(tenant_a):
        member("nima").roles.clear()
    assert nima.get(link).status_code in (403, 404)


def test_the_file_of_a_record_out_of_reach_is_not_there(client_for, deal) -> None:
    made = upload(client_for("reza"), deal).json()
    mina = client_for("mina")  # of another team: she does not see the deal
    assert mina.get(f"/r/files/{made['id']}").status_code == 404
    assert mina.get(f"/r/files/{made['id']}/content").status_code == 404
    assert begin(mina, deal).status_code == 404


def test_each_download_is_told_and_no_preview_is(client_for, deal, tenant_a) -> None:
    reza = client_for("reza")
    made = upload(reza, deal, PNG, "p.png").json()
    fetched(reza, f"/r/files/{made['id']}/content?view=1")
    fetched(reza, f"/r/files/{made['id']}/content")
    with in_tenant(tenant_a):
        assert Event.objects.filter(record_id=made["id"], name="file.downloaded").count() == 1


def test_a_file_that_is_deleted_comes_back(client_for, deal) -> None:
    reza = client_for("reza")
    made = upload(reza, deal).json()
    link = reza.get(f"/r/files/{made['id']}/content")["Location"]
    reza.post(f"/r/files/{made['id']}/delete")
    assert reza.get(link).status_code == 404
    reza.post(f"/r/files/{made['id']}/restore")
    assert reza.get(link).status_code == 200


def test_the_api_takes_and_gives_files_and_versions(api_for, deal) -> None:
    reza = api_for("reza")

    def post(path, **more):
        return reza.post(path, more, MULTIPART_CONTENT)

    made = post("/api/v1/files", file=SimpleUploadedFile("a.txt", b"one"), about=f"deals:{deal.pk}")
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    assert made.json()["content_type"] == "text/plain"
    assert post(f"/api/v1/files/{pk}/versions", file=SimpleUploadedFile("a.txt", b"two")).json()["number"] == 2
    assert body_of(fetched(reza, f"/api/v1/files/{pk}/content?version=1")) == b"one"
    assert reza.post(f"/api/v1/files/{pk}/versions", {"number": 1}).json()["number"] == 3
    listed = reza.get(f"/api/v1/files?about=deals:{deal.pk}").json()
    assert [row["id"] for row in listed["results"]] == [pk]
    assert reza.post("/api/v1/files", {"name": "x", "about": {"type": "deals", "id": str(deal.pk)}}).status_code == 400

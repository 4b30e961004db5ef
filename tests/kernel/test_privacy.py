"""Exporting a person, legal holds, and who may do either."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from standing import PASSWORD

from crm_core.contacts.models import Contact
from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.attachments.keeping import keep
from kernel.events.models import Event
from kernel.privacy.tables import goes_whole, plain_models, rows_about, texts_of
from kernel.records.change import create, delete
from kernel.records.legal_holds import set_hold, today
from kernel.records.purge import sweep_trash
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only

NAME = "Nora Berg"


def made(member: Any, slug: str, **values: Any) -> Any:
    return create(actor_for(member("sara"), "page").access(registry[slug]), values)


@pytest.fixture
def nora(tenant_a: Any, member: Any) -> Any:
    with in_tenant(tenant_a):
        return made(member, "contacts", first_name="Nora", last_name="Berg", email="nora@example.com", city="Oslo")


@pytest.fixture
def url(nora: Any) -> str:
    return f"/r/contacts/{nora.pk}/privacy"


def archive_of(page: Any, tenant: Any, url: str) -> zipfile.ZipFile:
    """Asked for, made, and fetched by its link."""
    shown = page.post(f"{url}/export")["Location"]
    with tenant_only(tenant):
        work(shown.rpartition("/")[2])
    assert "person-" in page.get(shown).content.decode()
    answer = page.get(page.get(f"{shown}/download")["Location"])
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_everything_about_a_person_is_in_one_archive(
    nora: Any, url: str, tenant_a: Any, member: Any, client_for: Any
) -> None:
    about = {"type": "contacts", "id": str(nora.pk)}
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        made(member, "notes", body="Likes tea", about=about)
        made(member, "deals", name="Roof", contact=nora.pk)
        company = made(member, "companies", name="Aster")
        made(member, "notes", body="Ask nora@example.com", about={"type": "companies", "id": str(company.pk)})
        made(member, "notes", body="Ask nobody", about={"type": "companies", "id": str(company.pk)})
        keep(sara, io.BytesIO(b"signed"), "contract.txt", about)
    archive = archive_of(client_for("sara"), tenant_a, url)
    names = set(archive.namelist())
    told = {name: json.loads(archive.read(name)) for name in names if name.endswith(".json")}
    (person,) = told["data/contacts.json"]
    assert set(registry["contacts"].declared()) <= person.keys() and person["city"] == "Oslo"
    assert [note["body"] for note in told["data/notes.json"]] == ["Likes tea"]
    assert [deal["name"] for deal in told["data/deals.json"]] == ["Roof"]
    assert [note["body"] for note in told["data/mentions.json"]] == ["Ask nora@example.com"]
    assert any(event["changes"].get("city") == [None, "Oslo"] for event in told["data/history.json"])
    (file,) = [name for name in names if name.startswith("files/")]
    assert file.endswith("1-contract.txt") and archive.read(file) == b"signed"
    page = archive.read("index.html").decode()
    assert "Likes tea" in page and "Ask nobody" not in page and page.endswith("</body></html>\n")
    with in_tenant(tenant_a):
        assert Event.objects.filter(name="privacy.exported", record_id=nora.pk, member=member("sara")).count() == 1
        assert Run.objects.get(kind="export-person").title == "Everything about a person"


def test_what_somebody_wrote_is_text_in_the_archive(
    nora: Any, url: str, tenant_a: Any, member: Any, client_for: Any
) -> None:
    with in_tenant(tenant_a):
        made(member, "notes", body="<script>alert(1)</script>", about={"type": "contacts", "id": str(nora.pk)})
    page = archive_of(client_for("sara"), tenant_a, url).read("index.html").decode()
    assert "&lt;script&gt;" in page and "<script" not in page


def test_the_archive_is_for_whoever_asked_alone(url: str, tenant_a: Any, client_for: Any) -> None:
    page = client_for("sara")
    shown = page.post(f"{url}/export")["Location"]
    with tenant_only(tenant_a):
        work(shown.rpartition("/")[2])
    link = page.get(f"{shown}/download")["Location"]
    with in_tenant(tenant_a):
        Role.objects.filter(code="manager").update(rules=Role.objects.get(code="admin").rules)
    leila = client_for("leila")
    assert leila.get(shown).status_code == 404 and leila.get(f"{shown}/download").status_code == 404
    assert leila.get(link).status_code == 404


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        ({"system": ["privacy"]}, 303),
        ({"system": []}, 403),
        ({"system": ["privacy"], "view": "team"}, 403),
        ({"system": ["privacy"], "fields": {"city": "masked"}}, 403),
        ({"system": ["privacy"], "fields": {"city": "none"}}, 403),
        ({"system": ["privacy"], "fields": {"city": "edit:own"}}, 403),
    ],
)
def test_who_sees_not_all_there_is_neither_exports_nor_erases(
    url: str, tenant_a: Any, member: Any, client_for: Any, rules: Any, answer: int
) -> None:
    """Nothing else than the refusal says that something is hidden."""
    with in_tenant(tenant_a):
        types = {
            "*": {"verbs": {"*": "all", "view": rules.get("view", "all")}, "fields": {"*": "edit"}},
            "contacts": {"verbs": {"view": "all"}, "fields": {"*": "edit", **rules.get("fields", {})}},
        }
        role = made(member, "roles", name="Officer", code="officer", rules={"types": types, "system": rules["system"]})
        member("nima").roles.set([role])
    page = client_for("nima")
    assert page.get(f"{url}/erase").status_code == (200 if answer == 303 else 403)
    assert page.post(f"{url}/erase", {"typed": NAME, "proof": PASSWORD}).status_code == answer
    assert page.post(f"{url}/export").status_code == answer
    with in_tenant(tenant_a):
        assert Run.objects.count() == (2 if answer == 303 else 0)


def test_a_right_that_is_lost_is_lost_for_what_waits(
    url: str, nora: Any, tenant_a: Any, member: Any, client_for: Any
) -> None:
    page = client_for("sara")
    runs = [page.post(f"{url}/erase", {"typed": NAME, "proof": PASSWORD}), page.post(f"{url}/export")]
    with in_tenant(tenant_a):
        member("sara").roles.set(Role.objects.filter(code="rep"))
    assert [begun.status_code for begun in runs] == [303, 303]
    for begun in runs:
        with tenant_only(tenant_a):
            work(begun["Location"].rpartition("/")[2])
    with in_tenant(tenant_a):
        assert list(Run.objects.values_list("status", flat=True)) == ["failed", "failed"]
        assert Contact.objects.get(pk=nora.pk).label == NAME


def test_nobody_is_erased_while_an_import_is_at_work(url: str, nora: Any, tenant_a: Any, client_for: Any) -> None:
    with in_tenant(tenant_a):
        Run.objects.create(kind="import", title="x", status="running", via="page")
    answer = client_for("sara").post(f"{url}/erase", {"typed": NAME, "proof": PASSWORD})
    assert answer.status_code == 422 and "is still running" in answer.content.decode()


# -- legal holds


@pytest.fixture
def held(nora: Any, url: str, client_for: Any) -> Any:
    assert client_for("sara").post(f"{url}/hold", {"reason": "Case 12", "until": ""}).status_code == 303
    return nora


def test_a_hold_says_why_and_is_in_the_history(held: Any, url: str, tenant_a: Any, client_for: Any) -> None:
    page = client_for("sara")
    assert "Case 12" in page.get(url).content.decode() and "Case 12" in page.get("/settings/privacy").content.decode()
    assert "Under legal hold" in page.get(f"/r/contacts/{held.pk}").content.decode()
    page.post(f"{url}/lift")
    assert "Case 12" not in page.get("/settings/privacy").content.decode()
    with in_tenant(tenant_a):
        names = list(
            Event.objects.filter(record_id=held.pk, name__startswith="legal_hold").values_list("name", flat=True)
        )
        assert names == ["legal_hold.set", "legal_hold.lifted"]


@pytest.mark.parametrize(
    "form", [{"reason": ""}, {"reason": "x", "until": "2020-01-01"}, {"reason": "x", "until": "soon"}]
)
def test_a_hold_that_cannot_be_is_refused(url: str, tenant_a: Any, client_for: Any, form: Any) -> None:
    assert client_for("sara").post(f"{url}/hold", form).status_code == 422


def test_holds_are_for_those_with_the_right(url: str, client_for: Any) -> None:
    for name in ("leila", "reza"):
        page = client_for(name)
        assert page.post(f"{url}/hold", {"reason": "x"}).status_code == 403
        assert page.post(f"{url}/lift").status_code == 403


@pytest.mark.parametrize("is_lifted", [True, False])
def test_what_is_held_stays_in_the_trash(
    held: Any, url: str, tenant_a: Any, client_for: Any, is_lifted: bool, member: Any
) -> None:
    page = client_for("sara")
    if is_lifted:
        page.post(f"{url}/lift")
    assert page.post(f"/r/contacts/{held.pk}/delete").status_code == 303
    page.post(f"/trash/contacts/{held.pk}")
    page.post("/trash/contacts")
    with in_tenant(tenant_a):
        Contact.objects.filter(pk=held.pk).update(deleted_at=timezone.now() - timedelta(days=40))
        sweep_trash()
        assert Contact.objects.filter(pk=held.pk).exists() is not is_lifted


def test_what_hangs_on_what_is_held_stays_too(held: Any, tenant_a: Any, member: Any, client_for: Any) -> None:
    with in_tenant(tenant_a):
        note = made(member, "notes", body="Likes tea", about={"type": "contacts", "id": str(held.pk)})
        delete(operator().access(registry["notes"]), note)
    client_for("sara").post(f"/trash/notes/{note.pk}")
    with in_tenant(tenant_a):
        assert registry["notes"].model.objects.filter(pk=note.pk).exists()


def test_what_is_held_is_merged_by_no_door(
    held: Any, url: str, tenant_a: Any, member: Any, client_for: Any, api_for: Any
) -> None:
    with in_tenant(tenant_a):
        other = made(member, "contacts", first_name="N.", last_name="Berg")
    page, asked = client_for("sara"), {"ids": f"{other.pk},{held.pk}", "survivor": str(other.pk)}
    refused = page.post("/r/contacts/merge", asked)
    assert refused.status_code == 422 and "under legal hold" in refused.content.decode()
    told = api_for("sara").post(f"/api/v1/contacts/{other.pk}/merge", {"others": [str(held.pk)]})
    assert told.status_code in (400, 409, 422) and "legal hold" in told.content.decode()
    page.post(f"{url}/lift")
    assert page.post("/r/contacts/merge", asked).status_code == 303


def test_a_hold_on_a_deal_keeps_its_person_from_being_erased(
    nora: Any, url: str, tenant_a: Any, member: Any, client_for: Any
) -> None:
    with in_tenant(tenant_a):
        deal = made(member, "deals", name="Roof", contact=nora.pk)
    page = client_for("sara")
    page.post(f"/r/deals/{deal.pk}/privacy/hold", {"reason": "Case 13"})
    answer = page.post(f"{url}/erase", {"typed": NAME, "proof": PASSWORD})
    assert answer.status_code == 422 and "Roof" in answer.content.decode()


def test_a_hold_ends_after_its_last_day(nora: Any, tenant_a: Any, member: Any) -> None:
    with in_tenant(tenant_a):
        access = actor_for(member("sara"), "page").access(registry["contacts"])
        hold = set_hold(access, nora, "Case 12", today() + timedelta(days=1))
        type(hold).objects.update(until=today() - timedelta(days=2))
        delete(access, nora)
        Contact.objects.update(deleted_at=timezone.now() - timedelta(days=40))
        sweep_trash()
        assert not Contact.objects.filter(pk=nora.pk).exists()


# -- every table is one that erasing knows


def test_every_table_with_words_is_looked_through(in_a: Any) -> None:
    """A new table is a record type's, is looked through as a whole, or is named here with its reason."""
    from django.apps import apps

    from kernel.tenancy.router import TENANT, side

    otherwise = {
        "Event": "emptied with the seals in order",
        "Seal": "ids and digests",
        "Erasure": "counts",
        "KnownWord": "unlearned",
        "Redirect": "ids, and taken away",
    }
    known = {*plain_models(), *(rtype.model for rtype in registry.values())}
    tables = [model for model in apps.get_models(include_auto_created=True) if side(model._meta.app_label) == TENANT]
    assert {model.__name__ for model in tables if model not in known} <= otherwise.keys()
    assert [model for model in plain_models() if goes_whole(model) and not texts_of(model)] == []
    ids = {"contacts": [], "leads": []}
    assert [model.__name__ for model in plain_models() if rows_about(model, ids) is not None]

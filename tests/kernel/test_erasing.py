"""Erasing a person: nothing of them is anywhere afterwards, what others need stays, and what is held is refused."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.core.files.storage import default_storage
from django.db import connections
from django.utils import timezone
from importing import import_text
from own_fields import make as own_field
from standing import PASSWORD

from crm_core.activities.models import Note
from crm_core.contacts.models import Contact
from crm_core.sales.models import Deal
from kernel.access.actor import actor_for
from kernel.attachments.keeping import keep
from kernel.attachments.models import File
from kernel.events.models import Event
from kernel.privacy.erasing import Erasing
from kernel.privacy.models import Erasure
from kernel.records.change import create, edit
from kernel.records.legal_holds import set_hold
from kernel.records.models import Redirect
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only

SECRET = "zqnobody"  # in whatever is theirs
NAME = "Zqnora Zqberg"
MAIL = "zqnora@example.com"
PHONE = "+16175550188"
WORDS = (SECRET, "zqnora", "zqberg", "6175550188", "(617) 555-0188")


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Path) -> None:
    """A test that is rolled back leaves its bytes, and another process keeps those of the same workspace there."""
    kept = settings.STORAGES["default"]
    settings.STORAGES = {**settings.STORAGES, "default": {**kept, "OPTIONS": {"location": tmp_path}}}


@pytest.fixture
def sara(in_a: Any, member: Any) -> Any:
    return actor_for(member("sara"), "page")


def made(actor: Any, slug: str, **values: Any) -> Any:
    return create(actor.access(registry[slug]), values)


def about(record: Any, slug: str) -> dict[str, str]:
    return {"type": slug, "id": str(record.pk)}


@pytest.fixture
def person(tenant_a: Any, member: Any, client_for: Any, api_for: Any, at: Any) -> Any:
    """Somebody who came by a form, became a contact with a deal, was written about, merged, imported and exported."""
    api, page = api_for("sara"), client_for("sara")
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        own_field("text", "Shoe size", "contacts", code="shoe")
        made(sara, "lead-forms", name="Site", address="site", ask_message="optional")
    sent = {
        "name": NAME,
        "phone": PHONE,
        "email": MAIL,
        "message": f"Please ask for {SECRET} in the evening.",
        "budget": SECRET,
    }
    assert at("a").post("/f/site", json.dumps(sent), content_type="application/json").status_code == 201
    lead = api.get("/api/v1/leads").json()["results"][0]["id"]
    assert api.post(f"/api/v1/leads/{lead}/convert", {"deal_name": f"Roof for {NAME}"}).status_code == 200
    pk = api.get("/api/v1/contacts").json()["results"][0]["id"]
    deal = api.get("/api/v1/deals").json()["results"][0]["id"]
    values = {"national_id": "4711-0815", "occupation": SECRET, "custom": {"shoe": SECRET}, "birth_date": "1985-04-03"}
    assert api.patch(f"/api/v1/contacts/{pk}", values, HTTP_IDEMPOTENCY_KEY="once").status_code == 200
    body = {"last_name": "Zqberg", "first_name": "Zqnora", "email": f"{SECRET}@example.com"}
    other = api.post("/api/v1/contacts", body, HTTP_IDEMPOTENCY_KEY="other").json()["id"]
    with in_tenant(tenant_a):
        contact = Contact.objects.get(pk=pk)
        note = made(sara, "notes", body=f"Likes {SECRET}", about=about(contact, "contacts"))
        task = made(sara, "tasks", subject=f"Ask {SECRET}", about=about(contact, "contacts"))
        of_deal = made(sara, "notes", body=f"{NAME} (617 555-0188) pays.", about={"type": "deals", "id": deal})
        file = keep(sara, io.BytesIO(SECRET.encode()), f"{SECRET}.txt", about(contact, "contacts"))
        keep(sara, io.BytesIO(b"second " + SECRET.encode()), f"{SECRET}.txt", None, file)
        stored = [version.stored.key for version in file.versions.all()]
    assert page.post("/r/contacts/merge", {"ids": f"{pk},{other}", "survivor": pk}).status_code == 303
    view = {"type": "contacts", "name": f"Only {NAME}", "params": {"email": MAIL}}
    assert api.post("/api/v1/views", view).status_code == 201
    with in_tenant(tenant_a):
        rows = f"last_name,email,birth_date\nX,{MAIL},{SECRET}\n"
        assert import_text(tenant_a, sara, "contacts", rows).problems.count() == 1
    run = api.post("/api/v1/exports", {"type": "contacts"}).json()["id"]
    with tenant_only(tenant_a):
        work(run)
    for path in (f"/r/contacts/{pk}", f"/search?q={SECRET}", f"/r/contacts?q={SECRET}", f"/r/files/{file.pk}"):
        assert page.get(path).status_code == 200
    found = {
        "pk": pk,
        "lead": lead,
        "deal": deal,
        "other": other,
        "note": note.pk,
        "task": task.pk,
        "of_deal": of_deal.pk,
    }
    return {**found, "file": file.pk, "stored": stored}


def everywhere(words: tuple[str, ...] = WORDS) -> list[str]:
    """Where one of these words stands: in any row of any table of any schema, any file, any cache, key or value."""
    found: list[str] = []
    for alias in ("default", "platform"):
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT current_user")
            role = cursor.fetchone()[0]
            cursor.execute("RESET ROLE")
            cursor.execute(
                "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
                " AND table_schema NOT IN ('information_schema', 'pg_catalog')"
            )
            for schema, table in cursor.fetchall():
                cursor.execute(f'SELECT t::text FROM "{schema}"."{table}" t')
                for (row,) in cursor.fetchall():
                    found += [f"{schema}.{table}: {word}: {row[:300]}" for word in words if word in row.lower()]
            cursor.execute(f'SET LOCAL ROLE "{role}"')
    for file in Path(default_storage.path("t")).rglob("*"):
        told = f"{file} ".encode() + (file.read_bytes() if file.is_file() else b"")
        if told[:2] == b"PK":
            told += b"".join(zipfile.ZipFile(file).read(name) for name in zipfile.ZipFile(file).namelist())
        found += [f"{file}: {word}" for word in words if word.encode() in told.lower()]
    for name in ("default", "platform"):
        for key, value in caches[name]._cache.items():
            found += [f"{key}: {word}" for word in words if word in f"{key}{value!r}".lower()]
    return found


def erase(client: Any, tenant: Any, pk: str, slug: str = "contacts", **form: str) -> Any:
    """By the page, with the name and the password, and what follows done."""
    answer = client.post(f"/r/{slug}/{pk}/privacy/erase", {"typed": NAME, "proof": PASSWORD, **form})
    if answer.status_code == 303:
        with tenant_only(tenant):
            work(answer["Location"].rpartition("/")[2])
    return answer


def test_nothing_of_an_erased_person_is_anywhere(
    person: Any, tenant_a: Any, client_for: Any, caplog: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with in_tenant(tenant_a):
        places = {place.partition(":")[0] for place in everywhere()}
    assert len(places) > 15, "there is something to be found"
    caplog.set_level(logging.DEBUG)
    with django_capture_on_commit_callbacks(execute=True):
        assert erase(client_for("sara"), tenant_a, person["pk"]).status_code == 303
    with in_tenant(tenant_a):
        assert Run.objects.get(kind="erase-person").status == "done", Run.objects.get(kind="erase-person").error
        assert not everywhere(), "\n".join(everywhere())
        assert not [key for key in person["stored"] if default_storage.exists(key)]
    assert not [word for word in WORDS if word in caplog.text.lower()]


def test_what_others_need_stays_without_the_person(person: Any, tenant_a: Any, client_for: Any, api_for: Any) -> None:
    page = client_for("sara")
    erase(page, tenant_a, person["pk"])
    with in_tenant(tenant_a):
        contact, deal = Contact.objects.get(pk=person["pk"]), Deal.objects.get(pk=person["deal"])
        assert (contact.label, contact.email, contact.custom, contact.birth_date) == ("Erased person", "", {}, None)
        assert contact.owner_id and contact.deleted_at is None
        assert (deal.contact_id, deal.name) == (contact.pk, "Roof for [erased]")
        assert Note.objects.get(pk=person["of_deal"]).body == "[erased] ([erased]) pays."
        assert (
            not Note.objects.filter(pk=person["note"]).exists() and not File.objects.filter(pk=person["file"]).exists()
        )
        assert not Contact.objects.filter(pk=person["other"]).exists() and not Redirect.objects.exists()
    assert "Erased person" in page.get(f"/r/deals/{person['deal']}").content.decode()
    assert "/changes/" not in page.get(f"/r/contacts/{person['pk']}").content.decode(), "no way back is offered"
    assert api_for("sara").get(f"/api/v1/leads/{person['lead']}").json()["name"] == "Erased person"


def test_the_certificate_says_what_went_and_nothing_of_whom(person: Any, tenant_a: Any, client_for: Any) -> None:
    page = client_for("sara")
    run = erase(page, tenant_a, person["pk"])["Location"]
    url = page.get(run)["Location"]
    shown, told = page.get(url).content.decode(), page.get(f"{url}.json").json()
    assert told["digest"] in shown and "Sara Admin" in shown
    assert told["removed"]["notes"] == 1 and told["removed"]["files"] == 1 and told["removed"]["contacts"] == 2
    assert told["record"] == person["pk"]
    with in_tenant(tenant_a):
        from kernel.privacy.certificates import digest_of

        erasure = Erasure.objects.get()
        assert digest_of(erasure) == told["digest"]
        erasure.counts["notes"] = 7
        assert digest_of(erasure) != told["digest"]
    assert url in page.get("/settings/privacy").content.decode()
    assert url in page.get(f"/r/contacts/{person['pk']}/privacy").content.decode()


def test_a_killed_erasing_is_taken_up_where_it_was(
    person: Any, tenant_a: Any, client_for: Any, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    from django.db import OperationalError

    page = client_for("sara")
    run = page.post(f"/r/contacts/{person['pk']}/privacy/erase", {"typed": NAME, "proof": PASSWORD})["Location"][-36:]
    for step in ("_tables", "_rows_about", "_hanging", "_history", "_records", "_kept_files"):

        def killed(_self: Any) -> Any:
            raise OperationalError("the worker is gone")
            yield

        with monkeypatch.context() as patch, pytest.raises(OperationalError), tenant_only(tenant_a):
            patch.setattr(Erasing, step, killed)
            work(run)
        with in_tenant(tenant_a):
            Run.objects.filter(pk=run).update(lease_until=None, attempt=0)
    with django_capture_on_commit_callbacks(execute=True), tenant_only(tenant_a):
        work(run)
    with in_tenant(tenant_a):
        assert Run.objects.get(pk=run).status == "done"
        assert not everywhere(), "\n".join(everywhere())
        assert Erasure.objects.count() == 1


def while_erasing(monkeypatch: Any, step: str, happens: Any) -> None:
    """Have something happen when a step is over."""
    was, is_over = getattr(Erasing, step), list[bool]()

    def then(erasing: Any) -> Any:
        yield from was(erasing)
        if not is_over:
            is_over.append(True)
            happens()

    monkeypatch.setattr(Erasing, step, then)


def test_what_is_written_down_meanwhile_goes_too(
    person: Any, tenant_a: Any, member: Any, client_for: Any, monkeypatch: Any
) -> None:
    def happens() -> None:
        sara, contact = actor_for(member("sara"), "page"), Contact.objects.get(pk=person["pk"])
        edit(sara.access(registry["contacts"]), contact, {"occupation": f"{SECRET} again"})
        made(sara, "notes", body=f"Still likes {SECRET}", about=about(contact, "contacts"))

    while_erasing(monkeypatch, "_history", happens)
    assert erase(client_for("sara"), tenant_a, person["pk"]).status_code == 303
    with in_tenant(tenant_a):
        left = [place for place in everywhere() if str(person["pk"]) in place or ".activities_" in place]
        assert not left, "\n".join(left)


@pytest.mark.parametrize(
    "form",
    [{"typed": "Zqnora"}, {"proof": "wrong horse battery"}, {"typed": ""}],
)
def test_it_takes_the_name_and_the_password(person: Any, tenant_a: Any, client_for: Any, form: Any) -> None:
    assert erase(client_for("sara"), tenant_a, person["pk"], **form).status_code == 422
    with in_tenant(tenant_a):
        assert Contact.objects.get(pk=person["pk"]).label == NAME and not Erasure.objects.exists()


@pytest.mark.parametrize(("minutes", "status"), [(1, 303), (20, 422)])
def test_whoever_came_by_the_provider_proves_it_by_having_come_just_now(
    person: Any, tenant_a: Any, client_for: Any, minutes: int, status: int
) -> None:
    client = client_for("sara")
    session = client.session
    session.update({"by_provider": True, "since": int(timezone.now().timestamp()) - minutes * 60})
    session.save()
    assert erase(client, tenant_a, person["pk"], proof="").status_code == status


@pytest.fixture
def twin(tenant_a: Any, member: Any) -> str:
    """Somebody else of the same address."""
    with in_tenant(tenant_a):
        return str(made(actor_for(member("sara"), "page"), "contacts", last_name="Twin", email=MAIL).pk)


def test_the_preview_tells_what_goes_and_what_stays(person: Any, twin: str, client_for: Any) -> None:
    shown = client_for("sara").get(f"/r/contacts/{person['pk']}/privacy/erase").content.decode()
    assert f"/r/deals/{person['deal']}" in shown and f"/r/notes/{person['of_deal']}" in shown
    assert f"/r/contacts/{twin}" in shown


def test_another_with_the_same_number_stays_as_they_are(
    person: Any, twin: str, tenant_a: Any, client_for: Any, api_for: Any
) -> None:
    erase(client_for("sara"), tenant_a, person["pk"])
    assert api_for("sara").get(f"/api/v1/contacts/{twin}").json()["email"] == MAIL


# -- legal hold


def test_what_is_held_is_not_erased_until_it_is_lifted(person: Any, tenant_a: Any, client_for: Any) -> None:
    page, url = client_for("sara"), f"/r/contacts/{person['pk']}/privacy"
    assert page.post(f"{url}/hold", {"reason": "Case 12", "until": ""}).status_code == 303
    refused = erase(page, tenant_a, person["pk"])
    assert refused.status_code == 422 and "under legal hold" in refused.content.decode()
    assert page.post(f"{url}/lift").status_code == 303
    assert erase(page, tenant_a, person["pk"]).status_code == 303


def test_a_hold_that_comes_meanwhile_stops_it(
    person: Any, tenant_a: Any, member: Any, client_for: Any, monkeypatch: Any
) -> None:
    def happens() -> None:
        access = actor_for(member("sara"), "page").access(registry["contacts"])
        set_hold(access, Contact.objects.get(pk=person["pk"]), "Case 15", None)

    while_erasing(monkeypatch, "_tables", happens)
    erase(client_for("sara"), tenant_a, person["pk"])
    with in_tenant(tenant_a):
        run = Run.objects.get(kind="erase-person")
        assert run.status == "failed" and "under legal hold" in run.error
        assert Contact.objects.get(pk=person["pk"]).label == NAME


def test_texts_on_what_is_held_stay_as_they_are(person: Any, tenant_a: Any, member: Any, client_for: Any) -> None:
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        company = made(sara, "companies", name="Aster")
        note = made(sara, "notes", body=f"Ask {MAIL}", about=about(company, "companies"))
    page = client_for("sara")
    assert page.post(f"/r/companies/{company.pk}/privacy/hold", {"reason": "Case 14"}).status_code == 303
    assert erase(page, tenant_a, person["pk"]).status_code == 303
    with in_tenant(tenant_a):
        assert Note.objects.get(pk=note.pk).body == f"Ask {MAIL}"
        assert MAIL in str(Event.objects.get(record_id=note.pk, name="note.created").changes)

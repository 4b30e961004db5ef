"""What tells of the hidden without showing it: refusals, lengths of pages, filters by an id, reasons, dates beside."""

import io
from typing import Any

import pytest
from own_fields import make

from kernel.access.actor import actor_for, operator
from kernel.access.models import Role
from kernel.attachments.keeping import keep
from kernel.records.change import create, delete, edit
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

ALL = {"verbs": {"*": "all"}, "fields": {"*": "edit"}}


@pytest.fixture
def say(tenant_a: Any) -> Any:
    """`say(deals={"amount": "none"})`: levels of fields for reps, who reach and may do everything else."""

    def set_levels(system: tuple[str, ...] = (), verbs: Any = None, **levels: Any) -> None:
        types = {slug: {**ALL, "fields": {"*": "edit", **fields}} for slug, fields in levels.items()}
        for slug, scopes in (verbs or {}).items():
            types[slug] = {**types.get(slug, ALL), "verbs": scopes}
        with in_tenant(tenant_a):
            role = Role.objects.get(code="rep")
            role.rules = {"types": {"*": ALL, **types}, "system": list(system)}
            role.save()

    return set_levels


@pytest.fixture
def made(tenant_a: Any, member: Any) -> Any:
    def make_one(slug: str, who: str = "", **values: Any) -> Any:
        with in_tenant(tenant_a):
            return create(operator().access(registry[slug]), {**values, **({"owner": member(who).pk} if who else {})})

    return make_one


@pytest.fixture
def file(made: Any, tenant_a: Any, member: Any) -> Any:
    """On a deal of Mina's."""
    deal = made("deals", "mina", name="Roof")
    with in_tenant(tenant_a):
        content, about = io.BytesIO(b"x" * 123_457), {"type": "deals", "id": str(deal.pk)}
        return keep(actor_for(member("sara"), "page"), content, "a.txt", about)


@pytest.fixture
def unique(tenant_a: Any) -> str:
    with in_tenant(tenant_a):
        make("text", "Badge", record_type="companies", code="badge", unique=True)
    return "custom.badge"


def test_a_value_that_is_taken_does_not_name_whose_it_is_where_that_is_not_read(
    say: Any, made: Any, api_for: Any, unique: str
) -> None:
    made("companies", "reza", name="Theirs", **{unique: "Zebra"})
    answers = {}
    for level in ("edit", "edit:own"):
        say(companies={unique: level})
        answers[level] = api_for("mina").post("/api/v1/companies", {"name": "Hers", "custom": {"badge": "zebra"}})
    assert {one.status_code for one in answers.values()} == {400}
    assert "Theirs" in answers["edit"].json()["detail"]
    assert "Theirs" not in answers["edit:own"].json()["detail"]


def test_a_record_that_cannot_come_back_names_no_hidden_field(
    say: Any, made: Any, api_for: Any, unique: str, tenant_a: Any
) -> None:
    gone = made("companies", "mina", name="Gone", **{unique: "Yak"})
    with in_tenant(tenant_a):
        delete(operator().access(registry["companies"]), gone)
    made("companies", "reza", name="Next", **{unique: "Yak"})
    say(companies={unique: "none"})
    answer = api_for("mina").post(f"/api/v1/companies/{gone.pk}/restore")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [None]
    assert b"adge" not in answer.content
    assert b"Next" not in answer.content


@pytest.mark.parametrize("door", ["one", "many"])
def test_what_is_missing_names_no_hidden_field(say: Any, api_for: Any, door: str) -> None:
    say(("bulk",), tasks={"subject": "none"})
    url, body = "/api/v1/tasks", {}
    if door == "many":
        url, body = "/api/v1/tasks/batch", {"operations": [{"op": "create", "values": {}}]}
    answer = api_for("mina").post(url, body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [None]
    assert b"ubject" not in answer.content


def test_a_page_of_history_is_no_shorter_for_what_is_hidden(say: Any, made: Any, api_for: Any, tenant_a: Any) -> None:
    deal = made("deals", "mina", name="Roof")
    for body in ("One", "Two"):
        made("notes", body=body, about={"type": "deals", "id": str(deal.pk)})
    with in_tenant(tenant_a):
        edit(operator().access(registry["deals"]), deal, {"amount": 5})
        edit(operator().access(registry["deals"]), deal, {"name": "Floor"})
    say(deals={"amount": "none"}, verbs={"notes": {"*": "none"}})
    url, seen = f"/api/v1/deals/{deal.pk}/timeline?limit=1", []
    following = ""
    while following is not None:
        answer = api_for("mina").get(f"{url}&cursor={following}" if following else url).json()
        seen.append([entry["name"] for entry in answer["results"]])
        following = answer["next"]
    assert seen == [["deal.updated"], ["deal.created"]]


def test_nothing_is_found_by_the_id_of_what_is_out_of_reach(say: Any, made: Any, api_for: Any) -> None:
    company = made("companies", "reza", name="Far")
    made("deals", "mina", name="Hers", company=company.pk)
    found = {}
    for scope in ("all", "own"):
        say(verbs={"companies": {"*": scope}})
        found[scope] = api_for("mina").get(f"/api/v1/deals?company={company.pk}").json()["count"]
    assert found == {"all": 1, "own": 0}


def test_why_does_not_tell_a_hidden_owner(say: Any, made: Any, client_for: Any, tenant_a: Any, member: Any) -> None:
    deal = made("deals", "reza", name="Roof")
    with in_tenant(tenant_a):
        nima = member("nima").pk
    told = {}
    for level in ("read", "none"):
        say(("roles",), deals={"owner": level})
        url = f"/settings/roles/why?member={nima}&type=deals&verb=view&record={deal.pk}"
        told[level] = client_for("mina").get(url).content.decode().rpartition("<ol")[2]
    assert "Reza" in told["read"]
    assert told["none"]
    assert "Reza" not in told["none"]
    assert "North" not in told["none"]


def test_followers_do_not_tell_a_hidden_owner(say: Any, made: Any, api_for: Any, client_for: Any) -> None:
    deal = made("deals", "reza", name="Roof")
    for level, is_told in (("read", True), ("none", False)):
        say(deals={"owner": level, "team": "none"})
        told = api_for("mina").get(f"/api/v1/deals/{deal.pk}/followers").json()["followers"]
        assert [one["label"] for one in told] == ["Reza Rep"] * is_told
        assert (b"Reza" in client_for("mina").get(f"/r/deals/{deal.pk}").content) == is_told


def test_values_that_repeat_are_told_to_whoever_reads_them(say: Any, made: Any, api_for: Any, tenant_a: Any) -> None:
    with in_tenant(tenant_a):
        field = make("text", "Badge", record_type="companies", code="badge")
    for who in ("reza", "nima"):
        made("companies", who, name=f"Of {who}", **{"custom.badge": "Zebra"})
    told = {}
    for scope in ("all", "own"):
        say(("company",), verbs={"companies": {"*": scope}})
        answer = api_for("mina").patch(f"/api/v1/custom-fields/{field.pk}", {"unique": True})
        assert answer.status_code == 400, answer.content
        told[scope] = "Zebra" in answer.json()["detail"]
    assert told == {"all": True, "own": False}


def test_versions_of_a_file_tell_no_more_than_the_file(say: Any, file: Any, api_for: Any, client_for: Any) -> None:
    say(files={"size": "none", "content_type": "none", "created_at": "none", "created_by": "none"})
    told = api_for("mina").get(f"/api/v1/files/{file.pk}/versions").json()
    assert told["results"] == [{"number": 1, "current": True}]
    page = client_for("mina").get(f"/r/files/{file.pk}").content.decode()
    versions = page[page.index("Versions") :]
    assert "123" not in versions
    assert "<time" not in versions.partition("</crm-files>")[0]


@pytest.mark.parametrize("path", ["versions/1", "uploads"])
def test_a_file_that_is_seen_and_not_changed_is_refused_as_such(
    say: Any, file: Any, client_for: Any, path: str
) -> None:
    say(verbs={"files": {"*": "all", "edit": "none"}})
    url = "/uploads" if path == "uploads" else f"/r/files/{file.pk}/{path}"
    assert client_for("mina").post(url, {"file": str(file.pk), "name": "a.txt", "size": "3"}).status_code == 403


def test_the_page_of_a_merge_does_not_tell_a_hidden_day(say: Any, made: Any, client_for: Any) -> None:
    ids = ",".join(str(made("companies", "mina", name=name).pk) for name in ("One", "Two"))
    for level, is_told in (("read", True), ("none", False)):
        say(companies={"created_at": level})
        page = client_for("mina").get(f"/r/companies/merge?ids={ids}")
        assert page.status_code == 200
        assert (b"added" in page.content) == is_told

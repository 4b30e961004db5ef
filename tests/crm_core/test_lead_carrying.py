"""What of a lead goes along when it is converted, what its converter's rights keep back, and what undoing leaves."""

from __future__ import annotations

from typing import Any

import pytest
from own_fields import SAMPLE, waiting
from own_fields import make as own

from kernel.access.actor import actor_for
from kernel.attachments.models import File
from kernel.files.storing import open_file
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant


@pytest.fixture
def sample(tenant_a, member) -> Any:
    """A lead of reza's and a company that it may be, both with a field "custom.own"."""

    def make(kind: str, value: Any, **rules: Any) -> tuple[Any, Any]:
        with in_tenant(tenant_a):
            fields = {slug: own(kind, "Own", slug) for slug in ("leads", "companies")}
            reza = member("reza")
            role = reza.roles.get()
            for slug, level in rules.items():
                role.rules["types"][slug] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "custom.own": level}}
            role.save()
            actor = actor_for(member("sara"), "page")
            value = value(actor, fields["leads"]) if callable(value) else value
            lead = create(actor.access(registry["leads"]), {
                "name": "Nora Quinn", "company_name": "Harbor Foods", "owner": reza.pk, "custom.own": value,
            })  # fmt: skip
            company = create(actor.access(registry["companies"]), {"name": "Harbor", "owner": reza.pk})
            return lead, company

    return make


def convert(api: Any, lead: Any, **wish: Any) -> Any:
    answer = api.post(f"/api/v1/leads/{lead.pk}/convert", wish)
    assert answer.status_code == 200, answer.content
    return answer.json()


def own_value(tenant: Any, record: Any) -> Any:
    with in_tenant(tenant):
        record.refresh_from_db()
        return record.custom.get("own")


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        ({}, "Blue"),
        ({"companies": "read"}, None),
        ({"companies": "none"}, None),
        ({"leads": "read"}, "Blue"),
        ({"leads": "none"}, None),
    ],
)
def test_an_existing_record_gets_what_its_converter_reads_there_and_may_write_here(
    rules: dict[str, str], value: str | None, sample, api_for, tenant_a
) -> None:
    lead, company = sample("text", "Blue", **rules)
    convert(api_for("reza"), lead, company=str(company.pk))
    assert own_value(tenant_a, company) == value


def test_a_new_record_has_all_that_the_lead_says(sample, api_for, tenant_a) -> None:
    lead, _company = sample("text", "Blue", leads="none", companies="none")
    convert(api_for("reza"), lead)
    with in_tenant(tenant_a):
        assert registry["companies"].model.objects.get(name="Harbor Foods").custom == {"own": "Blue"}


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "existing"])
def test_a_file_in_a_field_goes_along_as_a_copy_and_back_again(is_new: bool, sample, api_for, tenant_a) -> None:
    lead, company = sample("file", lambda actor, field: File.objects.get(pk=waiting(actor, field)).pk)
    api = api_for("reza")
    made = convert(api, lead, **({} if is_new else {"company": str(company.pk)}))
    with in_tenant(tenant_a):
        company = registry["companies"].model.objects.get(pk=made["company"]["id"])
        mine, copy = File.objects.get(about_id=lead.pk), File.objects.get(about_id=company.pk)
        assert (own_value(tenant_a, lead), own_value(tenant_a, company)) == (str(mine.pk), str(copy.pk))
        with open_file(copy.stored) as stream:
            assert stream.read() == SAMPLE
        registry["files"].purge(File.objects.filter(pk=mine.pk), actor_for(lead.owner, "page"))
        with open_file(copy.stored) as stream:
            assert stream.read() == SAMPLE
    assert api.post(f"/api/v1/leads/{lead.pk}/unconvert").json()["conflicts"] == []
    with in_tenant(tenant_a):
        assert File.objects.get(pk=copy.pk).about_id is None or is_new


def test_undoing_tells_field_by_field_what_was_changed_since(sample, api_for) -> None:
    lead, company = sample("text", "Blue")
    convert(api_for("reza"), lead, company=str(company.pk))
    sara = api_for("sara")
    assert sara.patch(f"/api/v1/companies/{company.pk}", {"custom": {"own": "Green"}}).status_code == 200
    undone = api_for("reza").post(f"/api/v1/leads/{lead.pk}/unconvert")
    assert undone.status_code == 200, undone.content
    assert undone.json()["converted_at"] is None
    assert undone.json()["conflicts"] == [
        {
            "type": "companies", "id": str(company.pk), "label": "Harbor", "reason": "", "fields": ["custom.own"],
            "values": {"custom.own": {"before": None, "done": "Blue", "now": "Green"}},
        }
    ]  # fmt: skip


def test_a_toast_that_undoes_leads_from_the_page_that_is_gone_to_the_lead(sample, api_for, client_for) -> None:
    lead, _company = sample("text", "Blue")
    convert(api_for("sara"), lead)
    answer = client_for("sara").post(f"/r/leads/{lead.pk}/unconvert", headers={"X-Requested-With": "fetch"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, f"/r/leads/{lead.pk}")


def test_the_page_names_what_stays(sample, api_for, client_for) -> None:
    lead, company = sample("text", "Blue")
    api = api_for("sara")
    convert(api, lead, company=str(company.pk))
    api.patch(f"/api/v1/companies/{company.pk}", {"custom": {"own": "Green"}})
    told = client_for("sara").post(f"/r/leads/{lead.pk}/unconvert", follow=True).content.decode()
    assert "Harbor (Own)" in told


def test_a_hidden_field_is_no_conflict_that_is_told(sample, api_for, tenant_a, member) -> None:
    lead, company = sample("text", "Blue")
    convert(api_for("sara"), lead, company=str(company.pk))
    api_for("sara").patch(f"/api/v1/companies/{company.pk}", {"custom": {"own": "Green"}})
    with in_tenant(tenant_a):
        role = member("reza").roles.get()
        role.rules["types"]["companies"] = {"verbs": {"*": "all"}, "fields": {"*": "edit", "custom.own": "none"}}
        role.save()
    undone = api_for("reza").post(f"/api/v1/leads/{lead.pk}/unconvert")
    assert undone.status_code == 200
    assert undone.json()["conflicts"] == []
    assert "Green" not in undone.content.decode()

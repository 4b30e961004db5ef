"""Long work is bound to the rights of whoever started it: as they are now, and by which key it was asked for."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from importing import carry_out, make
from standing import CAST

from kernel.access.actor import actor_for
from kernel.access.models import ApiKey, Member, Role
from kernel.files.links import download_url
from kernel.files.models import StoredFile
from kernel.records.bulk import Item, change_many
from kernel.records.types import registry
from kernel.runs import work as runs_work
from kernel.runs.models import Run
from kernel.runs.work import RightsChanged, Work
from kernel.runs.work import start as start_run
from kernel.tenancy.context import in_tenant
from kernel.transfer import exporting


def key(tenant: Any, name: str, role: str = "") -> tuple[ApiKey, Client]:
    with in_tenant(tenant):
        found = Role.objects.get(code=role) if role else None
        issued, secret = ApiKey.issue(name="k", member=Member.objects.get(pk=CAST[name].member_id), role=found)
    return issued, Client(HTTP_HOST=f"{tenant.subdomain}.localhost", HTTP_AUTHORIZATION=f"Bearer {secret}")


def export(client: Client) -> dict[str, Any]:
    answer = client.post("/api/v1/exports", {"type": "deals"}, content_type="application/json")
    assert answer.status_code == 202, answer.content
    return answer.json()


def test_a_narrow_key_sees_no_run_of_its_members_other_rights(tenant_a):
    run = export(key(tenant_a, "sara")[1])
    narrow = key(tenant_a, "sara", "support")[1]
    assert narrow.get("/api/v1/exports").json()["results"] == []
    for path in ("", "/result"):
        assert narrow.get(run["status_url"] + path).status_code == 404
    assert narrow.post(run["status_url"] + "/cancel").status_code == 404


def test_a_narrow_key_is_not_told_the_answer_of_another_key(tenant_a):
    body, more = {"name": "Once"}, {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "same"}
    assert key(tenant_a, "sara")[1].post("/api/v1/companies", body, **more).status_code == 201
    assert key(tenant_a, "sara", "read-only")[1].post("/api/v1/companies", body, **more).status_code in (403, 409)


def test_a_deactivated_members_run_is_not_carried_out(tenant_a, member):
    with in_tenant(tenant_a):
        run = exporting.start(actor_for(member("leila"), "api"), "deals")
        Member.objects.filter(pk=CAST["leila"].member_id).update(active=False)
    run = carry_out(tenant_a, run)
    assert run.status == Run.Status.FAILED
    assert run.error


def test_rights_that_change_midway_hold_from_the_next_chunk(in_a, member):
    leila = member("leila")
    run = start_run("export", actor_for(leila, "api"), "x", {})
    Run.objects.filter(pk=run.pk).update(status=Run.Status.RUNNING)
    run.refresh_from_db()
    hold = Work(run, actor_for(leila, "api"))
    with hold.chunk():
        pass
    leila.roles.set(Role.objects.filter(code="read-only"))
    with pytest.raises(RightsChanged), hold.chunk():
        pass


def test_an_export_whose_rights_went_fails_with_a_reason(tenant_a, member):
    with in_tenant(tenant_a):
        leila = member("leila")
        run = exporting.start(actor_for(leila, "api"), "deals")
        leila.roles.set(Role.objects.filter(code="read-only"))
    run = carry_out(tenant_a, run)
    assert run.status == Run.Status.FAILED
    assert not run.result


def test_many_rows_take_the_verbs_right(in_a, member):
    """What may not be won one by one is not won by a file."""
    from crm_core.sales.models import Stage
    from kernel.access.actor import Actor
    from kernel.access.rules import Rules
    from kernel.lib.ids import uuid7

    deal = make(member("sara"), "deals", "Open")
    rules = {"types": {"*": {"verbs": {"*": "all", "win": "none"}, "fields": {"*": "edit"}}}}
    base = actor_for(member("leila"), "import")
    access = Actor(base.member, Rules([rules]), "import", base.format).access(registry["deals"])
    item = Item({"stage": Stage.objects.get(kind="won").pk}, deal)
    change_many(access, [item], change_set=uuid7())
    assert item.error is not None
    deal.refresh_from_db()
    assert deal.status == "open"


@pytest.fixture
def link(tenant_a: Any, member: Any) -> str:
    with in_tenant(tenant_a):
        run = exporting.start(actor_for(member("sara"), "page"), "deals")
    run = carry_out(tenant_a, run)
    with in_tenant(tenant_a):
        return download_url(StoredFile.objects.get(pk=run.result["file"]), member("sara"))


def test_a_link_opens_for_its_member_and_a_key_of_theirs(tenant_a, link, client_for):
    assert client_for("sara").get(link).status_code == 200
    assert key(tenant_a, "sara")[1].get(link).status_code == 200
    assert client_for("leila").get(link).status_code == 404
    assert key(tenant_a, "leila")[1].get(link).status_code == 404
    assert client_for("eve").get(link).status_code == 404
    assert Client(HTTP_HOST="a.localhost").get(link).status_code == 401


def test_a_link_does_not_open_for_a_revoked_or_a_narrow_key(tenant_a, link):
    from django.utils import timezone

    revoked, client = key(tenant_a, "sara")
    with in_tenant(tenant_a):
        ApiKey.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    assert client.get(link).status_code == 401
    assert key(tenant_a, "sara", "support")[1].get(link).status_code == 401


def test_a_link_does_not_open_for_a_deactivated_member(tenant_a, link, client_for):
    client, program = client_for("sara"), key(tenant_a, "sara")[1]
    with in_tenant(tenant_a):
        Member.objects.filter(pk=CAST["sara"].member_id).update(active=False)
    assert client.get(link).status_code == 401
    assert program.get(link).status_code == 401


@pytest.fixture
def hide_the_amount(tenant_a):
    def hide():
        with in_tenant(tenant_a):
            rules = {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit", "amount": "none"}}}}
            Role.objects.filter(code="manager").update(rules={**rules, "system": ["export"]})

    return hide


def test_what_was_made_under_wider_rights_is_kept_from_a_narrowed_role(tenant_a, member, client_for, hide_the_amount):
    with in_tenant(tenant_a):
        run = exporting.start(actor_for(member("leila"), "page"), "deals")
    carry_out(tenant_a, run)
    page, api = client_for("leila"), key(tenant_a, "leila")[1]
    assert page.get(f"/exports/{run.pk}/download").status_code == 302
    assert api.get(f"/api/v1/exports/{run.pk}/result").status_code == 200
    hide_the_amount()
    assert page.get(f"/exports/{run.pk}/download").status_code == 404
    assert "Your role was narrowed since this was made." in page.get(f"/exports/{run.pk}").content.decode()
    assert api.get(f"/api/v1/exports/{run.pk}/result").status_code == 404
    assert api.get(f"/api/v1/exports/{run.pk}").json()["result_url"] is None


def test_an_answer_given_under_wider_rights_is_not_given_again(tenant_a, hide_the_amount):
    api, body = key(tenant_a, "leila")[1], {"name": "Once", "amount": {"amount": "7", "currency": "USD"}}
    more = {"content_type": "application/json", "HTTP_IDEMPOTENCY_KEY": "same"}
    assert api.post("/api/v1/deals", body, **more).status_code == 201
    hide_the_amount()
    assert api.post("/api/v1/deals", body, **more).status_code == 409


@pytest.mark.parametrize(("seconds", "is_woken"), [(-5, True), (10, True), (19, False)])
def test_a_run_whose_worker_died_is_woken_when_its_lease_lapses(in_a, monkeypatch, seconds, is_woken):
    sent = []
    monkeypatch.setattr(runs_work.work, "apply_async", lambda args, eta: sent.append((args, eta)))
    lapses = timezone.now() + timedelta(seconds=seconds)
    run = Run.objects.create(kind="export", title="x", via="api", status="running", lease_until=lapses)
    assert runs_work.sweep_runs()
    assert [args for args, _eta in sent] == ([[str(run.pk)]] if is_woken else [])
    assert all(eta >= lapses for _args, eta in sent)

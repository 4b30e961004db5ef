"""Pipelines, stages, lost reasons and lead sources, as an administrator keeps them."""

import re

import pytest
from standing import CAST

from crm_core.contacts.models import Contact, LeadSource
from crm_core.sales.models import Deal, LostReason, Pipeline, Stage
from crm_core.sales.settings import moving
from kernel.access.actor import operator
from kernel.events.models import Event
from kernel.records.change import create, delete
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant


def text_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def make(slug, via="operator", **values):
    return create(operator(via=via).access(registry[slug]), values)


@pytest.fixture
def sara(client_for):
    return client_for("sara")


@pytest.fixture
def stages(tenant_a):
    with in_tenant(tenant_a):
        return {stage.name: stage for stage in Stage.objects.alive().select_related("pipeline").order_by("position")}


def order(tenant):
    with in_tenant(tenant):
        return list(Stage.objects.alive().order_by("position").values_list("name", flat=True))


class TestStages:
    def test_are_shown_in_order_with_their_deals(self, sara, tenant_a, stages):
        with in_tenant(tenant_a):
            make("deals", name="One", stage=stages["Proposal"].pk)
        page = text_of(sara.get("/settings/pipelines"))
        assert re.search(r"Qualified .*Proposal .*50% 1 deal .*Won .*Lost", page)

    def test_a_new_one_stands_behind_those_of_its_kind(self, sara, tenant_a, stages):
        url = f"/settings/pipelines/{stages['New'].pipeline_id}/stages/new"
        assert sara.post(url, {"name": "Trial", "kind": "open", "probability": "80%"}).status_code == 303
        assert order(tenant_a) == ["New", "Qualified", "Proposal", "Negotiation", "Trial", "Won", "Lost"]
        with in_tenant(tenant_a):
            trial = Stage.objects.get(name="Trial")
            assert trial.probability == 80
            assert Event.objects.filter(record_id=trial.pk, name="stage.created").exists()

    def test_are_renamed_weighed_and_moved(self, sara, tenant_a, stages):
        stage = stages["Qualified"]
        given = {"name": "Known need", "kind": "open", "probability": "٣٥", "version": stage.version}
        assert sara.post(f"/settings/stages/{stage.pk}", given).status_code == 303
        assert sara.post(f"/settings/stages/{stage.pk}/up").status_code == 303
        assert order(tenant_a)[:2] == ["Known need", "New"]
        assert sara.post(f"/settings/stages/{stage.pk}/up").status_code == 303  # at the end of the line: nothing
        assert sara.post(f"/settings/stages/{stage.pk}/down").status_code == 303
        assert order(tenant_a)[:2] == ["New", "Known need"]
        with in_tenant(tenant_a):
            assert Stage.objects.get(pk=stage.pk).probability == 35
            assert Event.objects.filter(record_id=stage.pk, name="stage.updated").count() == 3

    def test_what_is_wrong_is_said_on_the_field(self, sara, stages):
        url = f"/settings/stages/{stages['New'].pk}"
        response = sara.post(url, {"name": "won ", "kind": "open", "probability": "140"})
        assert response.status_code == 422
        assert {'href="#f-name"', 'href="#f-probability"'} <= set(
            re.findall(r'href="#f-\w+"', response.content.decode())
        )
        assert 'value="140"' in response.content.decode()
        assert sara.post(url, {"name": "New", "kind": "open", "probability": "many"}).status_code == 422

    def test_an_old_page_overwrites_nothing(self, sara, stages):
        given = {"name": "Fresh", "kind": "open", "probability": "10", "version": 1}
        url = f"/settings/stages/{stages['New'].pk}"
        assert sara.post(url, given).status_code == 303
        response = sara.post(url, given | {"name": "Old page"})
        assert response.status_code == 422
        assert "Somebody else changed this meanwhile" in text_of(response)

    def test_one_of_each_kind_remains(self, sara, tenant_a, stages):
        for name, kind in (("Won", "open"), ("Lost", "won")):
            response = sara.post(
                f"/settings/stages/{stages[name].pk}", {"name": name, "kind": kind, "probability": "1"}
            )
            assert response.status_code == 422
            assert "A pipeline needs at least one stage for" in text_of(response)
            page = sara.get(f"/settings/stages/{stages[name].pk}/delete")
            assert "This is the only stage of its kind" in text_of(page)
            assert sara.post(f"/settings/stages/{stages[name].pk}/delete").status_code == 422
        assert "Won" in order(tenant_a)

    def test_the_api_refuses_as_the_page_does(self, api_for, tenant_a, stages):
        with in_tenant(tenant_a):
            make("deals", name="One", stage=stages["New"].pk)
        api = api_for("sara")
        assert api.delete(f"/api/v1/stages/{stages['Won'].pk}").status_code == 400
        assert api.delete(f"/api/v1/stages/{stages['New'].pk}").status_code == 400
        assert api.patch(f"/api/v1/stages/{stages['New'].pk}", {"kind": "won"}).status_code == 400
        assert api.delete(f"/api/v1/stages/{stages['Qualified'].pk}").status_code in (200, 204)

    def test_keeps_its_meaning_while_deals_are_on_it(self, sara, tenant_a, stages):
        with in_tenant(tenant_a):
            make("deals", name="One", stage=stages["New"].pk)
        response = sara.post(f"/settings/stages/{stages['New'].pk}", {"name": "New", "kind": "won", "probability": ""})
        assert response.status_code == 422
        assert "There are deals on this stage." in text_of(response)


class TestDeletingAStage:
    def test_an_empty_one_goes_at_once(self, sara, tenant_a, stages):
        assert sara.post(f"/settings/stages/{stages['Proposal'].pk}/delete").status_code == 303
        assert "Proposal" not in order(tenant_a)

    def test_its_deals_go_where_they_are_told(self, sara, tenant_a, stages):
        with in_tenant(tenant_a):
            deal = make("deals", name="One", stage=stages["Proposal"].pk)
            trashed = make("deals", name="Gone", stage=stages["Proposal"].pk)
            delete(operator().access(registry["deals"]), trashed)
        url = f"/settings/stages/{stages['Proposal'].pk}/delete"
        asked = sara.get(url).content.decode()
        assert "1 deal is on this stage." in asked
        assert f'value="{stages["Won"].pk}"' not in asked
        assert sara.post(url, {"target": ""}).status_code == 422
        assert sara.post(url, {"target": str(stages["Won"].pk)}).status_code == 422
        assert sara.post(url, {"target": str(stages["New"].pk)}).status_code == 303
        with in_tenant(tenant_a):
            assert set(Deal.objects.filter(pk__in=[deal.pk, trashed.pk]).values_list("stage", flat=True)) == {
                stages["New"].pk
            }
            moved = Event.objects.filter(record_id=deal.pk, name="deal.moved").get()
            gone = Event.objects.filter(record_id=stages["Proposal"].pk, name="stage.deleted").get()
            assert moved.change_set == gone.change_set
        assert "Proposal" not in order(tenant_a)

    def test_many_deals_go_as_a_run(self, sara, tenant_a, stages, monkeypatch):
        monkeypatch.setattr(moving, "AT_ONCE", 2)
        monkeypatch.setattr(moving, "BATCH", 2)
        with in_tenant(tenant_a):
            lost = make("stages", name="Asleep", pipeline=stages["Lost"].pipeline_id, kind="lost", position=9)
            for n in range(5):  # imported without a reason, which moving must not ask for
                make("deals", via="import", name=f"Deal {n}", stage=stages["Lost"].pk)
        url = f"/settings/stages/{stages['Lost'].pk}/delete"
        assert sara.post(url, {"target": str(lost.pk)}).status_code == 303
        assert 'hx-get="' in sara.get(url).content.decode()
        assert "Being emptied" in text_of(sara.get("/settings/pipelines"))
        sara.post(url, {"target": str(lost.pk)})  # twice is once
        with in_tenant(tenant_a):
            run = Run.objects.get(kind="stage-move")
            work(str(run.pk))
            run.refresh_from_db()
            assert (run.status, run.counts) == ("done", {"moved": 5, "refused": 0})
            assert set(Deal.objects.values_list("stage", "status")) == {(lost.pk, "lost")}
        assert "Lost" not in order(tenant_a)
        assert sara.get(f"/settings/stages/{stages['Lost'].pk}/moving").headers["HX-Redirect"] == "/settings/pipelines"


class TestPipelines:
    def test_a_new_one_can_be_used_at_once(self, sara, tenant_a):
        assert sara.post("/settings/pipelines/new", {"name": "Renewals"}).status_code == 303
        with in_tenant(tenant_a):
            pipeline = Pipeline.objects.get(name="Renewals")
            assert list(pipeline.stages.order_by("position").values_list("kind", flat=True)) == ["open", "won", "lost"]
            deal = make("deals", name="One", pipeline=pipeline.pk)
            assert deal.stage.pipeline_id == pipeline.pk
        again = sara.post("/settings/pipelines/new", {"name": "renewals"})
        assert again.status_code == 422
        assert "There is one of this name already." in text_of(again)

    def test_are_renamed_reordered_and_deleted(self, sara, tenant_a):
        sara.post("/settings/pipelines/new", {"name": "Renewals"})
        with in_tenant(tenant_a):
            pipeline = Pipeline.objects.get(name="Renewals")
        assert sara.post(f"/settings/pipelines/{pipeline.pk}", {"name": "Service", "version": 1}).status_code == 303
        assert sara.post(f"/settings/pipelines/{pipeline.pk}/up").status_code == 303
        with in_tenant(tenant_a):
            assert list(Pipeline.objects.alive().order_by("position").values_list("name", flat=True)) == [
                "Service",
                "Sales",
            ]
        assert sara.post(f"/settings/pipelines/{pipeline.pk}/delete").status_code == 303
        with in_tenant(tenant_a):
            assert Pipeline.objects.get(pk=pipeline.pk).deleted_at

    def test_the_only_one_and_one_with_deals_stay(self, sara, tenant_a):
        with in_tenant(tenant_a):
            only = Pipeline.objects.alive().get()
        sara.post(f"/settings/pipelines/{only.pk}/delete")
        sara.post("/settings/pipelines/new", {"name": "Renewals"})
        with in_tenant(tenant_a):
            make("deals", name="One", pipeline=only.pk)
        sara.post(f"/settings/pipelines/{only.pk}/delete")
        with in_tenant(tenant_a):
            assert Pipeline.objects.get(pk=only.pk).deleted_at is None


class TestLists:
    @pytest.mark.parametrize(("slug", "model"), [("lost-reasons", LostReason), ("sources", LeadSource)])
    def test_rows_are_added_renamed_and_deleted(self, sara, tenant_a, slug, model):
        url = f"/settings/{slug}"
        assert sara.post(url, {"name": " Something   new "}).status_code == 303
        assert sara.post(url, {"name": "SOMETHING NEW"}).status_code == 422
        assert sara.post(url, {"name": ""}).status_code == 422
        with in_tenant(tenant_a):
            row = model.objects.get(name="Something new")
        assert sara.post(f"{url}/{row.pk}", {"name": "Other", "version": row.version}).status_code == 303
        assert sara.post(f"{url}/{row.pk}/delete").status_code == 303
        assert str(row.pk) not in sara.get(url).content.decode()
        with in_tenant(tenant_a):
            assert Event.objects.filter(record_id=row.pk).count() == 3

    def test_one_in_use_is_hidden_and_keeps_its_name(self, sara, tenant_a):
        with in_tenant(tenant_a):
            source = LeadSource.objects.alive().first()
            contact = make("contacts", last_name="Doe", source=source.pk)
        assert "on 1 record" in text_of(sara.get("/settings/sources"))
        assert sara.post(f"/settings/sources/{source.pk}/delete").status_code == 303
        page = text_of(sara.get("/settings/sources"))
        assert page.index("Hidden") < page.index(source.name)
        api = sara.get(f"/api/v1/contacts/{contact.pk}").json()
        assert api["source"]["label"] == source.name
        assert sara.post(f"/settings/sources/{source.pk}/show").status_code == 303
        with in_tenant(tenant_a):
            assert LeadSource.objects.get(pk=source.pk).deleted_at is None
            assert Contact.objects.get(pk=contact.pk).source_id == source.pk

    def test_a_hidden_one_survives_the_form_and_is_offered_to_nobody_else(self, sara, tenant_a):
        with in_tenant(tenant_a):
            source = LeadSource.objects.alive().first()
            contact = make("contacts", last_name="Doe", source=source.pk)
            delete(operator().access(registry["sources"]), source)
        assert f'<option value="{source.pk}" selected>' in sara.get(f"/r/contacts/{contact.pk}/edit").content.decode()
        assert str(source.pk) not in sara.get("/r/contacts/new").content.decode()


class TestWho:
    def test_only_those_who_keep_the_settings(self, client_for, stages):
        stage, pipeline = stages["New"].pk, stages["New"].pipeline_id
        for name in ("reza", "leila", "kian"):
            client = client_for(name)
            for path in (
                f"pipelines/{pipeline}", f"pipelines/{pipeline}/delete", f"pipelines/{pipeline}/stages/new",
                f"stages/{stage}", f"stages/{stage}/up", f"stages/{stage}/delete", "sources", "lost-reasons",
            ):  # fmt: skip
                assert client.post(f"/settings/{path}", {"name": "x", "kind": "open"}).status_code == 403, (name, path)

    def test_another_companys_do_not_exist(self, client_for, tenant_a, stages):
        with in_tenant(tenant_a):
            reason = LostReason.objects.alive().first().pk
        eve = client_for("eve")
        assert CAST["eve"].tenant == "b"
        for path in (f"pipelines/{stages['New'].pipeline_id}", f"stages/{stages['New'].pk}", f"lost-reasons/{reason}"):
            assert eve.get(f"/settings/{path}").status_code == 404
            assert eve.post(f"/settings/{path}/delete").status_code == 404

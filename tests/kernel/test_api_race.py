"""What happens when the same request comes twice at once, and when two change one record. On committed data."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from kernel.access.actor import actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(calls):
    ready = Barrier(len(calls))

    def run(call):
        ready.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def test_a_request_sent_four_times_at_once_takes_effect_once(api_for):
    api = api_for("sara")

    def post():
        return api.post("/api/v1/companies", {"name": "Once"}, HTTP_IDEMPOTENCY_KEY="k")

    answers = at_once([post] * 4)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert api.get("/api/v1/companies").json()["count"] == 1


def test_of_two_changes_that_saw_one_version_one_is_412(api_for):
    api = api_for("sara")
    url = "/api/v1/companies/" + api.post("/api/v1/companies", {"name": "A"}).json()["id"]
    calls = [lambda name=name: api.patch(url, {"name": name}, HTTP_IF_MATCH='"1"') for name in ("B", "C")]
    assert sorted(answer.status_code for answer in at_once(calls)) == [200, 412]
    assert api.get(url).json()["version"] == 2


def test_a_deal_is_won_once_however_many_click(api_for):
    api = api_for("sara")
    url = "/api/v1/deals/" + api.post("/api/v1/deals", {"name": "D"}).json()["id"]
    answers = at_once([lambda: api.post(f"{url}/win")] * 6)
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert {answer.status_code for answer in answers} <= {200, 409, 412}
    events = [event["name"] for event in api.get(f"{url}/timeline").json()["results"]]
    assert events.count("deal.won") == 1


def test_what_is_nobodys_is_taken_by_one_and_the_other_is_told_by_whom(api_for, tenant_a, member):
    with in_tenant(tenant_a):
        lead = create(actor_for(member("sara"), "import").access(registry["leads"]), {"name": "Nora"})
    sara, leila = api_for("sara"), api_for("leila")
    url = f"/api/v1/leads/{lead.pk}"
    answers = at_once([lambda: sara.post(f"{url}/claim"), lambda: leila.post(f"{url}/claim")])
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert sara.get(url).json()["owner"]["label"] in refused.json()["detail"]


def test_no_deal_is_moved_to_a_stage_while_it_is_deleted(api_for):
    api = api_for("sara")
    pipeline = api.get("/api/v1/pipelines").json()["results"][0]["id"]
    for _round in range(4):
        values = {"name": "S", "pipeline": pipeline, "position": 9, "probability": "5", "kind": "open"}
        stage = api.post("/api/v1/stages", values).json()["id"]
        deal = api.post("/api/v1/deals", {"name": "D"}).json()["id"]
        moved, deleted = at_once(
            [
                lambda deal=deal, stage=stage: api.patch(f"/api/v1/deals/{deal}", {"stage": stage}),
                lambda stage=stage: api.delete(f"/api/v1/stages/{stage}"),
            ]
        )
        assert (moved.status_code, deleted.status_code) in ((200, 400), (400, 204)), (moved.content, deleted.content)

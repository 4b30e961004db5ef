"""What happens when the same request comes twice at once, and when two change one record. On committed data."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

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

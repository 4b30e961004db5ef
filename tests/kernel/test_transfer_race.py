"""Two imports of one file at the very same moment. On committed data."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, BrokenBarrierError
from unittest import mock

import pytest
from django.db import connections
from importing import begin, records

from kernel.access.actor import actor_for
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.transfer import batches, labels

pytestmark = pytest.mark.django_db(transaction=True)
MOMENT = 0.5


def meeting(function):
    """`function`, after which both imports meet, if they can both be there: only one of them is, where they queue."""
    both = Barrier(2)

    def looked(*args, **kwargs):
        found = function(*args, **kwargs)
        try:
            both.wait(MOMENT)
        except BrokenBarrierError:
            both.reset()
        return found

    return looked


def carry_out_at_once(tenant, runs):
    def one(run):
        try:
            with tenant_only(tenant):
                work(str(run.pk))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(runs)) as pool:
        list(pool.map(one, runs))


def test_one_file_imported_twice_at_once_makes_each_record_once(tenant_a, member):
    text = "name,city\n" + "".join(f"Company {number},Oslo\n" for number in range(20))
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        runs = [begin(sara, "companies", text, match="name") for _time in range(2)]
    with mock.patch.object(batches, "existing", meeting(batches.existing)):
        carry_out_at_once(tenant_a, runs)
    with in_tenant(tenant_a):
        for run in runs:
            run.refresh_from_db()
        assert {run.status for run in runs} == {"done"}
        assert records("companies").count() == 20
        assert sorted(run.counts["created"] for run in runs) == [0, 20]


def test_what_two_files_name_is_made_once(tenant_a, member):
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        texts = [f"name,company\n{name},Nova\n" for name in "AB"]
        runs = [begin(sara, "deals", text, match="name", create_missing=["company"]) for text in texts]
    with mock.patch.object(labels.Labels, "_records", meeting(labels.Labels._records)):
        carry_out_at_once(tenant_a, runs)
    with in_tenant(tenant_a):
        assert records("companies").filter(name="Nova").count() == 1
        assert records("deals").exclude(company=None).count() == 2

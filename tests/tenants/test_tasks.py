"""A task runs in the tenant whose message it is, and without a good tenant not at all."""

from uuid import UUID, uuid4

import pytest
from celery import current_app, shared_task
from prometheus_client import REGISTRY
from rows import made, new_team

from kernel.access.models import Team
from kernel.tenancy.context import (
    NoTenant,
    OutsideTransaction,
    TenantSwitch,
    current_tenant,
    get_tenant,
    in_tenant,
    tenant_only,
)
from kernel.tenancy.tasks import HEADER, PlatformTask, TenantTask, seal
from tenants.lifecycle import suspend
from tenants.models import Tenant

RAN: list[str] = []


@shared_task(base=TenantTask, name="tests.add")
def add(name: str) -> str:
    new_team(name)
    RAN.append(name)
    return get_tenant().subdomain


@shared_task(base=TenantTask, name="tests.add_then_fail")
def add_then_fail(name: str) -> None:
    new_team(name)
    raise ZeroDivisionError


class LongTask(TenantTask):
    abstract = True
    atomic = False


@shared_task(base=LongTask, name="tests.long")
def long(name: str) -> None:
    with in_tenant(get_tenant()):
        new_team(name)
    Team.objects.count()


@shared_task(base=PlatformTask, name="tests.platform")
def platform() -> int:
    assert current_tenant.get() is None
    return Tenant.objects.count()


@pytest.fixture(autouse=True)
def nothing_ran():
    RAN.clear()


def run(task, *args, tenant=None, header=None, task_id=None):
    """Execute a message as a worker does."""
    task_id = task_id or str(uuid4())
    if tenant is not None:
        header = seal(tenant.pk, task.name, task_id)
    headers = {HEADER: header} if header is not None else {}
    return task.apply(args, task_id=task_id, headers=headers)


def refusals(reason: str) -> float:
    return REGISTRY.get_sample_value("peyvand_tasks_refused_total", {"reason": reason}) or 0.0


def test_a_message_runs_in_its_tenant(tenant_a, tenant_b):
    assert run(add, "t:b", tenant=tenant_b).get() == "b"
    with in_tenant(tenant_b):
        assert made() == ["t:b"]
    with in_tenant(tenant_a):
        assert made() == []


def test_the_tenant_does_not_outlive_the_task(tenant_a):
    run(add, "t:1", tenant=tenant_a)
    assert current_tenant.get() is None


def test_a_task_that_fails_leaves_nothing(tenant_a):
    assert run(add_then_fail, "t:1", tenant=tenant_a).state == "FAILURE"
    with in_tenant(tenant_a):
        assert made() == []


def test_enqueuing_without_a_tenant_is_refused():
    with pytest.raises(NoTenant):
        add.delay("t:1")


def test_calling_a_task_without_a_tenant_is_refused():
    with pytest.raises(NoTenant):
        add("t:1")


def test_calling_a_task_directly_stays_in_the_callers_tenant(tenant_a):
    with in_tenant(tenant_a):
        assert add("t:direct") == "a"
        assert made() == ["t:direct"]


def test_a_message_sent_from_a_tenant_carries_it(tenant_a):
    with current_app.connection_for_read() as connection:
        # What another test of this process sent and nobody took lies in the same queue.
        connection.default_channel.queue_purge("celery")
        with in_tenant(tenant_a):
            result = add.apply_async(["t:sent"])
        message = connection.default_channel.basic_get("celery", no_ack=True)
    assert message.headers["id"] == result.id
    assert run(add, "t:sent", header=message.headers[HEADER], task_id=result.id).get() == "a"


@pytest.mark.parametrize("tenant_is_set", [True, False])
def test_a_message_without_a_tenant_is_not_executed(tenant_a, tenant_is_set):
    before = refusals("missing")
    with tenant_only(tenant_a if tenant_is_set else None):
        result = run(add, "t:1")
    assert result.state == "REJECTED"
    assert RAN == []
    assert refusals("missing") == before + 1


def test_a_message_of_an_unknown_tenant_is_not_executed():
    class Stranger:
        pk = UUID(int=7)

    assert run(add, "t:1", tenant=Stranger).state == "REJECTED"
    assert RAN == []


def test_a_message_of_a_tenant_that_was_removed_is_not_executed(tenant_a):
    header_of_before = tenant_a
    Tenant.objects.filter(pk=tenant_a.pk).delete()
    assert run(add, "t:1", tenant=header_of_before).state == "REJECTED"
    assert RAN == []


def test_a_message_of_a_suspended_tenant_is_not_executed(tenant_a):
    suspend(tenant_a, "Unpaid.")
    before = refusals("suspended")
    assert run(add, "t:1", tenant=tenant_a).state == "REJECTED"
    assert refusals("suspended") == before + 1
    assert RAN == []


@pytest.mark.parametrize(
    "forge",
    [
        lambda a, b, task_id: str(b.pk),
        lambda a, b, task_id: f"{b.pk}:{seal(a.pk, add.name, task_id).partition(':')[2]}",
        lambda a, b, task_id: seal(b.pk, add_then_fail.name, task_id),
        lambda a, b, task_id: seal(b.pk, add.name, str(uuid4())),
        lambda a, b, task_id: "t_b",
        lambda a, b, task_id: "not-a-uuid:x",
    ],
    ids=["unsigned", "another tenant's", "another task's", "another message's", "a schema", "nonsense"],
)
def test_a_forged_header_is_not_executed(tenant_a, tenant_b, forge):
    task_id = str(uuid4())
    assert run(add, "t:1", header=forge(tenant_a, tenant_b, task_id), task_id=task_id).state == "REJECTED"
    assert RAN == []


def test_a_message_of_one_tenant_inside_a_transaction_of_another_fails(tenant_a, tenant_b):
    with in_tenant(tenant_a):
        result = run(add, "t:1", tenant=tenant_b)
    assert isinstance(result.result, TenantSwitch)
    assert RAN == []


def test_long_work_opens_its_own_transactions(tenant_a):
    result = run(long, "t:inside", tenant=tenant_a)
    assert isinstance(result.result, OutsideTransaction)
    with in_tenant(tenant_a):
        assert made() == ["t:inside"]


def test_a_task_of_the_platform_has_no_tenant(tenant_a):
    with tenant_only(tenant_a):
        assert platform.apply().get() == 2


def test_a_task_survives_its_worker():
    for task in (add, platform):
        assert task.acks_late
        assert task.reject_on_worker_lost


def test_every_task_says_where_it_runs():
    from config.celery import app

    app.loader.import_default_modules()
    tasks = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert tasks
    assert [name for name, task in tasks.items() if not isinstance(task, TenantTask | PlatformTask)] == []

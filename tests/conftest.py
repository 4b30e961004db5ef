"""What every test stands on: two standing tenants, a cast of seven, and a transaction that is rolled back.

`tenant_a` (English, US dollars, Gregorian) and `tenant_b` (Persian, Rial shown in Toman, Jalali) are made once and
committed. In A: sara (admin), reza and mina (reps of two teams), kian (read-only), nima (support), leila (manager).
In B: eve (admin). A test uses them by `client_for("reza")`, `api_for("eve")`, `member("mina")`, `with in_tenant(...)`
or the fixture `in_a`. Tests in tests/unit get no database; elsewhere `@pytest.mark.nodb` says that one needs none.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.db import connections
from django.test import Client

ALIASES = ["default", "platform"]
REALLY_COMMITS = {"transactional_db", "live_server", "django_db_reset_sequences", "django_db_serialized_rollback"}


class _Run:
    blocker: Any = None
    is_emptied = False


# Before pytest-django sorts the tests that really commit to the end, which it tells by this mark.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark is None:
            if "tests/unit/" in item.path.as_posix() or item.get_closest_marker("nodb"):
                continue
            item.add_marker(pytest.mark.django_db(databases=ALIASES))
        elif "databases" not in mark.kwargs:
            item.add_marker(pytest.mark.django_db(*mark.args, **mark.kwargs, databases=ALIASES), append=False)


def pytest_collection_finish() -> None:
    from config.collecting import collect_seldom

    collect_seldom()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if _Run.is_emptied:
        from standing import put_back

        with _Run.blocker.unblock():
            put_back()
            connections.close_all()
        _Run.is_emptied = False


def pytest_runtest_teardown(item: pytest.Item) -> None:
    mark = item.get_closest_marker("django_db")
    if (mark and mark.kwargs.get("transaction")) or REALLY_COMMITS.intersection(getattr(item, "fixturenames", ())):
        _Run.is_emptied = True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from standing import make_standing

    from config.celery import app

    app.conf.update(broker_url="memory://", result_backend=None, task_always_eager=False)
    _Run.blocker = django_db_blocker
    with django_db_blocker.unblock():
        make_standing()
        connections.close_all()
    yield


@pytest.fixture(autouse=True)
def _fresh_memory() -> None:
    from standing import forget_what_tests_did

    forget_what_tests_did()
    caches["platform"].clear()


@pytest.fixture
def tenant_a() -> Any:
    return _tenant("a")


@pytest.fixture
def tenant_b() -> Any:
    return _tenant("b")


@pytest.fixture
def in_a(tenant_a: Any) -> Iterator[Any]:
    """The whole test inside A's transaction: for tests that call Python, not for those that make requests."""
    from kernel.tenancy.context import in_tenant

    with in_tenant(tenant_a):
        yield tenant_a


@pytest.fixture
def owner_in_a(tenant_a: Any) -> Iterator[Any]:
    """As `in_a`, with the right to make and change tables."""
    from kernel.tenancy.context import as_owner, in_tenant

    with as_owner(), in_tenant(tenant_a):
        yield tenant_a


@pytest.fixture
def in_b(tenant_b: Any) -> Iterator[Any]:
    from kernel.tenancy.context import in_tenant

    with in_tenant(tenant_b):
        yield tenant_b


@pytest.fixture
def member() -> Callable[[str], Any]:
    """`member("reza")`: the Member; to be called inside the tenant."""
    from standing import CAST

    from kernel.access.models import Member

    return lambda name: Member.objects.get(pk=CAST[name].member_id)


@pytest.fixture
def at() -> Callable[..., Client]:
    """`at("a")`: a browser that is not signed in, at this subdomain; `at("")` at the public site."""
    return lambda subdomain="a", **more: Client(HTTP_HOST=_host(subdomain), **more)


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """`client_for("reza")`: a browser in which reza is signed in at his tenant."""
    return _signed_in


@pytest.fixture
def api_for() -> Callable[..., "Api"]:
    """`api_for("reza")`: an API client with a key of reza's; bodies are JSON unless a content type is given."""
    from standing import CAST

    from kernel.access.models import ApiKey, Member
    from kernel.tenancy.context import in_tenant

    def make(name: str, **more: Any) -> Api:
        person = CAST[name]
        with in_tenant(_tenant(person.tenant)):
            _key, secret = ApiKey.issue(name="test", member=Member.objects.get(pk=person.member_id))
        return Api(HTTP_HOST=_host(person.tenant), HTTP_AUTHORIZATION=f"Bearer {secret}", **more)

    return make


@pytest.fixture
def posting(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """`with posting():` what is to go out after the commit (mail above all) goes out at its end."""
    from contextlib import contextmanager

    from config.celery import app

    @contextmanager
    def run() -> Iterator[None]:
        eager = app.conf.task_always_eager
        app.conf.task_always_eager = True
        try:
            with (
                django_capture_on_commit_callbacks(using="default", execute=True),
                django_capture_on_commit_callbacks(using="platform", execute=True),
            ):
                yield
        finally:
            app.conf.task_always_eager = eager

    return run


class Api(Client):
    def generic(self, method: str, path: str, data: Any = "", content_type: str = "", *rest: Any, **more: Any) -> Any:
        return super().generic(method, path, data, content_type or "application/json", *rest, **more)

    def post(self, path: str, data: Any = None, content_type: str = "application/json", **more: Any) -> Any:
        return super().post(path, {} if data is None else data, content_type, **more)

    def patch(self, path: str, data: Any = None, content_type: str = "application/json", **more: Any) -> Any:
        return super().patch(path, {} if data is None else data, content_type, **more)


def _signed_in(name: str, **more: Any) -> Client:
    from standing import CAST

    from kernel.accounts.models import Identity
    from kernel.accounts.sessions import SessionStore

    person = CAST[name]
    identity = Identity.objects.get(pk=person.identity_id)
    session = SessionStore()
    session.update(
        {
            "identity": str(identity.pk),
            "tenant": str(_tenant(person.tenant).pk),
            "epoch": identity.session_epoch,
            "ip": "127.0.0.1",
            "agent": "test",
        }
    )
    session.create()
    client = Client(HTTP_HOST=_host(person.tenant), **more)
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def _tenant(key: str) -> Any:
    from tenants.models import Tenant

    return Tenant.objects.get(subdomain=key)


def _host(subdomain: str) -> str:
    return f"{subdomain}.{settings.BASE_DOMAIN}" if subdomain else settings.BASE_DOMAIN

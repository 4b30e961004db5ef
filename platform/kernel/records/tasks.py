"""What is done about custom fields, and for search, after the request that asked for it."""

from uuid import UUID

from celery import shared_task

from kernel.records import own_indexes, own_search, vocabulary
from kernel.tenancy.context import get_tenant, in_tenant
from kernel.tenancy.tasks import TenantTask

HOUR = 60 * 60_000


@shared_task(base=TenantTask, name="records.index_if_long", atomic=False, statement_timeout_ms=HOUR)
def index_if_long(field: str) -> None:
    with in_tenant(get_tenant()):
        is_wanted = own_indexes.want_if_long(UUID(field))
    if is_wanted:
        own_indexes.keep(UUID(field))


@shared_task(base=TenantTask, name="records.keep_indexes", atomic=False, statement_timeout_ms=HOUR)
def keep_indexes(field: str) -> None:
    own_indexes.keep(UUID(field))


@shared_task(base=TenantTask, name="records.search_again", atomic=False)
def search_again(field: str) -> None:
    own_search.search_again(UUID(field))


@shared_task(base=TenantTask, name="records.gather_words", atomic=False)
def gather_words() -> None:
    vocabulary.gather()

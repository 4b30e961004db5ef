"""What the tests of importing share: a file from text, an import carried through, the records that came of it."""

import io
from typing import Any

from kernel.access.actor import Actor, actor_for
from kernel.records.change import create
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.runs.work import work
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.transfer import imports, mapping


def upload(actor: Actor, slug: str, text: str | bytes, name: str = "file.csv", **source: Any) -> Run:
    content = text if isinstance(text, bytes) else text.encode()
    return imports.upload(actor, slug, io.BytesIO(content), name, source)


def begin(actor: Actor, slug: str, text: str | bytes, columns: Any = None, values: Any = (), **options: Any) -> Run:
    run = upload(actor, slug, text)
    access = actor.access(registry[slug])
    entries = mapping.load(run.params["mapping"])
    if columns is not None:
        entries = mapping.read_mapping(access, run.params["header"], columns)
    for column, theirs, ours in values:
        mapping.add_values(entries, access, column, theirs, ours)
    imports.describe(run, actor, entries, options)
    imports.begin(run, actor)
    return run


def carry_out(tenant: Any, run: Run) -> Run:
    with tenant_only(tenant):
        work(str(run.pk))
    with in_tenant(tenant):
        run.refresh_from_db()
    return run


def import_text(tenant: Any, actor: Actor, slug: str, text: str | bytes, columns: Any = None, **rest: Any) -> Run:
    return carry_out(tenant, begin(actor, slug, text, columns, **rest))


def make(member: Any, slug: str, name: str, **values: Any) -> Any:
    return create(actor_for(member, "page").access(registry[slug]), {"name": name, **values})


def records(slug: str) -> Any:
    return registry[slug].model.objects.alive()


def reasons(run: Run) -> list[str]:
    return [" ".join(problem.reasons) for problem in run.problems.order_by("pk")]

"""One of everything in a tenant, and the way from any URL pattern to an address of it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from own_fields import make as own_field
from standing import CAST

from crm_core.leads.models import Submission
from crm_core.sales.models import Stage
from crm_core.teamwork.mailing import leave_url
from crm_core.teamwork.models import Notification
from crm_core.teamwork.preferences import ASSIGNED
from kernel.access.actor import actor_for, operator
from kernel.access.models import ApiKey, Member, Share
from kernel.accounts import resets
from kernel.accounts.models import Identity
from kernel.attachments.keeping import keep
from kernel.attachments.links import content_url
from kernel.attachments.models import FileVersion
from kernel.attachments.uploads import begin as begin_upload
from kernel.files.links import download_url
from kernel.files.storing import store
from kernel.lib.ids import uuid7
from kernel.privacy.models import Erasure
from kernel.records.change import create, delete, edit
from kernel.records.models import SavedView
from kernel.records.types import registry
from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant, in_tenant
from kernel.transfer import imports
from kernel.web.accounts.invitations import new_invitation, token_of

NOWHERE = "00000000-0000-7000-8000-000000000007"
"""An id that nothing has."""


def fill(tenant: Any, word: str, holder: str) -> dict[str, str]:
    """One of everything in a tenant, each with `word` in what can be read of it, in the hands of `holder`, a person of
    the cast; what each is known by, under the names that PARTS uses."""
    with in_tenant(tenant):
        records = _records(_member(holder), word)
        return {**records, **_things(_member(holder), word, records), **_runs(_member(holder), word)}


def theirs(tenant: Any, word: str, holder: str, about: Mapping[str, str]) -> dict[str, str]:
    """What a member alone has, of records that are there: files that were made for them, messages, keys, views."""
    with in_tenant(tenant):
        return {**_things(_member(holder), word, about), **_runs(_member(holder), word)}


def _member(name: str) -> Member:
    return Member.objects.get(pk=CAST[name].member_id)


def _records(member: Member, word: str) -> dict[str, str]:
    access = operator().access
    mine = {"owner": member.pk, "tags": []}

    def made(slug: str, **values: Any) -> Any:
        return create(access(registry[slug]), values)

    tag, other_tag = (made("tags", name=f"{word} {part}") for part in ("tag", "other"))
    company, twin = (made("companies", name=f"{word} {part}", **mine) for part in ("company", "twin"))
    contact = made("contacts", last_name=f"{word} contact", company=company.pk, **mine)
    lead = made("leads", name=f"{word} lead", company_name=f"{word} of the lead", **mine)
    deal = made("deals", name=f"{word} deal", amount=17, company=company.pk, **mine)
    gone, change_set = made("deals", name=f"{word} gone", **mine), uuid7()
    edit(access(registry["deals"]), deal, {"tags": [tag.pk], "amount": 19}, change_set=change_set)
    delete(access(registry["deals"]), gone)
    about = {"type": "deals", "id": str(deal.pk)}
    actor = actor_for(member, "page")
    task = create(actor.access(registry["tasks"]), {"subject": f"{word} task", "about": about, "owner": member.pk})
    note = create(actor.access(registry["notes"]), {"body": f"{word} note", "about": about})
    person = made("members", name=f"{word} person", email=f"{word}@example.com".lower())
    file = keep(actor, io.BytesIO(f"{word} content".encode()), f"{word}.txt", about)
    version = FileVersion.objects.select_related("stored", "file").get(file=file)
    form = made("lead-forms", name=f"{word} form", address=f"{word}-form".lower(), language="en")
    role = made("roles", name=f"{word} role", code=f"{word}-role".lower(), rules={"types": {}})
    pipeline = made("pipelines", name=f"{word} pipeline")
    stage = Stage.objects.filter(pipeline=pipeline).first() or made(
        "stages", name=f"{word} stage", pipeline=pipeline.pk, probability=10
    )
    named = {
        "tag": tag, "other_tag": other_tag, "company": company, "twin": twin, "contact": contact, "lead": lead,
        "deal": deal, "gone": gone, "task": task, "note": note, "person": person, "file": file,
        "team": made("teams", name=f"{word} team"), "role": role, "pipeline": pipeline, "stage": stage,
        "product": made("products", name=f"{word} product"), "reason": made("lost-reasons", name=f"{word} reason"),
        "source": made("sources", name=f"{word} source"), "status": made("lead-statuses", name=f"{word} status"),
        "field": own_field("text", f"{word} field", record_type="deals"),
    }  # fmt: skip
    return {name: str(record.pk) for name, record in named.items()} | {
        "change_set": str(change_set), "address": form.address, "own_stage": str(deal.stage_id),
        "content": content_url(version, actor).rpartition("/")[2],
        "invitation": token_of(new_invitation(person, member)),
    }  # fmt: skip


def _things(member: Member, word: str, records: Mapping[str, str]) -> dict[str, str]:
    """What is no record."""
    actor, deal = actor_for(member, "page"), records["deal"]
    Submission.objects.create(lead_id=records["lead"], sent={"name": f"{word} sent"})
    share = Share.objects.create(record_type="deals", record_id=deal, member=member, level="view")
    told = Notification.objects.create(
        member=member, kind=ASSIGNED, key=word, record_type="deals", record_id=deal, data={"text": f"{word} told"}
    )
    about = {"type": "deals", "id": deal}
    kept = {"record_type": "deals", "owner": member, "audience": "me", "params": {"status": "open"}}
    view = SavedView.objects.create(name=f"{word} view", **kept)
    gone_view = SavedView.objects.create(name=f"{word} gone view", deleted_at=timezone.now(), **kept)
    key, secret = ApiKey.issue(name=f"{word} key", member=member)
    upload = begin_upload(actor, f"{word}.txt", 5, about, None, None)
    identity = Identity.objects.get(pk=member.identity)
    return {
        "share": str(share.pk), "notification": str(told.pk), "view": str(view.pk), "gone_view": str(gone_view.pk),
        "key": str(key.pk), "secret": secret, "upload": str(upload.pk),
        "reset": resets.new_token(identity, get_tenant()), "leave": leave_url(actor, ASSIGNED).rpartition("/")[2],
    }  # fmt: skip


def _runs(member: Member, word: str) -> dict[str, str]:
    """A run of each kind, waiting or done, and a file that one left."""
    file = store(io.BytesIO(f"{word} result".encode()), f"{word}.csv", member=member)
    done: dict[str, Any] = {"member": member, "status": "done", "via": "page"}
    table = io.BytesIO(f"name\n{word} row\n".encode())
    imported = imports.upload(operator(), "companies", table, f"{word}.csv", {})
    Run.objects.filter(pk=imported.pk).update(member=member)  # who may be one that could not begin it
    files = {"csv": str(file.pk), "xlsx": str(file.pk)}
    result = {"file": str(file.pk), "files": files, "rows": 1, "columns": [], "lines": []}
    params = {"type": "deals", "format": "csv", "query": {}, "fields": None, "headers": "names"}
    exported = Run.objects.create(kind="export", title=f"{word} export", params=params, result=result, **done)
    question = {"report": "won", "by": "owner", "period": "", "from": None, "to": None}
    report = Run.objects.create(
        kind="report", title=f"{word} report", params=question,
        result={**result, "total": {"label": word, "url": "", "figures": [], "urls": []}}, **done,
    )  # fmt: skip
    bulk = Run.objects.create(kind="bulk", title=f"{word} bulk", params={"type": "deals"}, **done)
    person = Run.objects.create(
        kind="export-person", title=f"{word} person", result=result,
        params={"type": "contacts", "record": NOWHERE}, **done,
    )  # fmt: skip
    erasure = Erasure.objects.create(record_type="contacts", record_id=NOWHERE, finished_at=timezone.now())
    undone = Run.objects.create(kind="undo", title=f"{word} undo", params={"type": "deals"}, **done)
    return {
        "import": str(imported.pk), "export": str(exported.pk), "report": str(report.pk), "bulk": str(bulk.pk),
        "person_run": str(person.pk), "erasure": str(erasure.pk), "undo": str(undone.pk), "stored": file.key,
        "download": download_url(file, member).rpartition("/")[2],
    }  # fmt: skip


# -- addresses

PARTS: tuple[tuple[str, dict[str, str]], ...] = (
    ("settings/members", {"pk": "person"}),
    ("settings/roles", {"pk": "role", "slug": "=deals"}),
    ("settings/teams", {"pk": "team"}),
    ("settings/tags", {"pk": "tag"}),
    ("settings/fields", {"pk": "field"}),
    ("settings/api", {"group": "=deals"}),
    ("settings/keys", {"pk": "key"}),
    ("settings/privacy/<uuid:pk>.json", {"pk": "erasure"}),
    ("settings/privacy", {"pk": "erasure"}),
    ("privacy/runs", {"pk": "person_run"}),
    ("settings/pipelines", {"pk": "pipeline", "pipeline": "pipeline"}),
    ("settings/stages", {"pk": "stage"}),
    ("settings/lost-reasons", {"pk": "reason"}),
    ("settings/sources", {"pk": "source"}),
    ("settings/leads", {"slug": "=lead-statuses", "pk": "status", "step": "=up"}),
    ("imports", {"pk": "import"}),
    ("exports", {"pk": "export"}),
    ("reports", {"pk": "report", "extension": "=csv"}),
    ("files", {"token": "download"}),
    ("attachments", {"token": "content"}),
    ("notifications/leave", {"token": "leave"}),
    ("notifications", {"pk": "notification"}),
    ("reset", {"token": "reset"}),
    ("join", {"token": "invitation"}),
    ("f", {"address": "address"}),
    ("uploads", {"pk": "upload", "number": "=1"}),
    ("changes/<uuid:pk>/restore", {"pk": "undo"}),
    ("changes/<uuid:pk>/status", {"pk": "bulk"}),
    ("changes/<uuid:pk>/cancel", {"pk": "bulk"}),
    ("changes/<uuid:pk>/problems", {"pk": "bulk"}),
    ("changes", {"pk": "change_set"}),
    ("trash", {"slug": "=deals", "pk": "gone"}),
    ("duplicates", {"slug": "=companies"}),
    ("r/leads", {"pk": "lead"}),
    ("r/files", {"pk": "file", "number": "=1"}),
    ("r/<slug:slug>/<uuid:pk>/restore", {"slug": "=deals", "pk": "gone"}),
    ("r/<slug:slug>/<uuid:pk>/cell", {"slug": "=deals", "pk": "deal", "name": "=amount"}),
    ("r/<slug:slug>/<uuid:pk>/unmerge", {"slug": "=companies", "pk": "company"}),
    ("r/<slug:slug>/<uuid:pk>/privacy", {"slug": "=contacts", "pk": "contact"}),
    ("r/<slug:slug>/pick", {"slug": "=tasks", "name": "=about"}),
    ("r/<slug:slug>/views/<uuid:key>/restore", {"slug": "=deals", "key": "gone_view"}),
    ("r/<slug:slug>/merge", {"slug": "=companies"}),
    ("r/<slug:slug>/alike", {"slug": "=companies"}),
    ("r/<slug:slug>/compose", {"slug": "=tasks"}),
    (
        "r/<slug:slug>",
        {
            "slug": "=deals", "pk": "deal", "name": "=win", "key": "view", "stage": "own_stage",
            "share_pk": "share",
        },
    ),
    ("api/v1/files", {"id": "file"}),
    ("api/v1/notifications", {"id": "notification"}),
    ("api/v1/<str:type>", {"type": "=deals", "id": "deal"}),
    ("api/v1/leads", {"id": "lead"}),
    ("api/v1/changes", {"pk": "change_set"}),
    ("api/v1/views", {"view": "view"}),
    ("api/v1/imports", {"pk": "import", "part": "=cancel"}),
    ("api/v1/exports", {"pk": "export", "part": "=result"}),
    ("api/v1/bulk", {"pk": "bulk", "part": "=cancel"}),
    ("api/v1/undos", {"pk": "undo", "part": "=cancel"}),
    ("api/v1/report-runs", {"pk": "report", "part": "=cancel"}),
    ("api/v1/<slug:slug>/<str:pk>/merge", {"slug": "=companies", "pk": "company"}),
    ("api/v1/<slug:slug>/<str:pk>/unmerge", {"slug": "=companies", "pk": "company"}),
    ("api/v1/<slug:slug>", {"slug": "=deals", "pk": "deal", "name": "=win", "share_pk": "share"}),
)  # fmt: skip
"""What stands for the parts of a route: a name of what was filled, or with "=" a word. The first that fits is taken."""


def routes(urlconf: str = "config.urls_tenant") -> dict[str, URLPattern]:
    """Every URL pattern, by its whole route. The API's second spelling, with a slash at the end, is left out."""
    found = dict(patterns(get_resolver(urlconf)))
    return {route: pattern for route, pattern in found.items() if not (route.endswith("/") and route[:-1] in found)}


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Each URL pattern with its whole route, in the order they are tried."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield before + str(pattern.pattern), pattern
        else:
            yield from patterns(pattern, before + str(pattern.pattern))


def path_of(route: str, ids: Mapping[str, str]) -> str:
    """The address of a route with these ids in it; what `ids` lacks becomes one that nothing has."""
    if route.startswith("^api"):
        return "/api/nothing"
    names = re.findall(r"<\w+:(\w+)>", route)
    parts = next((parts for start, parts in PARTS if names and f"{route}/".startswith(f"{start}/")), {})
    path = route
    for name in names:
        what = parts.get(name, name)
        value = what[1:] if what.startswith("=") else ids.get(what, NOWHERE)
        path = re.sub(rf"<\w+:{name}>", value, path)
    return f"/{path}"


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written meanwhile, on either side, is taken back; no more in the way of what is tested than the
    transaction around each test."""
    with ExitStack() as stack:
        for alias in ("platform", "default"):
            block = transaction.atomic(alias)
            block._from_testcase = True  # type: ignore[attr-defined]
            stack.enter_context(block)
            stack.callback(transaction.set_rollback, True, using=alias)
        yield

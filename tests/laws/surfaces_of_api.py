"""The API, files, runs, notifications, mail and the log, as Mina uses them."""

import io
from typing import Any

from django.core import mail
from django.utils import timezone
from surfaces import surface
from surfaces_of_pages import is_listed

from crm_core.reporting.catalogue import REPORTS
from crm_core.teamwork.mailing import send_waiting
from crm_core.teamwork.models import Notification, Preferences
from crm_core.teamwork.notifying import notify
from crm_core.teamwork.preferences import KINDS, ONCE, RUN, SHARED
from kernel.events.models import Event
from kernel.records.sharing import may_share, share
from kernel.records.types import RecordType, registry
from kernel.tenancy.context import in_tenant, tenant_only
from kernel.web.logs import ContextFilter, JsonFormatter

V1 = "/api/v1"


@surface("API", "api/v1/<slug:slug>", "api/v1/<slug:slug>/<str:pk>", "api/v1/<str:type>/<str:id>/followers")
def records(mina: Any, rtype: RecordType, pk: Any) -> None:
    mina.get(f"{V1}/{rtype.slug}")
    mina.get(f"{V1}/{rtype.slug}/{pk}")
    if rtype.in_menu:
        mina.get(f"{V1}/{rtype.slug}/{pk}/followers")
        mina.post(f"{V1}/{rtype.slug}/{pk}/follow")
        mina.post(f"{V1}/{rtype.slug}/{pk}/unfollow")
    if not is_listed(rtype):
        return
    # What a refused write answers with: the words on a version that is old hold the record of now.
    mina.patch(f"{V1}/{rtype.slug}/{pk}?conflict=1", {rtype.label_field: "", "version": 0})
    mina.post(f"{V1}/{rtype.slug}", {})


surface("API", "api/v1/<str:type>/<str:id>/follow", "api/v1/<str:type>/<str:id>/unfollow")(records)


@surface("API", "api/v1/me", "api/v1/views", "api/v1/views/<str:view>", once=True)
def about_mina(mina: Any) -> None:
    mina.get(f"{V1}/me")
    for rtype in mina.types():
        mina.get(f"{V1}/views?type={rtype.slug}")
        for saved in mina.scene.views.get(rtype.slug, []):
            mina.get(f"{V1}/views/{saved}")


@surface("sharing", "api/v1/<slug:slug>/<str:pk>/shares", "api/v1/<slug:slug>/<str:pk>/shares/<str:share_pk>")
def shares(mina: Any, rtype: RecordType, pk: Any) -> None:
    if rtype.in_menu:
        mina.get(f"{V1}/{rtype.slug}/{pk}/shares")
        mina.get(f"{V1}/{rtype.slug}/{pk}/shares/{pk}")


@surface("API verb", "api/v1/<slug:slug>/<str:pk>/<slug:name>")
def verbs(mina: Any, rtype: RecordType, pk: Any) -> None:
    for verb in rtype.verbs:
        mina.post(f"{V1}/{rtype.slug}/{pk}/{verb.name}", {"nonsense": 1})


@surface("aggregate", "api/v1/<slug:slug>/aggregate")
def aggregates(mina: Any, rtype: RecordType, pk: Any) -> None:
    for name, spec in mina.readable(rtype).items():
        if spec.kind.can_group and name not in ("created_at", "updated_at"):
            mina.get(f"{V1}/{rtype.slug}/aggregate?group={name}")
    mina.get(f"{V1}/{rtype.slug}/aggregate")


@surface("search match and snippet", "api/v1/search", once=True)
def searching(mina: Any) -> None:
    for slug in ("deals", "contacts", "tasks"):
        mina.get(f"{V1}/search?q={mina.scene.records[slug].label}")


@surface("timeline", "api/v1/<slug:slug>/<str:pk>/timeline")
def timelines(mina: Any, rtype: RecordType, pk: Any) -> None:
    mina.get(f"{V1}/{rtype.slug}/{pk}/timeline")


@surface("change set", "api/v1/changes/<str:pk>")
def change_sets(mina: Any, rtype: RecordType, pk: Any) -> None:
    if is_listed(rtype) and (made := mina.scene.sets.get(rtype.slug)):
        mina.get(f"{V1}/changes/{made}")


@surface("duplicate hint and merge", "api/v1/<slug:slug>/<str:pk>/merge", "api/v1/<slug:slug>/<str:pk>/unmerge")
def duplicates(mina: Any, rtype: RecordType, pk: Any) -> None:
    if rtype.duplicate_keys:
        mina.post(f"{V1}/{rtype.slug}/{pk}/merge", {"others": [str(pk)]}, str(pk))
        mina.post(f"{V1}/{rtype.slug}/{pk}/unmerge")


@surface("batch", "api/v1/<slug:slug>/batch")
def batches(mina: Any, rtype: RecordType, pk: Any) -> None:
    if not is_listed(rtype):
        return
    operations = [
        {"op": "update", "id": str(pk), "version": 0, "values": {rtype.label_field: ""}},
        {"op": "create", "values": {}},
    ]
    mina.post(f"{V1}/{rtype.slug}/batch", {"operations": operations, "mode": "each"})


@surface("OpenAPI", "api/v1/schema", once=True)
def openapi(mina: Any) -> None:
    mina.get(f"{V1}/schema")


# -- runs and what they leave


@surface(
    "export", "exports", "exports/<uuid:pk>", "exports/<uuid:pk>/status", "exports/<uuid:pk>/download",
    "files/<str:token>", "api/v1/exports", "api/v1/exports/<str:pk>", "api/v1/exports/<str:pk>/<slug:part>",
    also=("run:export", "file:csv", "file:xlsx"),
)  # fmt: skip
def exports(mina: Any, rtype: RecordType, pk: Any) -> None:
    if not is_listed(rtype):
        return
    for file_format, headers in (("csv", "names"), ("xlsx", "labels")):
        asked = {"type": rtype.slug, "format": file_format, "headers": headers}
        if url := mina.started(f"{V1}/exports", asked):
            mina.get(f"{url}/result")
    if rtype.slug != "deals":
        return
    begun = mina.post("/exports", {"type": rtype.slug, "format": "csv", "query": "view=list"})
    url = mina.carried_out(begun)
    mina.follow(begun)
    mina.get(f"{url}/status")
    mina.follow(mina.get(f"{url}/download"))


@surface("export", once=True)
def all_exports(mina: Any) -> None:
    mina.get(f"{V1}/exports")


@surface(
    "import", "imports", "imports/new", "imports/<uuid:pk>", "imports/<uuid:pk>/file", "imports/<uuid:pk>/columns",
    "imports/<uuid:pk>/values", "imports/<uuid:pk>/preview", "imports/<uuid:pk>/answers", "imports/<uuid:pk>/status",
    "imports/<uuid:pk>/undo", "imports/<uuid:pk>/problems", "api/v1/imports", "api/v1/imports/<str:pk>",
    "api/v1/imports/<str:pk>/<slug:part>", "api/v1/undos", "api/v1/undos/<str:pk>",
    "api/v1/undos/<str:pk>/<slug:part>", also=("run:import", "run:undo"), once=True,
)  # fmt: skip
def imports(mina: Any) -> None:
    """A file with a column for each field: what she may not know is matched by nothing."""
    for slug in ("companies", "deals"):
        header = ["name", *registry[slug].declared()]
        rows = ",".join(header) + "\n" + ",".join("x" for _name in header) + "\n"
        file = io.BytesIO(rows.encode())
        file.name = "file.csv"
        mina.get("/imports/new")
        begun = mina.post("/imports/new", {"type": slug, "file": file})
        url = begun.goes_to.removesuffix("/columns")
        assert url, begun
        for page in ("/file", "/columns", "/values", "/preview", "/status"):
            mina.get(url + page)
        mina.post(f"{url}/columns", {"field-0": "name", "match": "name"})
        mina.get(f"{url}/values")
        mina.get(f"{url}/preview")
        mina.carried_out(mina.post(f"{url}/preview"), url)
        for page in ("", "/status", "/problems", "/undo"):
            mina.get(url + page)
        mina.post(f"{url}/answers", {})
        pk = url.rpartition("/")[2]
        mina.get(f"{V1}/imports/{pk}")
        mina.get(f"{V1}/imports/{pk}/problems")
        undone = mina.post(f"{V1}/undos", {"change_set": pk})
        mina.get(f"{V1}/undos/{undone.pk or pk}")
        mina.get(f"{V1}/undos/{undone.pk or pk}/problems")
    for path in ("/imports", f"{V1}/imports", f"{V1}/undos"):
        mina.get(path)


@surface(
    "bulk", "api/v1/<slug:slug>/bulk", "api/v1/bulk", "api/v1/bulk/<str:pk>", "api/v1/bulk/<str:pk>/<slug:part>",
    "changes/<uuid:pk>/problems", also=("run:bulk",), once=True,
)  # fmt: skip
def bulk(mina: Any) -> None:
    """Of a record whose name is taken away: it is refused, with the reason."""
    for slug in ("companies", "deals"):
        wish = {"ids": [str(mina.scene.records[slug].pk)], "set": {"name": ""}}
        mina.post(f"{V1}/{slug}/bulk", wish)
        url = mina.started(f"{V1}/bulk", {"type": slug, **wish})
        if not url:
            continue
        pk = url.rpartition("/")[2]
        for page in (url, f"{url}/problems", f"/changes/{pk}", f"/changes/{pk}/status", f"/changes/{pk}/problems"):
            mina.get(page)
    mina.get(f"{V1}/bulk")


@surface(
    "report", "reports", "reports/<uuid:pk>", "reports/<uuid:pk>/status",
    "reports/<uuid:pk>/download/<slug:extension>", "api/v1/report-runs", "api/v1/report-runs/<str:pk>",
    "api/v1/report-runs/<str:pk>/<slug:part>", also=("run:report",), once=True,
)  # fmt: skip
def reports(mina: Any) -> None:
    mina.get("/reports")
    for code, report in REPORTS.items():
        for by in report.groupings:
            url = mina.started(f"{V1}/report-runs", {"report": code, "by": by})
            if not url:
                continue
            mina.get(f"{url}/csv")
            pk = url.rpartition("/")[2]
            mina.get(f"/reports/{pk}")
            mina.get(f"/reports/{pk}/status")
            mina.follow(mina.get(f"/reports/{pk}/download/xlsx"))
    mina.get(f"{V1}/report-runs")


@surface(
    "files", "uploads", "uploads/<uuid:pk>", "uploads/<uuid:pk>/<int:number>", "attachments/<str:token>",
    "r/files/<uuid:pk>/content", "api/v1/files", "api/v1/files/<str:id>/content", "api/v1/files/<str:id>/versions",
    once=True,
)  # fmt: skip
def files(mina: Any) -> None:
    pk = mina.scene.records["files"].pk
    mina.get(f"{V1}/files")
    mina.get(f"{V1}/files/{pk}/content")
    mina.get(f"{V1}/files/{pk}/versions")
    mina.follow(mina.get(f"/r/files/{pk}/content"))
    begun = mina.post("/uploads", {"name": "a.txt", "size": "3", "file": str(pk)})
    upload = begun.pk or pk
    mina.get(f"/uploads/{upload}")
    mina.get(f"/uploads/{upload}/1")


@surface("submission", "api/v1/leads/<str:id>/submissions", once=True)
def submissions(mina: Any) -> None:
    mina.get(f"{V1}/leads/{mina.scene.records['leads'].pk}/submissions")


@surface("trash", "r/<slug:slug>/<uuid:pk>/restore")
def restoring(mina: Any, rtype: RecordType, pk: Any) -> None:
    if is_listed(rtype):
        mina.post(f"/r/{rtype.slug}/{pk}/restore")


# -- what is told without being asked


@surface(
    "notification and mail", "notifications", "notifications/bell", "notifications/<uuid:pk>",
    "api/v1/notifications", "api/v1/notifications/read-all", "api/v1/notifications/<str:id>/read",
    "api/v1/notifications/<str:id>/unread",
    also=(*(f"notification:{kind}" for kind in KINDS), "letter:single_letter", "letter:digest_letter"), once=True,
)  # fmt: skip
def notifications(mina: Any) -> None:
    """Each kind about each record, as it would be told of the event that made the record."""
    _tell(mina)
    mina.get("/notifications")
    mina.get("/notifications/bell")
    mina.get(f"{V1}/notifications?limit=200")
    _mail(mina, is_digest=False)
    _mail(mina, is_digest=True)
    for pk in mina.scene.told[:3]:
        mina.get(f"/notifications/{pk}")
        mina.post(f"{V1}/notifications/{pk}/read")
        mina.post(f"{V1}/notifications/{pk}/unread")
    mina.post(f"{V1}/notifications/read-all")


def _tell(mina: Any) -> None:
    with in_tenant(mina.tenant):
        for slug, record in mina.scene.records.items():
            if mina.scene.is_shared and may_share(access := mina.scene.actor.access(registry[slug]), record):
                share(access, record, mina.member, "view")
        channels = {kind: {"app": True, "mail": ONCE} for kind in KINDS}
        Preferences.objects.update_or_create(member=mina.member, defaults={"channels": channels})
        for kind in KINDS:
            for slug, record in mina.scene.records.items():
                events = Event.objects.filter(record_id=record.pk).order_by("pk")
                event = (events.filter(name__endswith=".shared") if kind == SHARED else events).first()
                if kind != RUN and event:
                    notify(
                        mina.member.pk, kind, key=f"{kind}:{slug}", record=(slug, record.pk), event=event.pk,
                        data={"due": mina.scene.now.isoformat()},
                    )  # fmt: skip
        for run in mina.runs():
            notify(mina.member.pk, RUN, key=f"run:{run}", data={"run": str(run)})
        mina.scene.told = list(Notification.objects.values_list("pk", flat=True)[:3])


def _mail(mina: Any, *, is_digest: bool) -> None:
    """All of it, in letters of its own or in one."""
    mail.outbox.clear()
    with in_tenant(mina.tenant):
        Notification.objects.update(mail_at=timezone.now(), mailed_at=None, is_digest=is_digest)
    with tenant_only(mina.tenant):
        send_waiting()
    for letter in mail.outbox:
        parts = [part.as_bytes().decode(errors="replace") for part in [letter.message()]]
        texts = [str(letter.subject), letter.body, *(body for body, _type in letter.alternatives), *parts]
        mina.told("mail", "/", "\n".join(texts))


@surface(
    "taking back", "changes/<uuid:pk>/undo", "changes/<uuid:pk>/restore", "api/v1/changes/<str:pk>/undo", once=True
)
def taking_back(mina: Any) -> None:
    """Last, for with what is taken back goes all that hangs on it."""
    for slug, door in (("deals", "/api/v1"), ("companies", "")):
        begun = mina.post(f"{door}/changes/{mina.scene.sets[slug]}/undo")
        mina.follow(begun)
        mina.post(f"/changes/{begun.pk or mina.scene.sets[slug]}/restore")


@surface("log line", also=("log",), once=True)
def log(mina: Any) -> None:
    """Everything that was logged while the others were called."""
    formatter, context, lines = JsonFormatter(), ContextFilter(), []
    for record in mina.logged():
        if not record.name.startswith("django.db"):  # statements with their values, which nobody turns on
            context.filter(record)
            lines.append(formatter.format(record))
    mina.told("log", "/", "\n".join(lines))

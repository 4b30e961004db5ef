"""The pages, as Mina opens them."""

import json
from typing import Any

from surfaces import surface

from kernel.records.types import RecordType
from kernel.search.finding import searched_types
from kernel.tenancy.context import in_tenant


def is_listed(rtype: RecordType) -> bool:
    return rtype.in_menu or rtype.parent


@surface("list", "r/<slug:slug>", "r/<slug:slug>/columns", "r/<slug:slug>/figures", "r/<slug:slug>/views/counts")
def lists(mina: Any, rtype: RecordType, pk: Any) -> None:
    mina.get(f"/r/{rtype.slug}?columns={','.join(rtype.specs())}")
    if is_listed(rtype):
        mina.get(f"/r/{rtype.slug}?view=list")
        mina.part(f"/r/{rtype.slug}/columns")
        mina.get(f"/r/{rtype.slug}/figures?exact=1")
        mina.get(f"/r/{rtype.slug}/views/counts")


@surface("saved view", "r/<slug:slug>/views/new", "r/<slug:slug>/views/<str:key>")
def saved_views(mina: Any, rtype: RecordType, pk: Any) -> None:
    for saved in mina.scene.views.get(rtype.slug, []):
        mina.get(f"/r/{rtype.slug}?view={saved}")
        mina.get(f"/r/{rtype.slug}/views/{saved}")
        mina.get(f"/r/{rtype.slug}/views/new?view={saved}")


@surface("board", "r/<slug:slug>/column/<uuid:stage>", "r/<slug:slug>/move", "r/<slug:slug>/<uuid:pk>/move")
def boards(mina: Any, rtype: RecordType, pk: Any) -> None:
    if rtype.board:
        by = rtype.specs()[rtype.board.by]
        to = by.value(mina.scene.records[rtype.slug])
        mina.get(f"/r/{rtype.slug}?layout=board")
        mina.get(f"/r/{rtype.slug}/column/{to}")
        mina.get(f"/r/{rtype.slug}/{pk}/move?to={to}", str(to))
        mina.post(f"/r/{rtype.slug}/move", {"id": str(pk), "to": str(to), "version": "0"}, str(to))


@surface(
    "form", "r/<slug:slug>/new", "r/<slug:slug>/<uuid:pk>/edit", "r/<slug:slug>/<uuid:pk>/<slug:name>",
    "r/<slug:slug>/compose", "r/<slug:slug>/<uuid:pk>/delete",
)  # fmt: skip
def forms(mina: Any, rtype: RecordType, pk: Any) -> None:
    if rtype.has_form:
        mina.get(f"/r/{rtype.slug}/new?" + "&".join(f"{name}={pk}" for name in rtype.specs()), str(pk))
    mina.get(f"/r/{rtype.slug}/{pk}/edit")
    if is_listed(rtype):
        mina.post(f"/r/{rtype.slug}/new", {rtype.label_field: ""})
        mina.post(f"/r/{rtype.slug}/{pk}/edit", {"version": "0", rtype.label_field: "", "base": "{}"})
        mina.get(f"/r/{rtype.slug}/{pk}/delete")
    for verb in rtype.verbs:
        mina.get(f"/r/{rtype.slug}/{pk}/{verb.name}")
    if rtype.compose:
        about = f"companies:{mina.scene.records['companies'].pk}"
        mina.post(f"/r/{rtype.slug}/compose", {"about": about}, about)


@surface("conversion", "r/leads/<uuid:pk>/convert", "r/leads/<uuid:pk>/unconvert", once=True)
def conversion(mina: Any) -> None:
    for pk in (mina.scene.records["leads"].pk, mina.scene.fresh_lead.pk):
        mina.get(f"/r/leads/{pk}/convert")
        mina.get(f"/r/leads/{pk}/unconvert")


@surface(
    "detail", "r/<slug:slug>/<uuid:pk>", "r/<slug:slug>/<uuid:pk>/place", "r/<slug:slug>/<uuid:pk>/access",
    "r/<slug:slug>/<uuid:pk>/files",
)  # fmt: skip
def details(mina: Any, rtype: RecordType, pk: Any) -> None:
    mina.get(f"/r/{rtype.slug}/{pk}")
    if is_listed(rtype):
        mina.part(f"/r/{rtype.slug}/{pk}?peek=1")
        mina.get(f"/r/{rtype.slug}/{pk}/place?view=list")
        mina.get(f"/r/{rtype.slug}/{pk}/access")
        mina.get(f"/r/{rtype.slug}/{pk}/files")


@surface("inline edit", "r/<slug:slug>/<uuid:pk>/cell/<str:name>")
def inline(mina: Any, rtype: RecordType, pk: Any) -> None:
    """Of each kind one field that she reads, and two that she does not."""
    if not is_listed(rtype):
        return
    readable = mina.readable(rtype)
    hidden = sorted(rtype.specs().keys() - readable.keys())
    for name in [*{spec.kind.name: name for name, spec in readable.items()}.values(), *hidden[:2]]:
        mina.get(f"/r/{rtype.slug}/{pk}/cell/{name}", name)
    mina.post(f"/r/{rtype.slug}/{pk}/cell/{rtype.label_field}", {rtype.label_field: "", "version": "0", "was": "1"})


@surface("filter", "r/<slug:slug>/filters", "r/<slug:slug>/filters/build")
def filters(mina: Any, rtype: RecordType, pk: Any) -> None:
    if is_listed(rtype):
        mina.part(f"/r/{rtype.slug}/filters")
        mina.part(f"/r/{rtype.slug}/filters/build")


@surface("group", "r/<slug:slug>/group")
def groups(mina: Any, rtype: RecordType, pk: Any) -> None:
    """By one field of each kind: the API is asked by all of them."""
    if is_listed(rtype):
        known = mina.readable(rtype).items()
        for name in {spec.kind.name: name for name, spec in known if spec.kind.can_group}.values():
            mina.part(f"/r/{rtype.slug}?group={name}", "list")
        mina.part(f"/r/{rtype.slug}/group?view=list")


@surface("picker", "r/<slug:slug>/options", "r/<slug:slug>/pick/<slug:name>", "r/<slug:slug>/mentionable")
def pickers(mina: Any, rtype: RecordType, pk: Any) -> None:
    mina.get(f"/r/{rtype.slug}/options?q=")
    for name, spec in rtype.specs().items():
        if spec.kind.name in ("about", "references"):
            mina.get(f"/r/{rtype.slug}/pick/{name}?q=")
    if rtype.in_menu:
        mina.get(f"/r/{rtype.slug}/mentionable?q=&about={rtype.slug}:{pk}")


@surface("timeline", "r/<slug:slug>/<uuid:pk>/timeline")
def timelines(mina: Any, rtype: RecordType, pk: Any) -> None:
    mina.part(f"/r/{rtype.slug}/{pk}/timeline")


@surface("change set", "changes/<uuid:pk>", "changes/<uuid:pk>/status")
def change_sets(mina: Any, rtype: RecordType, pk: Any) -> None:
    if made := mina.scene.sets.get(rtype.slug):
        mina.get(f"/changes/{made}")
        if is_listed(rtype):
            mina.get(f"/changes/{made}/status")


@surface("trash", "trash")
def trash(mina: Any, rtype: RecordType, pk: Any) -> None:
    """A canary lies in the trash too, for as long as this looks."""
    if not is_listed(rtype):
        return
    with in_tenant(mina.tenant):
        model = rtype.model
        model.objects.filter(pk=pk).update(deleted_at=mina.scene.now)
    mina.get(f"/trash?type={rtype.slug}")
    mina.get(f"/r/{rtype.slug}/{pk}")
    with in_tenant(mina.tenant):
        model.objects.filter(pk=pk).update(deleted_at=None)


@surface(
    "duplicate hint and merge", "r/<slug:slug>/alike", "r/<slug:slug>/merge", "duplicates/<slug:slug>",
    "r/<slug:slug>/<uuid:pk>/unmerge",
)  # fmt: skip
def duplicates(mina: Any, rtype: RecordType, pk: Any) -> None:
    if not rtype.duplicate_keys:
        return
    twin = mina.scene.twins[rtype.slug].pk
    specs = rtype.declared()
    record = mina.scene.records[rtype.slug]
    typed = {name: str(specs[name].value(record)) for key in rtype.duplicate_keys for name in key.fields}
    mina.post(f"/r/{rtype.slug}/alike", typed, *typed.values())
    mina.get(f"/duplicates/{rtype.slug}")
    mina.get(f"/r/{rtype.slug}/merge?ids={pk},{twin}")
    mina.get(f"/r/{rtype.slug}/merge?ids={pk}")
    mina.post(f"/r/{rtype.slug}/merge", {"ids": f"{pk},{twin}", "survivor": str(pk), "pick-nonsense": "1"})
    mina.post(f"/r/{rtype.slug}/{pk}/unmerge")


@surface("search match and snippet", "search", once=True)
def searching(mina: Any) -> None:
    for rtype in searched_types(mina.scene.actor):
        if record := mina.scene.records.get(rtype.slug):
            mina.get(f"/search?q={record.label}")
    mina.get("/search?q=")


@surface("palette", "palette", once=True)
def palette(mina: Any) -> None:
    mina.get("/palette")
    for slug in ("companies", "deals", "leads"):
        mina.get(f"/palette?q={mina.scene.records[slug].label}")


@surface("home and my day", "", "home/won", "tasks", once=True)
def home(mina: Any) -> None:
    for path in ("/", "/?whose=all", "/home/won", "/home/won?whose=all", "/tasks", "/tasks?member=all"):
        mina.get(path)


@surface(
    "settings of what people choose from", "settings/tags", "settings/tags/<uuid:pk>", "settings/tags/<uuid:pk>/merge",
    "settings/pipelines", "settings/pipelines/new", "settings/pipelines/<uuid:pk>",
    "settings/pipelines/<uuid:pipeline>/stages/new", "settings/stages/<uuid:pk>", "settings/stages/<uuid:pk>/moving",
    "settings/pipelines/<uuid:pk>/delete", "settings/stages/<uuid:pk>/delete", "settings/lost-reasons",
    "settings/lost-reasons/<uuid:pk>", "settings/sources", "settings/sources/<uuid:pk>", "settings/leads",
    "settings/forms", "settings/consent", once=True,
)  # fmt: skip
def chosen_from(mina: Any) -> None:
    at = {slug: record.pk for slug, record in mina.scene.records.items()}
    for page in ("tags", "pipelines", "lost-reasons", "sources", "leads", "forms", "consent"):
        mina.get(f"/settings/{page}")
    mina.get(f"/settings/tags/{at['tags']}")
    mina.get(f"/settings/tags/{at['tags']}/merge")
    mina.get("/settings/pipelines/new")
    mina.get(f"/settings/pipelines/{at['pipelines']}")
    mina.get(f"/settings/pipelines/{at['pipelines']}/stages/new")
    mina.get(f"/settings/pipelines/{at['pipelines']}/delete")
    for page in ("", "/moving", "/delete"):
        mina.get(f"/settings/stages/{at['stages']}{page}")
    mina.get(f"/settings/lost-reasons/{at['lost-reasons']}")
    mina.get(f"/settings/sources/{at['sources']}")


@surface("audit log", "settings/audit", "api/v1/audit", once=True)
def audit(mina: Any) -> None:
    for asked in ("", "?type=deals"):
        mina.get(f"/settings/audit{asked}")
        mina.get(f"/api/v1/audit{asked}")
    for slug in ("deals", "contacts", "leads"):  # of custom fields it tells those who may set them up, and know them
        if url := mina.started("/api/v1/exports", {"type": "audit-log", "query": {"type": slug}}):
            mina.get(f"{url}/result")


@surface("API page", "settings/api", "settings/api/<slug:group>", once=True)
def api_page(mina: Any) -> None:
    mina.get("/settings/api")
    mina.get("/settings/api/contacts")


@surface("bulk", "r/<slug:slug>/bulk")
def bulk(mina: Any, rtype: RecordType, pk: Any) -> None:
    if not is_listed(rtype):
        return
    for do in [act.name for act in mina.acts(rtype) if act.name not in ("delete", "export")]:
        mina.post(f"/r/{rtype.slug}/bulk", {"do": do, "step": "ask", "ids": str(pk)}, str(pk))
    names = json.dumps(sorted(rtype.specs()))
    mina.post(f"/r/{rtype.slug}/bulk", {"do": "edit", "step": "sum", "ids": str(pk), "field": names}, names)


@surface("error message", once=True)
def errors(mina: Any) -> None:
    nobody = "00000000-0000-7000-8000-000000000999"
    for path in (f"/r/deals/{nobody}", "/r/nonsense", f"/api/v1/deals/{nobody}", "/api/v1/nonsense"):
        mina.get(path)


PRIVACY = "r/<slug:slug>/<uuid:pk>/privacy"


@surface(
    "privacy", PRIVACY, f"{PRIVACY}/hold", f"{PRIVACY}/lift", f"{PRIVACY}/export", f"{PRIVACY}/erase",
    "privacy/runs/<uuid:pk>", "privacy/runs/<uuid:pk>/status", "privacy/runs/<uuid:pk>/download", "settings/privacy",
    also=("run:export-person", "run:erase-person"),
)  # fmt: skip
def privacy(mina: Any, rtype: RecordType, pk: Any) -> None:
    """Who sees not all there is exports nobody, and is told of nobody what erasing would take."""
    here = f"/r/{rtype.slug}/{pk}/privacy"
    mina.get(here)
    if not rtype.is_person:
        return
    mina.post(f"{here}/hold", {"reason": "Case 12"}, "Case 12")
    mina.get("/settings/privacy")
    mina.get(f"{here}/erase")
    mina.post(f"{here}/lift")
    mina.post(f"{here}/erase", {"typed": "Nobody", "proof": "nothing"})
    url = mina.carried_out(mina.post(f"{here}/export"))
    if url:
        mina.get(url)
        mina.get(f"{url}/status")
        mina.follow(mina.get(f"{url}/download"))

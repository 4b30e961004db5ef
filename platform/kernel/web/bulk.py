"""One change to many rows of a list: what, then how many and which not, then the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kernel.access.actor import Access
from kernel.records.change import check_editable
from kernel.records.kinds.relations import read_id
from kernel.records.selection import Selection
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.runs.models import Run
from kernel.transfer import bulk, exporting
from kernel.transfer.wishes import Wish, verb_of, verbs_in_bulk
from kernel.ui.fields import Field
from kernel.web.controls import Controls, label_of
from kernel.web.pages import go, list_crumb, page
from kernel.web.posted import typed
from kernel.web.reach import access_to, list_url

NOT_IN_BULK = ("rows", "facts", "about", "references", "relations", "file")


@dataclass(frozen=True)
class Act:
    """A button of the bar: what it is called where it is sent to."""

    name: str
    label: Any
    icon: str
    tone: str = ""


def bar_of(access: Access) -> list[Act]:
    """What this actor may do to many rows at once."""
    actor = access.actor
    acts = []
    if actor.may_system("bulk"):
        editable = access.editable() if access.may("edit") else {}
        if "owner" in editable:
            acts.append(Act("owner", _("Hand over"), "user-check"))
        if "tags" in editable:
            acts.append(Act("tags", _("Tags"), "tag"))
        if fields_of(access):
            acts.append(Act("edit", _("Edit"), "pencil"))
        acts += [Act(f"verb:{verb.name}", verb.label, verb.icon) for verb in verbs_in_bulk(access)]
        if access.may("delete"):
            acts.append(Act("delete", _("Delete"), "trash", "danger"))
    if actor.may_system("export"):
        acts.insert(
            len(acts) - (1 if acts and acts[-1].name == "delete" else 0), Act("export", _("Export"), "download")
        )
    return acts


def fields_of(access: Access) -> dict[str, FieldSpec]:
    """What may be set to the same for many: not what tells one record from another."""
    if not access.may("edit"):
        return {}
    return {
        name: spec
        for name, spec in access.editable().items()
        if not (spec.rows or spec.is_label or spec.kind.name in NOT_IN_BULK) and name != "tags"
    }


@dataclass
class Asked:
    """What was posted, as far as it makes sense."""

    selection: Selection
    act: str
    specs: list[FieldSpec]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)


@require_POST
def change(request: HttpRequest, slug: str) -> HttpResponse:
    access = access_to(request, slug)
    act = request.POST.get("do", "")
    try:
        selection = _selection(request.POST)
        if act == "export":
            return _export(request, access, selection)
        access.actor.check_system("bulk")
        asked = Asked(selection, act, _asked_for(access, act, request.POST))
        total = selection.count(access)
    except ValidationError as error:
        return go(request, list_url(slug), " ".join(error.messages), tone="bad")
    if total == 0:
        return go(request, _list(request, slug), _("Nothing is selected."), tone="warn")
    step = request.POST.get("step", "")
    has_nothing_to_ask = act == "delete" or (act.startswith("verb:") and not asked.specs)
    if step == "ask" or (not step and not has_nothing_to_ask):
        return _ask(request, access, asked, total)
    try:
        wish = _wish(access, asked, request.POST)
    except ValidationError as error:
        _note(asked, error)
        return _ask(request, access, asked, total, 422)
    if step == "go":
        return _go(request, access, bulk.begin(access.actor, slug, selection, wish))
    return _check(request, access, asked, wish)


def _selection(data: QueryDict) -> Selection:
    but = _listed(data, "except")
    if data.get("everything"):
        query = {name: ",".join(values) for name, values in QueryDict(data.get("query", "")).lists()}
        return Selection.read({"query": query, "except": but})
    return Selection.read({"ids": _listed(data, "ids")})


def _listed(data: QueryDict, name: str) -> list[str]:
    return [part for text in data.getlist(name) for part in text.split(",") if part]


def _list(request: HttpRequest, slug: str) -> str:
    query = request.POST.get("query", "")
    return f"{list_url(slug)}?{query}" if query else list_url(slug)


def _asked_for(access: Access, act: str, data: QueryDict) -> list[FieldSpec]:
    """The fields that a step asks for; raises ValidationError for a step that this actor does not have."""
    if act not in {known.name for known in bar_of(access)}:
        raise ValidationError(_("Your role does not allow this."))
    if act.startswith("verb:"):
        return verb_of(access, act.removeprefix("verb:")).asked(access)
    if act == "owner":
        editable = access.editable()
        return [editable[name] for name in ("owner", "team") if name in editable]
    if act == "edit":
        known = fields_of(access)
        check_editable(access, data.getlist("field"))
        return [known[name] for name in dict.fromkeys([*data.getlist("field"), data.get("add", "")]) if name in known]
    return []


def _wish(access: Access, asked: Asked, data: QueryDict) -> Wish:
    if asked.act == "delete":
        return Wish(is_delete=True).checked(access)
    if asked.act == "tags":
        spec = access.editable()["tags"]
        add, remove = (tuple(spec.parse(",".join(_listed(data, name)), access) or ()) for name in ("add", "remove"))
        return Wish(add=add, remove=remove).checked(access)
    problems: dict[str, Any] = {}
    for spec in asked.specs:
        text = ",".join(_listed(data, spec.name)) if spec.kind.is_list else typed(data, spec.name)
        try:
            value = spec.parse(text, access)
        except ValidationError as error:
            problems |= error.update_error_dict({})
            continue
        if spec.name == "team" and asked.act == "owner" and value is None:
            continue  # follows from the owner
        if asked.act.startswith("verb:") and value is None and not spec.required:
            continue
        asked.values[spec.name] = value
        if value in (None, "", []) and spec.required:
            problems[spec.name] = ValidationError(_("Fill this in."), code="required")
    if problems:
        raise ValidationError(problems)
    return Wish(asked.values, verb=asked.act.partition(":")[2]).checked(access)


def _note(asked: Asked, error: ValidationError) -> None:
    told: Mapping[str, list[str]] = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
    known = {spec.name for spec in asked.specs}
    asked.errors = {name: messages for name, messages in told.items() if name in known}
    asked.general = [message for name, messages in told.items() if name not in known for message in messages]


def _ask(request: HttpRequest, access: Access, asked: Asked, total: int, status: int = 200) -> HttpResponse:
    controls = Controls(access)
    data = request.POST
    if asked.act == "tags":
        spec = access.editable()["tags"]
        fields = [
            controls.field(spec, _ids(data, name), name=name, label=label, id=f"b-{name}")
            for name, label in (("add", _("Put on")), ("remove", _("Take off")))
        ]
    else:
        fields = [
            controls.field(
                spec, _ids(data, spec.name) if spec.kind.is_list else typed(data, spec.name) or _start(access, spec),
                errors=asked.errors.get(spec.name, []), id=f"b-{spec.name}",
            )
            for spec in asked.specs
        ]  # fmt: skip
    more = None
    if asked.act == "edit":
        rest = [(name, label_of(spec)) for name, spec in fields_of(access).items() if spec not in asked.specs]
        more = Field("add", _("Add a field"), "select", options=rest, empty=_("Choose a field…"), id="b-more")
    context = _context(request, access, asked, total) | {
        "fields": fields, "more": more, "general": asked.general, "fields_asked": [spec.name for spec in asked.specs],
        "may_go_on": bool(fields),
    }  # fmt: skip
    return _answer(request, "ask", context, status)


def _ids(data: QueryDict, name: str) -> list[UUID]:
    return [pk for text in _listed(data, name) if (pk := read_id(text))]


def _start(access: Access, spec: FieldSpec) -> Any:
    return access.actor.format.today() if spec.extra.get("starts") == "today" else ""


def _check(request: HttpRequest, access: Access, asked: Asked, wish: Wish) -> HttpResponse:
    found = bulk.preview(access, asked.selection, wish)
    context = _context(request, access, asked, found.total) | {
        "found": found, "values": _told(access, wish), "has_reasons": bool(found.reasons),
        "more_reasons": (found.refused or 0) - len(found.reasons), "is_long": found.total > bulk.AT_ONCE,
        "is_delete": wish.is_delete, "go_label": _("Save") if asked.act in ("edit", "tags") else "",
        "may_go_back": asked.act != "delete" and bool(asked.specs or asked.act == "tags"),
        "sent": [(name, text) for name, texts in request.POST.lists() if name not in KNOWN for text in texts],
    }  # fmt: skip
    return _answer(request, "check", context)


KNOWN = ("csrfmiddlewaretoken", "do", "step", "ids", "except", "everything", "query")


def _told(access: Access, wish: Wish) -> list[tuple[str, str]]:
    """The fields and what they will be."""
    told = [(wish.spec(access, name), value) for name, value in wish.values.items()]
    shown = Shown(access, [], [])
    wanted: dict[str, set[UUID]] = {"tags": {*wish.add, *wish.remove}}
    for spec, value in told:
        for slug, pk in spec.kind.references(spec, value):
            wanted.setdefault(slug, set()).add(pk)
    shown.labels.load({slug: ids for slug, ids in wanted.items() if ids})
    lines = [(label_of(spec), shown.value_text(spec, value) or _("(emptied)")) for spec, value in told]
    for label, ids in ((_("Put on"), wish.add), (_("Take off"), wish.remove)):
        names = [name for pk in ids if (name := shown.labels.get("tags", pk))]
        if names:
            lines.append((label, ", ".join(names)))
    return lines


def _context(request: HttpRequest, access: Access, asked: Asked, total: int) -> dict[str, Any]:
    act = next(known for known in bar_of(access) if known.name == asked.act)
    data, rtype = request.POST, access.rtype
    number = access.actor.format.number(total)
    what = {"what": act.label, "count": number}
    return {
        "heading": ngettext("%(what)s: %(count)s record", "%(what)s: %(count)s records", total) % what,
        "rtype": rtype, "act": act, "url": f"{list_url(rtype.slug)}/bulk", "cancel": _list(request, rtype.slug),
        "crumbs": [list_crumb(rtype)],
        "kept": [
            ("do", asked.act), ("query", data.get("query", "")), ("everything", data.get("everything", "")),
            ("ids", ",".join(_listed(data, "ids"))), ("except", ",".join(_listed(data, "except"))),
        ],
    }  # fmt: skip


def _answer(request: HttpRequest, step: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    template = "web/_bulk.html" if request.headers.get("HX-Request") else "web/bulk.html"
    return page(request, template, {**context, "part": f"web/_bulk_{step}.html"}, status)


def _go(request: HttpRequest, access: Access, run: Run) -> HttpResponse:
    if run.status != Run.Status.DONE:
        return go(request, f"/changes/{run.pk}")
    text, tone = said(access, run)
    undo = f"/changes/{run.pk}/undo" if run.counts.get("changed") else ""
    url = f"/changes/{run.pk}" if run.counts.get("refused") else ""
    return go(request, _list(request, access.rtype.slug), text, tone=tone, undo=undo, url=url)


def said(access: Access, run: Run) -> tuple[str, str]:
    """What came of it, in a sentence."""
    fmt, counts = access.actor.format, run.counts
    changed, refused = counts.get("changed", 0), counts.get("refused", 0)
    text = ngettext("%(count)s record was changed.", "%(count)s records were changed.", changed)
    told = text % {"count": fmt.number(changed)}
    if not refused:
        return told, "good"
    more = ngettext("%(count)s could not be changed.", "%(count)s could not be changed.", refused)
    return f"{told} {more % {'count': fmt.number(refused)}}", "warn"


def _export(request: HttpRequest, access: Access, selection: Selection) -> HttpResponse:
    run = exporting.start(
        access.actor, access.rtype.slug, file_format="xlsx", query=selection.query, headers="labels",
        selection=selection,
    )  # fmt: skip
    return go(request, f"/exports/{run.pk}")

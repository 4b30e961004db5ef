"""Making, changing, deleting and restoring a record; its verbs."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.actor import Access
from kernel.records import change
from kernel.records.change import NotFound, Stale
from kernel.records.duplicates import Duplicates, asking
from kernel.records.sensitive import note_shown
from kernel.records.specs import FieldSpec
from kernel.records.types import Verb
from kernel.web import alike
from kernel.web.controls import Controls
from kernel.web.forms import RecordForm
from kernel.web.pages import go, list_crumb, page, reload
from kernel.web.posted import typed
from kernel.web.reach import access_to, list_url, record_of, record_url, wants_json, way_back
from kernel.web.toasts import toast_header

form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
def new(request: HttpRequest, slug: str) -> HttpResponse:
    access = access_to(request, slug, "create")
    if not access.rtype.has_form:
        raise Http404
    if request.method == "POST":
        form = RecordForm(access, data=request.POST)
        values = form.read()
        if not form.errors:
            try:
                with asking("anyway" not in request.POST):
                    record = change.create(access, values)
            except Duplicates as error:
                return _form_page(request, access, form, status=422, duplicates=error)
            except ValidationError as error:
                form.add_errors(error)
            else:
                text = _("%(label)s was added.") % {"label": _named(access, record)}
                return go(request, way_back(request, record_url(slug, record.pk)), text, tone="good")
        return _form_page(request, access, form, status=422)
    return _form_page(request, access, RecordForm(access, prefill=_prefill(request, access)))


def _named(access: Access, record: Any) -> str:
    """What a record is called in a sentence: a note by its kind, for its text is no name."""
    return str(access.rtype.label) if access.rtype.parent else str(record.label)


def _prefill(request: HttpRequest, access: Access) -> dict[str, Any]:
    """What the address asks to start from (?company=ID): only what this actor could type, and silently not the rest."""
    found: dict[str, Any] = {}
    for name in request.GET:
        spec = access.editable().get(name)
        if spec is None or spec.rows:
            continue
        try:
            value = spec.parse(request.GET.get(name, ""), access)
            change.check_reach(access, spec, value)
        except ValidationError:
            continue
        found[name] = value
    return found


@form_page
def edit(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    access.check("edit", record)
    if request.method == "POST":
        form = RecordForm(access, record, request.POST)
        values = form.read()
        if not form.errors:
            try:
                _save(access, record, form, values, posted_version(request))
            except ValidationError as error:
                form.add_errors(error)
            except Stale:
                return _form_page(request, access, form, record, status=409)
            except NotFound as error:
                raise Http404 from error
            else:
                return go(request, way_back(request, record_url(slug, pk)), _("Saved."), tone="good")
        return _form_page(request, access, form, record, status=422)
    return _form_page(request, access, RecordForm(access, record), record)


def _save(access: Access, record: Any, form: RecordForm, values: dict[str, Any], version: int | None) -> None:
    """Save; where somebody was faster but changed other fields, save on top of theirs."""
    try:
        change.edit(access, record, values, version)
    except Stale as stale:
        if not form.merge(stale.record):
            raise
        change.edit(access, stale.record, form.remaining(), stale.record.version)


def posted_version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _form_page(
    request: HttpRequest,
    access: Access,
    form: RecordForm,
    record: Any | None = None,
    status: int = 200,
    duplicates: Duplicates | None = None,
) -> HttpResponse:
    rtype = access.rtype
    crumbs = [list_crumb(rtype)]
    if record is None:
        heading = _("Add %(type)s") % {"type": str(rtype.label).lower()}
        cancel = way_back(request, list_url(rtype.slug))
    else:
        heading = _("Edit %(label)s") % {"label": record.label}
        cancel = way_back(request, record_url(rtype.slug, record.pk))
        crumbs.append({"label": record.label, "url": record_url(rtype.slug, record.pk)})
        note_shown(access, form.specs.values(), [record])
    version = form.record.version if record is not None else None
    context = {
        "form": form, "rtype": rtype, "record": record, "heading": heading, "crumbs": crumbs, "cancel": cancel,
        "version": version, "next": request.POST.get("next") or request.GET.get("next") or "",
    }  # fmt: skip
    context["hint_url"] = alike.hint_url(access, record)
    if duplicates is not None:
        context["alike"] = alike.told(access, duplicates.found)
        context["alike_asks"], context["alike_refused"] = duplicates.may_insist, not duplicates.may_insist
    return page(request, "web/form.html", context, status)


@require_POST
def delete(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access = access_to(request, slug)
    record = record_of(access, pk)
    try:
        change.delete(access, record, posted_version(request))
    except Stale:
        return _overtaken(request, slug, pk)
    except NotFound as error:
        raise Http404 from error
    text = _("%(label)s was moved to the trash.") % {"label": _named(access, record)}
    back = way_back(request, list_url(slug))
    return go(request, back, text, undo=f"{record_url(slug, pk)}/restore")


@require_POST
def restore(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """From the trash page, or by the toast's Undo."""
    access = access_to(request, slug)
    record = access.records(deleted=True).filter(pk=pk).first()
    if record is None:
        record = record_of(access, pk)  # restored already, in another window
    else:
        try:
            change.restore(access, record)
        except NotFound as error:
            raise Http404 from error
        except ValidationError as error:
            return go(request, way_back(request, "/trash"), " ".join(error.messages), tone="bad")
    text = _("%(label)s was restored.") % {"label": _named(access, record)}
    if wants_json(request):
        return reload(text, tone="good", url=record_url(slug, pk))
    return go(request, way_back(request, record_url(slug, pk)), text, tone="good")


def _overtaken(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    text = _("Somebody changed this meanwhile, so nothing was done. Look at it again, then repeat the step.")
    return go(request, record_url(slug, pk), text, tone="warn")


# -- verbs


@form_page
def verb(request: HttpRequest, slug: str, pk: UUID, name: str) -> HttpResponse:
    """GET asks for the verb's fields, in a dialog or as a page; POST does it."""
    access = access_to(request, slug)
    found = access.rtype.verb(name)
    if found is None:
        raise Http404
    record = record_of(access, pk)
    access.check(found.permission or found.name, record)
    quiet = wants_json(request)
    if not found.applies(record):
        return _too_late(request, access, record, found)
    if request.method != "POST":
        return _verb_page(request, access, record, found, {}, [])
    asked = found.asked(access)
    change.refuse_read_only(access, [s.name for s in found.fields if s not in asked and s.name in request.POST], record)
    errors: dict[str, list[str]] = {}
    values: dict[str, Any] = {}
    # What a toast takes back stands in its address.
    data = request.POST or request.GET
    for spec in asked:
        if spec.name in data or f"{spec.name}__text" in data:
            try:
                value = spec.parse(typed(data, spec.name), access)
            except ValidationError as error:
                errors[spec.name] = error.messages
                continue
            if value is not None:
                values[spec.name] = value
    if errors:
        return _verb_page(request, access, record, found, errors, [])
    undo = _undo_url(access, record, found)
    try:
        found.action(record, access, version=posted_version(request), **values)
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        own = {spec.name for spec in found.fields}
        general = [message for key, messages in told.items() if key not in own for message in messages]
        return _verb_page(request, access, record, found, {k: m for k, m in told.items() if k in own}, general)
    except Stale as stale:
        if not found.applies(stale.record):
            return _too_late(request, access, stale.record, found)
        return _overtaken(request, slug, pk)
    except NotFound as error:
        raise Http404 from error
    text, tone = found.done or _("Saved."), found.tone or "good"
    if quiet and data.get("quiet"):
        return _told(text, tone=tone, undo=undo and f"{undo}&quiet=1")
    if quiet:
        return reload(text, tone=tone)
    return go(request, way_back(request, record_url(slug, pk)), text, tone=tone, undo=undo)


def _too_late(request: HttpRequest, access: Access, record: Any, found: Verb) -> HttpResponse:
    """The record is no longer one to do this to."""
    refusal = found.refusal(record, access)
    text = " ".join(refusal.messages) if refusal else _("This has been done already.")
    if wants_json(request):
        return _told(text, tone="warn")
    return go(request, record_url(access.rtype.slug, record.pk), text, tone="warn")


def _told(text: Any, **more: Any) -> HttpResponse:
    """A toast and nothing else, for a page that has shown the change already."""
    response = HttpResponse(status=204)
    response["HX-Trigger"] = toast_header(text, **more)
    return response


def _undo_url(access: Access, record: Any, verb: Verb) -> str:
    """Where the verb is taken back, as the record is before it; empty where that cannot be said."""
    back = access.rtype.verb(verb.undo) if verb.undo else None
    if back is None:
        return ""
    was = {name: spec.canonical(record) for name in verb.restores if (spec := access.readable().get(name))}
    if not all(was.values()):
        return ""
    return f"{record_url(access.rtype.slug, record.pk)}/{back.name}?{urlencode(was)}"


def _start(access: Access, record: Any, spec: FieldSpec) -> Any:
    """What a verb's field starts from: the record's own value, else what its declaration says."""
    value = spec.value(record) if spec.name in access.rtype.specs() else None
    return access.actor.format.today() if value is None and spec.extra.get("starts") == "today" else value


def _verb_page(
    request: HttpRequest, access: Access, record: Any, found: Verb, errors: dict[str, list[str]], general: list[str]
) -> HttpResponse:
    controls = Controls(access)
    is_post = request.method == "POST"
    fields = [
        controls.field(
            spec,
            typed(request.POST, spec.name) if is_post else _start(access, record, spec),
            errors=errors.get(spec.name, []),
            id=f"v-{spec.name}",
        )
        for spec in found.asked(access)
        if spec.name in access.editable() or spec.name not in access.rtype.specs()
    ]
    url = f"{record_url(access.rtype.slug, record.pk)}/{found.name}"
    context = {
        "heading": f"{found.label}: {record.label}", "verb": found, "fields": fields, "general": general, "url": url,
        "version": request.POST.get("version") or record.version, "next": way_back(request, ""), "submit": found.label,
        "crumbs": [list_crumb(access.rtype), {"label": record.label, "url": record_url(access.rtype.slug, record.pk)}],
        "cancel": record_url(access.rtype.slug, record.pk),
    }  # fmt: skip
    template = "web/_ask.html" if request.headers.get("HX-Request") else "web/ask.html"
    return page(request, template, context, 422 if is_post else 200)

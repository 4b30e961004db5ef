"""Custom fields: what each record type asks beyond its own, in which order, and what became of those put away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kernel.access.actor import Access
from kernel.records.change import Stale, create, delete, edit, restore
from kernel.records.definitions import kinds_offered, types_offered
from kernel.records.models import CustomField
from kernel.records.people import one_at_a_time
from kernel.records.types import RecordType, registry
from kernel.web.pages import go
from kernel.web.reach import editable_of
from kernel.web.settings.field_form import FieldForm
from kernel.web.settings.sections import page, part_of

HERE = "/settings/fields"
HINTS: dict[str, Any] = {
    "text": gettext_lazy("One line: a contract number, a nickname."),
    "long_text": gettext_lazy("Several lines: terms, directions."),
    "number": gettext_lazy("To count and add up: seats, weight."),
    "money": gettext_lazy("An amount in the workspace's currency."),
    "percent": gettext_lazy("From 0 to 100."),
    "yes_no": gettext_lazy("A box to tick."),
    "date": gettext_lazy("A day, in everybody's own calendar."),
    "datetime": gettext_lazy("A day and an hour."),
    "choice": gettext_lazy("One of a few, each with its colour."),
    "choices": gettext_lazy("Any number of a few."),
    "member": gettext_lazy("A person of the workspace."),
    "relation": gettext_lazy("A company, a contact, a product…"),
    "email": gettext_lazy("Checked, and a click away from a letter."),
    "phone": gettext_lazy("Checked, and dialled with a tap."),
    "link": gettext_lazy("A page on the web."),
    "file": gettext_lazy("A contract, a plan, a photo."),
}


@part_of("fields")
@require_safe
def fields(request: Any) -> HttpResponse:
    access, rtype = _access(request), _type(request.GET.get("type", ""))
    rows = list(_siblings(rtype))
    archived = access.records("edit", deleted=True).filter(record_type=rtype.slug).order_by("-updated_at", "pk")
    kinds, counts = kinds_offered(), _counts()
    context = {
        "rtype": rtype,
        "types": [(other, counts.get(slug, 0)) for slug, other in types_offered().items()],
        "rows": [(row, kinds[row.kind].title) for row in rows if row.kind in kinds],
        "archived": [(row, kinds[row.kind].title) for row in archived if row.kind in kinds],
        "new_url": f"{HERE}/new?type={rtype.slug}",
        "may_move": len(rows) > 1,
    }
    return page(request, "settings/fields.html", context)


@part_of("fields")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: Any) -> HttpResponse:
    """First the kind, which stays as it is, then the rest."""
    access, rtype = _access(request), _type(request.GET.get("type", ""))
    access.check("create")
    kinds, kind = kinds_offered(), request.GET.get("kind", "")
    crumbs = [{"label": _("Custom fields"), "url": f"{HERE}?type={rtype.slug}"}]
    if kind not in kinds:
        offered = [(name, found.title, HINTS.get(name, "")) for name, found in kinds.items()]
        heading = _("New field of %(types)s") % {"types": rtype.label_plural}
        context = {"heading": heading, "crumbs": crumbs, "kinds": offered, "rtype": rtype}
        return page(request, "settings/field_kinds.html", context)
    form = FieldForm(request, CustomField(record_type=rtype.slug, kind=kind))
    if request.method == "POST" and (values := form.read()) is not None:
        try:
            made = create(access, {**values, "record_type": rtype.slug, "kind": kind})
        except ValidationError as error:
            form.add_errors(error)
        else:
            return go(
                request, f"{HERE}?type={rtype.slug}", _("“%(name)s” is there.") % {"name": made.name}, tone="good"
            )
    heading = _("New field: %(kind)s") % {"kind": kinds[kind].title}
    context = {"form": form, "heading": heading, "crumbs": crumbs, "rtype": rtype, "kind": kinds[kind].title}
    return page(request, "settings/field.html", context, 422 if form.errors else 200)


@part_of("fields")
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found: CustomField = editable_of(access, pk)
    rtype, kinds = _type(found.record_type), kinds_offered()
    if found.kind not in kinds:
        raise Http404
    form = FieldForm(request, found)
    if request.method == "POST" and (values := form.read()) is not None:
        try:
            edit(access, found, values, form.version)
        except ValidationError as error:
            form.add_errors(error)
        except Stale:
            form.general.append(_("Somebody else changed this meanwhile. Check it and save again."))
        else:
            return go(request, f"{HERE}?type={rtype.slug}", _("Saved."), tone="good")
        found = editable_of(access, pk)
    context = {
        "form": form,
        "field": found,
        "heading": found.name,
        "rtype": rtype,
        "kind": kinds[found.kind].title,
        "crumbs": [{"label": _("Custom fields"), "url": f"{HERE}?type={rtype.slug}"}],
        "problem": found.index_problem,
    }
    return page(request, "settings/field.html", context, 422 if form.errors or form.general else 200)


@part_of("fields")
@require_POST
def preview(request: Any) -> HttpResponse:
    """The control as it would be asked for, of a form that is still being filled in."""
    rtype, kind = _type(request.GET.get("type", "")), request.GET.get("kind", "")
    if kind not in kinds_offered():
        raise Http404
    form = FieldForm(request, CustomField(record_type=rtype.slug, kind=kind))
    form.read()
    return page(request, "settings/_field_preview.html", {"form": form})


@part_of("fields")
@require_POST
def order(request: Any) -> HttpResponse:
    """The fields of one type, as they were put in order by hand."""
    one_at_a_time()
    ids = [text for text in request.POST.get("ids", "").split(",") if text]
    access, by_id = _access(request), {}
    for row in CustomField.objects.alive().order_by("position", "pk"):
        by_id[str(row.pk)] = row
    rows = [by_id[pk] for pk in ids if pk in by_id]
    if len({row.record_type for row in rows}) > 1:
        raise Http404
    _put(access, rows)
    return HttpResponse(status=204)


@part_of("fields")
@require_POST
def move(request: Any, pk: UUID, step: str) -> HttpResponse:
    one_at_a_time()
    access = _access(request)
    found = editable_of(access, pk)
    rows = list(_siblings(_type(found.record_type)))
    at = next(place for place, row in enumerate(rows) if row.pk == pk)
    to = at + (-1 if step == "up" else 1)
    if 0 <= to < len(rows):
        rows[at], rows[to] = rows[to], rows[at]
        _put(access, rows)
    return go(request, f"{HERE}?type={found.record_type}")


@part_of("fields")
@require_POST
def archive(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk)
    delete(access, found)
    text = _("“%(name)s” is archived. Its values are kept.") % {"name": found.name}
    return go(request, f"{HERE}?type={found.record_type}", text)


@part_of("fields")
@require_POST
def show(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk, deleted=True)
    back = f"{HERE}?type={found.record_type}"
    try:
        restore(access, found)
    except ValidationError as error:
        return go(request, back, " ".join(error.messages), tone="bad")
    return go(request, back, _("“%(name)s” is back, with its values.") % {"name": found.name}, tone="good")


def _put(access: Access, rows: list[CustomField]) -> None:
    for position, row in enumerate(rows, 1):
        if row.position != position:
            edit(access, row, {"position": position})


def _siblings(rtype: RecordType) -> Any:
    rows = CustomField.objects.alive().filter(record_type=rtype.slug)
    return rows.order_by("position", "created_at", "pk")


def _counts() -> dict[str, int]:
    counts: dict[str, int] = {}
    for slug in CustomField.objects.alive().values_list("record_type", flat=True):
        counts[slug] = counts.get(slug, 0) + 1
    return counts


def _type(slug: str) -> RecordType:
    types = types_offered()
    if slug and slug not in types:
        raise Http404
    return types[slug] if slug else next(iter(types.values()))


def _access(request: Any) -> Access:
    access: Access = request.actor.access(registry["custom-fields"])
    return access

"""What pickers offer, and the record that a picker makes."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from kernel.access.actor import Access
from kernel.lib.text import sort_key
from kernel.records.change import create
from kernel.records.duplicates import Duplicates, asking
from kernel.records.find import find
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.web.reach import access_to

MOST = 20
FEW = 5


@require_http_methods(["GET", "HEAD", "POST"])
def options(request: HttpRequest, slug: str) -> JsonResponse:
    """What a picker offers: a few records in reach, by folded search. POST makes one, known by its name only."""
    access = access_to(request, slug)
    if request.method == "POST":
        return _make_option(request, access)
    return JsonResponse(find_options(access, request.GET.get("q", "")), safe=False)


@require_safe
def pick(request: HttpRequest, slug: str, name: str) -> JsonResponse:
    """What a picker of several types offers: the first few of each that this actor may see, the type beside them."""
    access = access_to(request, slug)
    spec = access.readable().get(name)
    if spec is None or spec.kind.name not in ("about", "references"):
        raise Http404
    types = spec.extra.get("types") or [rtype.slug for rtype in access.rtype.parent_types()]
    found = []
    for of_type in types:
        other = access.actor.access(registry[of_type])
        if other.may("view"):
            for option in find_options(other, request.GET.get("q", ""))[:FEW]:
                found.append({**option, "id": f"{of_type}:{option['id']}", "detail": str(other.rtype.label)})
    return JsonResponse(found, safe=False)


def _make_option(request: HttpRequest, access: Access) -> JsonResponse:
    access.check("create")
    label = request.POST.get("label", "").strip()
    if access.rtype.is_setting and (there := _called(access, label)):
        return JsonResponse(there, status=200)
    editable = access.editable()
    try:
        values = {
            name: editable[name].parse(text, access)
            for name, text in access.rtype.values_of_label(label).items()
            if name in editable and text
        }
        with asking("anyway" not in request.POST):
            record = create(access, values)
    except Duplicates as error:
        told = [
            {"id": str(c.record.pk), "label": c.record.label, "detail": _(", ").join(c.why)} for c in error.found.shown
        ]
        answer = {"message": " ".join(error.messages), "candidates": told, "may_insist": error.may_insist}
        return JsonResponse(answer, status=409)
    except ValidationError as error:
        return JsonResponse({"message": " ".join(error.messages)}, status=422)
    except PermissionDenied as error:
        return JsonResponse({"message": str(error)}, status=403)
    return JsonResponse({"id": str(record.pk), "label": record.label}, status=201)


def _called(access: Access, label: str) -> dict[str, str] | None:
    """The one of this name, however it is spelt: of what people choose from there is one of each name."""
    found = access.records().filter(label_key=sort_key(label)).values_list("pk", "label").first()
    return {"id": str(found[0]), "label": found[1]} if found else None


def find_options(access: Access, q: str) -> list[dict[str, str]]:
    rtype = access.rtype
    params = {"q": q}
    if rtype.label_field in access.readable() and access.readable()[rtype.label_field].kind.is_sortable:
        params["sort"] = rtype.label_field
    rows = find(access, params).page(MOST).rows
    detail = [
        spec
        for name in rtype.columns
        if (spec := access.readable().get(name))
        and not spec.is_label
        and not spec.kind.is_list
        and spec.kind.name in ("relation", "text", "choice", "email")
    ][:1]
    shown = Shown(access, rows, detail)
    return [
        {"id": str(row.pk), "label": row.label, "detail": next((shown.text(row, spec) for spec in detail), "")}
        for row in rows
    ]

"""The lists people choose from: why a deal was lost, where a lead came from.

What is in use is hidden rather than deleted: nobody is offered it any more, and it keeps its name where it was chosen.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.actor import Actor, operator
from kernel.records.change import create, delete, restore
from kernel.records.people import one_at_a_time
from kernel.records.types import RecordType, registry
from kernel.web.pages import go
from kernel.web.reach import editable_of
from kernel.web.settings.forms import NamedForm, bound, save
from kernel.web.settings.sections import page, part_of

WORDS = {
    "lost-reasons": {
        "new": gettext_lazy("New reason"),
        "help": gettext_lazy("Whoever loses a deal chooses one of these. Few and clear ones make good reports."),
        "icon": "circle-x",
    },
    "sources": {
        "new": gettext_lazy("New source"),
        "help": gettext_lazy("Where leads come from, to see which way pays; and who answers them, how soon."),
        "icon": "map-pin",
    },
}


def uses(slug: str, actor: Actor) -> Counter[UUID]:
    """How many records in reach hold each row of the list, in whatever field one may read."""
    counts: Counter[UUID] = Counter()
    for rtype in registry.values():
        access = actor.access(rtype)
        for spec in access.readable().values():
            if spec.related == slug and spec.kind.name == "relation" and not spec.code:
                rows = access.records().order_by().exclude(**{spec.path: None})
                counts.update(dict(rows.values_list(f"{spec.path}_id").annotate(n=Count("pk"))))
    return counts


def pages(slug: str) -> dict[str, Callable[..., HttpResponse]]:
    """The views of one list: the list with its form, a row's form, deleting and showing again."""
    rtype: RecordType = registry[slug]
    here = f"/settings/{slug}"

    @part_of(slug)
    @require_http_methods(["GET", "POST"])
    def index(request: Any) -> HttpResponse:
        access = request.actor.access(rtype)
        if request.method == "POST":
            access.check("create")
            one_at_a_time()
        form = bound(NamedForm, request, siblings=rtype.model.objects.alive())
        form.fields["name"].label = str(WORDS[slug]["new"])
        if form.is_valid():
            try:
                create(access, form.values)
            except ValidationError as error:
                form.take(error)
            else:
                return go(request, here, _("Added."), tone="good")
        counts = uses(slug, request.actor)
        hidden = access.records("edit", deleted=True).filter(pk__in=list(counts)).order_by("label_key", "pk")
        context = {
            "form": form,
            "words": WORDS[slug],
            "here": here,
            "rows": [(row, counts[row.pk]) for row in access.records().order_by("label_key", "pk")],
            "hidden": [(row, counts[row.pk]) for row in hidden],
        }
        return page(request, "sales/settings/list.html", context, form.status)

    @part_of(slug)
    @require_http_methods(["GET", "POST"])
    def row(request: Any, pk: UUID) -> HttpResponse:
        access = request.actor.access(rtype)
        found = editable_of(access, pk)
        if request.method == "GET" and len(rtype.fields) > 1:  # more than a name is asked on the record's own form
            return redirect(f"/r/{slug}/{pk}/edit?next={here}")
        if request.method == "POST":
            one_at_a_time()
        others = rtype.model.objects.alive().exclude(pk=pk)
        form = bound(NamedForm, request, siblings=others, initial={"name": found.name})
        if form.is_valid():
            if save(form, access, found):
                return go(request, here, _("Saved."), tone="good")
            found = editable_of(access, pk)
        context = {
            "form": form,
            "row": found,
            "here": here,
            "heading": found.name,
            "count": uses(slug, request.actor)[found.pk],
            "crumbs": [{"label": rtype.label_plural, "url": here}],
        }
        return page(request, "sales/settings/list_row.html", context, form.status)

    @part_of(slug)
    @require_POST
    def remove(request: Any, pk: UUID) -> HttpResponse:
        access = request.actor.access(rtype)
        found = editable_of(access, pk)
        is_used = uses(slug, operator())[found.pk] > 0
        delete(access, found)
        if is_used:
            text = _("“%(name)s” is hidden. It stays where it was chosen.") % {"name": found.name}
        else:
            text = _("“%(name)s” is deleted.") % {"name": found.name}
        return go(request, here, text)

    @part_of(slug)
    @require_POST
    def show(request: Any, pk: UUID) -> HttpResponse:
        one_at_a_time()
        access = request.actor.access(rtype)
        found = editable_of(access, pk, deleted=True)
        if rtype.model.objects.alive().filter(label_key=found.label_key).exists():
            return go(request, here, _("There is one of this name already."), tone="bad")
        restore(access, found)
        return go(request, here, _("“%(name)s” can be chosen again.") % {"name": found.name}, tone="good")

    return {"index": index, "row": row, "remove": remove, "show": show}

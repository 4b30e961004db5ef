"""Tags: their names and colours, how much they are used, one put in the place of another."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from kernel.records.change import create, delete, restore
from kernel.records.find import find
from kernel.records.models import Tag
from kernel.records.people import one_at_a_time
from kernel.records.tagging import COUNTED, merge, uses
from kernel.records.tags import color_of
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.reach import editable_of
from kernel.web.settings.forms import NamedForm, NameField, SelectField, SettingsForm, bound, save
from kernel.web.settings.sections import page, part_of

HERE = "/settings/tags"
PAGE = 100


class TagForm(NamedForm):
    name = NameField(max_length=50)
    color = SelectField(label=gettext_lazy("Color"), choices=Tag.Color.choices)
    taken = gettext_lazy("There is a tag of this name.")

    @property
    def values(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"], "color": self.cleaned_data["color"]}


class NewTagForm(NamedForm):
    name = NameField(max_length=50)
    taken = gettext_lazy("There is a tag of this name.")

    @property
    def values(self) -> dict[str, Any]:
        name = self.cleaned_data["name"]
        return {"name": name, "color": color_of(name)}


class MergeForm(SettingsForm):
    into = SelectField(label=gettext_lazy("Merge into"))

    def __init__(self, *args: Any, others: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].choices = [("", "–"), *others]  # type: ignore[attr-defined]


@part_of("tags")
@require_http_methods(["GET", "POST"])
def tags(request: Any) -> HttpResponse:
    access = _access(request)
    if request.method == "POST":
        access.check("create")
        one_at_a_time()
    form = bound(NewTagForm, request, siblings=Tag.objects.alive())
    form.fields["name"].label = _("New tag")
    if form.is_valid():
        try:
            create(access, form.values)
        except ValidationError as error:
            form.take(error)
        else:
            return go(request, HERE, _("Added."), tone="good")
    try:
        shown = find(access, {"sort": "name"}).page(PAGE, request.GET.get("cursor"))
    except ValidationError as error:
        raise Http404 from error
    archived = list(access.records("edit", deleted=True).order_by("label_key", "pk")[:PAGE])
    counts = uses([row.pk for row in (*shown.rows, *archived)], request.actor)
    context = {
        "form": form, "rows": _counted(shown.rows, counts), "archived": _counted(archived, counts), "most": COUNTED,
        "next_url": f"{HERE}?cursor={shown.next}" if shown.next else "",
        "first_url": HERE if request.GET.get("cursor") else "",
    }  # fmt: skip
    return page(request, "settings/tags.html", context, form.status)


def _counted(rows: list[Tag], counts: dict[UUID, int]) -> list[tuple[Tag, int, bool]]:
    return [(row, min(counts[row.pk], COUNTED), counts[row.pk] >= COUNTED) for row in rows]


@part_of("tags")
@require_http_methods(["GET", "POST"])
def tag(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk)
    if request.method == "POST":
        one_at_a_time()
    others = Tag.objects.alive().exclude(pk=pk)
    initial = {"name": found.name, "color": found.color}
    form = bound(TagForm, request, siblings=others, initial=initial)
    if form.is_valid():
        if save(form, access, found):
            return go(request, HERE, _("Saved."), tone="good")
        found = editable_of(access, pk)
    return _tag_page(request, found, form)


def _tag_page(request: Any, found: Tag, form: Any, merging: Any = None) -> HttpResponse:
    context = {
        "form": form, "merging": merging or MergeForm(others=_others(request, found)), "tag": found, "here": HERE,
        "heading": found.name, "crumbs": [{"label": _("Tags"), "url": HERE}],
    }  # fmt: skip
    return page(request, "settings/tag.html", context, (merging or form).status)


@part_of("tags")
@require_POST
def merging(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk)
    access.check("delete", found)
    asked = MergeForm(request.POST, others=_others(request, found))
    if asked.is_valid():
        into = editable_of(access, UUID(asked.cleaned_data["into"]))
        merge(request.actor, found, into)
        text = _("Records tagged “%(tag)s” become “%(into)s”.") % {"tag": found.name, "into": into.name}
        return go(request, HERE, text, tone="good")
    form = TagForm(siblings=Tag.objects.none(), initial={"name": found.name, "color": found.color})
    return _tag_page(request, found, form, asked)


def _others(request: Any, found: Tag) -> list[tuple[str, str]]:
    rows = _access(request).records("edit").exclude(pk=found.pk).order_by("label_key", "pk")
    return [(str(pk), label) for pk, label in rows.values_list("pk", "label")[:1000]]


@part_of("tags")
@require_POST
def archive(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk)
    delete(access, found)
    text = _("“%(name)s” is archived. It stays where it was chosen.") % {"name": found.name}
    return go(request, HERE, text, undo=f"{HERE}/{pk}/show")


@part_of("tags")
@require_POST
def show(request: Any, pk: UUID) -> HttpResponse:
    access = _access(request)
    found = editable_of(access, pk, deleted=True)
    one_at_a_time()
    try:
        restore(access, found)
    except ValidationError as error:
        return go(request, HERE, " ".join(error.messages), tone="bad")
    return go(request, HERE, _("“%(name)s” can be chosen again.") % {"name": found.name}, tone="good")


def _access(request: Any) -> Any:
    return request.actor.access(registry["tags"])

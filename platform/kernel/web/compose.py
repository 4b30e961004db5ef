"""The composer of a record's page: a note, a task, a call or a meeting about it, and the next step in the same go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from kernel.access.actor import Access
from kernel.lib.ids import uuid7
from kernel.lib.planning import LATER_TODAY, NEXT_WEEK, TOMORROW, put_off
from kernel.records.change import create
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.ui.fields import Field
from kernel.web.controls import Controls, label_of
from kernel.web.forms import RecordForm
from kernel.web.pages import go, page
from kernel.web.posted import typed
from kernel.web.reach import access_to, way_back

ON_DATE = "date"


@dataclass
class Asked:
    """A field of the composer; one of a few choices is drawn as chips, each (value, label, whether it is set)."""

    control: Field
    chips: list[tuple[str, str, bool]] = field(default_factory=list)


@dataclass
class Then:
    """The next step, planned together with what is written: how soon, or a date, and what it is."""

    chips: list[tuple[str, str, bool]]
    due: Field
    subject: Field


@dataclass
class Composer:
    rtype: RecordType
    fields: list[Asked]
    submit: str
    then: Then | None = None
    general: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"/r/{self.rtype.slug}/compose"

    @property
    def controls(self) -> list[Field]:
        then = [self.then.due, self.then.subject] if self.then else []
        return [*(asked.control for asked in self.fields), *then]


def composers_of(access: Access) -> list[Composer]:
    """One for each type of child row that this actor may make, about a record of this type."""
    if access.rtype.parent or access.rtype.is_setting:
        return []
    children = (access.actor.access(rtype) for rtype in registry.values() if rtype.parent and rtype.compose)
    return [_composer(child) for child in children if child.may("create") and "about" in child.editable()]


def _composer(access: Access, data: Mapping[str, str] | None = None, form: RecordForm | None = None) -> Composer:
    rtype = access.rtype
    controls = Controls(access)
    asked = []
    for name in rtype.compose:
        spec = access.editable().get(name)
        if spec is None:
            continue
        value = form.shown(spec) if form else _start(access, spec)
        errors = form.errors.get(name, []) if form else []
        more: dict[str, Any] = {}
        if spec.kind.name == "long_text":
            more = {"hide_label": True, "placeholder": f"{label_of(spec)}…"}
        drawn = controls.field(spec, value, errors=errors, id=f"c-{rtype.slug}-{name}", help="", **more)
        asked.append(Asked(drawn, _chips(spec, value)))
    submit = _("Add the %(type)s") % {"type": str(rtype.label).lower()}
    return Composer(rtype, asked, submit, _then(access, data, form))


def _start(access: Access, spec: FieldSpec) -> Any:
    if spec.kind.name == "member" and access.actor.member:
        return access.actor.member.pk
    if spec.kind.name == "choice":
        return spec.initial() or spec.choices[0][0]
    return spec.initial()


def _chips(spec: FieldSpec, value: Any) -> list[tuple[str, str, bool]]:
    if spec.kind.name != "choice":
        return []
    return [(code, str(label), code == value) for code, label in spec.choices]


def _then(access: Access, data: Mapping[str, str] | None, form: RecordForm | None) -> Then | None:
    planned = _planned(access)
    if planned is None:
        return None
    data = data or {}
    when = data.get("then", "")
    words = [
        ("", pgettext("next step", "None")), (TOMORROW, _("Tomorrow")), (NEXT_WEEK, _("Next week")),
        (ON_DATE, _("On a date")),
    ]  # fmt: skip
    specs, slug = planned.editable(), access.rtype.slug
    controls = Controls(planned)
    due = specs[planned.rtype.due_field]
    errors = form.errors.get("then_due", []) if form else []
    return Then(
        [(code, label, code == when) for code, label in words],
        controls.field(
            due, data.get("then_due", ""), name="then_due", id=f"c-{slug}-then-due", help="", errors=errors,
            hide_label=True,
        ),
        controls.field(
            specs[planned.rtype.label_field], data.get("then_subject", ""), name="then_subject",
            id=f"c-{slug}-then-subject", help="", required=False, hide_label=True, label=_("What to do next"),
            placeholder=_("Follow up"),
        ),
    )  # fmt: skip


def _planned(access: Access) -> Access | None:
    """The type of which a row can be planned beside one of this type, if this actor may."""
    if not access.rtype.then:
        return None
    planned = access.actor.access(registry[access.rtype.then])
    needed = {planned.rtype.due_field, planned.rtype.label_field, "about"}
    return planned if planned.may("create") and needed <= set(planned.editable()) else None


@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    access = access_to(request, slug, "create")
    form = RecordForm(access, data=request.POST, names={*access.rtype.compose, "about"})
    values = form.read()
    step = _read_step(request, access, form)
    if not form.errors and not form.general:
        try:
            with transaction.atomic():
                change_set = uuid7()
                create(access, values, change_set=change_set)
                if step:
                    planned, told = step
                    create(planned, {**told, "about": values.get("about")}, change_set=change_set)
        except ValidationError as error:
            form.add_errors(error)
        else:
            text = _("%(label)s was added.") % {"label": access.rtype.label}
            if step:
                text = _("%(label)s was added, and the next step is planned.") % {"label": access.rtype.label}
            return go(request, way_back(request, "/"), text, tone="good")
    composer = _composer(access, request.POST, form)
    composer.general = form.general
    context = {
        "composer": composer, "about": request.POST.get("about", ""), "url": way_back(request, "/"),
        "heading": composer.submit, "crumbs": [{"label": access.rtype.label, "url": way_back(request, "/")}],
    }  # fmt: skip
    template = "web/_compose_form.html" if request.headers.get("HX-Request") else "web/compose.html"
    return page(request, template, context, status=422)


def _read_step(request: HttpRequest, access: Access, form: RecordForm) -> tuple[Access, dict[str, Any]] | None:
    when, planned = request.POST.get("then", ""), _planned(access)
    if not when or planned is None:
        return None
    rtype, fmt = planned.rtype, planned.actor.format
    told: dict[str, Any] = {rtype.label_field: request.POST.get("then_subject", "").strip() or _("Follow up")}
    if when in (LATER_TODAY, TOMORROW, NEXT_WEEK):
        told[rtype.due_field] = put_off(when, timezone.now(), None, fmt.calendar, fmt.timezone)
        return planned, told
    spec = planned.editable()[rtype.due_field]
    try:
        told[rtype.due_field] = spec.parse(typed(request.POST, "then_due"), planned)
    except ValidationError as error:
        form.errors["then_due"] = error.messages
        return None
    if told[rtype.due_field] is None:
        form.errors["then_due"] = [_("Say when the next step is due.")]
    return planned, told

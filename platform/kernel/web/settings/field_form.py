"""The form of one custom field: what its kind asks of it, its choices, and the control that it will be."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.codes import code_of
from kernel.records.definitions import CAN_BE_UNIQUE, HAVE_PLACES
from kernel.records.kinds import KINDS
from kernel.records.kinds.choices import Choice
from kernel.records.kinds.definitions import COLORS
from kernel.records.models import CustomField
from kernel.records.own_fields import spec_from
from kernel.records.specs import FieldSpec
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant
from kernel.ui.fields import Field
from kernel.web.controls import Controls
from kernel.web.forms import RecordForm
from kernel.web.posted import RowsBlock, posted_rows, typed

COLOR_NAMES = {
    "grey": lambda: _("Grey"), "blue": lambda: _("Blue"), "green": lambda: _("Green"), "amber": lambda: _("Amber"),
    "red": lambda: _("Red"),
}  # fmt: skip


class FieldForm:
    """Drawn by the same controls as records. A choice's code travels hidden, so that renaming it keeps its values."""

    def __init__(self, request: Any, row: CustomField) -> None:
        self.row, self.data = row, request.POST if request.method == "POST" else None
        row.language = row.language or get_tenant().language
        access: Access = request.actor.access(registry["custom-fields"])
        self.access, self.of = access, request.actor.access(registry[row.record_type])
        self.kind = KINDS[row.kind]
        self.form = RecordForm(access, None if row.is_new else row, self.data, names=self._names())
        self.choices: list[dict[str, Any]] = [item for item in row.choices if not item.get("archived")]
        self.errors: dict[str, list[str]] = self.form.errors
        self.general: list[str] = self.form.general
        self.default: Any = None if row.default is None else self.spec.kind.restore(self.spec, row.default)

    def _names(self) -> list[str]:
        names = ["name", "other_name", "help", "panel", "required", "sensitive", "in_list", "on_card"]
        if self.row.kind in CAN_BE_UNIQUE:
            names.append("unique")
        if self.kind.is_searched:
            names.append("searchable")
        if self.row.kind == "relation" and self.row.is_new:
            names.append("related")
        if self.row.kind in HAVE_PLACES:
            names.append("places")
        return names if registry[self.row.record_type].board else [name for name in names if name != "on_card"]

    @property
    def has_choices(self) -> bool:
        return isinstance(self.kind, Choice)

    @property
    def version(self) -> int | None:
        text = self.data.get("version", "") if self.data is not None else ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None

    # -- reading

    def read(self) -> dict[str, Any] | None:
        """The values to write; None where something is wrong, which then stands on the form."""
        assert self.data is not None
        values = self.form.read()
        for name, value in self.form.parsed.items():
            self.form.specs[name].assign(self.row, value)
        if self.has_choices:
            self.row.choices = self.choices = self._posted_choices()
            former = [] if self.row.is_new else [item for item in self._kept() if item.get("archived")]
            values["choices"] = [*self.choices, *former]
        try:
            values["default"] = self._posted_default()
        except ValidationError as error:
            self.errors.setdefault("default", []).extend(error.messages)
        return None if self.errors else values

    def _kept(self) -> list[dict[str, Any]]:
        kept: list[dict[str, Any]] = CustomField.objects.values_list("choices", flat=True).get(pk=self.row.pk)
        return kept

    def _posted_choices(self) -> list[dict[str, Any]]:
        assert self.data is not None
        rows = posted_rows(self.data, self._rows_spec())
        found: list[dict[str, Any]] = []
        taken = {row.get("code", "") for row in rows} | {item["code"] for item in self.row.choices}
        for row in rows:
            label = " ".join(row.get("label", "").split())
            if label:
                code = row.get("code") or code_of(label, taken, otherwise="choice")
                taken.add(code)
                color = row.get("color") if row.get("color") in COLORS else "grey"
                other = " ".join(row.get("other_label", "").split())
                found.append({"code": code, "label": label, "other_label": other, "color": color})
        return found

    def _posted_default(self) -> Any:
        """As JSON, the way programs send it."""
        assert self.data is not None
        spec = self.spec
        if spec.kind.is_list:
            value = spec.parse(",".join(filter(None, self.data.getlist(spec.name))), self.of)
        elif spec.kind.name == "yes_no":
            value = self.data.get(spec.name) == "true" or None
        else:
            value = spec.parse(typed(self.data, spec.name), self.of)
        self.default = value
        kept = spec.kind.keep(spec, value)
        return None if kept in (None, "", []) else kept

    def add_errors(self, error: ValidationError) -> None:
        for name, messages in error.message_dict.items() if hasattr(error, "error_dict") else [("", error.messages)]:
            if name in self.form.specs or name in ("choices", "default"):
                self.errors.setdefault(name, []).extend(messages)
            else:
                self.general += messages

    # -- showing

    @property
    def spec(self) -> FieldSpec:
        """As the control will know it, so far."""
        row = self.row
        row.code = row.code or "preview"
        return spec_from(row)

    def drawn(self) -> dict[str, Field]:
        return {name: self.form.item(name) for name in self.form.specs}  # type: ignore[misc]

    @property
    def wrong(self) -> list[Any]:
        """What an error summary leads to."""
        return [*self.drawn().values(), *([self.rows] if self.has_choices else []), *filter(None, [self.control])]

    @property
    def marks(self) -> list[Field]:
        """The boxes to tick."""
        return [item for item in self.drawn().values() if item.widget == "checkbox"]

    @property
    def texts(self) -> list[Field]:
        return [item for item in self.drawn().values() if item.widget != "checkbox" and item.name != "panel"]

    @property
    def panel(self) -> Field:
        """With the groups that the type has already."""
        return self.drawn()["panel"].but(
            help=_("Fields of the same group stand together. The type's own groups are: %(names)s.")
            % {"names": _(", ").join(str(panel.title) for panel in registry[self.row.record_type].panels)}
        )

    @property
    def control(self) -> Field | None:
        """What people will fill in; here it asks what new records start with. None while it points nowhere yet."""
        if self.row.kind == "relation" and not self.row.related:
            return None
        controls = Controls(self.of)
        drawn = controls.field(self.spec, self.default, errors=self.errors.get("default", []), id="f-default")
        return drawn.but(required=False, disabled=not self.kind.can_default, label=str(self.spec.label) or _("Name"))

    @property
    def rows(self) -> RowsBlock:
        spec = self._rows_spec()
        made = [self._row(str(place), item) for place, item in enumerate(self.choices)]
        empty = {"color": "grey"}
        starts = 0 if made else 3
        made += [self._row(str(place), empty) for place in range(len(made), len(made) + starts)]
        extra = [self._row(str(len(made)), empty)]
        errors = self.errors.get("choices", [])
        return RowsBlock(spec, made, self._row("__i__", empty), extra, errors, _("Choices"), spec.help)

    def _rows_spec(self) -> FieldSpec:
        text = KINDS["text"]
        subs = tuple(FieldSpec(name, "", text, name) for name in ("label", "other_label", "color", "code"))
        told = "" if self.row.is_new else _("One that is taken away stays on the records that have it.")
        return FieldSpec("choices", _("Choices"), KINDS["rows"], "choices", rows=subs, help=told)

    def _row(self, index: str, item: dict[str, Any]) -> list[Field]:
        start = f"choices-{index}"
        colors = [(name, label()) for name, label in COLOR_NAMES.items()]
        return [
            Field(f"{start}-label", _("Name"), value=item.get("label", ""), hide_label=True, maxlength=80),
            Field(f"{start}-other_label", _("Other language"), value=item.get("other_label", ""), hide_label=True,
                  maxlength=80),
            Field(f"{start}-color", _("Color"), "select", item.get("color", "grey"), options=colors, hide_label=True),
            Field(f"{start}-code", "", "hidden", item.get("code", "")),
        ]  # fmt: skip

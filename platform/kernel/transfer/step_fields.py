"""The forms of an import's steps, as fields that the design system draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.lib.money import unit_name
from kernel.lib.text import written
from kernel.records.types import RecordType
from kernel.runs.models import Run
from kernel.tenancy.context import get_tenant
from kernel.transfer.imports import OPTIONS, open_source
from kernel.transfer.preview import samples
from kernel.transfer.readers import ENCODINGS
from kernel.transfer.targets import match_fields, targets
from kernel.ui.fields import Field, Option

ALSO = 2


def new_fields(
    types: list[RecordType], chosen: str, errors: Mapping[str, list[str]], accept: str, most: int
) -> list[Field]:
    options = [Option(rtype.slug, rtype.label_plural) for rtype in types]
    return [
        Field(
            "type",
            _("What does the file hold?"),
            "select",
            chosen or (types[0].slug if types else ""),
            options=options,
            errors=errors.get("type", ()),
            required=True,
        ),
        Field(
            "file",
            _("File"),
            "file",
            accept=accept,
            max_bytes=most,
            help=_("CSV or XLSX, with a row of headers, in any encoding. At most %(size)s MB.")
            % {"size": written(most // 2**20)},
            errors=errors.get("file", ()),
            required=True,
        ),
    ]


def file_fields(asked: Mapping[str, Any], source: Mapping[str, Any], errors: Mapping[str, list[str]]) -> list[Field]:
    header = Field(
        "header_row",
        _("Row of the headers"),
        "text",
        str(asked.get("header_row", "")),
        help=_("As a spreadsheet counts it; 0 where the file has no headers."),
        errors=errors.get("header_row", ()),
        attrs={"inputmode": "numeric"},
    )
    if source["sheets"]:
        sheets = [Option(name, name) for name in source["sheets"]]
        return [Field("sheet", _("Sheet"), "select", asked.get("sheet", ""), options=sheets), header]
    delimiters = [
        Option(",", _("Comma")),
        Option(";", _("Semicolon")),
        Option("tab", _("Tab")),
        Option("|", _("Vertical bar")),
    ]
    delimiter = asked.get("delimiter", "")
    return [
        Field(
            "encoding",
            _("Encoding"),
            "select",
            asked.get("encoding", ""),
            options=[Option(name, name.upper()) for name in ENCODINGS],
            help=_("Change it where the letters below look wrong."),
            errors=errors.get("encoding", ()),
        ),
        Field(
            "delimiter",
            _("Between the cells stands"),
            "select",
            "tab" if delimiter == "\t" else delimiter,
            options=delimiters,
            errors=errors.get("delimiter", ()),
        ),
        header,
    ]


@dataclass
class ColumnRow:
    """One column of the file: what stands in it, and where it goes."""

    name: str
    samples: list[str]
    field: Field
    also: Field
    multiply: Field
    is_used: bool
    has_more: bool


class ColumnForm:
    """The columns step, from what is stored or from what was posted."""

    def __init__(self, access: Access, run: Run, posted: Mapping[str, Any] | None = None) -> None:
        self.access, self.run, self.posted = access, run, posted
        self.known = targets(access)

    def entries(self) -> list[dict[str, Any]]:
        """As `mapping.read_mapping` takes them; words that were matched before stay with their column and field."""
        if self.posted is None:
            return list(self.run.params["mapping"])
        before = {(item["column"], item["field"]): item["values"] for item in self.run.params["mapping"]}
        found = []
        for number, column in enumerate(self.run.params["header"]):
            for prefix in ("field", "also"):
                name = self.posted.get(f"{prefix}-{number}", "")
                if name:
                    factor = self.posted.get(f"multiply-{number}", "") if self._is_number(name) else ""
                    values = before.get((column, name), {})
                    found.append({"column": column, "field": name, "multiply": factor, "values": values})
        return found

    def _is_number(self, name: str) -> bool:
        return name in self.known and self.known[name].kind.is_numeric

    def options(self) -> dict[str, Any]:
        if self.posted is None:
            return dict(self.run.params["options"])
        options = {name: self.posted[name] for name in ("match", "existing", "money_unit") if name in self.posted}
        options["match"] = options.get("match") or "none"
        options["empty_clears"] = self.posted.get("empty_clears") == "true"
        if options["match"] not in {"none", *(item["field"] for item in self.entries())}:
            options.pop("match")
        return {**OPTIONS, **options}

    def rows(self, path: Path) -> list[ColumnRow]:
        found = samples(open_source(path, self.run.title, self.run.params["source"]))
        by_column: dict[str, list[dict[str, Any]]] = {}
        for item in self.entries():
            by_column.setdefault(item["column"], []).append(item)
        options = [Option(target.name, target.label) for target in self.known.values()]
        rows = []
        for number, column in enumerate(self.run.params["header"]):
            mine = by_column.get(column, [])
            names = [item["field"] for item in mine[:ALSO]] + [""] * ALSO
            factor = next((item["multiply"] for item in mine if item["multiply"]), "")
            rows.append(
                ColumnRow(
                    column,
                    found.get(column, []),
                    Field(
                        f"field-{number}",
                        _("“%(column)s” goes into") % {"column": column},
                        "select",
                        names[0],
                        options=options,
                        empty=_("Do not import"),
                        hide_label=True,
                    ),
                    Field(f"also-{number}", _("Also into"), "select", names[1], options=options, empty="—"),
                    Field(
                        f"multiply-{number}",
                        _("Multiply numbers by"),
                        "text",
                        factor,
                        help=_("1000000 where the file says millions."),
                        attrs={"inputmode": "decimal"},
                    ),
                    bool(names[0]),
                    bool(names[1] or factor),
                )
            )
        return rows


def option_fields(access: Access, run: Run, chosen: Mapping[str, Any]) -> list[Field]:
    known = targets(access)
    matches = [Option(name, known[name].label) for name in match_fields(access)]
    fields = [
        Field(
            "match",
            _("A row is a record you already have when it has the same"),
            "select",
            _match(run, chosen, matches),
            options=matches,
            empty=_("Never: every row is a new record"),
        ),
        Field(
            "existing",
            _("Records you already have"),
            "radio",
            chosen.get("existing", "update"),
            options=[Option("update", _("Update them from the file")), Option("skip", _("Leave them as they are"))],
        ),
        Field(
            "empty_clears",
            _("Empty cells empty the field of a record that is updated"),
            "checkbox",
            chosen.get("empty_clears", False),
        ),
    ]
    tenant = get_tenant()
    if tenant.money_unit:
        language = access.actor.format.language
        is_said = run.params.get("remembered") or run.params.get("is_described")
        units = [
            Option("toman", unit_name(tenant.currency, language, tenant.money_unit)),
            Option("currency", unit_name(tenant.currency, language, "")),
        ]
        value = (chosen.get("money_unit") or "currency") if is_said else None
        fields.insert(0, Field("money_unit", _("Amounts in the file are in"), "radio", value, options=units))
    return fields


def _match(run: Run, chosen: Mapping[str, Any], matches: list[Option]) -> str:
    """Until somebody chose: what tells two records of the type apart best."""
    if chosen.get("match") or run.params.get("is_described") or not matches:
        return chosen.get("match") or ""
    return str(matches[0].value)

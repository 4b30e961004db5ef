"""Where a column of a file may go: the fields of a type that this actor may write, and those of its one child row."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.kinds import Kind
from kernel.records.kinds.choices import Choice
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType


@dataclass(frozen=True)
class Target:
    """`company`, or `lines.product`: the field of a child row, of which a row of a file carries at most one.

    `is_whole_label` is the name of a type whose label is made of several fields: the type takes it apart.
    """

    name: str
    spec: FieldSpec
    rows: FieldSpec | None = None
    is_whole_label: bool = False

    @property
    def label(self) -> str:
        if self.rows:
            return _("%(rows)s: %(field)s") % {"rows": self.rows.label, "field": self.spec.label}
        label = str(self.spec.label)
        return label[:1].upper() + label[1:]

    @property
    def kind(self) -> Kind:
        return self.spec.kind

    @property
    def is_matched(self) -> bool:
        """Its values are one of a set, so that a label may be unknown: other records, or choices."""
        return self.kind.is_reference or isinstance(self.kind, Choice)

    @property
    def is_list(self) -> bool:
        return self.kind.is_list

    def is_self(self, rtype: RecordType) -> bool:
        """It points at records of the type that is imported, so that the file itself may bring them."""
        return self.spec.related == rtype.slug and self.rows is None


def targets(access: Access) -> dict[str, Target]:
    """Every place a file of this type may fill, by name, in the type's order."""
    found: dict[str, Target] = {}
    label = access.rtype.specs().get(access.rtype.label_field)
    if label and label.read_only and access.readable().get(label.name):
        found["label"] = Target("label", label, is_whole_label=True)
    for name, spec in access.editable(access.rtype.model()).items():
        if spec.rows:
            # Rows that point at nothing (a contact's numbers) have plain fields beside them that say the same.
            if spec.rows[0].kind.is_reference:
                for sub in spec.rows:
                    if not sub.read_only:
                        found[f"{name}.{sub.name}"] = Target(f"{name}.{sub.name}", sub, rows=spec)
        elif spec.kind.can_import:
            found[name] = Target(name, spec)
    return found


def match_fields(access: Access) -> list[str]:
    """By which fields rows are held against records that are there: those that a file may fill, and that are read on
    every record. That a row matched tells what stands there."""
    known, readable = targets(access), access.readable()
    return [name for name in access.rtype.match_fields if name in known and name in readable]

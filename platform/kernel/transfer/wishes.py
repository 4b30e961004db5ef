"""What somebody wants done to every record of a selection: fields set, tags put on or taken off, a verb, the trash.

Each record goes through the same functions as on its own page, so that nothing is allowed here that is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.records.change import check_editable, check_reach, delete, edit
from kernel.records.specs import FieldSpec
from kernel.records.types import Verb


@dataclass(frozen=True)
class Wish:
    values: Mapping[str, Any] = field(default_factory=dict)
    add: tuple[UUID, ...] = ()
    remove: tuple[UUID, ...] = ()
    verb: str = ""
    is_delete: bool = False

    def checked(self, access: Access) -> Wish:
        """What can be told before any record is looked at."""
        access.actor.check_system("bulk")
        if self.is_delete:
            access.check("delete")
        elif self.verb:
            verb = verb_of(access, self.verb)
            access.check(verb.permission or verb.name)
        else:
            access.check("edit")
            names = [*self.values, *(["tags"] if self.add or self.remove else [])]
            if not names:
                raise ValidationError({"set": ValidationError(_("Say what to change."), code="required")})
            check_editable(access, names)
        for name, value in self.values.items():
            check_reach(access, self.spec(access, name), value)
        if self.add:
            check_reach(access, access.editable()["tags"], self.add)
        return self

    def spec(self, access: Access, name: str) -> FieldSpec:
        if self.verb:
            return next(spec for spec in verb_of(access, self.verb).asked(access) if spec.name == name)
        return access.editable()[name]

    # -- as it is kept

    def as_json(self, access: Access) -> dict[str, Any]:
        values = {name: (s := self.spec(access, name)).kind.canonical(s, v) for name, v in self.values.items()}
        return {
            "set": values, "add": [str(pk) for pk in self.add], "remove": [str(pk) for pk in self.remove],
            "verb": self.verb, "delete": self.is_delete,
        }  # fmt: skip

    @classmethod
    def load(cls, access: Access, kept: Mapping[str, Any]) -> Wish:
        """What was kept, if this actor may still ask for it."""
        wish = cls(
            {}, tuple(map(UUID, kept["add"])), tuple(map(UUID, kept["remove"])), kept["verb"], kept["delete"]
        )  # fmt: skip
        if not wish.verb:
            check_editable(access, kept["set"])
        values = {name: (s := wish.spec(access, name)).kind.restore(s, v) for name, v in kept["set"].items()}
        return cls(values, wish.add, wish.remove, wish.verb, wish.is_delete).checked(access)

    # -- in words

    def needs(self, access: Access) -> str:
        """The verb of access that each row takes."""
        if self.verb:
            verb = verb_of(access, self.verb)
            return verb.permission or verb.name
        return "delete" if self.is_delete else "edit"

    def title(self, access: Access) -> str:
        if self.is_delete:
            return _("Move to the trash")
        if self.verb:
            return str(verb_of(access, self.verb).label)
        # No field is named: whoever sees what was done may know less than whoever did it.
        return _("Edit") if self.values else _("Tags")

    # -- in deed

    def carry_out(self, access: Access, record: Any) -> None:
        if self.is_delete:
            delete(access, record)
        elif self.verb:
            verb = verb_of(access, self.verb)
            if not verb.applies(record):
                problem = _("This cannot be done to the record as it is now.")
                raise verb.refusal(record, access) or ValidationError(problem, code="stale")
            verb.action(record, access, **self.values)
        else:
            values = dict(self.values)
            if self.add or self.remove:
                values["tags"] = sorted({*record.tags, *self.add} - set(self.remove))
            edit(access, record, values)


def verbs_in_bulk(access: Access) -> list[Verb]:
    """The verbs that may be asked of many records at once, where this actor may use them at all."""
    return [
        verb
        for verb in access.rtype.verbs
        if verb.in_bulk and not verb.has_page and access.may(verb.permission or verb.name)
    ]


def verb_of(access: Access, name: Any) -> Verb:
    verb = access.rtype.verb(name) if isinstance(name, str) else None
    if verb is None or not verb.in_bulk or verb.has_page:
        raise ValidationError({"verb": ValidationError(_("There is no such verb."), code="unknown")})
    if not access.may(verb.permission or verb.name):
        raise PermissionDenied(_("Your role does not allow this."))
    return verb

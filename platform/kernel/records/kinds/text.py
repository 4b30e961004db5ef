"""Text, and the texts that have a form of their own: e-mail addresses, telephone numbers, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.lib.emails import parse_email
from kernel.lib.errors import ParseError
from kernel.lib.mentions import without
from kernel.lib.phones import parse_phone
from kernel.lib.text import sort_key
from kernel.lib.urls import parse_url
from kernel.records.kinds.base import LIST_LIMIT, Kind, nullable
from kernel.records.mentioning import bound, takes_mentions
from kernel.records.storage import compared

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec


class Text(Kind):
    """One line. Filtered, sorted and searched by its folded key, so that spelling variants are one."""

    name, title = "text", _("Text")
    lookups: ClassVar[tuple[str, ...]] = ("exact", "contains", "starts", "in", "empty")
    is_searched = True
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> str | None:
        return check_text(text, spec.max_length) or None

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        spec.store.put(spec, record, value if value is not None or spec.null else "")

    def order(self, spec: FieldSpec, access: Access) -> Any:
        return spec.store.key(spec)

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        asked = {"contains": "contains", "starts": "startswith", "exact": "exact"}.get(lookup)
        if asked:
            return self._keyed(spec, asked, sort_key(raw))
        if lookup == "in":
            keys = [sort_key(part) for part in raw.split(",")[:LIST_LIMIT] if part.strip()]
            return self._keyed(spec, "in", keys)
        return super().condition(spec, lookup, raw, access)

    def _keyed(self, spec: FieldSpec, lookup: str, value: Any) -> Q:
        if spec.is_label:
            return Q(**{f"label_key__{lookup}": value})
        return compared(spec.store.key(spec), lookup, value)

    def is_empty(self, spec: FieldSpec) -> Q:
        return spec.store.is_missing(spec) | spec.store.where(spec, "exact", "")

    def search_text(self, spec: FieldSpec, value: Any) -> str:
        return value or ""

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        length = {"maxLength": spec.max_length} if spec.max_length else {}
        return nullable({"type": "string", **length})


class LongText(Text):
    name, title = "long_text", _("Long text")
    widget = "textarea"
    lookups = ("contains", "empty")
    is_sortable = False
    can_group = False

    def parse(self, spec: FieldSpec, text: str, access: Access) -> str | None:
        text = check_text(text, spec.max_length, one_line=False)
        return (bound(text, access) if takes_mentions(spec) else text) or None

    def search_text(self, spec: FieldSpec, value: Any) -> str:
        return without(value or "")


class Formed(Text):
    """Kept in one exact form, and so compared exactly."""

    can_group = False
    lookups: ClassVar[tuple[str, ...]] = ("exact", "contains", "starts", "in", "empty")

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        if lookup in ("contains", "starts"):
            return spec.store.where(spec, f"i{'contains' if lookup == 'contains' else 'startswith'}", raw.strip())
        return Kind.condition(self, spec, lookup, raw, access)

    def order(self, spec: FieldSpec, access: Access) -> Any:
        return Kind.order(self, spec, access)


class Email(Formed):
    name, title = "email", _("Email")
    widget = "email"

    def parse(self, spec: FieldSpec, text: str, access: Access) -> str | None:
        text = check_text(text, spec.max_length)
        return parse_email(text) if text else None

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "format": "email", "maxLength": spec.max_length or 254})


class Phone(Formed):
    name, title = "phone", _("Phone")
    widget = "phone"
    lookups = ("exact", "contains", "in", "empty")

    def parse(self, spec: FieldSpec, text: str, access: Access) -> str | None:
        text = check_text(text, None)
        return parse_phone(text, access.actor.format.region) if text else None

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return fmt.phone(value) if value else ""

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        if lookup == "contains":
            digits = "".join(c for c in sort_key(raw) if c.isdigit()).lstrip("0")
            return spec.store.where(spec, "contains", digits)
        return super().condition(spec, lookup, raw, access)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "description": "E.164, such as +989121234567"})


class Link(Formed):
    name, title = "link", _("Link")
    widget = "url"

    def parse(self, spec: FieldSpec, text: str, access: Access) -> str | None:
        text = check_text(text, spec.max_length)
        return parse_url(text) if text else None

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "format": "uri", "maxLength": spec.max_length or 200})


def check_text(text: str, max_length: int | None, *, one_line: bool = True) -> str:
    text = text.strip()
    if "\x00" in text:
        raise ParseError(_("This contains a character that cannot be stored."), "null_character")
    if one_line and any(c in text for c in "\r\n"):
        text = " ".join(text.split())
    if max_length and len(text) > max_length:
        raise ParseError(_("This is too long: use at most %(limit)s characters."), "max_length", limit=max_length)
    return text

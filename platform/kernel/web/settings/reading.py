"""An OpenAPI document read for people: operations and fields of one part of the API at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from kernel.lib.text import fold

METHODS = ("get", "post", "patch", "put", "delete")
MOST_CODES = 12
ANY = "any"


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    raw: dict[str, Any]

    @property
    def summary(self) -> str:
        return str(self.raw.get("summary", ""))

    @property
    def key(self) -> str:
        return str(self.raw.get("operationId", f"{self.method}-{self.path}"))

    @cached_property
    def media(self) -> str:
        return next(iter(self.raw.get("requestBody", {}).get("content", {})), "")

    @property
    def body(self) -> dict[str, Any]:
        return dict(self.raw.get("requestBody", {}).get("content", {}).get(self.media, {}))

    @property
    def headers(self) -> list[str]:
        names = {"if_match": "If-Match", "idempotency_key": "Idempotency-Key"}
        found = (parameter.get("$ref", "").rpartition("/")[2] for parameter in self.raw.get("parameters", ()))
        return [names[name] for name in found if name in names]


@dataclass
class Row:
    """A field as programs know it. `words` is its kind, `codes` what a choice may be."""

    name: str
    label: str
    words: str
    codes: list[str] = field(default_factory=list)
    more_codes: int = 0
    is_required: bool = False
    is_read_only: bool = False
    operators: list[str] = field(default_factory=list)


class Part:
    """All that begins with one word of the address: a type of records, a kind of runs, or something of its own."""

    def __init__(self, key: str, document: dict[str, Any]) -> None:
        self.key, self.document = key, document
        self.operations = [operation for operation in operations(document) if part_of(operation.path) == key]
        self.label = next((tag["description"] for tag in document["tags"] if tag["name"] == key), "")

    @property
    def root(self) -> str:
        return "/{type}" if self.key == ANY else f"/{self.key}"

    @property
    def listing(self) -> Operation | None:
        return next((one for one in self.operations if one.method == "get" and one.path == f"/{self.key}"), None)

    @cached_property
    def parameters(self) -> list[dict[str, Any]]:
        return [one for one in (self.listing.raw.get("parameters", []) if self.listing else []) if "name" in one]

    @cached_property
    def rows(self) -> list[Row]:
        """The fields of a type of records; nothing for other parts."""
        schemas = self.document["components"]["schemas"]
        reference = _at(self.listing.raw if self.listing else {}, "responses", "200", "content", "application/json",
                        "schema", "$ref")  # fmt: skip
        name = str(reference or "").rpartition("/")[2].removesuffix("Page")
        if not self.label or name not in schemas:
            return []
        required = self._required(schemas.get(f"{name}Create", {}))
        return [self._row(code, schema, required) for code, schema in self._fields(schemas[name])]

    def _fields(self, schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, inner in schema["properties"].items():
            if name == "custom" and "properties" in inner:
                yield from ((f"custom.{code}", own) for code, own in inner["properties"].items())
            else:
                yield name, inner

    def _required(self, schema: dict[str, Any]) -> set[str]:
        own = schema.get("properties", {}).get("custom", {}).get("required", ())
        return {*schema.get("required", ()), *(f"custom.{code}" for code in own)}

    def _row(self, name: str, schema: dict[str, Any], required: set[str]) -> Row:
        codes = [str(code) for code in _codes(schema)]
        return Row(
            name, str(schema.get("title", "")), kind_words(schema), codes[:MOST_CODES], len(codes[MOST_CODES:]),
            name in required, bool(schema.get("readOnly")), self._operators(name),
        )  # fmt: skip

    def _operators(self, name: str) -> list[str]:
        asked = (str(parameter["name"]) for parameter in self.parameters)
        return ["=" if one == name else one.removeprefix(name) for one in asked if one == name or
                one.startswith(f"{name}__")]  # fmt: skip

    def matches(self, words: list[str]) -> list[tuple[str, str, str]]:
        """(anchor, name, what it is) of what the words are found in."""
        found = [(f"o-{one.key}", f"{one.method.upper()} {one.path}", one.summary) for one in self.operations]
        found += [(f"f-{row.name}", f"{self.key}.{row.name}", row.label) for row in self.rows]
        return [hit for hit in found if all(word in fold(" ".join((self.label, *hit[1:]))) for word in words)]


def part_of(path: str) -> str:
    """The word that a path begins with; ANY, where it begins with whichever type."""
    word = path.strip("/").partition("/")[0]
    return ANY if word.startswith("{") else word


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield Operation(method, path, item[method])


def keys_of(document: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(part_of(path) for path in document["paths"]))


def kind_words(schema: dict[str, Any]) -> str:
    """The kind of a value in words, from its schema alone."""
    inner = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if inner:
        return kind_words(inner[0])
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    if reference:
        named = {"Money": _("money"), "Reference": _("another record"), "Tag": _("tag"), "About": _("any record")}
        return named.get(reference, reference)
    kinds = schema.get("type", "")
    kind = next((one for one in kinds if one != "null"), "") if isinstance(kinds, list) else kinds
    if kind == "array":
        return _("list of: %(kind)s") % {"kind": kind_words(schema.get("items", {}))}
    if _codes(schema):
        return _("one of some codes")
    formats = {"date": _("date"), "date-time": _("date and time"), "uuid": _("id"), "email": _("e-mail")}
    plain = {"string": _("text"), "integer": _("whole number"), "number": _("number"), "boolean": _("yes or no"),
             "object": _("object")}  # fmt: skip
    if kind == "string" and schema.get("pattern", "").startswith(r"^-?\d"):
        return _("number, as text")
    return formats.get(schema.get("format", "")) or plain.get(kind, _("any value"))


def _codes(schema: dict[str, Any]) -> list[Any]:
    held = schema.get("enum") or _at(schema, "items", "enum") or []
    held = held or next((one["enum"] for one in schema.get("anyOf", ()) if "enum" in one), [])
    return [code for code in held if code is not None]


def _at(tree: Any, *keys: str) -> Any:
    for key in keys:
        tree = tree.get(key, {}) if isinstance(tree, dict) else {}
    return tree

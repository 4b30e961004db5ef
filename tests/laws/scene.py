"""A tenant in which each field of each type says something that nothing else says: of each type one record, the canary,
whose values are words, numbers and moments of their own."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from canaries import KEYS, Secret, tokens, word
from django.utils import timezone
from own_fields import make as make_field

from kernel.access.actor import actor_for
from kernel.access.models import Member
from kernel.attachments.keeping import keep
from kernel.lib.ids import uuid7
from kernel.records.change import create
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.records.views import Views

TEXTS = ("text", "long_text", "email", "link", "facts")
NUMBERS = ("number", "integer", "percent", "money")
# Kinds of which a tenant's own fields stand on the types that take them, a few on each.
OWN_KINDS = (
    "money", "choice", "phone", "date", "percent", "choices", "link", "datetime", "email", "number", "relation",
)  # fmt: skip
# Values that are not anybody's choice, or the rest of the record would not be taken.
SETTLED: dict[str, dict[str, Any]] = {
    "stages": {"kind": "open"},
    "stage-tasks": {"due_days": 3},
    "lead-statuses": {"kind": "open"},
    "lead-forms": {"origins": "https://zqoriginsofone.example.com", "language": "en", "active": True},
    "tasks": {"done_at": None, "repeat_count": None},
    "calls": {"done_at": None},
    "meetings": {"done_at": None},
    "consents": {"at": datetime(2019, 5, 6, 7, 8, tzinfo=UTC)},
    "deals": {"closed_on": None, "lost_reason": None},
}


class Scene:
    """The canaries of all types, written by Sara, and their secrets."""

    def __init__(self, tenant: Any, sara: Member, owner: Member | None = None) -> None:
        self.tenant, self.actor = tenant, actor_for(sara, "page")
        self.owner = owner or self._own_member()
        self.tells_owner = owner is None
        self.records: dict[str, Any] = {}
        self.sets: dict[str, Any] = {}
        self.secrets: list[Secret] = []
        self.now = timezone.now()
        self.is_shared = True  # with Mina, when she is told of what was
        self.told: list[Any] = []
        self.words: dict[tuple[str, str], list[str]] = {}
        self._numbers = iter(range(1, 1000))
        self._make_fields()
        for slug in self._in_order():
            self._fill(registry[slug])
        self._fill_members()
        self.twins = {slug: self._twin(rtype) for slug, rtype in registry.items() if rtype.duplicate_keys}
        self.fresh_lead = self._twin(registry["leads"])
        self.views = {slug: self._views(registry[slug]) for slug in registry if registry[slug].in_menu}

    # -- own fields

    def _make_fields(self) -> None:
        takers = [slug for slug, rtype in registry.items() if rtype.takes_fields]
        for at, slug in enumerate(takers):
            kinds = ["text", "long_text", *(OWN_KINDS[(at * 2 + step) % len(OWN_KINDS)] for step in (0, 1))]
            for kind in kinds:
                name, code = word(slug, kind, "own label"), word(slug, kind, "own code")
                more: dict[str, Any] = {"in_list": True, "on_card": True} if kind == kinds[-1] else {}
                if kind in ("choice", "choices"):
                    options = [word(slug, kind, "first"), word(slug, kind, "second")]
                    more["choices"] = [{"label": option} for option in options]
                if kind == "text":
                    more["searchable"] = True
                make_field(kind, name, slug, code=code, **more)
                self.words[slug, f"custom.{code}"] = [name, code, *(c["label"] for c in more.get("choices", ()))]

    # -- records

    @staticmethod
    def _in_order() -> list[str]:
        """Every type after those that its records point at; members, roles and fields are made otherwise."""
        first = ["tags", "teams", "sources", "pipelines", "stages", "lost-reasons", "products", "lead-statuses"]
        then = ["qualification-items", "companies", "contacts", "deals"]
        left_out = {"custom-fields", "roles", "members", "files"}
        rest = [slug for slug in registry if slug not in {*first, *then, *left_out}]
        return [*first, *then, *rest, "files"]

    def _fill(self, rtype: RecordType) -> None:
        access = self.actor.access(rtype)
        change_set = self.sets[rtype.slug] = uuid7()
        label = word(rtype.slug, "name")
        if rtype.slug == "files":
            about = {"type": "companies", "id": str(self.records["companies"].pk)}
            self.records["files"] = keep(self.actor, io.BytesIO(b"Signed."), f"{label}.txt", about)
        else:
            values = {name: self._value(rtype, spec) for name, spec in access.editable().items()}
            named = rtype.label_field if rtype.slug != "contacts" else "last_name"
            if named in values:  # a consent is called by what it is for
                values[named] = label
            if rtype.slug == "contacts":
                values["first_name"] = ""
            values |= self._settled(rtype)
            given = {name: value for name, value in values.items() if value is not None}
            self.records[rtype.slug] = create(access, given, change_set=change_set)
        self._write_the_rest(rtype)
        self._remember(rtype)

    def _settled(self, rtype: RecordType) -> dict[str, Any]:
        """What must be as it is for the rest to be taken."""
        values: dict[str, Any] = {"owner": self.owner.pk} if rtype.is_owned else {}
        values |= SETTLED.get(rtype.slug, {})
        if rtype.parent:
            slugs = [of.slug for of in rtype.parent_types()]
            slug = "companies" if "companies" in slugs else next(of for of in slugs if of in self.records)
            values["about"] = {"type": slug, "id": str(self.records[slug].pk)}
        return values

    def _value(self, rtype: RecordType, spec: FieldSpec, *above: str) -> Any:
        """A value of the field's kind that only it has."""
        kind, secret, number = spec.kind.name, word(rtype.slug, *above, spec.name), next(self._numbers)
        if kind in ("text", "long_text"):
            return secret[: spec.max_length]
        if (rtype.slug, spec.name) == ("contacts", "contact_points"):
            return [{"kind": "email", "value": f"{secret}@example.com", "label": word(secret), "primary": False}]
        if spec.rows:
            return [{sub.name: self._value(rtype, sub, spec.name) for sub in spec.rows if not sub.read_only}]
        day = date(2031, 1, 1) + timedelta(days=5 * number)
        plain: dict[str, Any] = {
            "email": f"{secret}@example.com",
            "link": f"https://{secret}.example.com/",
            "phone": f"+1212{5550000 + 37 * number}",
            "number": Decimal(710_000 + 37 * number) + Decimal("0.37"),
            "integer": 11_000 + 37 * number,
            "percent": Decimal(number % 90 + 7) + Decimal("0.37"),
            "money": Decimal(1_000_000 + 38_017 * number) + Decimal("0.37"),
            "date": day,
            "datetime": datetime(day.year, day.month, day.day, 3 + number % 9, 1 + number % 58, tzinfo=UTC),
            "yes_no": True,
            "choices": [code for code, _label in spec.choices][-1:],
        }
        if kind in plain:
            return plain[kind]
        if kind == "choice":
            return spec.choices[-1][0]
        if kind in ("relation", "relations", "tags", "references"):
            return self._pointing(rtype, spec, secret)
        return None

    def _pointing(self, rtype: RecordType, spec: FieldSpec, secret: str) -> Any:
        if spec.kind.name == "references":
            return [f"contacts:{self._plain('contacts', secret)}"]
        settled = {"pipelines", "stages", "lead-statuses"}
        there = self.records.get(spec.related) if spec.related in settled else None
        if spec.related in settled and there is None:
            return None
        pk = there.pk if there else self._plain(spec.related, secret)
        return [pk] if spec.kind.is_list else pk

    def _plain(self, slug: str, label: str) -> Any:
        """The id of a record that has nothing but a name."""
        rtype = registry[slug]
        return create(self.actor.access(rtype), {"last_name" if slug == "contacts" else rtype.label_field: label}).pk

    def _write_the_rest(self, rtype: RecordType) -> None:
        """What nobody may type is as secret: it is put into the row."""
        record = self.records[rtype.slug]
        columns: dict[str, Any] = {}
        for name, spec in rtype.declared().items():
            if name in KEYS[rtype.slug] or not spec.read_only or name in ("created_by", "status", "number"):
                continue
            value = {"utm_source": word(rtype.slug, name)} if spec.kind.name == "facts" else self._value(rtype, spec)
            if value is not None:
                columns[spec.kind.attribute(spec)] = value
        rtype.model.objects.filter(pk=record.pk).update(**columns)
        record.refresh_from_db()

    def _fill_members(self) -> None:
        """A member comes by an invitation: this one by hand."""
        label, secret = word("members", "name"), word("members", "email")
        self.records["members"] = Member.objects.create(
            name=label, email=f"{secret}@example.com", label=label, label_key=label, search=f"{label} {secret}",
            text_keys={"name": label, "email": secret},
        )  # fmt: skip
        self._write_the_rest(registry["members"])
        self._remember(registry["members"])

    def _twin(self, rtype: RecordType) -> Any:
        """One that is like the canary in all that records are compared by, and has no secret of its own."""
        record, names = self.records[rtype.slug], {name for key in rtype.duplicate_keys for name in key.fields}
        specs = self.actor.access(rtype).editable()
        values = {name: specs[name].value(record) for name in names | KEYS[rtype.slug] if name in specs}
        values.pop("contact_points", None)
        if rtype.slug == "products":
            values["code"] = ""
        values[rtype.label_field if rtype.slug != "contacts" else "last_name"] = record.label
        return create(self.actor.access(rtype), {name: value for name, value in values.items() if value})

    def _views(self, rtype: RecordType) -> list[str]:
        """The ids of two views that Sara shares: one asks by each field in its address, one by a nested filter."""
        readable = self.actor.access(rtype).readable()
        asked = [name for name, spec in readable.items() if spec.kind.is_filterable and "empty" in spec.kind.lookups]
        sort = next(n for n, spec in readable.items() if spec.kind.is_sortable and n not in KEYS[rtype.slug])
        flat = {f"{name}__empty": "false" for name in asked} | {"sort": sort, "columns": ",".join(readable)}
        nested = {"and": [{"field": name, "op": "empty", "value": "false"} for name in asked[:10]]}
        views = Views(self.actor.access(rtype))
        kept = [flat, {"filter": json.dumps(nested)}]
        saved = [views.save(name=f"View {at}", audience="everyone", params=params) for at, params in enumerate(kept)]
        return [str(row.pk) for row in saved]

    @staticmethod
    def _own_member() -> Member:
        """Whose the canaries are, and nothing else."""
        label = word("owner")
        return Member.objects.create(name=label, label=label, label_key=label, search=label, text_keys={"name": label})

    # -- secrets

    def _remember(self, rtype: RecordType) -> None:
        record = self.records[rtype.slug]
        if rtype.is_owned and self.tells_owner:
            self.secrets.append(Secret(rtype.slug, "owner", frozenset({self.owner.label}), True))
        for name, spec in rtype.specs().items():
            if name not in KEYS[rtype.slug]:
                for one, value in self._values_in(rtype, spec, record):
                    self._add(rtype, name, one, value)

    @staticmethod
    def _values_in(rtype: RecordType, spec: FieldSpec, record: Any) -> list[tuple[FieldSpec, Any]]:
        value = spec.value(record)
        if not spec.rows:
            return [(spec, value)]
        mirrored = {
            getattr(record, name) for name in rtype.mirrors.get(spec.name, ())
        }  # these are secrets of their own
        rows = [row for row in value if row.get("value") not in mirrored] if mirrored else value
        return [(sub, row.get(sub.name)) for row in rows for sub in spec.rows]

    def _add(self, rtype: RecordType, name: str, spec: FieldSpec, value: Any) -> None:
        kind, fmt = spec.kind.name, self.actor.format
        if value in (None, "", [], {}):
            return
        forms: set[str] = set()
        if kind in TEXTS:
            forms = set(re.findall(r"zq[a-z]+", str(value)))
        elif kind == "phone":
            forms = {str(value)[1:], str(value)[2:], spec.kind.show(spec, value, fmt)}
        elif kind in NUMBERS:
            plain = f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) else str(value)
            forms = {plain, fmt.number(value)}
            if kind == "money":
                forms |= {str(int(value)), fmt.number(int(value)), fmt.money(value, compact=True)}
        elif kind == "date":
            forms = {value.isoformat(), spec.kind.show(spec, value, fmt)}
        elif kind == "datetime":
            local = fmt.local(value)
            forms = {value.isoformat()[:16], local.isoformat()[:16], fmt.date(local.date())}
        elif spec.related and spec.related not in ("members",):
            ids = value if spec.kind.is_list else [value]
            labels = registry[spec.related].model.objects.filter(pk__in=ids).values_list("label", flat=True)
            forms = {*map(str, ids), *map(str, labels)}
            is_elsewhere = spec.related == rtype.slug
            if not is_elsewhere:
                self.secrets.append(Secret(rtype.slug, name, frozenset(f.lower() for f in forms), True))
            return
        forms = {form for form in forms if len(form) > 3}  # "3" stands everywhere
        forms = frozenset(form.lower() for form in forms)
        assert all(form in tokens(form) for form in forms), forms
        if forms:
            self.secrets.append(Secret(rtype.slug, name, forms))

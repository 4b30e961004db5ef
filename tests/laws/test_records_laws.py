"""Laws over the registry of record types: a new type, field or verb is under them by being registered."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from kernel.access.actor import actor_for
from kernel.access.models import Member
from kernel.events.names import RECORD_EVENTS, sentences
from kernel.records.aggregate import aggregate, read_group, read_measures
from kernel.records.change import create, edit
from kernel.records.find import find
from kernel.records.specs import FieldSpec
from kernel.records.statements import attributes_of
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

ROOT = Path(settings.ROOT)
SLUGS = sorted(registry)
PAGED = sorted(slug for slug, rtype in registry.items() if rtype.in_menu or rtype.due_field)


def sample(spec: FieldSpec, secret: str, actor: Any) -> Any:
    """A value of a field's kind; where the kind has room for it, with a secret inside."""
    kind = spec.kind.name
    if kind in ("text", "long_text"):
        return secret[: spec.max_length or 40]
    if spec.rows:
        return [{sub.name: sample(sub, secret, actor) for sub in spec.rows if not sub.read_only}]
    simple = {
        "email": f"{secret.lower()}@example.com",
        "link": f"https://example.com/{secret}",
        "phone": "+12125550123",
        "number": Decimal(2),
        "integer": 7,
        "percent": Decimal(5),
        "money": Decimal(17),
        "date": date(2026, 5, 6),
        "datetime": datetime(2026, 5, 6, 7, 8, tzinfo=UTC),
        "yes_no": True,
        "relations": [],
    }
    if kind in simple:
        return simple[kind]
    if kind == "choice":
        return spec.choices[0][0]
    if kind == "about":
        return {"type": "companies", "id": str(made("companies", secret, actor).pk)}
    if kind == "member":
        return actor.member.pk
    return made(spec.related, secret, actor).pk if spec.required else None


def made(slug: str, secret: str, actor: Any) -> Any:
    """A record of a type with a secret in each of its texts. Relations that need not be filled stay empty."""
    access = actor.access(registry[slug])
    skip = {"contact_points", "stage", "pipeline", "status"}
    values = {name: sample(spec, secret, actor) for name, spec in access.editable().items() if name not in skip}
    return create(access, {name: value for name, value in values.items() if value is not None})


@pytest.mark.parametrize("slug", SLUGS)
def test_every_event_of_a_type_has_its_sentence_in_both_languages(slug: str) -> None:
    rtype = registry[slug]
    for name in [f"{rtype.name}.{suffix}" for suffix in RECORD_EVENTS] + [verb.event for verb in rtype.verbs]:
        with translation.override("en"):
            english = str(sentences[name])
        with translation.override("fa"):
            assert str(sentences[name]) != english, f"{name} has no Persian sentence"


@pytest.mark.parametrize("slug", SLUGS)
def test_every_label_of_a_type_has_its_persian(slug: str) -> None:
    rtype = registry[slug]
    labels = [rtype.label, rtype.label_plural, *(spec.label for spec in rtype.specs().values())]
    labels += [panel.title for panel in rtype.panels] + [verb.label for verb in rtype.verbs]
    for label in labels:
        with translation.override("en"):
            english = str(label)
        with translation.override("fa"):
            assert str(label) != english, f"“{english}” of {slug} is not translated"


@pytest.mark.parametrize("slug", SLUGS)
def test_every_name_in_a_declaration_is_one_of_its_fields(slug: str) -> None:
    rtype = registry[slug]
    named = {*rtype.columns, *rtype.filters, *rtype.search, *rtype.sums, rtype.sort.removeprefix("-")}
    named |= {name for panel in rtype.panels for name in panel.fields} | set(rtype.match_fields)
    board = rtype.board
    named |= {*board.card, *filter(None, (board.by, board.within, board.total))} if board else set()
    assert named <= set(rtype.specs())
    for related in rtype.related:
        assert related.field in registry[related.slug].specs()


ONE_OF_A_NAME = ("roles", "tags", "lead-forms")


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_and_the_api_leave_the_same_record_and_event(slug: str, client_for, api_for, tenant_a, member) -> None:
    """Parity, for the types whose form needs no more than texts."""
    rtype = registry[slug]
    needed = {name for name, spec in rtype.specs().items() if spec.required and not spec.read_only}
    is_more = any(rtype.specs()[name].kind.name not in ("text", "long_text") for name in needed)
    if is_more or not rtype.has_form or slug in ONE_OF_A_NAME:
        return
    values = dict.fromkeys(needed, "Parity")
    assert client_for("sara").post(f"/r/{slug}/new", values).status_code == 303
    assert api_for("sara").post(f"/api/v1/{slug}?duplicates=allow", values).status_code == 201
    from kernel.events.models import Event

    with in_tenant(tenant_a):
        events = Event.objects.filter(record_type=slug, name=f"{rtype.name}.created").order_by("-pk")[:2]
        assert len(events) == 2
        assert events[0].changes == events[1].changes


@pytest.mark.parametrize("slug", PAGED)
@pytest.mark.parametrize("door", ["page", "api"])
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few(
    slug: str, door: str, client_for, api_for, tenant_a
) -> None:
    numbers = iter(range(100))

    def fill(count: int) -> None:
        with in_tenant(tenant_a):
            actor = actor_for(Member.objects.get(email="sara@a.example"), "page")
            for number, _ in zip(numbers, range(count), strict=False):
                made(slug, f"N{number}", actor)

    browser = client_for("sara") if door == "page" else api_for("sara")
    path = f"/r/{slug}?view=list" if door == "page" else f"/api/v1/{slug}"

    def queries() -> int:
        with CaptureQueriesContext(connections["default"]) as caught:
            assert browser.get(path).status_code == 200
        return len(caught)

    fill(3)
    queries()
    few = queries()
    fill(12)
    queries()  # the first one tells once, for all rows, that protected fields were read
    assert queries() <= few


@pytest.mark.parametrize("slug", registry)
def test_any_field_is_read_by_its_own_columns(slug: str, tenant_a) -> None:
    """Else a list that shows it would read whole rows."""
    with in_tenant(tenant_a):
        access = actor_for(Member.objects.get(email="sara@a.example"), "page").access(registry[slug])
        assert [spec.name for spec in access.shown().values() if not attributes_of(access, [spec])] == []


@pytest.mark.parametrize("slug", PAGED)
def test_a_group_holds_what_its_filters_find_whatever_rows_are_gathered_by(slug: str, in_a, member) -> None:
    """A record is counted in each of its groups, and all but those of lists add up to what there is."""
    actor = actor_for(member("sara"), "page")
    access = actor.access(registry[slug])
    words = [made("tags", f"Word{number}", actor).pk for number in range(2)]
    for number in range(3):
        edit(access, made(slug, f"N{number}", actor), {"tags": words[:number]} if "tags" in access.editable() else {})
    found = find(access, {})
    by = [name for name, spec in access.readable().items() if spec.kind.can_group and not spec.rows]
    assert by
    for name in by:
        groups = aggregate(found, read_measures(found, "count"), read_group(found, name))
        for group in groups:
            query = {key: value for key, value in group.filters.items() if group.filters}
            assert not query or find(access, query).count() == group.figures["count"], (name, group.label)
        if not access.readable()[name].kind.is_list:
            assert sum(group.figures["count"] for group in groups) == found.count(), name


def test_nothing_outside_the_engine_saves_a_record() -> None:
    """Writes go through kernel.records: only the engine, provisioning and the seeds of demo data may save rows."""
    allowed = (
        "platform/kernel/records/",
        "platform/kernel/access/models.py",
        "crm_core/sales/demo/",
        "tenants/owner.py",
    )
    models = {rtype.model.__name__ for rtype in registry.values()}
    wrong = []
    for path in sorted(
        {*ROOT.glob("platform/kernel/**/*.py"), *ROOT.glob("crm_core/**/*.py"), *ROOT.glob("tenants/**/*.py")}
    ):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(allowed) or "/migrations/" in name or "node_modules" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in (
                "create",
                "bulk_create",
                "get_or_create",
                "update_or_create",
            ):
                source = ast.unparse(node)
                if source.split(".")[0] in models and ".objects." in source:
                    wrong.append(f"{name}:{node.lineno} {source}")
    assert wrong == []

"""What Mina may not know leaves the server by no way: not in an answer's bytes, and not as what rows are asked by."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from zlib import crc32

import pytest
import surfaces_of_api
import surfaces_of_pages
from asked_by import asked_by
from canaries import KEYS, Secret, distinguish, tokens
from looker import Answer, Looker, role_of
from scene import Scene
from surfaces import call_all, uncalled

from kernel.records.kinds.guarded import DOTS
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

__all__ = ["surfaces_of_api", "surfaces_of_pages"]

Field = tuple[str, str]
EVERYTHING = {"verbs": {"*": "all"}, "fields": {"*": "edit"}}


def half(slug: str, name: str) -> bool:
    return crc32(f"{slug}.{name}".encode()) % 2 == 0


# By mode: what the role says of a field that is no key of its record. The records are Sara's.
MODES: dict[str, Callable[[str, str], str]] = {
    "hidden": lambda slug, name: "none",
    "half": lambda slug, name: "none" if half(slug, name) else "edit",
    "masked": lambda slug, name: "masked",
    "own": lambda slug, name: "edit:own",
}
SORTS = ("deals", "contacts", "tasks", "files")
RECORDS = ("api/v1/<slug:slug>", "api/v1/<slug:slug>/<str:pk>")
# Of a masked value the last two characters are told at most.
UNCOVERED = re.compile(rf"{DOTS}\w{{3,}}|(?:\\u2022){{4}}\w{{3,}}")
# Where people choose from a list, all of it stands, whatever the record says.
CHOSEN_FROM = {"board", "form", "filter", "inline edit", "bulk", "import", "saved view", "conversion"}
# What the engine itself asks by, whoever looks: which rows there are, whose they are, what they hang on, which are the
# newest, and the texts of several fields together (`kernel.records.words` asks each word of a field that is read, too).
ENGINES = {
    "id", "version", "deleted_at", "owner_id", "team_id", "created_by_id", "about_id", "about_type", "label_key",
    "search", "duplicate_keys", "text_keys", "custom", "created_at", "updated_at",
}  # fmt: skip
ASKED = re.compile(r' name="([a-z_.]+)"|/cell/([a-z_.]+)')
# What a page asks for itself, under the name of a field: with which team a record is shared, what a new one is about,
# what a lead becomes.
ASKED_BESIDE = {"/access": {"team"}, "/compose": {"about"}, "/convert": {"company", "contact", "deal"}}
# A report is begun by whoever reads all that it asks: `test_canary_reach.py` calls these.
OF_REPORTS = {
    "reports/<uuid:pk>", "reports/<uuid:pk>/status", "reports/<uuid:pk>/download/<slug:extension>",
    "api/v1/report-runs/<str:pk>", "api/v1/report-runs/<str:pk>/<slug:part>",
}  # fmt: skip
# A column that is asked by for another reason than to tell of it.
EXEMPT = {
    ("members", "active"): "who may be told, chosen or signed in",
    ("teams", "lead"): "whose teams are whose: the reach of a scope",
    ("teams", "parent"): "as above",
    ("lead-forms", "address"): "the form at this address; a new one takes an address that is free",
    **{(slug, "position"): "the order in which they are offered" for slug in registry},
}


@pytest.fixture
def looking(monkeypatch, settings, caplog, tenant_a, member, client_for, api_for) -> Any:
    """`looking(mode)`: Mina, who has called every surface under such rules, and which fields they keep from her."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000

    def look(mode: str, *, calls: bool = True) -> tuple[Looker, dict[Field, str]]:
        words = distinguish(monkeypatch)
        with in_tenant(tenant_a):
            scene, mina = Scene(tenant_a, member("sara")), member("mina")
            scene.words |= words
            levels = {
                (slug, name): MODES[mode](slug, name)
                for slug, rtype in registry.items()
                for name in rtype.specs()
                if name not in KEYS[slug]
            }
        types: dict[str, Any] = {slug: {"verbs": {"*": "all"}, "fields": {"*": "edit"}} for slug in registry}
        for (slug, name), level in levels.items():
            types[slug]["fields"][name] = level
        role_of(tenant_a, mina, {"*": EVERYTHING, **types})
        browser, api = (door("mina", raise_request_exception=False) for door in (client_for, api_for))
        looker = Looker(mina, tenant_a, browser, api, scene, lambda: caplog.records)
        if calls:
            with caplog.at_level("DEBUG"), caplog.at_level("INFO", "django.db"):
                # One of each sort: of what nobody owns, a field of one's own records is hidden like any other.
                call_all(looker, {s: t for s, t in registry.items() if mode != "own" or s in SORTS})
        return looker, {field: level for field, level in levels.items() if level != "edit"}

    return look


@pytest.mark.parametrize("mode", MODES)
def test_what_is_hidden_leaves_by_no_way(mode: str, looking: Any, tenant_a: Any) -> None:
    mina, hidden = looking(mode)
    with in_tenant(tenant_a):
        columns = columns_of(hidden)
    names: dict[str, set[str]] = defaultdict(set)
    for slug, name in hidden:
        names[slug].add(name)
    found: set[str] = set()
    for answer in mina.answers:
        if answer.status >= 500:
            found.add(f"{answer}")
        seen = tokens(answer.text)
        found |= {f"{answer}: {told}" for told in values_in(answer, seen, mina.scene, hidden)}
        if mode in ("hidden", "half"):
            found |= {f"{answer}: {told}" for told in names_in(seen, mina.scene, hidden)}
            known_by = keys_of(answer) | asked_in(answer)
            found |= {f"{answer}: {name} is a key of it" for name in known_by & names[answer.about]}
        found |= {f"{answer}: {told} is left uncovered" for told in UNCOVERED.findall(answer.text)}
        if not is_merging(answer):
            found |= {f"{answer}: {told}" for sql in set(answer.sql) for told in asked_for(sql, columns)}
    assert not found, "\n".join(sorted(found))
    assert uncalled(mina.answers) <= OF_REPORTS


def is_merging(answer: Answer) -> bool:
    """Whatever points at a record goes along when it is merged, seen or not."""
    return answer.method == "POST" and answer.route in ("r/<slug:slug>/merge", "api/v1/<slug:slug>/<str:pk>/merge")


def values_in(answer: Answer, seen: set[str], scene: Scene, hidden: dict[Field, str]) -> Iterator[str]:
    for secret in scene.secrets:
        if not (told := secret.forms & seen) or (secret.slug, secret.field) not in hidden:
            continue
        is_elsewhere = answer.about != secret.slug or (answer.surface == "timeline" and hangs_there(secret, hidden))
        if not (secret.is_only_here and (is_elsewhere or is_offered(answer, secret))):
            yield f"{secret.slug}.{secret.field} stands in it: {min(told)}"


def hangs_there(secret: Secret, hidden: dict[Field, str]) -> bool:
    """Whether what hangs on a record may tell the same of itself: a task, whose it is."""
    parents = (rtype for rtype in registry.values() if rtype.parent and secret.field in rtype.specs())
    return any((rtype.slug, secret.field) not in hidden for rtype in parents)


def names_in(seen: set[str], scene: Scene, hidden: dict[Field, str]) -> Iterator[str]:
    """Labels, choices and reasons of fields that are unknown, and the codes of the tenant's own."""
    for field in hidden:
        if told := seen.intersection(scene.words.get(field, ())):
            yield f"{'.'.join(field)} is named in it: {min(told)}"


def keys_of(answer: Answer) -> set[str]:
    """The fields of the records that the API answered."""
    if answer.status != 200 or answer.route.removesuffix("/") not in RECORDS:
        return set()
    told = json.loads(answer.text.rpartition("\n")[2])
    rows = told.get("results", [told])
    return {name for row in rows for name in (*row, *(f"custom.{code}" for code in row.get("custom", ())))}


def asked_in(answer: Answer) -> set[str]:
    """The fields that a page asks for by name, or offers to change."""
    if answer.path.startswith("/api/"):
        return set()
    beside = next((names for end, names in ASKED_BESIDE.items() if answer.path.endswith(end)), set())
    return {name or cell for name, cell in ASKED.findall(answer.text)} - beside


def is_offered(answer: Answer, secret: Secret) -> bool:
    spec = registry[secret.slug].declared().get(secret.field)
    is_few = spec is not None and bool(spec.related) and spec.related_type.is_setting
    is_whom = answer.path.endswith("/access") or "/mentionable?" in answer.path
    return is_few and (answer.surface in CHOSEN_FROM or is_whom)


def columns_of(hidden: dict[Field, str]) -> dict[str, dict[str, list[Field]]]:
    """By table and column the hidden fields: also by the key of `text_keys`, and the code of a tenant's own field."""
    found: dict[str, dict[str, list[Field]]] = defaultdict(lambda: defaultdict(list))
    for slug, name in hidden:
        spec = registry[slug].specs()[name]
        names = [f"'{spec.code}'"] if spec.code else [*spec.kind.columns(spec), f"text_keys'{name}'"]
        for column in names if not (spec.rows or spec.kind.has_table) else ():
            if column not in ENGINES and (slug, name) not in EXEMPT:
                found[registry[slug].model._meta.db_table][column].append((slug, name))
    return found


def asked_for(sql: str, columns: dict[str, dict[str, list[Field]]]) -> Iterator[str]:
    """The hidden fields that rows are asked by. A column without its table may be of any that the statement names."""
    if sql.startswith("INSERT"):
        return
    tables = [table for table in columns if f'"{table}"' in sql]
    for token in asked_by(sql) if tables else ():
        table, _dot, column = ("", "", token) if token.startswith("'") else token.rpartition(".")
        is_alias = not table or table[1:].isdigit()
        for one in tables:
            for field in columns[one].get(column, ()) if is_alias or table == one else ():
                yield f"rows are asked for by {'.'.join(field)}: {sql[sql.find(' FROM ') :][:200]}"

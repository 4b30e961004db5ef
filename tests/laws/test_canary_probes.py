"""What Mina may not know can't be probed: asking by it is asking by a name that nothing has, and finds nothing."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from test_canary import looking

from kernel.records.aggregate import read_group, read_measures
from kernel.records.find import find
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from kernel.transfer.mapping import read_mapping
from kernel.transfer.targets import match_fields

__all__ = ["looking"]

NONSENSE, EMPTY = "nonsense", {"op": "empty", "value": "true"}
ASKING: dict[str, Callable[[Any, str], Any]] = {
    "filter": lambda access, name: find(access, {f"{name}__empty": "true"}),
    "nested": lambda access, name: find(access, {"filter": json.dumps({**EMPTY, "field": name})}),
    "sort": lambda access, name: find(access, {"sort": f"-{name}"}),
    "group": lambda access, name: read_group(find(access, {}), name),
    "aggregate": lambda access, name: read_measures(find(access, {}), f"sum:{name}"),
}
MODES = ("hidden", "masked", "own")


@pytest.mark.parametrize("mode", MODES)
def test_what_is_hidden_is_asked_by_like_what_does_not_exist(mode: str, looking: Any, tenant_a: Any) -> None:
    mina, hidden = looking(mode, calls=False)
    told: list[str] = []
    with in_tenant(tenant_a):
        accesses = {slug: mina.access(registry[slug]) for slug in mina.scene.records}
        for (slug, name), _level in hidden.items():
            for way, ask in ASKING.items() if slug in accesses else ():
                if refusal(ask, accesses[slug], name) != refusal(ask, accesses[slug], NONSENSE):
                    told.append(f"{way} by {slug}.{name}: {refusal(ask, accesses[slug], name)}")
    assert told == []
    for query in ("industry=x", "sort=industry", "fields=industry"):
        status = 200 if query.startswith("fields") and mode != "hidden" else 400
        assert mina.get(f"/api/v1/companies?{query}").status == status


def refusal(ask: Callable[[Any, str], Any], access: Any, name: str) -> list[str]:
    try:
        ask(access, name)
    except ValidationError as error:
        return [message.replace(name, "") for message in error.messages]
    return ["answered"]


@pytest.mark.parametrize("mode", MODES)
def test_what_is_hidden_is_found_by_no_search_hint_or_import(mode: str, looking: Any, tenant_a: Any) -> None:
    mina, hidden = looking(mode, calls=False)
    for secret in mina.scene.secrets:
        rtype = registry[secret.slug]
        if (secret.slug, secret.field) not in hidden or secret.is_only_here or rtype.is_setting:
            continue
        if secret.field in rtype.search or secret.field.startswith("custom."):
            for form in secret.forms:
                found = mina.get(f"/api/v1/{secret.slug}?fields=id&q={quote(form)}")
                assert '"count":0' in found.text.replace(" ", ""), (secret, form)
    for slug, rtype in registry.items():
        if not rtype.duplicate_keys:
            continue
        record = mina.scene.records[slug]
        names = {name for key in rtype.duplicate_keys for name in key.fields if (slug, name) in hidden}
        typed = {name: str(rtype.declared()[name].value(record)) for name in names}
        assert record.label not in mina.post(f"/r/{slug}/alike", typed).text
        with in_tenant(tenant_a):
            access = mina.access(rtype)
            assert not names & set(match_fields(access))
            if mode != "own":  # of a record that is made one's own, such a field may be filled
                for name in names:
                    with pytest.raises((ValidationError, PermissionDenied)):
                        read_mapping(access, ["column"], {"column": name})

"""Of every type, every field that is masked or read on own records only: each surface answers, and tells no more."""

from __future__ import annotations

import pytest
from test_records_laws import PAGED, SURFACES, sample

from kernel.access.actor import actor_for
from kernel.lib.ids import uuid7
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

SECRET = "Zqxcanary"
TEXTS = ("text", "long_text", "email", "link")


@pytest.mark.parametrize("level", ["masked", "read:own", "edit:own"])
@pytest.mark.parametrize("slug", PAGED)
def test_what_is_known_in_part_is_told_in_part_everywhere(slug, level, client_for, api_for, tenant_a, member):
    rtype = registry[slug]
    with in_tenant(tenant_a):
        sara = actor_for(member("sara"), "page")
        access = sara.access(rtype)
        specs = access.editable()
        keep = {"first_name", "last_name", rtype.label_field, "owner", "team", "about"}
        values = {n: sample(s, SECRET, sara) for n, s in specs.items() if s.kind.name in TEXTS and n not in keep}
        values |= {n: sample(s, "Plain", sara) for n, s in specs.items() if s.required}
        values["last_name" if slug == "contacts" else rtype.label_field] = "Plain"
        change_set = uuid7()
        record = create(access, values, change_set=change_set)
        own = None
        if rtype.is_owned and not rtype.duplicate_keys:
            own = create(access, {**values, "owner": member("leila").pk})
        role = member("leila").roles.get()
        fields = {name: level for name in rtype.specs() if name not in keep}
        role.rules["types"][slug] = {"verbs": {"*": "all"}, "fields": {"*": "edit", **fields}}
        role.save()
        covered = [name for name in fields if name in values]
    page, api = client_for("leila"), api_for("leila")
    for surface in (*SURFACES, f"/r/{{slug}}?columns={','.join(rtype.specs())}", "/r/{slug}/columns", "/r/{slug}/new"):
        path = surface.format(slug=slug, pk=record.pk, secret=SECRET, change_set=change_set)
        if path == f"/r/{slug}/new" and not rtype.has_form:
            continue
        answer = (api if path.startswith("/api") else page).get(path)
        assert answer.status_code == 200, path
        if own is None or f"/{record.pk}" in path:
            body = answer.content.decode().replace(f"q={SECRET}", "").replace(f'value="{SECRET}"', "")
            assert SECRET.lower() not in body.lower(), path
    for name in rtype.specs():
        if name in fields:
            assert api.get(f"/api/v1/{slug}?sort={name}").status_code == 400
            assert api.get(f"/api/v1/{slug}?{name}__empty=true").status_code == 400
            assert api.get(f"/api/v1/{slug}?fields={name}").status_code == (
                200 if level == "masked" or rtype.is_owned else 400
            )
    if own is not None and level != "masked" and covered:
        told = api.get(f"/api/v1/{slug}/{own.pk}").content.decode()
        assert SECRET in told
        assert page.get(f"/r/{slug}/{own.pk}").status_code == 200

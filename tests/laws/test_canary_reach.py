"""Records out of Mina's scope leave by no way: no byte of them, and no total, count or group is another for them."""

import re
from typing import Any

import pytest
import surfaces_of_api
import surfaces_of_pages
from canaries import distinguish, tokens
from looker import Looker, role_of
from scene import Scene
from surfaces import call_all, uncalled

from kernel.access.models import Member
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant

__all__ = ["surfaces_of_api", "surfaces_of_pages"]

OWNED = sorted(slug for slug, rtype in registry.items() if rtype.is_owned)
OUT_OF_REACH = [*OWNED, "products"]
OWN = {"verbs": {"*": "own"}, "fields": {"*": "edit"}}
ALL = {"verbs": {"*": "all"}, "fields": {"*": "edit"}}
RULES = {"*": OWN, "@settings": ALL, "products": {"verbs": {"*": "none"}}}
# What is another for each answer: ids, tokens against forgery, nonces.
PASSING = re.compile(r"[a-z0-9+/_=:.-]{20,}")
FIGURES = (
    "/", "/?whose=all", "/home/won?whose=all", "/tasks", "/settings/pipelines", "/settings/sources",
    "/settings/lost-reasons", "/settings/tags", "/settings/leads", "/reports", "/api/v1/search?q=zq",
)  # fmt: skip
OF_A_TYPE = (
    "/r/{slug}?view=list", "/r/{slug}?view=list&group=owner", "/r/{slug}?layout=board&view=all",
    "/r/{slug}/figures?exact=1", "/r/{slug}/views/counts", "/api/v1/{slug}", "/api/v1/{slug}/aggregate?group=owner",
    "/api/v1/{slug}/aggregate", "/duplicates/{slug}", "/trash?type={slug}", "/r/{slug}/options?q=",
)  # fmt: skip


@pytest.fixture
def mina(monkeypatch, settings, caplog, tenant_a, member, client_for, api_for) -> Looker:
    """Mina, who has records of her own that point at those of others."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    distinguish(monkeypatch)
    with in_tenant(tenant_a):
        me = member("mina")
        scene = Scene(tenant_a, member("sara"), owner=member("reza"))
        scene.is_shared = False
        del scene.records["members"]  # whom everybody sees
        of_hers(scene, me)
    role_of(tenant_a, me, RULES)
    browser, api = (door("mina", raise_request_exception=False) for door in (client_for, api_for))
    return Looker(me, tenant_a, browser, api, scene, lambda: caplog.records)


def of_hers(scene: Scene, me: Member) -> None:
    at = {slug: record.pk for slug, record in scene.records.items()}
    links: dict[str, dict[str, Any]] = {
        "companies": {"name": "Hers", "parent": at["companies"]},
        "contacts": {"last_name": "Hers", "company": at["companies"]},
        "deals": {
            "name": "Hers", "company": at["companies"], "contact": at["contacts"], "amount": 5, "stage": at["stages"],
            "lines": [{"product": at["products"], "quantity": 1, "price": 3, "discount": 0}],
        },
        "leads": {"name": "Hers"},
        "tasks": {"subject": "Hers"},
    }  # fmt: skip
    for slug, values in links.items():
        create(scene.actor.access(registry[slug]), {**values, "owner": me.pk})


def test_no_byte_of_what_is_out_of_reach_leaves(mina: Looker) -> None:
    secrets = {}
    for slug in OUT_OF_REACH:
        if record := mina.scene.records.get(slug):
            secrets[str(record.pk)] = f"the id of {slug}"
            if slug != "consents":  # called by their purpose, which stands in the settings
                secrets[record.label.lower()] = f"the name of {slug}"
    for secret in mina.scene.secrets:
        spec = registry[secret.slug].specs().get(secret.field)
        if secret.slug in OUT_OF_REACH and not (spec and spec.related and spec.related_type.is_setting):
            secrets |= dict.fromkeys(secret.forms, f"{secret.slug}.{secret.field}")
    call_all(mina, dict(registry))
    found = set()
    for answer in mina.answers:
        if answer.status >= 500:
            found.add(f"{answer}")
        # What she asked by herself tells her nothing.
        seen = tokens(answer.text) - tokens(answer.path)
        found |= {f"{answer}: {secrets[token]} stands in it" for token in seen & secrets.keys()}
    assert not found, "\n".join(sorted(found))
    assert uncalled(mina.answers) <= {"attachments/<str:token>"}, "Only where a file is in reach there is a link to it"


def test_no_figure_is_another_for_what_is_out_of_reach(mina: Looker) -> None:
    paths = [*FIGURES, *(path.format(slug=slug) for slug in OUT_OF_REACH for path in OF_A_TYPE)]
    with_them = [mina.get(path) for path in paths]
    with in_tenant(mina.tenant):
        for slug in OUT_OF_REACH:
            rows = registry[slug].model.objects.all()
            (rows.exclude(owner=mina.member) if registry[slug].is_owned else rows).update(deleted_at=mina.scene.now)
    without = [mina.get(path) for path in paths]
    assert [plain(one) for one in with_them] == [plain(one) for one in without]


def plain(answer: Any) -> tuple[str, int, str]:
    return answer.path, answer.status, PASSING.sub("", answer.text)

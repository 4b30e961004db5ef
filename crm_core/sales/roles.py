"""What built-in roles of older tenants lack: the entries of types, and verbs, that came after the tenant was made."""

from typing import Any

from crm_core.sales.starter import ROLES
from kernel.access.models import Role
from kernel.tenancy.starters import starter

# Verbs of all types that the first tenants' roles could not speak of.
LATER_VERBS = ("claim",)
# Types with an entry of their own that the first tenants' roles could not have.
LATER = ("tasks", "calls", "meetings", "files", "tags")


@starter
def complete_roles(tenant: Any) -> None:
    """Only where the tenant's word on all types is still the built-in one: who narrowed that meant new types too.
    An entry that is there stays as it is."""
    for role in Role.objects.alive().filter(code__in=ROLES):
        built_in, types = ROLES[role.code]["types"], role.rules.get("types", {})
        missing = {slug: built_in[slug] for slug in LATER if slug in built_in and slug not in types}
        if types.get("*") == _before(built_in["*"]):
            missing["*"] = built_in["*"]
        elif types.get("*") != built_in["*"]:
            continue
        if any(types.get(slug) != entry for slug, entry in missing.items()):
            role.rules = {**role.rules, "types": {**types, **missing}}
            role.version += 1
            role.save(update_fields=["rules", "version", "updated_at"])


def _before(entry: dict[str, Any]) -> dict[str, Any]:
    """The built-in word on all types as it was before the later verbs."""
    return {**entry, "verbs": {verb: scope for verb, scope in entry["verbs"].items() if verb not in LATER_VERBS}}

"""Built-in roles of tenants that are older than a type: completed by an upgrade, never widened against a choice."""

from copy import deepcopy

import pytest

from crm_core.sales.roles import LATER, LATER_VERBS
from crm_core.sales.starter import ROLES
from kernel.access.models import Role
from kernel.tenancy.starters import start_all

pytestmark = pytest.mark.usefixtures("in_a")


def older(code: str, **types: object) -> Role:
    """The role as it was before the later types and verbs, with these entries changed since."""
    rules = deepcopy(ROLES[code])
    for verb in LATER_VERBS:
        rules["types"]["*"]["verbs"].pop(verb, None)
    rules["types"] = {slug: entry for slug, entry in rules["types"].items() if slug not in LATER} | types
    Role.objects.filter(code=code).update(rules=rules)
    return Role.objects.get(code=code)


@pytest.mark.parametrize("code", ["admin", "manager", "rep", "support", "read-only"])
def test_a_role_as_it_was_becomes_the_role_as_it_is(tenant_a, code):
    role = older(code)
    start_all(tenant_a)
    role.refresh_from_db()
    assert role.rules == ROLES[code]


def test_a_second_time_changes_nothing(tenant_a):
    role = older("rep")
    start_all(tenant_a)
    role.refresh_from_db()
    version = role.version
    start_all(tenant_a)
    role.refresh_from_db()
    assert role.version == version


def test_what_the_tenant_said_of_a_type_stays(tenant_a):
    mine = {"verbs": {"*": "none", "view": "own"}}
    role = older("rep", tasks=mine)
    start_all(tenant_a)
    role.refresh_from_db()
    assert role.rules["types"]["tasks"] == mine
    assert role.rules["types"]["calls"] == ROLES["rep"]["types"]["calls"]


def test_a_verb_that_the_tenant_took_away_stays_away(tenant_a):
    everything = deepcopy(ROLES["rep"]["types"]["*"])
    everything["verbs"]["claim"] = "none"
    role = older("rep", **{"*": everything})
    start_all(tenant_a)
    role.refresh_from_db()
    assert role.rules["types"]["*"] == everything


def test_who_narrowed_all_types_is_given_none(tenant_a):
    role = older("support", **{"*": {"verbs": {"*": "none"}, "fields": {"*": "none"}}})
    start_all(tenant_a)
    kept = role.rules
    role.refresh_from_db()
    assert role.rules == kept


def test_a_role_of_the_tenants_own_is_left_alone(tenant_a):
    own = Role.objects.create(name="Guest", label="Guest", code="guest", rules={"types": {}})
    start_all(tenant_a)
    own.refresh_from_db()
    assert own.rules == {"types": {}}

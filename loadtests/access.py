"""What rights cost: a list of 50 deals as an administrator, and as a rep who sees their own and of them some fields.

Both ask for the same fields, which both may read, and for the oldest deals, which are the rep's, so that neither has
less to look up and to write. The budget is a ratio of times within one run.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from loadtests.measuring import SUBDOMAIN, Call, api

HIDDEN = 20
OWN = 2_000
BUDGET = 1.25
TURNS = 4  # short ones, since a difference of a fifth is looked for
EMAIL, CODE = "rep@bench.example", "bench-rep"
FIELDS = ("name", "status", "stage", "company", "owner")
ORDER = "created_at"


@dataclass
class Listing:
    name: str
    call: Call
    rates: list[float] = field(default_factory=list)


def lists(admin: str) -> list[Listing]:
    """The same question with two keys."""
    path = f"/deals?limit=50&count=0&sort={ORDER}&fields=id,{','.join(FIELDS)}"
    return [Listing("as an administrator", api(admin, "GET", path)), Listing("as a rep", api(rep(), "GET", path))]


def rep() -> str:
    """A key of a member with deals of their own and a role of one's own records, in which HIDDEN fields are hidden."""
    from crm_core.sales.models import Deal
    from kernel.access.actor import operator
    from kernel.access.models import ApiKey, Member, Role
    from kernel.records.change import create
    from kernel.records.types import registry
    from kernel.tenancy.context import in_tenant
    from tenants.models import Tenant

    with in_tenant(Tenant.objects.get(subdomain=SUBDOMAIN)):
        while len(others := _others()) < HIDDEN:
            values = {"record_type": "deals", "name": f"Hidden beside {len(others)}", "kind": "text"}
            create(operator().access(registry["custom-fields"]), values)
        deals = {"verbs": {"*": "own"}, "fields": dict.fromkeys(others[-HIDDEN:], "none")}
        rules = {"types": {"*": {"verbs": {"*": "all"}, "fields": {"*": "edit"}}, "deals": deals}}
        role = Role.objects.filter(code=CODE).first() or create(
            operator().access(registry["roles"]), {"code": CODE, "name": "Bench rep", "rules": rules}
        )
        Role.objects.filter(pk=role.pk).update(rules=rules)
        member = Member.objects.filter(email=EMAIL).first() or create(
            operator().access(registry["members"]), {"name": "Rep", "email": EMAIL, "roles": [role.pk]}
        )
        missing = OWN - Deal.objects.filter(owner=member.pk).count()
        if missing > 0:
            some = Deal.objects.alive().exclude(owner=member.pk).order_by("pk").values("pk")[:missing]
            Deal.objects.filter(pk__in=some).update(owner=member)
        _key, secret = ApiKey.issue(name="bench", member=member)
    return str(secret)


def _others() -> list[str]:
    """Fields of a deal that nobody asks for here, those of the tenant's own too."""
    from kernel.records.types import registry

    return [name for name in registry["deals"].specs() if name not in (*FIELDS, ORDER)]


def report(lists: list[Listing]) -> int:
    admin, rep = lists
    ratio = statistics.median(one / other for one, other in zip(admin.rates, rep.rates, strict=True))
    print(f"\nlist of 50 deals: {HIDDEN} fields hidden and one's own alone, against all\n")
    for listing in lists:
        print(f"{listing.name:<22}{statistics.median(listing.rates):>10.0f} requests per second")
    verdict = "" if ratio <= BUDGET else "  over the budget"
    print(f"{'times the administrator':<22}{ratio:>10.2f} (budget {BUDGET}){verdict}")
    return int(ratio > BUDGET)

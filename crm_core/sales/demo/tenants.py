"""The two demo tenants of an embedded installation, and who can sign in to them."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm_core.sales.demo.seed import Seeder, Size
from crm_core.sales.demo.words import WORDS
from kernel.access.actor import operator
from kernel.access.models import Member, Role
from kernel.accounts.models import Identity, Membership
from kernel.records.change import create
from kernel.records.types import registry
from kernel.tenancy.context import in_tenant
from tenants.models import Tenant
from tenants.provisioning import provision

PASSWORD = "peyvand-demo"  # noqa: S105 - printed for everybody, and only on loopback
SIZE = Size(companies=48, contacts=140, deals=360, notes=160, calls=90, leads=64)


@dataclass(frozen=True)
class DemoTenant:
    subdomain: str
    name: str
    wishes: dict[str, Any]


DEMOS = (
    DemoTenant(
        "acme",
        "Acme Supplies",
        {"language": "en", "currency": "USD", "timezone": "America/New_York", "country": "US"},
    ),
    DemoTenant(
        "nilgoon",
        "نیلگون",
        {"language": "fa", "calendar": "jalali", "currency": "IRR", "money_unit": "toman", "timezone": "Asia/Tehran",
         "country": "IR"},
    ),
)  # fmt: skip


def ensure(demo: DemoTenant) -> Tenant:
    """The tenant with its people and data; what is there already is left as it is."""
    tenant = Tenant.objects.filter(subdomain=demo.subdomain).first()
    if tenant is None:
        name, _login = WORDS[demo.wishes["language"]].roles["admin"]
        tenant = provision(
            demo.subdomain, demo.name, sign_in(demo, "admin"), owner_name=name, password=PASSWORD, **demo.wishes
        )
    with in_tenant(tenant):
        if not Member.objects.filter(roles__code="rep").exists():
            _people(demo, tenant)
            Seeder(SIZE).run()
    return tenant


def sign_in(demo: DemoTenant, role: str) -> str:
    _name, login = WORDS[demo.wishes["language"]].roles[role]
    return f"{login}@{demo.subdomain}.example"


def _people(demo: DemoTenant, tenant: Tenant) -> None:
    words = WORDS[demo.wishes["language"]]
    teams = registry["teams"]
    access = operator().access(teams)
    top, *rest = words.team_names
    by_name = {top: create(access, {"name": top})}
    for name in rest:
        by_name[name] = create(access, {"name": name, "parent": by_name[top].pk})
    with_sign_in = {name: role for role, (name, _login) in words.roles.items()}
    people = dict(words.sales_people) | {name: top for name in with_sign_in if name not in dict(words.sales_people)}
    for name, team in people.items():
        role = with_sign_in.get(name, "rep")
        member = Member.objects.filter(name=name).first() or _member(demo, tenant, name, role, name in with_sign_in)
        member.teams.add(by_name[team])


def _member(demo: DemoTenant, tenant: Tenant, name: str, role: str, has_sign_in: bool) -> Member:
    access = operator().access(registry["members"])
    values: dict[str, Any] = {"name": name, "roles": [Role.objects.get(code=role).pk]}
    if has_sign_in:
        values["email"] = sign_in(demo, role)
    member: Member = create(access, values)
    if has_sign_in:
        with transaction.atomic("platform"):
            identity = Identity.objects.filter(email=values["email"]).first()
            if identity is None:
                identity = Identity(email=values["email"], name=name, language=tenant.language)
                identity.set_password(PASSWORD)
                identity.save()
            Membership.objects.get_or_create(identity=identity, tenant=tenant)
        Member.objects.filter(pk=member.pk).update(identity=identity.pk)
    return member

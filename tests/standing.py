"""The two standing tenants and the people in them, made once for each run and committed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation

from kernel.access.models import Member, Role, Team
from kernel.accounts.models import Identity, Membership
from kernel.lib.text import fold, sort_key
from kernel.records import vocabulary
from kernel.tenancy import hosts, pending
from kernel.tenancy.context import in_tenant
from kernel.tenancy.fleet import record_head, tenants_behind
from kernel.tenancy.head import head_hash
from kernel.tenancy.models import PendingWork, TemplateSchema
from kernel.tenancy.template import template_statements
from tenants import owner
from tenants.lifecycle import remove
from tenants.models import Tenant
from tenants.provisioning import activate, make_schema

PASSWORD = "right horse battery"
TENANTS: dict[str, dict[str, Any]] = {
    "a": {
        "id": UUID("00000000-0000-7000-8000-00000000000a"),
        "schema_name": "t_a",
        "subdomain": "a",
        "name": "Aster Trading",
        "language": "en",
        "calendar": "gregorian",
        "currency": "USD",
        "money_unit": "",
        "timezone": "Europe/Berlin",
        "country": "US",
    },
    "b": {
        "id": UUID("00000000-0000-7000-8000-00000000000b"),
        "schema_name": "t_b",
        "subdomain": "b",
        "name": "بهار",
        "language": "fa",
        "calendar": "jalali",
        "currency": "IRR",
        "money_unit": "toman",
        "timezone": "Asia/Tehran",
        "country": "IR",
    },
}


@dataclass(frozen=True)
class Person:
    key: str
    name: str
    tenant: str
    role: str
    number: int
    team: str = ""

    @property
    def email(self) -> str:
        return f"{self.key}@{self.tenant}.example"

    @property
    def identity_id(self) -> UUID:
        return UUID(f"00000000-0000-7000-8000-0000000001{self.number:02d}")

    @property
    def member_id(self) -> UUID:
        return UUID(f"00000000-0000-7000-8000-0000000002{self.number:02d}")


CAST = {
    person.key: person
    for person in (
        Person("sara", "Sara Admin", "a", "admin", 1, "Head office"),
        Person("reza", "Reza Rep", "a", "rep", 2, "North"),
        Person("mina", "Mina Rep", "a", "rep", 3, "South"),
        Person("kian", "Kian Reader", "a", "read-only", 4, "Head office"),
        Person("nima", "Nima Support", "a", "support", 5, "Head office"),
        Person("leila", "Leila Manager", "a", "manager", 6, "Head office"),
        Person("eve", "حوا", "b", "admin", 7),
    )
}
TEAMS = {"Head office": None, "North": "Head office", "South": "Head office"}


def make_standing(*, have_schemas: bool = False) -> None:
    """Both tenants and the cast, committed; what is there from an earlier run is kept while it fits the code."""
    hosts.forget()
    for key, values in TENANTS.items():
        tenant = Tenant.objects.filter(pk=values["id"]).select_related("schema_version").first()
        version = getattr(tenant, "schema_version", None)
        if tenant and (version is None or tenants_behind([tenant])):
            remove(tenant)
            tenant = None
        if tenant is None:
            tenant = Tenant(**values)
            tenant.save(force_insert=True)
            if have_schemas:
                record_head(tenant)
            _make(tenant, [person for person in CAST.values() if person.tenant == key])
    PendingWork.objects.all().delete()


def put_back() -> None:
    """After a test that really committed, both databases are empty: fill them again, in the schemas that are there."""
    TemplateSchema.objects.update_or_create(
        head_hash=head_hash(), defaults={"statements": list(template_statements(head_hash()))}
    )
    make_standing(have_schemas=True)


def forget_what_tests_did() -> None:
    """In-process memory that would tell one test of rows that another had, and that are rolled back."""
    hosts.remembered.clear()
    vocabulary.forget()
    pending.forget_marks()


def _make(tenant: Tenant, people: list[Person]) -> None:
    with transaction.atomic("platform"):
        # Left by a run on older code, whose tenant has just been removed.
        Identity.objects.filter(pk__in=[person.identity_id for person in people]).delete()
        for person in people:
            identity = Identity(pk=person.identity_id, email=person.email, name=person.name, language=tenant.language)
            identity.set_password(PASSWORD)
            identity.save(force_insert=True)
            Membership.objects.create(identity=identity, tenant=tenant)
    make_schema(tenant)
    with in_tenant(tenant), translation.override(tenant.language):
        members = {person.key: _member(person) for person in people}
        owner.sow(tenant, members[people[0].key])
        _settle(people, members)
    activate(tenant)


def _member(person: Person) -> Member:
    return Member.objects.create(
        id=person.member_id,
        identity=person.identity_id,
        name=person.name,
        email=person.email,
        **_derived(person.name, person.email),
    )


def _settle(people: list[Person], members: dict[str, Member]) -> None:
    teams: dict[str, Team] = {}
    for name, parent in TEAMS.items():
        teams[name] = Team.objects.create(name=name, parent=teams.get(parent or ""), **_derived(name))
    for person in people:
        members[person.key].roles.set(Role.objects.filter(code=person.role))
        if person.team:
            members[person.key].teams.add(teams[person.team])


def _derived(name: str, *more: str) -> dict[str, Any]:
    return {
        "label": name,
        "label_key": sort_key(name),
        "search": fold(" ".join([name, *more])),
        "text_keys": {"name": sort_key(name)},
    }

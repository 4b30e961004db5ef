"""A tenant with so many records, made once and kept: seven tenths contacts, a fifth deals, a tenth companies.

Rows are written by COPY with what the engine itself derives from them (`stamp`), and `check` has the engine make some
anew to see that nothing else would have come of it. Names follow the frequencies of real ones: few are common, and the
more people there are the more names.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from multiprocessing import get_context
from typing import Any

import django
from django.db import connection, connections, transaction

from crm_core.sales.demo.seed import copy_rows
from kernel.access.actor import Actor, operator
from kernel.access.models import Member, Role
from kernel.records import own_indexes, vocabulary
from kernel.records.change import create, stamp
from kernel.records.models import CustomField
from kernel.records.show import Shown
from kernel.records.types import registry
from kernel.tenancy.context import as_owner, in_tenant, statements_within, tenant_only

AT_ONCE, AT_WORK = 5_000, 2
SELLERS = 12
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
LATIN = ("ba", "cor", "den", "el", "far", "gra", "hol", "is", "jen", "kar", "lin", "mor", "nar", "os", "par", "rin",
         "sel", "tam", "ul", "ver", "wen", "yor", "zan", "bri", "tho", "mal", "dru", "ken", "vi", "sto")  # fmt: skip
PERSIAN = ("آر", "بهر", "پار", "تاج", "جم", "چل", "خر", "دار", "رس", "زر", "سام", "شر", "صاد", "فر", "قا", "کری",
           "گل", "لا", "مهر", "نور", "وح", "هم", "یز", "امی", "حس", "رضا", "طاه", "عبا", "اکب", "نژا")  # fmt: skip
CITIES = ("Tehran", "شیراز", "تبریز", "Berlin", "Boston", "اصفهان", "Lyon", "Porto", "یزد", "Denver", "Oslo", "مشهد")
OCCUPATIONS = ("Owner", "IT manager", "مدیر خرید", "Plant manager", "حسابدار", "Buyer", "مدیر فروش", "Engineer")
FORMS = ("Foods", "Logistics", "صنایع", "Energy", "گستر", "Textiles", "Motors", "بازرگانی")
TIERS = ("bronze", "silver", "gold", "iron")
FIELDS: tuple[dict[str, Any], ...] = (
    {"kind": "number", "name": "Score"},
    {"kind": "date", "name": "Met on"},
    {"kind": "text", "name": "Reference"},
    {"kind": "choice", "name": "Tier", "choices": [{"label": tier} for tier in TIERS]},
)


@dataclass(frozen=True)
class Shares:
    """How many rows of each type make up so many records."""

    records: int

    @property
    def companies(self) -> int:
        return self.records // 10

    @property
    def deals(self) -> int:
        return self.records // 5

    @property
    def contacts(self) -> int:
        return self.records - self.deals - self.companies


@cache
def names(script: tuple[str, ...], syllables: int, many: int) -> tuple[list[str], list[float]]:
    """Names, and the sum of the weights up to each: the n-th is n times as rare as the first (less so at the head)."""
    chance = random.Random(f"{script[0]}{syllables}")
    found: dict[str, None] = {}
    while len(found) < many:
        found["".join(chance.choices(script, k=syllables)).capitalize()] = None
    return list(found), list(itertools.accumulate(1 / (place + 20) for place in range(many)))


class Sower:
    """Makes rows for the current tenant."""

    def __init__(self, seed: str) -> None:
        from crm_core.sales.models import Stage

        self.sellers = list(Member.objects.filter(email__startswith="seller").order_by("pk"))
        self.stages = list(Stage.objects.alive().filter(kind="open").order_by("position"))
        self.random = random.Random(seed)

    def name(self, syllables: int, many: int) -> str:
        words, weights = names(LATIN if self.random.random() < 0.5 else PERSIAN, syllables, many)
        return self.random.choices(words, cum_weights=weights)[0]

    def owned(self, number: int) -> dict[str, Any]:
        owner = self.sellers[number % len(self.sellers)] if self.random.random() < 0.9 else self.sellers[0]
        at = BEGAN + timedelta(seconds=number * 60)
        return {"owner_id": owner.pk, "created_by_id": owner.pk, "created_at": at}

    def companies(self, numbers: Sequence[int]) -> list[Any]:
        from crm_core.contacts.models import Company

        pick = self.random.choice
        return [
            Company(
                name=f"{self.name(2, 800)} {pick(FORMS)} {self.name(3, 20_000)}", kind="customer", city=pick(CITIES),
                industry=pick(FORMS), phone=f"+9821{number:08}", website=f"https://company{number}.example",
                employees=self.random.randrange(1, 5_000), **self.owned(number),
            )
            for number in numbers
        ]  # fmt: skip

    def contacts(self, numbers: Sequence[int], companies: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """Contacts, and their numbers and addresses. One in a hundred has the number of the one before."""
        from crm_core.contacts.models import Contact, ContactPoint

        pick, contacts, points = self.random.choice, [], []
        own = registry["contacts"].own_specs()
        for number in numbers:
            first, last = self.name(2, 800), self.name(3, 20_000)
            phone, email = f"+98912{number - (number % 100 == 99):07}", f"{number}@mail.example"
            contact = Contact(
                first_name=first, last_name=last, company_id=pick(companies), occupation=pick(OCCUPATIONS),
                phone=phone, email=email, city=pick(CITIES),
                birth_date=date(1950, 1, 1) + timedelta(days=self.random.randrange(18_000)), **self.owned(number),
            )  # fmt: skip
            values = {
                "score": Decimal(self.random.randrange(1_000_000)),
                "met_on": date(2024, 1, 1) + timedelta(days=number % 900),
                "reference": f"R-{number * 7919 % 10_000_000:07}", "tier": pick(TIERS),
            }  # fmt: skip
            for name, value in values.items():
                own[f"custom.{name}"].assign(contact, value)
            mine = [
                ContactPoint(contact=contact, kind="phone", value=phone, primary=True, position=0),
                ContactPoint(contact=contact, kind="email", value=email, primary=True, position=1),
            ]
            spec = registry["contacts"].declared()["contact_points"]
            rows = [{sub.name: sub.value(row) for sub in spec.rows} for row in mine]
            contact.__dict__.update(_rows={"contact_points": rows}, _before={"contact_points": []})
            points += mine
            contacts.append(contact)
        return contacts, points

    def deals(self, numbers: Sequence[int], companies: Sequence[Any]) -> list[Any]:
        from crm_core.sales.models import Deal

        made = []
        for number in numbers:
            stage = self.random.choice(self.stages)
            made.append(
                Deal(
                    name=f"{self.name(3, 20_000)} {self.random.choice(FORMS)} {number}", pipeline_id=stage.pipeline_id,
                    stage_id=stage.pk, status=stage.kind, probability=stage.probability, amount_typed=True,
                    amount=Decimal(self.random.randrange(100, 1_000_000)), currency="USD",
                    company_id=self.random.choice(companies), opened_on=BEGAN.date(), **self.owned(number),
                )
            )  # fmt: skip
        return made


def fill(tenant: Any, records: int) -> int:
    """Bring a tenant up to so many records; answers how many were missing."""
    from crm_core.contacts.models import Company, Contact, ContactPoint
    from crm_core.sales.models import Deal

    shares = Shares(records)
    with in_tenant(tenant):
        prepare(operator())
        missing = {
            "companies": range(Company.objects.count(), shares.companies),
            "contacts": range(Contact.objects.count(), shares.contacts),
            "deals": range(Deal.objects.count(), shares.deals),
        }
        many = sum(map(len, missing.values()))
    with statements_within(0), without_indexes(tenant, [Company, Contact, ContactPoint, Deal], many > 20_000):
        pieces = [
            (tenant.subdomain, slug, numbers[at : at + AT_ONCE])
            for slug, numbers in missing.items()
            for at in range(0, len(numbers), AT_ONCE)
        ]
        connections.close_all()
        companies = [piece for piece in pieces if piece[1] == "companies"]  # the others point at them
        with ProcessPoolExecutor(AT_WORK, get_context("spawn"), django.setup) as pool:
            for some in (companies, [piece for piece in pieces if piece not in companies]):
                list(pool.map(write, some))
    with in_tenant(tenant):
        own = list(CustomField.objects.alive().values_list("pk", flat=True))
        for pk in own:
            own_indexes.want_if_long(pk)
    with tenant_only(tenant):
        for pk in own:
            own_indexes.keep(pk)
        if many:
            _alone(f'VACUUM ANALYZE "{tenant.schema_name}".{{}}', [Company, Contact, ContactPoint, Deal])
    return many


def prepare(actor: Actor) -> None:
    """Sellers and the tenant's own fields, made by the engine."""
    if not Member.objects.filter(email__startswith="seller").exists():
        role = Role.objects.get(code="rep")
        for number in range(SELLERS):
            values = {"name": f"Seller {number}", "email": f"seller{number}@bench.example", "roles": [role.pk]}
            create(actor.access(registry["members"]), values)
    if not CustomField.objects.alive().exists():
        for values in FIELDS:
            create(actor.access(registry["custom-fields"]), {"record_type": "contacts", **values})


def write(piece: tuple[str, str, Sequence[int]]) -> None:
    """A piece of the rows of one type, in a transaction of its own; done by one of several processes."""
    from tenants.models import Tenant

    subdomain, slug, numbers = piece
    with statements_within(0), in_tenant(Tenant.objects.get(subdomain=subdomain)):
        _write(Sower(f"{slug} {numbers[0]}"), slug, numbers)


def _write(sower: Sower, slug: str, numbers: Sequence[int]) -> None:
    from crm_core.contacts.models import Company, ContactPoint

    points: list[Any] = []
    if slug == "companies":
        rows = sower.companies(numbers)
    else:
        companies = list(Company.objects.order_by("pk").values_list("pk", flat=True)[:100_000])
        rows = sower.deals(numbers, companies) if slug == "deals" else []
        if slug == "contacts":
            rows, points = sower.contacts(numbers, companies)
    for row in rows:
        stamp(registry[slug], row)
        row.updated_at = row.created_at
    copy_rows(registry[slug].model, rows)
    copy_rows(ContactPoint, points)
    vocabulary.learn(row.search for row in rows)


@contextmanager
def without_indexes(tenant: Any, models: Sequence[Any], is_worth: bool) -> Iterator[None]:
    """Their indexes are built at the end, which takes a fraction of keeping them up for each row."""
    if not is_worth:
        yield
        return
    tables = [model._meta.db_table for model in models]
    with as_owner(), in_tenant(tenant), connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes i WHERE schemaname = current_schema() AND tablename = ANY(%s)"
            " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid ="
            " (quote_ident(i.schemaname) || '.' || quote_ident(i.indexname))::regclass)",
            [tables],
        )
        found = cursor.fetchall()
        for name, _definition in found:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
    try:
        yield
    finally:
        for _name, definition in found:
            with as_owner(), in_tenant(tenant), connection.cursor() as cursor:
                cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
                cursor.execute(definition)


def _alone(statement: str, models: Sequence[Any]) -> None:
    bare: Any = connections["default"]
    with bare.bare(), bare.cursor() as cursor:
        for model in models:
            cursor.execute(statement.format(bare.ops.quote_name(model._meta.db_table)))


DERIVED = ("label", "label_key", "search", "text_keys", "custom")
MADE_OF = {
    "companies": ("name", "kind", "city", "industry", "phone", "website", "employees"),
    "contacts": ("first_name", "last_name", "company", "occupation", "contact_points", "city", "birth_date"),
    "deals": ("name", "company", "amount"),
}


def check(actor: Actor, most: int = 20) -> None:
    """Have the engine make some of the rows once more, as anybody would, and compare what it derived. Raises where
    anything differs. Runs inside the tenant's transaction, and leaves nothing behind."""
    for slug, names in MADE_OF.items():
        access = actor.access(registry[slug])
        sample = list(access.records().order_by("created_at", "pk")[:most])
        specs = [*(registry[slug].specs()[name] for name in names), *registry[slug].own_specs().values()]
        Shown(access, sample, specs)
        for row in sample:
            with transaction.atomic():
                made = create(access, {spec.name: spec.value(row) for spec in specs})
                columns = (*DERIVED, *(["duplicate_keys"] if registry[slug].duplicate_keys else []))
                for column in columns:
                    if getattr(made, column) != getattr(row, column):
                        raise AssertionError(f"{slug} {row.pk}: {column} would be {getattr(made, column)!r}")
                transaction.set_rollback(True)

"""Rows of any number, the same for the same seed and day, written by COPY with what the engine would derive."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, models

from crm_core.activities.models import Note
from crm_core.contacts.models import Company, Contact, ContactPoint, LeadSource
from crm_core.sales.demo.activities import Diary
from crm_core.sales.demo.words import WORDS, Words
from crm_core.sales.models import Deal, DealLine, LostReason, Product, Stage
from crm_core.sales.rules import line_total
from kernel.access.actor import Actor, operator
from kernel.access.models import Member
from kernel.events.models import Event
from kernel.lib.ids import uuid7_of
from kernel.lib.text import persian_digits
from kernel.records import vocabulary
from kernel.records.change import create, event_row, snapshot
from kernel.records.deriving import stamp
from kernel.records.types import registry
from kernel.tenancy.context import get_tenant

AT_ONCE = 5_000
DAYS = 730


@dataclass(frozen=True)
class Size:
    companies: int
    contacts: int
    deals: int
    notes: int = 0
    calls: int = 0
    leads: int = 0


_also: list[Callable[[Any], object]] = []


def also(sow: Callable[[Any], object]) -> Callable[[Any], object]:
    """What apps above this one add to demo data: called with the Seeder, when the deals are there."""
    if sow not in _also:
        _also.append(sow)
    return sow


class Seeder:
    """Fills one tenant. Runs inside the tenant's transaction."""

    def __init__(self, size: Size, seed: int = 1, *, with_events: bool = True) -> None:
        self.size, self.with_events = size, with_events
        self.random = random.Random(seed)  # noqa: S311 - for variety, not for secrets
        self.tenant = get_tenant()
        self.words: Words = WORDS[self.tenant.language]
        self.digits = persian_digits if self.tenant.language == "fa" else str
        self.actor: Actor = operator("import")
        self.today: date = self.actor.format.today()
        self.owners: list[Member] = list(Member.objects.alive().filter(roles__code="rep").distinct().order_by("pk"))
        # Whoever runs the place sells a little too, or their own pages would be empty.
        self.owners = self.owners * 2 + list(Member.objects.alive().filter(roles__code="admin").order_by("pk")[:1])
        team_of = dict(Member.teams.through.objects.values_list("member_id", "team_id"))
        self.team_of = {owner.pk: team_of.get(owner.pk) for owner in self.owners}

    def run(self) -> None:
        products = self._products()
        companies = [row.pk for row in self._write("companies", self._companies())]
        contacts = self._contacts(companies)
        self._deals(contacts, products)
        if self.size.calls:
            Diary(self.words, self.random, self.actor.format, self._write).run(self.size.calls)
        for sow in _also:
            sow(self)

    # -- rows

    def _products(self) -> list[Product]:
        known = {product.name: product for product in Product.objects.alive()}
        access = self.actor.access(registry["products"])
        for number, (name, category, price) in enumerate(self.words.products, 1):
            if name not in known:
                values = {"name": name, "code": f"P-{number:03}", "category": category, "price": Decimal(price)}
                known[name] = create(access, {**values, "cost": Decimal(price) * 6 / 10})
        return [known[name] for name, _category, _price in self.words.products]

    def _companies(self) -> Iterator[Company]:
        pick, words, used = self.random.choice, self.words, set[str]()
        for number in range(self.size.companies):
            stem, form = pick(words.company_stems), pick(words.company_forms)
            name = form.format(stem) if "{}" in form else f"{stem} {form}"
            if name in used:
                name = f"{name} {pick(words.cities)}"
            if name in used:
                name = f"{name} {self.digits(str(number))}"
            used.add(name)
            yield Company(
                name=name,
                kind=pick(("prospect", "customer", "customer", "partner")),
                industry=pick(words.industries),
                city=pick(words.cities),
                country=words.country,
                phone=words.phone.format(number % 10_000),
                employees=pick((8, 15, 30, 60, 120, 250, 800)),
                founded_year=1960 + self.random.randrange(60),
                **self._owned(self._past(DAYS)),
            )

    def _contacts(self, companies: Sequence[Any]) -> list[tuple[Any, Any]]:
        pick, words = self.random.choice, self.words
        sources = list(LeadSource.objects.alive().values_list("pk", flat=True))
        found: list[tuple[Any, Any]] = []
        numbers = iter(range(self.size.contacts))
        while chunk := [number for number, _ in zip(numbers, range(AT_ONCE), strict=False)]:
            contacts, points = [], []
            for number in chunk:
                phone = words.phone.format(number % 10_000)
                contact = Contact(
                    first_name=pick(words.first_names),
                    last_name=pick(words.last_names),
                    company_id=pick(companies) if companies else None,
                    occupation=pick(words.occupations),
                    phone=phone,
                    email=f"contact{number}@example.com",
                    city=pick(words.cities),
                    source_id=pick(sources) if sources else None,
                    **self._owned(self._past(DAYS)),
                )
                mine = [
                    ContactPoint(contact=contact, kind=kind, value=value, primary=True, position=position)
                    for position, (kind, value) in enumerate((("phone", phone), ("email", contact.email)))
                ]
                self._hold(contact, "contacts", "contact_points", mine)
                points += mine
                contacts.append(contact)
            found += [(c.pk, c.company_id) for c in self._write("contacts", contacts)]
            copy_rows(ContactPoint, points)
        return found

    def _deals(self, contacts: Sequence[tuple[Any, Any]], products: Sequence[Product]) -> None:
        stages = list(Stage.objects.alive().order_by("position"))
        names = dict(Company.objects.alive().values_list("pk", "name"))
        reasons = list(LostReason.objects.alive().values_list("pk", flat=True))
        numbers = iter(range(self.size.deals))
        notes_left = self.size.notes
        while chunk := [number for number, _ in zip(numbers, range(AT_ONCE), strict=False)]:
            deals, lines, notes = [], [], []
            for number in chunk:
                contact, company = self.random.choice(contacts) if contacts else (None, None)
                deal = self._deal(
                    number, stages, reasons, contact, company, names.get(company, "") if company else "", products
                )
                lines += self._lines(deal, products)
                deals.append(deal)
                if notes_left and self.random.random() < self.size.notes / max(self.size.deals, 1):
                    notes_left -= 1
                    notes.append(self._note(deal))
            self._write("deals", deals)
            copy_rows(DealLine, lines)
            self._write("notes", notes)

    def _deal(
        self, number: int, stages: list[Stage], reasons: list[Any], contact: Any, company: Any, name: str, products: Any
    ) -> Deal:
        pick = self.random.choice
        kind = self.random.choices(("won", "lost", "open"), (45, 25, 30))[0]
        stage = pick([stage for stage in stages if stage.kind == kind])
        closed = self.today - self._past(DAYS) if kind != "open" else None
        opened = (closed or self.today) - timedelta(days=self.random.randrange(5, 90))
        title = pick(self.words.deal_names).format(product=pick(products).name, company=name)
        return Deal(
            name=f"{title[:180]} {self.digits(str(number))}" if number > 999 else title[:180],
            company_id=company,
            contact_id=contact,
            pipeline_id=stage.pipeline_id,
            stage=stage,
            status=kind,
            probability=stage.probability,
            opened_on=opened,
            expected_close_on=closed or self.today + timedelta(days=self.random.randrange(-5, 60)),
            closed_on=closed,
            lost_reason_id=pick(reasons) if kind == "lost" and reasons else None,
            next_step_at=self._next_step() if kind == "open" else None,
            **self._owned(self.today - opened),
        )

    def _lines(self, deal: Deal, products: Sequence[Product]) -> list[DealLine]:
        lines = []
        for position, product in enumerate(self.random.sample(list(products), self.random.randint(1, 3))):
            quantity = Decimal(self.random.choice((1, 1, 2, 3, 5, 10)))
            values = {
                "quantity": quantity,
                "price": product.price,
                "discount": Decimal(self.random.choice((0, 0, 0, 5, 10))),
            }
            total = line_total(values, deal.currency)
            lines.append(DealLine(deal=deal, position=position, product=product, total=total, **values))
        deal.amount = sum((line.total or Decimal(0) for line in lines), Decimal(0))
        self._hold(deal, "deals", "lines", lines)
        return lines

    def _note(self, deal: Deal) -> Note:
        note = Note(body=self.random.choice(self.words.notes), about_type="deals", about_id=deal.pk)
        note.created_by_id = note.owner_id = deal.owner_id
        note.created_at = min(deal.created_at + timedelta(days=self.random.randrange(1, 20)), datetime.now(UTC))
        return note

    def _hold(self, record: Any, slug: str, name: str, rows: Sequence[Any]) -> None:
        """Let the engine see child rows that are written apart."""
        spec = registry[slug].specs()[name]
        record.__dict__["_rows"] = {name: [{sub.name: sub.value(row) for sub in spec.rows} for row in rows]}
        record.__dict__["_before"] = {name: []}

    def _owned(self, age: timedelta) -> dict[str, Any]:
        owner = self.random.choice(self.owners)
        moment = datetime.combine(self.today - age, time(8 + self.random.randrange(9), self.random.randrange(60)), UTC)
        moment = min(moment, datetime.now(UTC))
        return {"owner": owner, "created_by": owner, "team_id": self.team_of[owner.pk], "created_at": moment}

    def _past(self, days: int) -> timedelta:
        return timedelta(days=self.random.randrange(days))

    def _next_step(self) -> datetime | None:
        days = self.random.choice((-6, -2, 0, 0, 1, 3, 7, 14, None))
        if days is None:
            return None
        zone = ZoneInfo(self.tenant.timezone)
        return datetime.combine(self.today + timedelta(days=days), time(self.random.randrange(8, 17)), zone)

    # -- writing

    def _write(self, slug: str, rows: Iterable[Any]) -> list[Any]:
        rtype = registry[slug]
        written: list[Any] = []
        rows = iter(rows)
        while chunk := [row for row, _ in zip(rows, range(AT_ONCE), strict=False)]:
            events = []
            for row in chunk:
                stamp(rtype, row)
                row.updated_at = row.created_at
                if self.with_events:
                    event = event_row(f"{rtype.name}.created", row, self.actor.access(rtype), self._told(rtype, row))
                    event.at, event.member_id, event.via = row.created_at, row.created_by_id, "page"
                    event.pk = uuid7_of(event.at)
                    events.append(event)
            copy_rows(rtype.model, chunk)
            copy_rows(Event, events)
            vocabulary.learn(row.search for row in chunk)
            written += chunk
        return written

    def _told(self, rtype: Any, row: Any) -> dict[str, Any]:
        return {name: [None, value] for name, value in snapshot(rtype, row).items() if value not in (None, [])}


def copy_rows(model: type[models.Model], rows: Sequence[Any]) -> None:
    """COPY model instances into their table; a key that the database makes is left to it."""
    if not rows:
        return
    fields = [f for f in model._meta.concrete_fields if not (f.primary_key and isinstance(f, models.AutoField))]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        sql = f"COPY {connection.ops.quote_name(model._meta.db_table)} ({columns}) FROM STDIN"
        with cursor.copy(sql) as copy:
            for row in rows:
                copy.write_row([_prepared(field, row) for field in fields])


def _prepared(field: models.Field, row: Any) -> Any:  # type: ignore[type-arg]
    return field.get_db_prep_save(getattr(row, field.attname), connection)

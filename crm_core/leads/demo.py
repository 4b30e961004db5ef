"""Believable leads for demo data, and the form that some of them came by."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from crm_core.contacts.models import LeadSource
from crm_core.leads.models import Lead, LeadForm, LeadStatus, QualificationItem
from crm_core.sales.demo.seed import Seeder, also, copy_rows
from crm_core.sales.models import Deal
from kernel.access.actor import operator
from kernel.records.change import create, edit
from kernel.records.types import registry

Kind = LeadStatus.Kind
KINDS = (Kind.OPEN, Kind.QUALIFIED, Kind.DISQUALIFIED, Kind.CONVERTED)
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "form": {
            "name": "Website: contact", "address": "contact", "language": "en", "title": "Talk to us",
            "intro": "Tell us what you need. We answer within one working day.",
        },
        "cost": 600,
        "campaigns": ("Autumn trade fair", "Newsletter", "Warehouse guide", ""),
        "messages": (
            "We are opening a second warehouse in spring and need about twenty scanners.",
            "Please send prices for label printers, including the yearly support.",
            "Does your inventory software work with barcodes we print ourselves?",
            "Our old printers fail every week. Can somebody call me?",
            "I saw you at the trade fair and would like a demonstration.",
            "",
        ),
    },
    "fa": {
        "form": {
            "name": "سایت: تماس با ما", "address": "tamas", "language": "fa", "title": "با ما در میان بگذارید",
            "intro": "بنویسید چه لازم دارید؛ تا یک روز کاری پاسخ می‌دهیم.",
        },
        "cost": 250_000_000,
        "campaigns": ("نمایشگاه پاییز", "خبرنامه", "راهنمای انبار", ""),
        "messages": (
            "بهار انبار دوم را راه می‌اندازیم و حدود بیست بارکدخوان لازم داریم.",
            "لطفاً قیمت چاپگر برچسب را با پشتیبانی سالانه بفرستید.",
            "نرم‌افزار انبار شما با بارکدهایی که خودمان چاپ می‌کنیم کار می‌کند؟",
            "چاپگرهای قدیمی هر هفته خراب می‌شوند. لطفاً تماس بگیرید.",
            "در نمایشگاه غرفهٔ شما را دیدم و می‌خواهم دستگاه را از نزدیک ببینم.",
            "",
        ),
    },
}  # fmt: skip


@also
def sow_leads(seeder: Seeder) -> None:
    if not seeder.size.leads:
        return
    _intake(seeder)
    rows = seeder._write("leads", _leads(seeder))
    items = list(QualificationItem.objects.alive())
    through = Lead.qualification.through
    pairs = [
        through(lead=row, qualificationitem=item)
        for row in rows
        if row.intake_due_at is None
        for item in items
        if seeder.random.random() < (0.85 if row.converted_at else 0.45)
    ]
    copy_rows(through, pairs)


def _intake(seeder: Seeder) -> None:
    """The first source is the website: somebody answers it, and a form feeds it."""
    source = LeadSource.objects.alive().order_by("pk").first()
    if source is None or not seeder.owners or LeadForm.objects.exists():
        return
    access, words = operator().access(registry["sources"]), WORDS[seeder.tenant.language]
    intake = {"intake_owner": seeder.owners[0].pk, "intake_hours": 8}
    edit(access, source, {"channel": "website", "monthly_cost": Decimal(words["cost"]), **intake})
    create(operator().access(registry["lead-forms"]), {**words["form"], "source": source.pk})


def _leads(seeder: Seeder) -> Iterator[Lead]:
    pick, words, more = seeder.random.choice, seeder.words, WORDS[seeder.tenant.language]
    statuses: dict[str, list[Any]] = {}
    for status in LeadStatus.objects.alive().order_by("position", "pk"):
        statuses.setdefault(status.kind, []).append(status)
    sources = list(LeadSource.objects.alive().order_by("pk"))
    deals = list(Deal.objects.alive().exclude(contact=None).order_by("pk").select_related("contact", "company")[:200])
    form = LeadForm.objects.first()
    for number in range(seeder.size.leads):
        kind = seeder.random.choices(KINDS, (55, 15, 12, 18))[0]
        status = pick(statuses.get(kind) or statuses[Kind.OPEN])
        source = pick([*sources, sources[0]]) if sources else None
        is_fresh = status == statuses[Kind.OPEN][0]
        owned = seeder._owned(timedelta(days=seeder.random.randrange(2 if is_fresh else 90)))
        stem, shape = pick(words.company_stems), pick(words.company_forms)
        lead = Lead(
            name=f"{pick(words.first_names)} {pick(words.last_names)}",
            company_name=shape.format(stem) if "{}" in shape else f"{stem} {shape}",
            phone=words.phone.format((7_000 + number) % 10_000),
            email=f"lead{number}@example.com" if seeder.random.random() < 0.7 else "",
            message=pick(more["messages"]),
            campaign=pick(more["campaigns"]),
            source=source,
            status=status,
            **owned,
        )
        if source and form and source.pk == form.source_id:
            lead.origin = {"form": form.name, "utm_source": "google", "utm_medium": "cpc"}
        if is_fresh and source and source.intake_hours:
            lead.intake_due_at = lead.created_at + timedelta(hours=source.intake_hours)
        if kind == Kind.CONVERTED and deals:
            _became(lead, pick(deals), seeder)
        yield lead


def _became(lead: Lead, deal: Deal, seeder: Seeder) -> None:
    lead.deal, lead.contact, lead.company = deal, deal.contact, deal.company
    lead.name, lead.phone, lead.email = deal.contact.label, deal.contact.phone, deal.contact.email  # type: ignore[union-attr]
    lead.company_name = deal.company.label if deal.company else ""
    opened = deal.opened_on or seeder.today
    lead.converted_at = datetime.combine(opened, time(9), UTC)
    lead.created_at = lead.converted_at - timedelta(days=seeder.random.randrange(1, 20))

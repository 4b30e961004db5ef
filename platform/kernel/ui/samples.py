"""Believable content of the styleguide, in both languages; nothing of it comes from a tenant."""

from decimal import Decimal
from typing import Any

EN: dict[str, Any] = {
    "workspace": "Northwind Trading",
    "me": "Sara Mohammadi",
    "currency": "USD",
    "stages": ["New", "Qualified", "Proposal", "Negotiation", "Won"],
    "people": ["Sara Mohammadi", "Omid Karimi", "Niloofar Rad", "Peyman Jalali"],
    "companies": ["Caspian Cargo", "Blue Harbor", "Mehr Energy", "Aria Steel", "Lumen Health", "Kavir Cloud"],
    "contacts": ["Leila Ahmadi", "Daniel Brooks", "Mina Tavakoli", "Reza Shams", "Grace Lin", "Hamed Nouri"],
    "jobs": ["Head of procurement", "COO", "Project lead", "CTO", "Founder", "Technical director"],
    "kinds": ["Customer", "Prospect", "Customer", "Prospect", "Lead", "Customer"],
    "deals": ["CRM migration", "Fleet tracking pilot", "Annual support plan", "Data centre cooling",
              "Warehouse rollout", "Training package", "Insurance bundle", "ERP connector", "Cold-chain sensors"],
    "sources": ["Website", "Referral", "Outbound", "Events", "Partner"],
    "city": "Hamburg",
    "note": "Prefers calls before eleven. Decision group: Leila, Mr Shams (technology) and the finance lead.",
    "sentence": "Call with Leila, 14 minutes",
    "moved": "“Warehouse rollout” moved from Qualified to Proposal",
    "product": "Cold-chain sensor, pack of 10",
    "unit": Decimal(1),
}  # fmt: skip
FA: dict[str, Any] = {
    "workspace": "بازرگانی شمال",
    "me": "سارا محمدی",
    "currency": "IRR",
    "stages": ["تازه", "واجد شرایط", "پیشنهاد قیمت", "مذاکره", "برنده"],
    "people": ["سارا محمدی", "امید کریمی", "نیلوفر راد", "پیمان جلالی"],
    "companies": ["کاسپین بار", "بندر آبی", "انرژی مهر", "فولاد آریا", "سلامت نور", "ابر کویر"],
    "contacts": ["لیلا احمدی", "دانیال برزگر", "مینا توکلی", "رضا شمس", "گلناز لطیفی", "حامد نوری"],
    "jobs": ["مدیر تدارکات", "مدیر عملیات", "مدیر پروژه", "مدیر فناوری", "مدیرعامل", "مدیر فنی"],
    "kinds": ["مشتری", "فرصت", "مشتری", "فرصت", "سرنخ", "مشتری"],
    "deals": ["مهاجرت سامانهٔ مشتریان", "ردیابی ناوگان، آزمایشی", "پشتیبانی سالانه", "خنک‌سازی مرکز داده", "تجهیز انبار",
              "بستهٔ آموزشی", "بیمهٔ گروهی", "رابط ای‌آرپی", "حسگر زنجیرهٔ سرد"],
    "sources": ["وب‌سایت", "معرفی", "تماس سرد", "رویداد", "همکار"],
    "city": "تهران",
    "note": "لیلا تماس پیش از ساعت ۱۱ را می‌پسندد. گروه تصمیم: لیلا، آقای شمس (فناوری) و مدیر مالی.",
    "sentence": "تماس با لیلا، ۱۴ دقیقه",
    "moved": "«تجهیز انبار» از «واجد شرایط» به «پیشنهاد قیمت» رفت",
    "product": "حسگر زنجیرهٔ سرد، بستهٔ ۱۰تایی",
    "unit": Decimal(600_000),
}  # fmt: skip


def samples(language: str) -> dict[str, Any]:
    """The content for a language."""
    return FA if language == "fa" else EN

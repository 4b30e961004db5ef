"""What demo data is made of, in each language. Names are common ones; the companies are invented."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`products` are (name, category, price in the currency), `steps` what a deal is about, with {product}."""

    first_names: Sequence[str]
    last_names: Sequence[str]
    company_stems: Sequence[str]
    company_forms: Sequence[str]
    industries: Sequence[str]
    cities: Sequence[str]
    country: str
    occupations: Sequence[str]
    products: Sequence[tuple[str, str, int]]
    deal_names: Sequence[str]
    notes: Sequence[str]
    tasks: Sequence[str]
    calls: Sequence[str]
    meetings: Sequence[tuple[str, str]]
    chores: Sequence[str]
    phone: str
    team_names: Sequence[str]
    sales_people: Sequence[tuple[str, str]]
    roles: dict[str, tuple[str, str]]


ENGLISH = Words(
    first_names=(
        "Olivia", "James", "Amelia", "Noah", "Grace", "Liam", "Sofia", "Ethan", "Maya", "Lucas", "Hannah", "Owen",
        "Nora", "Daniel", "Clara", "Samuel", "Leah", "Victor", "Ruth", "Adam", "Priya", "Marcus", "Elena", "Felix",
    ),
    last_names=(
        "Carter", "Bennett", "Hughes", "Foster", "Morgan", "Reyes", "Sullivan", "Brooks", "Patel", "Fischer", "Novak",
        "Hayes", "Lindgren", "Moreau", "Whitaker", "Okafor", "Tanaka", "Schmidt", "Barnes", "Delgado", "Quinn",
    ),
    company_stems=(
        "Northgate", "Blue Harbor", "Cedar Hill", "Summit", "Lakeside", "Ironbridge", "Silverline", "Redwood",
        "Meridian", "Fairview", "Oakmont", "Crestline", "Granite", "Harvest", "Pinnacle", "Stonefield", "Westbrook",
        "Clearwater", "Brightwell", "Kingsford", "Elmwood", "Highland", "Rosewood", "Maple Ridge",
    ),
    company_forms=(
        "Foods", "Logistics", "Health", "Textiles", "Energy", "Hotels", "Printing", "Dental", "Motors", "Farms",
    ),
    industries=("Food", "Logistics", "Health care", "Textiles", "Energy", "Hospitality", "Printing", "Automotive"),
    cities=("Boston", "Denver", "Portland", "Austin", "Chicago", "Seattle", "Atlanta", "Nashville", "Columbus"),
    country="United States",
    occupations=("Purchasing manager", "Operations director", "Owner", "IT manager", "Plant manager", "Office manager"),
    products=(
        ("Label printer LP-20", "Printers", 640), ("Label printer LP-60", "Printers", 1850),
        ("Barcode scanner S1", "Scanners", 210), ("Warehouse scanner W4", "Scanners", 980),
        ("Inventory software, yearly", "Software", 2400), ("Installation day", "Services", 750),
        ("Support plan, yearly", "Services", 1200), ("Conveyor module C2", "Machines", 5600),
    ),
    deal_names=(
        "{product} for {company}", "{company}: warehouse rollout", "{company}: pilot", "{company}: yearly renewal",
        "{company}: second site", "{company}: replacement of old scanners", "{company}: new line",
    ),
    notes=(
        "Spoke with the buyer. They want the offer before the end of the month.",
        "Visited the site. Two more lines could follow in spring.",
        "They compare us with one other supplier; service is what counts for them.",
        "Asked for a reference in the same industry.",
        "Budget is approved, the contract is with their lawyers.",
        "Left a message, will call again on Thursday.",
    ),
    tasks=(
        "Send the offer", "Send the data sheets", "Check the delivery date with the warehouse", "Prepare the contract",
        "Ask for the purchase order", "Compare with the competitor's offer", "Follow up on the offer",
    ),
    calls=("Ask about the decision", "Call back about the price", "Agree on the installation date", "Second call"),
    meetings=(
        ("Demonstration", "Their office"), ("Site visit", "Their warehouse"), ("Price talk", "Video call"),
        ("Kick-off", "Our office"),
    ),
    chores=("Hand in travel expenses", "Prepare the weekly report", "Update the price list", "Plan next week's visits"),
    phone="+1617555{:04d}",
    team_names=("Sales", "East", "West"),
    sales_people=(("Rachel Stone", "East"), ("Ben Alvarez", "East"), ("Tom Keller", "West"), ("Iris Chen", "West")),
    roles={
        "admin": ("Sara Mitchell", "sara"), "manager": ("Laura Grant", "laura"), "rep": ("Rachel Stone", "rachel"),
        "support": ("Nick Palmer", "nick"), "read-only": ("Karen Wells", "karen"),
    },
)  # fmt: skip

PERSIAN = Words(
    first_names=(
        "سارا", "رضا", "مینا", "علیرضا", "نگار", "محمد", "الهام", "حمید", "لیلا", "امیر", "مریم", "کاوه", "شیرین",
        "بهرام", "پریسا", "سعید", "نرگس", "فرهاد", "یاسمن", "مهدی", "گلناز", "آرش", "زهرا", "پویا",
    ),
    last_names=(
        "محمدی", "احمدی", "حسینی", "کریمی", "رضایی", "موسوی", "جعفری", "صادقی", "رحیمی", "نوری", "کاظمی", "اکبری",
        "شریفی", "توکلی", "فراهانی", "یزدانی", "قاسمی", "باقری", "سلطانی", "دهقان", "عسگری",
    ),
    company_stems=(
        "پارس", "آریا", "البرز", "زاگرس", "کاسپین", "سپهر", "نگین", "پرتو", "مهرگان", "ستاره شرق", "دماوند", "خلیج",
        "نوین", "آسمان", "پیشرو", "ایساتیس", "سبلان", "الوند", "کویر", "هیرکان", "آفتاب", "بیستون", "نیک‌اندیش",
    ),
    company_forms=(
        "صنایع غذایی {}", "حمل‌ونقل {}", "پخش {}", "نساجی {}", "هتل {}", "چاپ {}", "بازرگانی {}", "فولاد {}",
        "دارویی {}", "کشت و صنعت {}",
    ),
    industries=("صنایع غذایی", "حمل‌ونقل", "پخش", "نساجی", "هتلداری", "چاپ", "فولاد", "دارو"),
    cities=("تهران", "اصفهان", "شیراز", "تبریز", "مشهد", "کرج", "یزد", "اهواز", "رشت", "قم"),
    country="ایران",
    occupations=("مدیر خرید", "مدیرعامل", "مدیر تولید", "مدیر فناوری اطلاعات", "کارشناس تدارکات", "مدیر مالی"),
    products=(
        ("چاپگر برچسب ن‌۲۰", "چاپگر", 185_000_000), ("چاپگر برچسب ن‌۶۰", "چاپگر", 620_000_000),
        ("بارکدخوان رومیزی", "بارکدخوان", 48_000_000), ("بارکدخوان انبار", "بارکدخوان", 310_000_000),
        ("نرم‌افزار انبار، سالانه", "نرم‌افزار", 900_000_000), ("یک روز نصب و آموزش", "خدمات", 75_000_000),
        ("پشتیبانی سالانه", "خدمات", 420_000_000), ("نوار نقاله مدل پ", "ماشین‌آلات", 2_400_000_000),
    ),
    deal_names=(
        "{product} برای {company}", "{company}: تجهیز انبار", "{company}: خرید آزمایشی", "{company}: تمدید سالانه",
        "{company}: شعبهٔ دوم", "{company}: نوسازی بارکدخوان‌ها", "{company}: خط تولید تازه",
    ),
    notes=(
        "با مدیر خرید صحبت شد. پیش‌فاکتور را تا پایان ماه می‌خواهند.",
        "از انبارشان بازدید کردیم. بهار دو خط دیگر هم اضافه می‌شود.",
        "ما را با یک رقیب مقایسه می‌کنند؛ برایشان خدمات پس از فروش مهم است.",
        "نمونهٔ مشتری در همین صنعت خواستند.",
        "بودجه تصویب شده و قرارداد نزد واحد حقوقی است.",
        "پاسخ ندادند؛ پنجشنبه دوباره تماس می‌گیرم.",
    ),
    tasks=(
        "فرستادن پیش‌فاکتور", "فرستادن مشخصات فنی", "هماهنگی زمان تحویل با انبار", "آماده کردن پیش‌نویس قرارداد",
        "گرفتن درخواست خرید", "مقایسه با پیشنهاد رقیب", "پیگیری پیش‌فاکتور",
    ),
    calls=("پرسیدن نتیجهٔ تصمیم", "تماس دوباره دربارهٔ قیمت", "هماهنگی روز نصب", "تماس دوم"),
    meetings=(
        ("نمایش دستگاه", "دفتر مشتری"), ("بازدید از محل", "انبار مشتری"), ("گفت‌وگو دربارهٔ قیمت", "تماس تصویری"),
        ("جلسهٔ شروع کار", "دفتر ما"),
    ),
    chores=("تحویل صورت هزینهٔ سفر", "گزارش هفتگی", "به‌روز کردن فهرست قیمت", "برنامه‌ریزی بازدیدهای هفتهٔ بعد"),
    phone="+9891200{:05d}",
    team_names=("فروش", "تهران", "شهرستان‌ها"),
    sales_people=(
        ("رضا کریمی", "تهران"), ("مینا توکلی", "تهران"), ("حامد نوری", "شهرستان‌ها"), ("الهام شریفی", "شهرستان‌ها"),
    ),
    roles={
        "admin": ("سارا محمدی", "sara"), "manager": ("لیلا فراهانی", "leila"), "rep": ("رضا کریمی", "reza"),
        "support": ("نیما صادقی", "nima"), "read-only": ("کیان رحیمی", "kian"),
    },
)  # fmt: skip

WORDS = {"en": ENGLISH, "fa": PERSIAN}

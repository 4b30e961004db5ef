from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_core.sales import actions
from crm_core.sales.models import Deal, DealLine, LostReason, Pipeline, Product, Stage, StageTask
from crm_core.sales.rules import follow_lines, follow_stage, kinds_of
from crm_core.sales.stage_rules import check_pipeline, check_stage, kind_of_name, line_up
from kernel.access.actor import Actor
from kernel.events.names import tell
from kernel.lib.names import plain_key
from kernel.records.duplicates import Key
from kernel.records.specs import spec_of
from kernel.records.types import Board, BuiltIn, Panel, RecordType, Related, RowsField, Verb, field, register

tell("deal.won", _("%(who)s won this deal"))
tell("deal.lost", _("%(who)s lost this deal"))
tell("deal.reopened", _("%(who)s reopened this deal"))
tell("deal.moved", _("%(who)s moved this deal to another stage"))

CLOSED_ON = spec_of(Deal, "closed_on", help=_("Left empty, it is today."), extra={"starts": "today"})
NEXT_STEP_HELP = _("Follows the earliest open task, call or meeting. A date typed here holds while nothing is planned.")
CLOSED = {"won", "lost"}


@register
class Deals(RecordType):
    slug, model = "deals", Deal
    label, label_plural = _("Deal"), _("Deals")
    icon = "layout-kanban"
    in_tabs = True
    fields = (
        "name", "company", "contact", "pipeline", "stage",
        field("status", extra={"tones": {"won": "good", "lost": "bad"}}), "amount", "probability", "opened_on",
        "expected_close_on", "closed_on", "lost_reason",
        field("next_step_at", extra={"due": True}, help=NEXT_STEP_HELP), "source",
        RowsField(
            "lines", _("Products"), DealLine, "deal",
            ("product", "quantity", "price", "discount", field("total", read_only=True)),
        ),
    )  # fmt: skip
    columns = ("name", "company", "stage", "amount", "expected_close_on", "next_step_at", "owner")
    essentials = (
        "name",
        "company",
        "contact",
        "stage",
        "amount",
        "lines",
        "expected_close_on",
        "next_step_at",
        "owner",
    )
    filters = ("stage", "status", "owner", "company", "expected_close_on", "next_step_at")
    search = ("name",)
    sums = ("amount",)
    panels = (
        Panel(_("Deal"), ("name", "company", "contact", "pipeline", "stage", "owner", "team")),
        Panel(_("Value"), ("amount", "probability", "lines")),
        Panel(_("Dates"), ("opened_on", "expected_close_on", "closed_on", "next_step_at")),
        Panel(_("Outcome"), ("status", "lost_reason", "source")),
    )
    next_step_field, open_when = "next_step_at", {"status": "open"}
    views = (
        BuiltIn("open", _("Open"), {"status": "open"}),
        BuiltIn(
            "closing", _("Closing this month"),
            {"status": "open", "expected_close_on": "this_month", "sort": "expected_close_on"},
        ),
        BuiltIn("won", _("Won this month"), {"status": "won", "closed_on": "this_month", "sort": "-closed_on"}),
    )  # fmt: skip
    board = Board(by="stage", within="pipeline", total="amount", card=("company", "amount", "next_step_at", "owner"))
    verbs = (
        Verb(
            "win", "deal.won", _("Won"), "trophy", actions.win,
            fields=(CLOSED_ON,), applies=lambda deal: deal.status != "won",
            done=_("Deal won."), tone="good",
        ),
        Verb(
            "lose", "deal.lost", _("Lost"), "thumb-down", actions.lose,
            fields=(spec_of(Deal, "lost_reason", required=True), CLOSED_ON),
            applies=lambda deal: deal.status != "lost", done=_("Deal lost."),
        ),
        Verb(
            "reopen", "deal.reopened", _("Reopen"), "rotate", actions.reopen,
            applies=lambda deal: deal.status != "open", done=_("Deal reopened."), permission="edit",
        ),
    )  # fmt: skip
    related = (Related("leads", "deal", quiet=True),)
    match_fields = ("name",)
    synonyms = {
        "name": ("opportunity_id", "opportunity", "opportunity_name", "deal_name", "deal", "title", "subject",
                 "نام معامله", "عنوان", "فرصت"),
        "company": ("account", "account_name", "company_name", "customer", "client", "organization",
                    "مشتری", "نام شرکت"),
        "contact": ("contact_name", "primary_contact", "person", "نام مخاطب"),
        "pipeline": ("sales_pipeline", "funnel", "قیف", "قیف فروش"),
        "stage": ("deal_stage", "sales_stage", "opportunity_stage", "status", "وضعیت", "مرحله فروش"),
        "amount": ("close_value", "value", "deal_value", "deal_amount", "price", "total", "revenue",
                   "ارزش", "مبلغ معامله", "مبلغ کل", "قیمت"),
        "probability": ("win_probability", "chance", "شانس"),
        "opened_on": ("engage_date", "created_date", "open_date", "start_date", "creation_date",
                      "تاریخ شروع", "تاریخ ایجاد"),
        "expected_close_on": ("expected_close_date", "expected_close", "due_date", "تاریخ پیش‌بینی"),
        "closed_on": ("close_date", "closed_date", "won_date", "date_closed", "تاریخ بستن", "تاریخ فروش"),
        "lost_reason": ("loss_reason", "reason_lost", "closed_lost_reason", "علت باخت"),
        "source": ("lead_source", "منبع سرنخ"),
        "owner": ("sales_agent", "deal_owner", "opportunity_owner", "sales_rep", "agent", "rep", "assigned_to",
                  "کارشناس", "کارشناس فروش", "مسئول"),
        "lines.product": ("product", "product_name", "item", "محصول", "کالا", "نام محصول"),
        "lines.quantity": ("quantity", "qty", "تعداد", "مقدار"),
        "lines.price": ("unit_price", "قیمت واحد"),
    }  # fmt: skip

    def columns_for(self, filters: Mapping[str, str], actor: Actor) -> tuple[str, ...]:
        """Of closed deals one asks when they were closed, and of lost ones why."""
        kinds = set(filters.get("status", filters.get("status__in", "")).split(",")) - {""}
        kinds = kinds or kinds_of(actor, filters.get("stage", filters.get("stage__in", "")).split(","))
        if not (kinds <= CLOSED if kinds else any(key.startswith("closed_on") for key in filters)):
            return self.columns
        instead = {"expected_close_on": "closed_on"} | ({"next_step_at": "lost_reason"} if kinds == {"lost"} else {})
        return tuple(instead.get(name, name) for name in self.columns)

    def complete_row(self, values: dict[str, Any]) -> None:
        """The one product of a row without a price of its own carries the whole amount."""
        line, amount = next(iter(values.get("lines") or []), None), values.get("amount")
        if line and line["price"] is None and amount is not None and amount >= 0:
            price = amount / (line["quantity"] or 1)
            if price == round(price, 4) and not line["discount"]:
                line["price"] = price

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        follow_stage(record, actor, changed)
        follow_lines(record, self.specs()["lines"], actor, changed)

    def event_of(self, event: str, changes: Mapping[str, Any]) -> str:
        if event == "deal.updated":
            status = changes.get("status")
            if status:
                return {"won": "deal.won", "lost": "deal.lost"}.get(status[1], "deal.reopened")
            if "stage" in changes:
                return "deal.moved"
        return event


@register
class Products(RecordType):
    slug, model = "products", Product
    label, label_plural = _("Product"), _("Products")
    icon = "package"
    fields = ("name", "code", "category", "price", "cost", "unit", "active")
    columns = ("name", "code", "category", "price", "cost", "active")
    filters = ("category", "active")
    search = ("name", "code", "category")
    sort = "name"
    panels = (Panel(_("Product"), ("name", "code", "category", "unit", "price", "cost", "active")),)
    match_fields = ("name", "code")
    duplicate_keys = (
        Key("code", _("same code"), ("code",), lambda product: [plain_key(product.code)]),
        Key("name", _("same name"), ("name",), lambda product: [plain_key(product.name)]),
    )
    synonyms = {
        "name": ("product", "product_name", "item", "item_name", "title", "کالا", "نام کالا", "محصول", "نام محصول"),
        "code": ("sku", "product_code", "item_code", "part_number", "کد کالا", "شناسه کالا"),
        "category": ("series", "family", "product_family", "group", "گروه", "گروه کالا", "دسته"),
        "price": ("sales_price", "unit_price", "list_price", "selling_price", "قیمت فروش", "فی"),
        "cost": ("cost_price", "purchase_price", "buy_price", "قیمت خرید", "بهای تمام شده"),
        "unit": ("unit_of_measure", "uom", "واحد شمارش"),
        "active": ("is_active", "enabled", "status"),
    }  # fmt: skip
    is_owned = False


class SalesSetting(RecordType):
    is_setting = True
    is_owned = False
    in_menu = False
    match_fields = ("name",)


@register
class Pipelines(SalesSetting):
    slug, model = "pipelines", Pipeline
    label, label_plural = _("Pipeline"), _("Pipelines")
    icon = "layout-kanban"
    fields = ("name", "position")
    columns = ("name", "position")
    sort = "position"
    panels = (Panel(_("Pipeline"), ("name", "position")),)
    related = (Related("stages", "pipeline"),)

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        check_pipeline(record)


@register
class Stages(SalesSetting):
    slug, model = "stages", Stage
    label, label_plural = _("Stage"), _("Stages")
    icon = "columns"
    fields = (
        "name", "pipeline", "position", "probability", field("kind", extra={"ends": {"won": "won", "lost": "lost"}}),
    )  # fmt: skip
    columns = ("name", "pipeline", "position", "probability", "kind")
    sort = "position"
    is_kept = True
    panels = (Panel(_("Stage"), ("name", "pipeline", "position", "probability", "kind")),)

    def values_of_label(self, label: str) -> dict[str, Any]:
        return {"name": label, "kind": kind_of_name(label)}

    def prepare(self, record: Any, actor: Actor, changed: set[str]) -> None:
        actor.memo.pop("stages", None)
        line_up(record, changed)
        check_stage(record, changed)


@register
class StageTasks(RecordType):
    slug, model = "stage-tasks", StageTask
    label, label_plural = _("Task of a stage"), _("Tasks of stages")
    icon = "checkbox"
    fields = ("subject", "stage", "due_days", "priority", "assignee")
    label_field = "subject"
    columns = ("subject", "stage", "due_days", "priority", "assignee")
    search = ("subject",)
    sort = "due_days"
    panels = (Panel(_("Task of a stage"), ("subject", "stage", "due_days", "priority", "assignee")),)
    is_setting = True
    is_owned = False
    in_menu = False


@register
class LostReasons(SalesSetting):
    slug, model = "lost-reasons", LostReason
    label, label_plural = _("Lost reason"), _("Lost reasons")
    icon = "thumb-down"
    fields = ("name",)
    columns = ("name",)
    sort = "name"
    panels = (Panel(_("Lost reason"), ("name",)),)

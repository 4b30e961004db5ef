"""Values as HTML: the cells of a list and the properties of a record, for one viewer.

A list has hundreds of cells, so each is drawn with as few elements as read right.
"""

import unicodedata
from typing import Any
from uuid import UUID

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from kernel.records.kinds.choices import known
from kernel.records.show import Shown
from kernel.records.specs import FieldSpec
from kernel.ui.templatetags.ui import avatar, badge, due, icon
from kernel.web.controls import few_records
from kernel.web.reach import record_url
from kernel.web.todo import is_waiting, next_step

EMPTY = SafeString("")


class Cells:
    """Draws values of the rows of one `Shown`. With `links`, values lead where they point (a record, a mailbox)."""

    def __init__(self, shown: Shown, *, links: bool = False) -> None:
        self.shown, self.links = shown, links
        self.format = shown.access.actor.format
        self.is_rtl = self.format.direction == "rtl"

    def html(self, row: Any, spec: FieldSpec) -> SafeString:
        value = spec.value(row)
        if value in (None, "", [], {}) and not (self.links and spec.extra.get("is_checklist")):
            is_told = value is None and spec.name in self.shown.access.readable()
            if is_told and is_waiting(self.shown.access.rtype, row, spec.name):
                return next_step(self.format, None, with_icon=self.links)
            return EMPTY
        draw = getattr(self, f"_{spec.kind.name}", None)
        if draw is not None:
            return draw(spec, value, row)
        return self._isolated(self.shown.value_text(spec, value))

    def _isolated(self, text: str) -> SafeString:
        """Set apart only where it runs against the page: a word of the page's own script needs nothing."""
        return format_html("<bdi>{}</bdi>" if runs_against(text, self.is_rtl) else "{}", text)

    def _ltr(self, text: str) -> SafeString:
        return format_html('<bdi dir="ltr">{}</bdi>' if self.is_rtl else "{}", text)

    def _reference(self, slug: str, pk: UUID | None) -> SafeString:
        label = self.shown.labels.get(slug, pk)
        if label is None:
            return EMPTY
        if self.links:
            return format_html('<a class="link" dir="auto" href="{}">{}</a>', record_url(slug, pk), label)
        return self._isolated(label)

    def _relation(self, spec: FieldSpec, value: UUID, row: Any) -> SafeString:
        if spec.related_type.is_setting:
            label = self.shown.labels.get(spec.related, value)
            return badge(label) if label else EMPTY
        return self._reference(spec.related, value)

    def _member(self, spec: FieldSpec, value: UUID, row: Any) -> SafeString:
        label = self.shown.labels.get(spec.related, value)
        if label is None:
            return EMPTY
        if not self.links:
            return avatar(label, value)
        picture = avatar(label, value, silent=True)
        return format_html('<span class="who">{}<span class="clip" dir="auto">{}</span></span>', picture, label)

    def _relations(self, spec: FieldSpec, value: list[UUID], row: Any) -> SafeString:
        if spec.extra.get("is_checklist"):
            return self._checklist(spec, value)
        drawn = [text for pk in value if (text := self._reference(spec.related, pk))]
        return format_html_join(", ", "{}", ((text,) for text in drawn))

    def _checklist(self, spec: FieldSpec, value: list[UUID]) -> SafeString:
        """How far it is; on the record's own page each item, done or not."""
        items = few_records(self.shown.access.actor, spec.related_type) or []
        done = [item for item in items if item.value in value]
        if not items:
            return EMPTY
        told = _("%(done)s of %(all)s") % {"done": self.format.number(len(done)), "all": self.format.number(len(items))}
        if not self.links:
            return badge(told, "good" if len(done) == len(items) else "")
        drawn = (
            (icon("check", "good", _("Done")) if item in done else icon("circle", "muted", _("Open")), item.label)
            for item in items
        )
        lines = format_html_join("", "<li>{}<bdi>{}</bdi></li>", drawn)
        return format_html('<span class="muted small">{}</span><ul class="checklist">{}</ul>', told, lines)

    def _file(self, spec: FieldSpec, value: UUID, row: Any) -> SafeString:
        label = self.shown.labels.get(spec.related, value)
        if label is None or not self.links:
            return self._isolated(label or "")
        pattern = '<a class="link clip" dir="auto" title="{0}" href="{1}">{0}</a>'
        link = format_html(pattern, label, record_url(spec.related, value))
        return format_html('<span class="who">{}{}</span>', icon("paperclip"), link)

    def _facts(self, spec: FieldSpec, value: dict[str, str], row: Any) -> SafeString:
        if not self.links:
            return self._isolated(self.shown.value_text(spec, value))
        lines = spec.kind.lines(spec, value)  # type: ignore[attr-defined]
        return format_html_join("", '<div><span class="muted">{}</span> <bdi>{}</bdi></div>', lines)

    def _tags(self, spec: FieldSpec, value: list[UUID], row: Any) -> SafeString:
        labels = self.shown.labels
        named = sorted((label, pk) for pk in value if (label := labels.get(spec.related, pk)))
        pattern = '<span class="tag {}" dir="auto">{}</span>'
        drawn = format_html_join("", pattern, ((labels.more(pk).get("color", ""), label) for label, pk in named))
        return format_html('<span class="tags">{}</span>', drawn) if drawn else EMPTY

    def _references(self, spec: FieldSpec, value: list[str], row: Any) -> SafeString:
        drawn = [text for slug, pk in spec.kind.references(spec, value) if (text := self._reference(slug, pk))]
        return format_html_join(str(_(", ")), "{}", ((text,) for text in drawn))

    def _about(self, spec: FieldSpec, value: dict[str, str], row: Any) -> SafeString:
        return self._reference(value["type"], UUID(value["id"]))

    def _choice(self, spec: FieldSpec, value: str, row: Any) -> SafeString:
        tone = spec.extra.get("tones", {}).get(value, "")
        return badge(self.shown.value_text(spec, value), tone)

    def _choices(self, spec: FieldSpec, value: list[str], row: Any) -> SafeString:
        tones, label = spec.extra.get("tones", {}), dict(known(spec))
        drawn = ((badge(label.get(code, code), tones.get(code, "")),) for code in value)
        return format_html_join(" ", "{}", drawn)

    def _yes_no(self, spec: FieldSpec, value: bool, row: Any) -> SafeString:
        text = self.shown.value_text(spec, value)
        return icon("check", "good", text) if value else format_html('<span class="muted">{}</span>', text)

    def _long_text(self, spec: FieldSpec, value: str, row: Any) -> SafeString:
        value = self.shown.value_text(spec, value)  # with the names of those whom it mentions
        if self.links:
            return format_html('<span class="pre-line" dir="auto">{}</span>', value)
        return self._isolated(Truncator(" ".join(value.split())).chars(80))

    def _email(self, spec: FieldSpec, value: str, row: Any) -> SafeString:
        if self.links:
            return format_html('<bdi dir="ltr"><a class="link" href="mailto:{0}">{0}</a></bdi>', value)
        return self._ltr(value)

    def _phone(self, spec: FieldSpec, value: str, row: Any) -> SafeString:
        text = self.format.phone(value)
        if self.links:
            return format_html('<bdi dir="ltr"><a class="link" href="tel:{}">{}</a></bdi>', value, text)
        return self._ltr(text)

    def _link(self, spec: FieldSpec, value: str, row: Any) -> SafeString:
        text = value.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
        if self.links and value.startswith(("https://", "http://")):
            pattern = '<bdi dir="ltr"><a class="link" href="{}" rel="noopener noreferrer" target="_blank">{}</a></bdi>'
            return format_html(pattern, value, text)
        return self._ltr(text)

    def _datetime(self, spec: FieldSpec, value: Any, row: Any) -> SafeString:
        is_due = spec.extra.get("due") and getattr(row, "is_open", True) and not getattr(row, "done_at", None)
        if is_due and is_waiting(self.shown.access.rtype, row, spec.name) and not self.links:
            return next_step(self.format, value, with_icon=False)
        if self.links:
            told: SafeString | str = due({"format": self.format}, value) if is_due else ""  # type: ignore[arg-type]
            if is_due and is_waiting(self.shown.access.rtype, row, spec.name):
                told = next_step(self.format, value, planned=_("Planned"))
            full, text = self.format.datetime(value, "long"), self.format.datetime(value)
            return format_html('<time datetime="{}" title="{}">{}</time> {}', value.isoformat(), full, text, told)
        day = self.format.local(value).date()
        days = (day - self.format.today()).days
        if is_due and days <= 1:
            tone, words = ("late", _("Overdue")) if days < 0 else ("", _("Tomorrow"))
            if not days:
                tone, words = "today", _("Today")
            return format_html('<span class="due {}" title="{}">{}</span>', tone, self.format.date(day, "long"), words)
        return format_html("{}", self.format.date(day))

    def _date(self, spec: FieldSpec, value: Any, row: Any) -> SafeString:
        if not self.links:
            return format_html("{}", self.format.date(value))
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            value.isoformat(), self.format.date(value, "long"), self.format.date(value),
        )  # fmt: skip


def runs_against(text: str, is_rtl: bool) -> bool:
    """Whether the text's first letter reads the other way than the page, or a later one does."""
    directions = {unicodedata.bidirectional(char) for char in text[:200]}
    return "L" in directions if is_rtl else bool(directions & {"R", "AL"})

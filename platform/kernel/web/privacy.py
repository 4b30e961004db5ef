"""A person's data: exported whole, erased, or held for a court. For whoever has the right to privacy."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kernel.access.actor import Access, Actor
from kernel.accounts.forms import PasswordField
from kernel.accounts.sessions import came_by_provider
from kernel.files.links import download_url
from kernel.files.models import StoredFile
from kernel.lib.errors import ParseError
from kernel.lib.text import fold
from kernel.privacy import erasing, exporting
from kernel.privacy.models import Erasure
from kernel.privacy.people import check_may_answer, may_answer
from kernel.privacy.preview import Preview, Some, preview
from kernel.records.legal_holds import LONGEST, RIGHT, hold_of, lift, may_hold, set_hold
from kernel.records.models import LegalHold
from kernel.records.people import as_seen
from kernel.runs.models import Run
from kernel.ui.fields import Field
from kernel.ui.polling import polled
from kernel.ui.templatetags.ui import icon
from kernel.web import detail
from kernel.web.pages import go, list_crumb, page
from kernel.web.reach import access_to, record_of, record_url
from kernel.web.settings.proving import ProvedForm, proved

RUNS = (exporting.KIND, erasing.KIND)


class EraseForm(ProvedForm):
    typed = forms.CharField(
        label=gettext_lazy("The name of the person, as it stands above"),
        error_messages={"required": gettext_lazy("Type the name.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    proof = PasswordField(label=gettext_lazy("Your password"))


def _url(access: Access, record: Any) -> str:
    return f"{record_url(access.rtype.slug, record.pk)}/privacy"


def _found(request: HttpRequest, slug: str, pk: UUID) -> tuple[Access, Any]:
    access = access_to(request, slug)
    access.actor.check_system(RIGHT)
    if not may_hold(access):
        raise Http404
    return access, record_of(access, pk)


def _person(request: HttpRequest, slug: str, pk: UUID) -> tuple[Access, Any]:
    access, record = _found(request, slug, pk)
    if not access.rtype.is_person:
        raise Http404
    check_may_answer(access.actor)
    return access, record


@require_GET
def privacy(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    return _page(request, *_found(request, slug, pk))


def _page(request: HttpRequest, access: Access, record: Any, errors: Any = None) -> HttpResponse:
    data, fmt = request.POST, access.actor.format
    own = LegalHold.objects.filter(record_id=record.pk).select_related("member").first()
    until = own.until if own else None
    context = {
        **_base(access, record), "heading": _("Privacy and legal hold"), "hold": own,
        "hold_until": fmt.date(until) if until else "",
        "is_person": access.rtype.is_person, "may_answer": access.rtype.is_person and may_answer(access.actor),
        "erasure": Erasure.objects.exclude(finished_at=None).filter(record_id=record.pk).last(),
        "controls": [
            Field(
                "reason", _("Why"), "text", data.get("reason", own.reason if own else ""), maxlength=LONGEST,
                errors=(errors or {}).get("reason", []),
                help=_("A case number or who asked. It is kept in the history."),
            ),
            Field(
                "until", _("Until"), "date", data.get("until", fmt.date(until) if until else ""),
                errors=(errors or {}).get("until", []), help=_("The last day. Empty: until somebody lifts it."),
            ),
        ],
    }  # fmt: skip
    return page(request, "web/privacy.html", context, 422 if errors else 200)


def _base(access: Access, record: Any) -> dict[str, Any]:
    rtype = access.rtype
    return {
        "rtype": rtype, "record": record, "url": _url(access, record), "format": access.actor.format,
        "crumbs": [list_crumb(rtype), {"label": record.label, "url": record_url(rtype.slug, record.pk)}],
    }  # fmt: skip


@require_POST
def hold(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access, record = _found(request, slug, pk)
    text = request.POST.get("until", "").strip()
    try:
        until = access.actor.format.parse_date(text) if text else None
        set_hold(access, record, request.POST.get("reason", ""), until)
    except ParseError as error:
        return _page(request, access, record, {"until": [str(error.message)]})
    except ValidationError as error:
        return _page(request, access, record, error.message_dict)
    return go(request, _url(access, record), _("This is under legal hold now."), tone="good")


@require_POST
def release(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access, record = _found(request, slug, pk)
    lift(access, record)
    return go(request, _url(access, record), _("The legal hold is lifted."), tone="good")


@require_POST
def export(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    access, record = _person(request, slug, pk)
    run = exporting.start(access.actor, access.rtype, record)
    return go(request, f"/privacy/runs/{run.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """What would go and what would stay; posted with the name and a proof of who one is, it goes."""
    access, record = _person(request, slug, pk)
    form = EraseForm(request.POST if request.method == "POST" else None)
    if came_by_provider(request):
        del form.fields["proof"]
    if form.is_valid() and fold(form.cleaned_data["typed"]) != fold(record.label):
        form.add_error("typed", _("This is not the name."))
    if form.is_valid() and proved(request, form, "proof"):
        try:
            run = erasing.start(access.actor, access.rtype, record)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return go(request, f"/privacy/runs/{run.pk}")
    found = preview(access.actor, access.rtype, record)
    refused = ""
    try:
        erasing.check_erasable(access.actor, found.ids)
    except ValidationError as error:
        refused = " ".join(error.messages)
    context = {
        **_base(access, record), "heading": _("Erase personal data"), "form": form, "refused": refused,
        **_told(access.actor, found),
    }  # fmt: skip
    context["crumbs"].append({"label": _("Privacy and legal hold"), "url": _url(access, record)})
    return page(request, "web/privacy_erase.html", context, form.status)


def _told(actor: Actor, found: Preview) -> dict[str, Any]:
    number = actor.format.number
    goes = [(some.rtype.label_plural, number(some.count)) for some in found.goes]
    more = (
        (_("Versions of files"), found.versions),
        (_("Entries of the history emptied of values"), found.events),
        (_("Kept files of imports, exports and reports, of anybody"), found.kept_files),
    )
    return {
        "goes": [*goes, *((label, number(count)) for label, count in more if count)],
        "stays": _lists(actor, found.stays), "texts": _lists(actor, found.texts), "others": _lists(actor, found.others),
    }  # fmt: skip


def _lists(actor: Actor, found: list[Some]) -> list[dict[str, Any]]:
    return [
        {
            "label": some.rtype.label_plural, "count": actor.format.number(some.count),
            "more": actor.format.number(some.count - len(some.first)) if some.count > len(some.first) else "",
            "records": [{"label": r.label, "url": record_url(some.rtype.slug, r.pk)} for r in some.first],
        }
        for some in found
    ]  # fmt: skip


def _run(actor: Actor, pk: UUID) -> Run:
    """Only whoever began it, and only while they may do so still."""
    check_may_answer(actor)
    run = Run.objects.filter(pk=pk, kind__in=RUNS, member=actor.member).first()
    if run is None:
        raise Http404
    return as_seen(actor, run)


@require_GET
def show_run(request: Any, pk: UUID) -> HttpResponse:
    run = _run(request.actor, pk)
    certificate = Erasure.objects.filter(pk=run.result.get("certificate")).first()
    if run.status == Run.Status.DONE and certificate:
        return redirect("settings-erasure", certificate.pk)
    context = {
        "heading": run.title, "run": run, "format": request.actor.format,
        "back": record_url(run.params["type"], run.params["record"]) + "/privacy",
        "file": _file_of(run),
    }  # fmt: skip
    return page(request, "web/privacy_run.html", context)


@require_GET
def status(request: Any, pk: UUID) -> HttpResponse:
    run = _run(request.actor, pk)
    return polled(page(request, "web/_privacy_progress.html", {"run": run}), run)


@require_GET
def download(request: Any, pk: UUID) -> HttpResponse:
    run = _run(request.actor, pk)
    file = _file_of(run)
    if file is None:
        raise Http404
    return redirect(download_url(file, request.actor.member))


def _file_of(run: Run) -> StoredFile | None:
    return StoredFile.objects.filter(pk=run.result.get("file")).first()


def part(request: HttpRequest, access: Access, record: Any) -> str:
    """On a record's page: that it is held or was erased, and the way here."""
    if not may_hold(access):
        return ""
    pattern = '<p class="small"><a class="link row" href="{}">{}{}</a></p>'
    text = _("Privacy and legal hold")
    if hold_of(record):
        text = _("Under legal hold")
    elif access.rtype.is_person and Erasure.objects.exclude(finished_at=None).filter(record_id=record.pk).exists():
        text = _("The personal data of this person was erased")
    return format_html(pattern, _url(access, record), icon("shield"), text)


detail.add_part(part)

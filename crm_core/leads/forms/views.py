"""/f/ADDRESS: a form for people who are not signed in, on its own page, in a frame of a listed site, or as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm_core.leads.forms.origins import is_listed, read_origins
from crm_core.leads.forms.submission import (
    AGREED,
    FIELDS,
    TRAP,
    UTM,
    asked_to_agree,
    asks,
    is_ticked,
    is_trapped,
    submit,
    text_of,
)
from crm_core.leads.models import LeadForm
from kernel.accounts.doors import public
from kernel.accounts.sessions import client_ip
from kernel.accounts.throttle import Limit, TooMany, hit, sentence
from kernel.lib.ids import uuid7
from kernel.tenancy.context import get_tenant
from kernel.ui.fields import Field
from kernel.web.security import content_security_policy

LIMIT = Limit("lead-form", 20, 60)
MOST_BYTES = 64 * 1024
HIDDEN = ("idempotency_key", "page", "referrer", *UTM)
KNOWN = {*FIELDS, *HIDDEN, TRAP, "consent", AGREED}
WIDGETS = {"name": "text", "phone": "phone", "email": "email", "company": "text", "message": "textarea"}
FILLS = {"name": "name", "phone": "tel", "email": "email", "company": "organization", "message": "off"}
log = logging.getLogger(__name__)


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST", "OPTIONS"])
def form(request: HttpRequest, address: str) -> HttpResponse:
    found = LeadForm.objects.alive().filter(address=address).first()
    if found is None:
        raise Http404
    with translation.override(found.language):
        answer = Answer(request, found)
        response = answer.give()
        response["Content-Language"] = found.language
    _open_to(response, found, answer.origin if answer.is_listed else "")
    return response


class Answer:
    """One request to one form, answered as a page or as JSON."""

    def __init__(self, request: HttpRequest, form: LeadForm) -> None:
        self.request, self.form = request, form
        self.is_json = request.content_type == "application/json" or request.headers.get("Accept") == "application/json"
        self.origin = request.headers.get("Origin", "")
        own = f"{request.scheme}://{request.get_host()}"
        self.is_listed = is_listed(self.origin, own, read_origins(form.origins))

    def give(self) -> HttpResponse:
        if not self.form.active:
            return self._told(410, _("This form takes no answers any more"), _("Ask whoever gave you the address."))
        if self.request.method == "OPTIONS":
            return HttpResponse(status=204 if self.is_listed else 403)
        if self.request.method != "POST":
            return self._page(self.request.GET.dict(), {}, 200)
        if not self.is_listed:
            return self._told(403, _("This site may not send here"), _("Its address has to be listed with the form."))
        try:
            hit(LIMIT, str(get_tenant().pk), client_ip(self.request))
        except TooMany as error:
            response = self._told(429, _("Too many requests"), sentence(error))
            response["Retry-After"] = str(error.seconds)
            return response
        return self._take()

    def _take(self) -> HttpResponse:
        sent = self._sent()
        if sent is None:
            return self._told(400, _("This cannot be read"), _("Send the fields of the form, or a JSON object."))
        if is_trapped(sent):
            return self._thanks(202, str(uuid7()))
        ignored = sorted(set(sent) - KNOWN)
        if ignored:
            log.info("The form %s was sent fields that it does not ask for: %s", self.form.address, ignored[:20])
        key = self.request.headers.get("Idempotency-Key") or text_of(sent, "idempotency_key")
        try:
            lead = submit(self.form, sent, key[:MOST_BYTES], self.origin)
        except ValidationError as error:
            return self._page(sent, error.message_dict, 422)
        return self._thanks(201, str(lead.pk))

    def _sent(self) -> dict[str, Any] | None:
        if int(self.request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return None
        if self.request.content_type != "application/json":
            lists = self.request.POST.lists()
            return {name: values[-1] if len(values) == 1 or name in KNOWN else values for name, values in lists}
        try:
            sent = json.loads(self.request.body)
        except (ValueError, RecursionError):
            return None
        return sent if isinstance(sent, dict) else None

    def _thanks(self, status: int, pk: str) -> HttpResponse:
        thanks = self.form.thanks or _("Thank you. We will be in touch soon.")
        if self.is_json:
            return JsonResponse({"id": pk, "thanks": thanks, "redirect_url": self.form.redirect_url}, status=status)
        if self.form.redirect_url:
            response = HttpResponse(status=303)
            response["Location"] = self.form.redirect_url
            return response
        return self._render("leads/form_told.html", {"heading": self._title(), "text": thanks, "good": True}, status)

    def _told(self, status: int, heading: str, text: str) -> HttpResponse:
        if self.is_json:
            problem = {"type": "about:blank", "title": heading, "status": status, "detail": text, "errors": []}
            return JsonResponse(problem, status=status, content_type="application/problem+json")
        return self._render("leads/form_told.html", {"heading": heading, "text": text}, status)

    def _page(self, sent: Mapping[str, Any], errors: Mapping[str, list[str]], status: int) -> HttpResponse:
        if self.is_json and errors:
            told = [
                {"field": None if name == "__all__" else name, "code": "invalid", "message": message}
                for name, messages in errors.items()
                for message in messages
            ]
            detail = " ".join(message for messages in errors.values() for message in messages)
            problem = {"type": "about:blank", "title": _("Something is missing"), "status": status, "detail": detail}
            return JsonResponse({**problem, "errors": told}, status=status, content_type="application/problem+json")
        labels = {
            "name": _("Your name"), "phone": _("Phone"), "email": _("Email"), "company": _("Company"),
            "message": _("How can we help?"),
        }  # fmt: skip
        fields = [
            Field(
                name, labels[name], WIDGETS[name], text_of(sent, name), errors=errors.get(name, ()),
                required=is_required, autocomplete=FILLS[name],
            )
            for name, is_required in asks(self.form).items()
        ]  # fmt: skip
        hidden = {name: text_of(sent, name) for name in HIDDEN}
        hidden["idempotency_key"] = hidden["idempotency_key"] or str(uuid7())
        hidden["referrer"] = hidden["referrer"] or self.request.headers.get("Referer", "")[:300]
        hidden["page"] = hidden["page"] or self.request.build_absolute_uri()[:300]
        context = {
            "heading": self._title(), "fields": fields, "hidden": hidden.items(), "trap": TRAP,
            "consent_errors": errors.get("consent", ()), "general": errors.get("__all__", ()),
            "consented": bool(text_of(sent, "consent")), "agree_text": asked_to_agree(self.form), "agree": AGREED,
            "agreed": is_ticked(sent, AGREED),
        }  # fmt: skip
        return self._render("leads/form.html", context, status)

    def _title(self) -> str:
        return self.form.title or _("Contact us")

    def _render(self, template: str, context: dict[str, Any], status: int) -> HttpResponse:
        context |= {"form": self.form, "tenant_name": get_tenant().name}
        return render(self.request, template, context, status=status)


def _open_to(response: HttpResponse, form: LeadForm, origin: str) -> None:
    """Let listed sites show the form in a frame and read what it answers; no other."""
    listed = read_origins(form.origins)
    policy = content_security_policy()
    if listed:
        policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(listed)}")
    if form.redirect_url:  # browsers hold the redirect after a form against where it may be sent
        parts = urlsplit(form.redirect_url)
        policy = policy.replace("form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}")
    response["Content-Security-Policy"] = policy
    patch_vary_headers(response, ("Origin", "Accept"))
    if origin:
        response["Access-Control-Allow-Origin"] = origin
        response["Access-Control-Allow-Methods"] = "POST"
        response["Access-Control-Allow-Headers"] = "Content-Type, Idempotency-Key"
        response["Access-Control-Max-Age"] = "600"

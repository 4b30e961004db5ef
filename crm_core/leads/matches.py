"""Which companies and contacts a lead may be: offered when it is converted, to be chosen by a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from crm_core.contacts.models import ContactPoint
from crm_core.leads.models import Lead
from kernel.access.actor import Access, Actor
from kernel.lib.text import fold, sort_key
from kernel.records.types import registry

MOST = 5
# An address at one of these says nothing about where somebody works.
PUBLIC_MAIL = frozenset(
    {
        *("gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "outlook.com", "hotmail.com", "live.com", "msn.com"),
        *("icloud.com", "me.com", "aol.com", "mail.ru", "yandex.com", "gmx.de", "gmx.net", "web.de", "proton.me"),
        *("protonmail.com", "zoho.com", "chmail.ir", "mailfa.com"),
    }
)


@dataclass
class Match:
    """A record in reach, and what it has in common with the lead. A `sure` one is offered first."""

    record: Any
    why: list[str]
    sure: bool


def contact_matches(lead: Lead, actor: Actor) -> list[Match]:
    """By number and address, then by name; only by what this actor may read, of the lead as of the others."""
    access, known = actor.access(registry["contacts"]), actor.access(registry["leads"]).readable(lead)
    if not access.may("view"):
        return []
    readable, found = access.readable(), dict[Any, Match]()
    for name, value, why in (
        ("phone", lead.phone, _("same phone number")),
        ("email", lead.email, _("same email address")),
    ):
        if value and name in known and name in readable and "contact_points" in readable:
            points = ContactPoint.objects.filter(value=value).values("contact_id")
            _add(found, access.records().filter(Q(pk__in=points) | Q(**{name: value})), why, sure=True)
    if "name" in known and access.rtype.label_field in readable:
        _add(found, access.records().filter(label_key=sort_key(lead.name)), _("same name"), sure=False)
    return _first(found)


def company_matches(lead: Lead, actor: Actor, contacts: list[Match]) -> list[Match]:
    """By name and by the domain of the e-mail address, then the companies of the contacts that match for sure."""
    access, known = actor.access(registry["companies"]), actor.access(registry["leads"]).readable(lead)
    if not access.may("view"):
        return []
    readable, found = access.readable(), dict[Any, Match]()
    if lead.company_name and "company_name" in known and "name" in readable:
        _add(found, access.records().filter(label_key=sort_key(lead.company_name)), _("same name"), sure=True)
    domain = lead.email.rpartition("@")[2].lower()
    if domain and "email" in known and domain not in PUBLIC_MAIL:
        _add(found, _of_domain(access, domain), _("same domain"), sure=True)
    if "company" in actor.access(registry["contacts"]).readable():
        held = [match.record.company_id for match in contacts if match.sure and match.record.company_id]
        if held:
            _add(found, access.records().filter(pk__in=held), _("company of a matching contact"), sure=False)
    return _first(found)


def _of_domain(access: Access, domain: str) -> list[Any]:
    """`search` has the index that finds them; what it holds beside website and address is looked at here."""
    names = [name for name in ("website", "email") if name in access.readable()]
    rows = access.records().filter(search__contains=fold(domain)).order_by("pk")[: MOST * 4] if names else []
    return [row for row in rows if any(_has_domain(getattr(row, name), domain) for name in names)]


def _has_domain(text: str, domain: str) -> bool:
    host = text.rpartition("@")[2].partition("://")[2] or text.rpartition("@")[2]
    host = host.partition("/")[0].partition(":")[0].lower().removeprefix("www.")
    return host == domain or host.endswith(f".{domain}")


def _add(found: dict[Any, Match], rows: Any, why: str, *, sure: bool) -> None:
    for row in rows[:MOST] if isinstance(rows, list) else rows.order_by("pk")[:MOST]:
        match = found.setdefault(row.pk, Match(row, [], False))
        match.why.append(why)
        match.sure = match.sure or sure


def _first(found: dict[Any, Match]) -> list[Match]:
    return sorted(found.values(), key=lambda match: (not match.sure, -len(match.why)))[:MOST]

"""Changing what a role allows: for one type, and beside records. Whom a change gives and takes what is shown first."""

from __future__ import annotations

import copy
import json
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from kernel.access.models import Role
from kernel.access.rights import system_rights
from kernel.access.rules import FIELD_ANSWERS, LEVELS, OTHER, OWN, RECORDS, SCOPES, SETTINGS, Rules
from kernel.lib.errors import ParseError
from kernel.lib.format import Format
from kernel.lib.numbers import parse_decimal
from kernel.records.change import Stale, edit
from kernel.records.people import may_grant
from kernel.records.roles import Effect, differences, effects, scopes_of, verbs_of
from kernel.records.types import registry
from kernel.web.pages import go
from kernel.web.settings import role_words as words
from kernel.web.settings.matrix import COLUMNS, like
from kernel.web.settings.roles import CRUMB, HERE, access_of, may_change, role_of
from kernel.web.settings.sections import page, part_of

NAMED = 5


@part_of("roles")
@require_http_methods(["GET", "POST"])
def of_type(request: Any, pk: UUID, slug: str) -> HttpResponse:
    found = role_of(request, pk)
    if slug not in registry and slug not in words.DEFAULTS:
        raise Http404
    key, rtype = words.DEFAULTS.get(slug, slug), registry.get(slug)
    if request.method == "POST":
        return _review(request, found, _posted(found, key, request.POST), f"{HERE}/{pk}/types/{slug}")
    q = request.GET.get("q", "").strip()
    verbs = verbs_of(rtype) if rtype else [*COLUMNS, "*"]
    fields = [*(name for name in (rtype.specs() if rtype else ()) if like(words.field_text(rtype, name), q)), "*"]
    context = {
        "role": found, "q": q, "may": may_change(request, found),
        "heading": rtype.label_plural if rtype else words.DEFAULT_LABELS[slug],
        "crumbs": [CRUMB, {"label": found.name, "url": f"{HERE}/{pk}"}],
        "verbs": [_verb_choice(found, slug, verb) for verb in verbs],
        "fields": [_field_choice(found, slug, name) for name in fields],
    }  # fmt: skip
    return page(request, "settings/role_type.html", context)


def _verb_choice(found: Role, slug: str, verb: str) -> dict[str, Any]:
    rtype, rules = registry.get(slug), _unsaid(found, slug, "verbs", verb)
    options = [(scope, words.scope_text(scope)) for scope in (scopes_of(rtype) if rtype else SCOPES)]
    default = words.scope_text(rules.scope(*_asked(slug), _named(verb)))
    return _choice(found, slug, "verbs", verb, words.verb_text(verb, rtype), options, default)


def _field_choice(found: Role, slug: str, name: str) -> dict[str, Any]:
    rtype, rules = registry.get(slug), _unsaid(found, slug, "fields", name)
    own = [f"{level}{OWN}" for level in LEVELS[2:]] if rtype is None or rtype.is_owned else []
    options = [(answer, words.answer_text(answer)) for answer in (*LEVELS, *own)]
    default = words.level_text(rules.level(*_asked(slug), _named(name)))
    choice = _choice(found, slug, "fields", name, words.field_text(rtype, name), options, default)
    if rtype and name == rtype.label_field:
        choice["note"] = _("The name of a record is seen by whoever sees the record.")
    return choice


def _choice(
    found: Role, slug: str, part: str, name: str, label: str, options: list[tuple[str, str]], default: str
) -> dict[str, Any]:
    entry = found.rules.get("types", {}).get(words.DEFAULTS.get(slug, slug), {})
    held = entry.get(part, {}).get(name, "")
    if held and held not in dict(options):  # as a program may have said it
        options = [*options, (held, words.answer_text(held) if part == "fields" else words.scope_text(held))]
    return {"name": f"{part[0]}-{name}", "label": label, "held": held, "options": options, "default": default}


def _unsaid(found: Role, slug: str, part: str, name: str) -> Rules:
    """The role as if it said nothing of this very verb or field."""
    rules = copy.deepcopy(found.rules)
    rules.get("types", {}).get(words.DEFAULTS.get(slug, slug), {}).get(part, {}).pop(name, None)
    return Rules([rules])


def _asked(slug: str) -> tuple[str, str]:
    """The type and the group that rules are asked for."""
    if slug in words.DEFAULTS:
        return OTHER, SETTINGS if slug == "settings" else RECORDS
    return slug, registry[slug].group


def _named(name: str) -> str:
    return OTHER if name == "*" else name


def _posted(found: Role, key: str, data: Any) -> dict[str, Any]:
    """The role's rules with what was chosen for one type; what the page did not ask stays."""
    rules = copy.deepcopy(found.rules)
    entry = rules.setdefault("types", {}).setdefault(key, {})
    for part, sign, allowed in (("verbs", "v-", SCOPES), ("fields", "f-", FIELD_ANSWERS)):
        held = entry.setdefault(part, {})
        for name in [name.removeprefix(sign) for name in data if name.startswith(sign)]:
            answer = data.get(f"{sign}{name}", "")
            if answer in allowed:
                held[name] = answer
            else:
                held.pop(name, None)
        if not held:
            del entry[part]
    if not entry:
        del rules["types"][key]
    return rules


@part_of("roles")
@require_POST
def system(request: Any, pk: UUID) -> HttpResponse:
    found = role_of(request, pk)
    rules = copy.deepcopy(found.rules)
    kept = [right for right in rules.get("system", []) if right not in system_rights]
    rules["system"] = [*kept, *(right for right in system_rights if request.POST.get(f"s-{right}"))]
    limits = {}
    for right in rules["system"]:
        text = request.POST.get(f"l-{right}", "").strip()
        if right in system_rights and system_rights[right].has_limit and text:
            try:
                limits[right] = int(parse_decimal(text))
            except (ParseError, ValueError, OverflowError):
                limits[right] = -1
            if not 0 <= limits[right] <= 100_000_000:
                return go(request, f"{HERE}/{pk}", _("Type how many records as a whole number."), tone="bad")
    rules.pop("limits", None)
    if limits:
        rules["limits"] = limits
    return _review(request, found, rules, f"{HERE}/{pk}")


# -- seeing what a change does, and saving it


def _review(request: Any, found: Role, rules: dict[str, Any], back: str) -> HttpResponse:
    """What the change gives and takes, and from whom; saved from there."""
    access_of(request).check("edit", found)
    if rules == found.rules:
        return go(request, back, _("Nothing was changed."))
    gains, losses = effects(found, rules)
    fmt = request.actor.format
    said = differences(Rules([found.rules]), Rules([rules]))
    people = {member.pk for effect in (*gains, *losses) for member in effect.members}
    context = {
        "role": found, "rules": json.dumps(rules), "back": back, "heading": _("What this changes"),
        "crumbs": [CRUMB, {"label": found.name, "url": f"{HERE}/{found.pk}"}],
        "said": words.gathered({**words.difference_texts(one, fmt), "is_gain": one.is_gain} for one in said),
        "effects": [
            {"label": label, "tone": tone, "rows": words.gathered(_effect(effect, fmt) for effect in some)}
            for label, tone, some in ((_("They gain"), "good", gains), (_("They lose"), "bad", losses)) if some
        ],
        "count": len(people), "beyond": not may_grant(request.actor, rules), "version": found.version,
    }  # fmt: skip
    return page(request, "settings/role_review.html", context)


def _effect(effect: Effect, fmt: Format) -> dict[str, Any]:
    members = effect.members
    more = len(members) - NAMED
    return {
        **words.difference_texts(effect.difference, fmt),
        "members": members[:NAMED],
        "more": fmt.number(more) if more > 0 else "",
    }


@part_of("roles")
@require_POST
def save_rules(request: Any, pk: UUID) -> HttpResponse:
    access, found = access_of(request), role_of(request, pk)
    access.check("edit", found)
    back = request.POST.get("back", "")
    back = back if back.startswith(f"{HERE}/{pk}") else f"{HERE}/{pk}"
    try:
        rules = access.editable(found)["rules"].parse(request.POST.get("rules", ""), access)
        edit(access, found, {"rules": rules}, int(request.POST.get("version", "0") or 0))
    except ValidationError as error:
        return go(request, back, " ".join(error.messages), tone="bad")
    except ValueError as error:
        raise Http404 from error
    except KeyError as error:
        raise PermissionDenied(_("Your role does not allow this.")) from error
    except Stale:
        return go(request, back, _("Somebody else changed this role meanwhile. Choose again."), tone="warn")
    return go(request, back, _("Saved. It holds from the next click of everybody."), tone="good")

"""Why can, or can't, somebody: for any person, type, action, field and record, the roles and rules that say so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from kernel.access.actor import Actor
from kernel.access.models import Member, Team
from kernel.lib.text import isolated
from kernel.records.explaining import Saying, Verdict, explain
from kernel.records.find import get
from kernel.records.roles import verbs_of
from kernel.records.types import RecordType, registry
from kernel.ui.fields import Field
from kernel.web.settings import role_words as words
from kernel.web.settings.sections import page, part_of

CRUMB = {"label": gettext_lazy("Roles"), "url": "/settings/roles"}
CAN_FIELD = ("view", "create", "edit")


@part_of("roles")
@require_GET
def why(request: Any) -> HttpResponse:
    actor: Actor = request.actor
    asked = {name: request.GET.get(name, "") for name in ("member", "type", "verb", "field", "record")}
    people = {str(pk): label for pk, label in _people(actor).order_by("label_key", "pk").values_list("pk", "label")}
    types = {r.slug: str(r.label_plural) for r in registry.values() if actor.access(r).may("view")}
    rtype = registry[asked["type"]] if asked["type"] in types else None
    verbs = {verb: words.verb_text(verb, rtype) for verb in verbs_of(rtype)} if rtype else {}
    verb = asked["verb"] if asked["verb"] in verbs else "view"
    known = actor.access(rtype).shown() if rtype else {}
    fields = {name: words.field_text(rtype, name) for name in known}
    record = _record(actor, rtype, asked["record"])
    auto = {"data-auto": ""}
    controls = [
        Field("member", _("Who"), "select", asked["member"], empty=_("Choose…"), options=list(people.items())),
        Field(
            "type", _("Records"), "select", asked["type"], empty=_("Choose…"), options=list(types.items()), attrs=auto
        ),
    ]
    if rtype:
        controls += [
            Field("verb", _("Action"), "select", verb, options=list(verbs.items())),
            Field("field", _("Field"), "select", asked["field"], empty=_("Any"), options=list(fields.items())),
            Field(
                "record", _("One record"), "combobox", str(record.pk) if record else "", url=f"/r/{rtype.slug}/options",
                chosen=[(str(record.pk), record.label)] if record else [], help=_("Leave it empty to ask in general."),
            ),
        ]  # fmt: skip
    context: dict[str, Any] = {"controls": controls, "heading": _("Why can or can’t somebody…?"), "crumbs": [CRUMB]}
    if rtype and asked["member"] in people:
        field = asked["field"] if asked["field"] in fields and verb in CAN_FIELD else ""
        verdict = explain(Member.objects.get(pk=asked["member"]), rtype, verb, field, record)
        knows_whose = record is None or {"owner", "team"} <= actor.access(rtype).readable(record).keys()
        context |= {
            "verdict": verdict,
            "answer": _answer(verdict, record),
            "steps": steps_of(verdict, record, knows_whose),
        }
    return page(request, "settings/why.html", context)


def _people(actor: Actor) -> Any:
    return actor.access(registry["members"]).records().filter(active=True)


def _record(actor: Actor, rtype: RecordType | None, text: str) -> Any:
    """A record in reach of whoever asks."""
    try:
        return get(actor.access(rtype), UUID(text)) if rtype and text else None
    except ValueError:
        return None


def _answer(verdict: Verdict, record: Any) -> str:
    parts = {
        "who": isolated(verdict.member.name), "verb": words.verb_text(verdict.verb, verdict.rtype),
        "what": isolated(record.label) if record else str(verdict.rtype.label_plural),
        "field": words.field_text(verdict.rtype, verdict.field) if verdict.field else "",
    }  # fmt: skip
    if verdict.field:
        yes, no = (
            _("Yes. %(who)s · %(verb)s · %(what)s · %(field)s"),
            _("No. %(who)s · %(verb)s · %(what)s · %(field)s"),
        )
    else:
        yes, no = _("Yes. %(who)s · %(verb)s · %(what)s"), _("No. %(who)s · %(verb)s · %(what)s")
    return (yes if verdict.may else no) % parts


def steps_of(verdict: Verdict, record: Any, knows_whose: bool = True) -> list[str]:
    """One sentence for each thing that decides; none that tells whose the record is, unless the reader may know."""
    who = {"who": isolated(verdict.member.name)}
    if not verdict.member.active:
        return [_("%(who)s is deactivated and may do nothing.") % who]
    if not verdict.sayings:
        return [_("%(who)s has no role, and may do nothing.") % who]
    verb = words.verb_text(verdict.verb, verdict.rtype)
    steps = [_saying(saying, verb, words.scope_text(saying.answer)) for saying in verdict.sayings]
    if len(steps) > 1:
        steps.append(_("Of several roles the widest counts: %(answer)s.") % {"answer": words.scope_text(verdict.scope)})
    if verdict.scope not in ("none", *(saying.answer for saying in verdict.sayings)):
        steps.append(_("Nobody owns records of this type: they are in reach of all, or of none."))
    if verdict.reach is not None:
        steps += _belongs(record) if knows_whose else []
        steps += [reach_text(verdict.reach)] if knows_whose or not tells_whose(verdict.reach) else []
    if verdict.field and verdict.level is not None:
        name = words.field_text(verdict.rtype, verdict.field)
        steps += [_saying(saying, name, words.answer_text(saying.answer)) for saying in verdict.field_sayings]
        if len(verdict.field_sayings) > 1:
            steps.append(
                _("Of several roles the highest counts: %(answer)s.") % {"answer": words.level_text(verdict.level)}
            )
        if verdict.level.own != verdict.level.everywhere and record is not None and knows_whose:
            own, other = _("The record is their own."), _("The record is not their own.")
            steps.append(own if verdict.is_own else other)
        if verdict.verb != "view" and verdict.rtype.specs()[verdict.field].read_only:
            steps.append(_("The workspace keeps this field itself: nobody types it."))
    return steps


def _saying(saying: Saying, what: str, answer: str) -> str:
    parts = {"role": isolated(saying.role.name), "what": what, "answer": answer}
    if not saying.entry:
        return _("The role %(role)s says nothing of “%(what)s”, so: %(answer)s.") % parts
    where = words.entry_text(saying.entry)
    return _("The role %(role)s says of “%(what)s”: %(answer)s (%(where)s).") % {**parts, "where": where}


def _belongs(record: Any) -> list[str]:
    """Whose the record is."""
    owner = Member.objects.filter(pk=record.owner_id).values_list("name", flat=True).first()
    team = Team.objects.filter(pk=record.team_id).values_list("name", flat=True).first()
    told = [
        _("The record belongs to %(who)s.") % {"who": isolated(owner)} if owner else _("The record belongs to nobody.")
    ]
    return [*told, _("Its team is %(team)s.") % {"team": isolated(team)}] if team else told


def tells_whose(reach: str) -> bool:
    """Whether the way in which a record is in reach says whose it is."""
    return reach in ("own", "team", "subtree")


def reach_text(reach: str) -> str:
    told = {
        "all": _("Every record is in reach."),
        "own": _("It is in reach, because it is their own."),
        "team": _("It is in reach, because it is a teammate’s or of a team they are in or lead."),
        "subtree": _("It is in reach, because it is of a team below theirs."),
        "shared": _("It is in reach, because it was shared with them or their team."),
        "parent": _("It is in reach, because the record that it is about is."),
        "": _("It is not in reach."),
    }
    return told[reach]
